//! What outcomes do to the ranking: a stream of tasks in which, unknown to the service, one agent does best.
//!
//! In each of some subjects an agent that the service ranks second to fifth is declared the best one. An orchestrator
//! asks for each task, takes the first answer or any of the first five, and reports what came
//! of it: the best agent succeeds in nine tasks of ten, any other in four. Before, and after so many outcomes a
//! subject, tasks that were never seen are asked for: where does the best agent stand? Tasks of subjects without any
//! outcome tell whether anything else was disturbed. Another instance gets the same outcomes with learning off.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Value, json};

use crate::collection::Collection;
use crate::http::Connection;
use crate::interrupt;
use crate::numbers::Numbers;
use crate::product::Recipe;
use crate::queries;
use crate::report::Row;

/// Where the stream begins.
const SEED: u64 = 0x0ca5_cade;

/// Subjects with a hidden best agent.
const SUBJECTS: usize = 12;

/// Subjects in which nothing is ever reported.
const OTHERS: usize = 12;

/// Tasks of a subject that are asked for and never reported.
const PROBES: usize = 20;

/// Outcomes a subject after which the probes are asked.
const STAGES: [usize; 4] = [0, 5, 20, 100];

/// Successes of a hundred tasks, of the best agent and of any other.
const BEST: usize = 90;
const OTHER: usize = 40;

/// Of a hundred tasks, those for which the first answer is taken at once; else any of the first five.
const TRUSTING: usize = 50;

/// Answers an orchestrator looks at, and those in which the best agent is looked for.
const LOOKED_AT: usize = 5;
const LIMIT: usize = 20;

/// A subject: where its tasks take their words from.
struct Subject {
    words: Vec<String>,
    best: String,
    probes: Vec<String>,
}

/// How the probes were answered.
#[derive(Debug, Default, Clone, Copy)]
struct Standing {
    asked: usize,
    first: usize,
    among_five: usize,
    reciprocal: f64,
}

/// Replays the stream with learning on and off.
pub(crate) fn replay(recipe: &Recipe<'_>) -> anyhow::Result<Vec<Row>> {
    let descriptions = Collection::at(recipe.collection)?.descriptions()?;
    let headings = ["first", "of five", "MRR", "others kept"].map(str::to_owned);
    let mut rows = vec![Row::of_many("the best agent, by outcomes a subject", headings)];
    for (name, setting) in [("learning", "on"), ("no learning", "off")] {
        let settings = [("MCP_LEARNING", setting)];
        let (product, _data_dir) = Recipe { settings: &settings, ..*recipe }.start_settled()?;
        let mut stream = Stream::begin(product.port, &descriptions)?;
        for stage in STAGES {
            stream.work_until(stage)?;
            let (standing, kept) = (stream.standing()?, stream.kept()?);
            rows.push(Row::of_many(format!("{name}, after {stage}"), standing.cells(kept)));
        }
        product.stop()?;
    }
    Ok(rows)
}

struct Stream {
    connection: Connection,
    numbers: Numbers,
    subjects: Vec<Subject>,
    /// Tasks of other subjects, with the first answer they had before anything was reported.
    others: Vec<(String, String)>,
    reported: usize,
    noise: Vec<Vec<String>>,
}

impl Stream {
    fn begin(port: u16, descriptions: &[Vec<String>]) -> anyhow::Result<Stream> {
        let mut numbers = Numbers::of(SEED);
        let mut words: Vec<Vec<String>> = descriptions.to_vec();
        anyhow::ensure!(words.len() > SUBJECTS + OTHERS, "the collection has too few descriptions");
        let mut stream = Stream {
            connection: Connection::open(port)?,
            numbers: numbers.clone(),
            subjects: Vec::new(),
            others: Vec::new(),
            reported: 0,
            noise: descriptions.to_vec(),
        };
        while stream.subjects.len() < SUBJECTS {
            anyhow::ensure!(!words.is_empty(), "too few subjects have several agents");
            let words = words.swap_remove(numbers.below(words.len()));
            stream.add_subject(words)?;
        }
        while stream.others.len() < OTHERS * PROBES {
            anyhow::ensure!(!words.is_empty(), "too few subjects are left");
            let words = words.swap_remove(numbers.below(words.len()));
            for _ in 0..PROBES {
                let task = stream.task(&words);
                if let Some(first) = stream.ask(&task, LOOKED_AT)?.into_iter().next() {
                    stream.others.push((task, first));
                }
            }
        }
        Ok(stream)
    }

    /// Takes the agent that most often comes second to fifth for the subject's tasks as its best one.
    fn add_subject(&mut self, words: Vec<String>) -> anyhow::Result<()> {
        let probes: Vec<String> = (0..PROBES).map(|_| self.task(&words)).collect();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
        for probe in &probes {
            let mut found = self.ask(probe, LOOKED_AT)?.into_iter();
            if let Some(first) = found.next() {
                *firsts.entry(first).or_default() += 1;
            }
            found.for_each(|id| *counts.entry(id).or_default() += 1);
        }
        let usual_first = firsts.into_iter().max_by_key(|(_, count)| *count).map(|(id, _)| id);
        counts.retain(|id, count| Some(id) != usual_first.as_ref() && *count >= PROBES / 4);
        if let Some((best, _)) = counts.into_iter().max_by_key(|(_, count)| *count) {
            self.subjects.push(Subject { words, best, probes });
        }
        Ok(())
    }

    /// A task of the subject: words in a row of what describes it, and a few of something else.
    fn task(&mut self, subject: &[String]) -> String {
        let mut some = |words: &[String], least: usize, most: usize| {
            let length = (least + self.numbers.below(most - least + 1)).min(words.len());
            let start = self.numbers.below(words.len() - length + 1);
            words[start..start + length].join(" ")
        };
        let own = some(subject, 5, 8);
        let at = self.numbers.below(self.noise.len());
        let mut some = |words: &[String], count: usize| {
            let start = self.numbers.below(words.len() - count + 1);
            words[start..start + count].join(" ")
        };
        format!("{own} {}", some(&self.noise[at], 2))
    }

    /// The ids answered for a task, best first.
    fn ask(&mut self, task: &str, limit: usize) -> anyhow::Result<Vec<String>> {
        let params = json!({ "context": task, "limit": limit });
        let answer = self.call("queryAgents", &params)?;
        let rows = answer["result"]["agents"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect())
    }

    fn call(&mut self, method: &str, params: &Value) -> anyhow::Result<Value> {
        interrupt::check()?;
        let answer = self.connection.exchange(&queries::call(method, params))?;
        anyhow::ensure!(matches!(answer.status, 200 | 404), "status {} to {method}", answer.status);
        serde_json::from_slice(answer.body).context("an answer cannot be read")
    }

    /// Works on tasks of each subject in turn until so many of each were reported.
    fn work_until(&mut self, outcomes: usize) -> anyhow::Result<()> {
        while self.reported < outcomes {
            for at in 0..self.subjects.len() {
                let words = self.subjects[at].words.clone();
                let task = self.task(&words);
                let found = self.ask(&task, LOOKED_AT)?;
                let Some(first) = found.first() else { continue };
                let chosen =
                    if self.numbers.percent(TRUSTING) { first } else { self.numbers.one_of(&found) }.clone();
                let rate = if chosen == self.subjects[at].best { BEST } else { OTHER };
                let result = if self.numbers.percent(rate) { "success" } else { "failure" };
                let decision = json!({ "task_id": format!("{at}-{}", self.reported), "task_description": task,
                                       "agents_used": [chosen], "result": result });
                let answer = self.call("cacheDecision", &decision)?;
                anyhow::ensure!(answer["result"]["stored"] == true, "a decision is not stored: {answer}");
            }
            self.reported += 1;
        }
        Ok(())
    }

    /// Where the best agents stand for tasks that were never reported.
    fn standing(&mut self) -> anyhow::Result<Standing> {
        let probes: Vec<(String, String)> = self
            .subjects
            .iter()
            .flat_map(|subject| subject.probes.iter().map(|probe| (probe.clone(), subject.best.clone())))
            .collect();
        let mut standing = Standing::default();
        for (probe, best) in probes {
            let place = self.ask(&probe, LIMIT)?.iter().position(|id| *id == best);
            standing.add(place);
        }
        Ok(standing)
    }

    /// The share of other subjects' tasks whose first answer is what it was.
    fn kept(&mut self) -> anyhow::Result<f64> {
        let mut kept = 0;
        for (task, first) in self.others.clone() {
            kept += usize::from(self.ask(&task, LOOKED_AT)?.first() == Some(&first));
        }
        Ok(share(kept, self.others.len()))
    }
}

impl Standing {
    fn add(&mut self, place: Option<usize>) {
        self.asked += 1;
        let Some(place) = place else { return };
        self.first += usize::from(place == 0);
        self.among_five += usize::from(place < LOOKED_AT);
        self.reciprocal += 1.0 / f64::from(u32::try_from(place + 1).unwrap_or(u32::MAX));
    }

    fn cells(self, kept: f64) -> [String; 4] {
        let mean = self.reciprocal / f64::from(u32::try_from(self.asked).unwrap_or(u32::MAX));
        [share(self.first, self.asked), share(self.among_five, self.asked), mean, kept]
            .map(|value| format!("{value:.2}"))
    }
}

fn share(of: usize, all: usize) -> f64 {
    let [of, all] = [of, all].map(|count| f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    of / all
}

#[cfg(test)]
mod tests {
    use super::Standing;

    #[test]
    fn a_standing_counts_places() {
        let mut standing = Standing::default();
        for place in [Some(0), Some(1), Some(9), None] {
            standing.add(place);
        }
        assert_eq!(standing.cells(1.0), ["0.25", "0.50", "0.40", "1.00"]);
    }
}
