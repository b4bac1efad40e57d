//! An instance in use: queries that come again, patterns it has learned, and a mixture of everything.

use std::thread;

use anyhow::Context;
use serde_json::Value;

use crate::http::{Connection, Request};
use crate::interrupt;
use crate::load::Exchange;
use crate::queries;

/// Patterns that are stored before anything is measured.
const PATTERNS: usize = 20;

/// What is known of an instance in use.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Contexts that were asked before, so that their answers are cached.
    repeated: Vec<String>,
    /// Ids of agents that were answered.
    agents: Vec<String>,
}

impl Scenario {
    /// Puts the instance at `port` in use: asks each context once and stores patterns for some.
    pub(crate) fn begin(port: u16, repeated: Vec<String>) -> anyhow::Result<Scenario> {
        let mut connection = Connection::open(port)?;
        let mut agents: Vec<String> = Vec::new();
        for context in &repeated {
            let answer = connection.exchange(&queries::agents(context))?;
            let answer: Value = serde_json::from_slice(answer.body)?;
            let rows = answer["result"]["agents"].as_array().map_or(&[][..], Vec::as_slice);
            for id in rows.iter().filter_map(|row| row["id"].as_str()) {
                if !agents.iter().any(|known| known == id) {
                    agents.push(id.to_owned());
                }
            }
        }
        anyhow::ensure!(!agents.is_empty(), "no agent was answered to any query");
        for (at, goal) in repeated.iter().take(PATTERNS).enumerate() {
            let sequence = &agents[at % agents.len()..];
            let request = queries::store_pattern(goal, &sequence[..sequence.len().min(3)]);
            let answer = connection.exchange(&request)?;
            let said = || String::from_utf8_lossy(answer.body).into_owned();
            anyhow::ensure!(answer.status == 200, "a pattern is not stored: {}", said());
        }
        Ok(Scenario { repeated, agents })
    }

    /// The context of the steady requests.
    pub(crate) fn context(&self) -> &str {
        &self.repeated[0]
    }

    /// An agent that was answered.
    pub(crate) fn agent(&self) -> &str {
        &self.agents[0]
    }

    /// Some agents that were answered.
    pub(crate) fn some_agents(&self) -> &[String] {
        &self.agents[..self.agents.len().min(3)]
    }

    /// A goal like one that a pattern is stored for, and yet like no other: `word` is new in it.
    pub(crate) fn goal_like(&self, number: usize, word: &str) -> String {
        format!("{} {word}", self.repeated[number % PATTERNS.min(self.repeated.len())])
    }

    /// One of a mixture: of 20, twelve are new queries of all kinds, five come again, two ask for a whole
    /// definition, one for a pattern. `context` is used where the query is new.
    fn mixed(&self, number: usize, context: &str) -> Request {
        let again = |step: usize| &self.repeated[number / 20 * step % self.repeated.len()];
        match number % 20 {
            0..=6 => queries::agents(context),
            7..=9 => queries::skills(context),
            10..=11 => queries::workflows(context),
            12..=16 => queries::agents(again(3)),
            17..=18 => queries::definition(&self.agents[number % self.agents.len()]),
            _ => queries::pattern(&self.repeated[number % PATTERNS.min(self.repeated.len())]),
        }
    }

    /// Asks one mixed query for each context, over `connections` at once. No match is an answer too.
    pub(crate) fn ask_mixed(&self, port: u16, connections: usize, contexts: &[String]) -> anyhow::Result<()> {
        let share = |first: usize| contexts.iter().enumerate().skip(first).step_by(connections);
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..connections).map(|first| scope.spawn(move || self.ask(port, share(first)))).collect();
            threads.into_iter().try_for_each(|thread| {
                thread
                    .join()
                    .map_err(|_| anyhow::anyhow!("a client thread panicked"))?
                    .context("mixed queries")
            })
        })
    }

    /// Asks a share of them over one connection.
    fn ask<'a>(&self, port: u16, contexts: impl Iterator<Item = (usize, &'a String)>) -> anyhow::Result<()> {
        let mut connection = Connection::open(port)?;
        for (number, context) in contexts {
            let answer = connection.exchange(&self.mixed(number, context))?;
            anyhow::ensure!(matches!(answer.status, 200 | 404), "status {} to a query", answer.status);
            interrupt::check()?;
        }
        Ok(())
    }
}

/// Asks for each request's answer, `times` in a row, and keeps the last one; those without a match are left out.
pub(crate) fn record(port: u16, requests: Vec<Request>, times: usize) -> anyhow::Result<Vec<Exchange>> {
    let mut connection = Connection::open(port)?;
    let mut exchanges = Vec::with_capacity(requests.len());
    for request in requests {
        for _ in 1..times {
            connection.exchange(&request)?;
        }
        let answer = connection.exchange(&request)?;
        match answer.status {
            200 => exchanges.push(Exchange { answer: answer.body.to_vec(), request }),
            404 => {}
            status => anyhow::bail!("status {status} to a query"),
        }
        interrupt::check()?;
    }
    Ok(exchanges)
}
