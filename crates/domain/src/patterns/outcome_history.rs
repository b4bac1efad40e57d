//! What past tasks say of single agents.
//!
//! For a task at hand, each remembered task weighs similarity² × ½^(age ÷ half-life), where similarity is that of
//! their terms (cosine and overlap as for goals, scaled to 0..=1; edit distance says little between different tasks)
//! and reaches [`MIN_SIMILARITY`]. An agent's evidence is the weighted share of successes among the tasks it worked on,
//! smoothed by a Beta(2,2) prior: a single outcome moves the mean from ½ to 0.6 or 0.4 at most.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::FixedState;

use super::decision::Outcome;
use super::goal::Goal;
use super::goal_index::{GoalIndex, Sketch, TERM_SHARE, hash};
use super::stats::{DEFAULT_HALF_LIFE, weight};

/// How many tasks are remembered at least; of twice as many the oldest half is forgotten. At about one kilobyte each this
/// is some ten megabytes at most.
pub const MAX_REMEMBERED_TASKS: usize = 5_000;

/// Tasks less alike than this say nothing of one another. Lower than for a pattern, since an agent's skill carries
/// over further than a whole plan does.
const MIN_SIMILARITY: f64 = 0.35;

/// Successes, and failures, that every agent is credited with beforehand.
const PRIOR_USES: f64 = 2.0;

/// So many of the newest tasks at least are compared one by one before the index takes them up.
const MIN_UNINDEXED: usize = 256;

/// So many at most: some fifty microseconds for a query.
const MAX_UNINDEXED: usize = 1_024;

/// One task as this module remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOutcome {
    /// The caller's name for the task; another outcome of the same name replaces it.
    pub task_id: String,
    /// What was to be done.
    pub description: String,
    /// Who worked on it, as the caller named them.
    pub agents: Vec<String>,
    /// How it went.
    pub result: Outcome,
    /// When it was first reported, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What similar tasks say of one agent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AgentEvidence {
    /// How many similar tasks it worked on.
    pub tasks: u32,
    /// How many of them succeeded in full.
    pub successes: u32,
    /// Weighted successes, a partial one counting half.
    pub credit: f64,
    /// Weighted tasks.
    pub weight: f64,
}

impl AgentEvidence {
    /// How likely the agent is to do well, in (0, 1); ½ means nothing is known.
    pub fn mean(&self) -> f64 {
        (self.credit + PRIOR_USES) / (self.weight + 2.0 * PRIOR_USES)
    }
}

/// What is known for one task at hand, by agent as callers named them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskEvidence {
    agents: BTreeMap<String, AgentEvidence>,
}

impl TaskEvidence {
    /// What similar tasks say of an agent; `None` where it worked on none. Callers name agents `plugin:name` or by the
    /// bare name: whoever asks tries both.
    pub fn agent(&self, name: &str) -> Option<&AgentEvidence> {
        self.agents.get(name)
    }

    /// All agents that worked on similar tasks, in alphabetical order.
    pub fn agents(&self) -> impl Iterator<Item = (&str, &AgentEvidence)> {
        self.agents.iter().map(|(name, evidence)| (name.as_str(), evidence))
    }

    /// Whether no similar task is known.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }
}

/// A remembered task with its description analysed.
type Known = (Arc<TaskOutcome>, Arc<Goal>);

/// One that the index does not hold yet.
#[derive(Debug)]
struct Recent {
    task: Arc<TaskOutcome>,
    goal: Arc<Goal>,
    /// The goal as that index weighs it.
    sketch: Sketch,
}

/// The outcomes of past tasks at one moment. Clones share all but the newest few, which are not indexed yet: a snapshot
/// after each decision must cost little.
#[derive(Debug, Clone)]
pub struct OutcomeHistory {
    indexed: Arc<Indexed>,
    /// Newer than those, oldest first, with the hash of the task's name; each task once.
    newest: Vec<(u64, Arc<Recent>)>,
    /// Places of `indexed` that `newest` replaces, ascending.
    replaced: Vec<usize>,
    half_life: Option<Duration>,
}

#[derive(Debug, Clone, Default)]
struct Indexed {
    /// By place in the index; `None` where a newer outcome replaced it.
    tasks: Vec<Option<Arc<TaskOutcome>>>,
    index: GoalIndex,
    by_task: HashMap<Arc<str>, usize, FixedState>,
}

impl Default for OutcomeHistory {
    fn default() -> Self {
        OutcomeHistory::new(Some(DEFAULT_HALF_LIFE))
    }
}

impl OutcomeHistory {
    /// Without any task; evidence weighs half as much after `half_life`, `None` never forgets.
    pub fn new(half_life: Option<Duration>) -> OutcomeHistory {
        OutcomeHistory { indexed: Arc::default(), newest: Vec::new(), replaced: Vec::new(), half_life }
    }

    /// How many tasks are remembered.
    pub fn len(&self) -> usize {
        self.indexed.by_task.len() + self.newest.len() - self.replaced.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All remembered tasks, oldest first.
    pub fn tasks(&self) -> impl Iterator<Item = &Arc<TaskOutcome>> {
        let indexed = self.indexed.tasks.iter().enumerate();
        let valid = indexed.filter(|(place, _)| self.replaced.binary_search(place).is_err());
        let newest = self.newest.iter().map(|(_, recent)| &recent.task);
        valid.filter_map(|(_, task)| task.as_ref()).chain(newest)
    }

    /// Remembers outcomes, oldest first; each replaces what was known of the same task.
    pub fn extend(&mut self, outcomes: impl IntoIterator<Item = TaskOutcome>) {
        for outcome in outcomes {
            let goal = Arc::new(Goal::new(&outcome.description));
            self.push(outcome, goal);
        }
    }

    /// The same for one whose description was analysed before.
    pub fn push(&mut self, outcome: TaskOutcome, goal: Arc<Goal>) {
        let sketch = self.indexed.index.query(&goal).sketch();
        let name = hash(&outcome.task_id);
        let recent = Arc::new(Recent { task: Arc::new(outcome), goal, sketch });
        let task_id = recent.task.task_id.as_str();
        let same = |known: &&mut (u64, Arc<Recent>)| known.0 == name && known.1.task.task_id == task_id;
        if let Some(known) = self.newest.iter_mut().find(same) {
            known.1 = recent;
            return;
        }
        if let Some(&place) = self.indexed.by_task.get(task_id)
            && let Err(at) = self.replaced.binary_search(&place)
        {
            self.replaced.insert(at, place);
        }
        self.newest.push((name, recent));
        // The index is copied to take them up, so that the more it holds, the more must have come.
        if self.newest.len() >= (self.indexed.tasks.len() / 8).clamp(MIN_UNINDEXED, MAX_UNINDEXED) {
            let indexed = Arc::make_mut(&mut self.indexed);
            for place in self.replaced.drain(..) {
                indexed.tasks[place] = None;
            }
            let known = |(_, recent): (_, Arc<Recent>)| (Arc::clone(&recent.task), Arc::clone(&recent.goal));
            indexed.extend(self.newest.drain(..).map(known));
        }
    }

    /// What past tasks say for the one described.
    pub fn for_task(&self, description: &str, now_ms: i64) -> TaskEvidence {
        let mut evidence = EvidenceAccumulator::default();
        self.accumulate(description, now_ms, &mut evidence);
        evidence.finish()
    }

    /// Adds what they say to a evidence.
    pub(super) fn accumulate<'a>(
        &'a self,
        description: &str,
        now_ms: i64,
        evidence: &mut EvidenceAccumulator<'a>,
    ) {
        let goal = Goal::new(description);
        let floor = MIN_SIMILARITY * TERM_SHARE;
        let share = |task: &TaskOutcome, by_terms: f64| {
            (by_terms / TERM_SHARE).powi(2) * weight(now_ms, task.at_ms, self.half_life)
        };
        let index = &self.indexed.index;
        for (place, by_terms) in index.by_terms(&goal, floor) {
            if let (Some(task), Err(_)) = (&self.indexed.tasks[place], self.replaced.binary_search(&place)) {
                evidence.add(task, share(task, by_terms));
            }
        }
        let sketch = index.query(&goal).sketch();
        for (_, recent) in &self.newest {
            let by_terms = sketch.similarity(&recent.sketch);
            if by_terms >= floor {
                evidence.add(&recent.task, share(&recent.task, by_terms));
            }
        }
    }
}

/// Evidence in the making; the names stay where they are until it is complete.
#[derive(Default)]
pub(super) struct EvidenceAccumulator<'a> {
    agents: HashMap<&'a str, AgentEvidence, FixedState>,
}

impl<'a> EvidenceAccumulator<'a> {
    /// Counts a task with its share of the evidence.
    pub(super) fn add(&mut self, task: &'a TaskOutcome, share: f64) {
        for (index, agent) in task.agents.iter().enumerate() {
            if task.agents[..index].contains(agent) {
                continue;
            }
            let known = self.agents.entry(agent).or_default();
            known.tasks += 1;
            known.successes += u32::from(task.result == Outcome::Success);
            known.credit += task.result.credit() * share;
            known.weight += share;
        }
    }

    pub(super) fn finish(self) -> TaskEvidence {
        let agents = self.agents.into_iter().map(|(agent, evidence)| (agent.to_owned(), evidence));
        TaskEvidence { agents: agents.collect() }
    }
}

impl Indexed {
    fn extend(&mut self, newest: impl Iterator<Item = Known>) {
        let mut goals = Vec::new();
        for (task, goal) in newest {
            self.by_task.insert(Arc::from(task.task_id.as_str()), self.tasks.len());
            self.tasks.push(Some(task));
            goals.push(goal);
        }
        self.index.extend(goals);
        // Twice as many as are kept, so that starting anew is rare.
        if self.tasks.len() > 2 * MAX_REMEMBERED_TASKS {
            let mut kept: Vec<Known> = (0..self.tasks.len())
                .rev()
                .filter_map(|place| {
                    self.tasks[place].clone().map(|task| (task, self.index.shared_goal(place)))
                })
                .take(MAX_REMEMBERED_TASKS)
                .collect();
            kept.reverse();
            *self = Indexed::default();
            self.extend(kept.into_iter());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, description: &str, agents: &[&str], result: Outcome) -> TaskOutcome {
        let agents = agents.iter().map(|&agent| agent.to_owned()).collect();
        TaskOutcome { task_id: id.to_owned(), description: description.to_owned(), agents, result, at_ms: 0 }
    }

    #[test]
    fn similar_tasks_speak_for_and_against_agents() {
        let mut outcomes = OutcomeHistory::new(None);
        outcomes.extend([
            task("1", "tune slow postgres queries", &["dba", "dba", "backend"], Outcome::Success),
            task("2", "tune slow postgres joins", &["dba"], Outcome::Success),
            task("3", "tune slow postgres queries again", &["frontend"], Outcome::Failure),
            task("4", "draw a logo", &["designer"], Outcome::Success),
        ]);
        let evidence = outcomes.for_task("tune slow postgres queries", 0);
        let dba = evidence.agent("dba").unwrap();
        assert_eq!((dba.tasks, dba.successes), (2, 2));
        assert!(dba.mean() > 0.55 && dba.mean() < 0.67);
        assert!(evidence.agent("frontend").unwrap().mean() < 0.47);
        assert!(evidence.agent("designer").is_none());
        assert!(outcomes.for_task("bake bread", 0).is_empty());
    }

    #[test]
    fn a_corrected_outcome_replaces_the_first() {
        let mut outcomes = OutcomeHistory::new(None);
        outcomes.extend([task("1", "fix login", &["a"], Outcome::Success)]);
        outcomes.extend([task("1", "fix login", &["a"], Outcome::Failure)]);
        let known = *outcomes.for_task("fix login", 0).agent("a").unwrap();
        assert_eq!((known.tasks, known.successes), (1, 0));
        // Also where the first is indexed by now.
        outcomes.extend((0..300).map(|n| task(&format!("other {n}"), "cook", &["cook"], Outcome::Success)));
        outcomes.extend([task("1", "paint walls", &["a"], Outcome::Success)]);
        assert!(outcomes.for_task("fix login", 0).is_empty());
        assert_eq!(outcomes.for_task("paint walls", 0).agent("a").unwrap().tasks, 1);
        assert_eq!(outcomes.len(), 301);
        outcomes.extend((0..300).map(|n| task(&format!("last {n}"), "cook", &["cook"], Outcome::Success)));
        assert!(outcomes.for_task("fix login", 0).is_empty());
        assert_eq!(outcomes.len(), 601);
    }

    #[test]
    fn the_oldest_tasks_are_forgotten() {
        let mut outcomes = OutcomeHistory::new(None);
        for index in 0..2 * MAX_REMEMBERED_TASKS + MAX_UNINDEXED {
            outcomes.extend([task(&index.to_string(), &format!("fix w{index}"), &["a"], Outcome::Success)]);
        }
        assert!((MAX_REMEMBERED_TASKS..MAX_REMEMBERED_TASKS + MAX_UNINDEXED).contains(&outcomes.len()));
        assert!(outcomes.for_task("w0", 0).is_empty());
        assert_eq!(outcomes.for_task("fix w9000", 0).agent("a").map(|known| known.tasks > 0), Some(true));
    }
}
