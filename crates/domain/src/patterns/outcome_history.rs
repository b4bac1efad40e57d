//! The outcomes of past tasks, and the evidence about single agents that they give for a new one.
//!
//! Each past task weighs similarity² × ½^(age ÷ half-life), where similarity is that of the terms (cosine and overlap as
//! for goals, scaled to 0..=1; edit distance says little about different tasks) and reaches [`MIN_SIMILARITY`]. The
//! evidence about an agent is the weighted success rate of the tasks that it worked on, smoothed by a Beta(2,2) prior: a
//! single outcome moves the mean from ½ to 0.6 or 0.4 at most.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::FixedState;

use super::decision::Outcome;
use super::goal::Goal;
use super::goal_index::{GoalIndex, TERM_SHARE, TermVector, hash};
use super::stats::{DEFAULT_HALF_LIFE, decay};

/// The number of tasks that are retained at least; at twice as many the older half is dropped. At about one kilobyte each
/// they take ten megabytes at most.
pub const MAX_REMEMBERED_TASKS: usize = 5_000;

/// Less similar tasks are ignored. Lower than for a pattern, since an agent's skill transfers further than a whole plan.
const MIN_SIMILARITY: f64 = 0.35;

/// Pseudo-counts of the Beta prior: successes, and failures, of every agent.
const PRIOR_USES: f64 = 2.0;

/// The least number of new tasks that are compared one by one before they are indexed.
const MIN_UNINDEXED: usize = 256;

/// The largest: some fifty microseconds of a query.
const MAX_UNINDEXED: usize = 1_024;

/// The outcome of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOutcome {
    /// The caller's name for the task; a later outcome of the same name replaces an earlier one.
    pub task_id: String,
    /// The task.
    pub description: String,
    /// The agents that worked on it, as the caller named them.
    pub agents: Vec<String>,
    /// The outcome.
    pub result: Outcome,
    /// When it was first reported, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// The evidence about one agent from similar tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AgentEvidence {
    /// Similar tasks that it worked on.
    pub tasks: u32,
    /// Those of them that succeeded in full.
    pub successes: u32,
    /// Weighted successes; a partial one counts half.
    pub credit: f64,
    /// Weighted tasks.
    pub weight: f64,
}

impl AgentEvidence {
    /// The posterior mean of the agent's success rate, inside (0, 1); ½ without evidence.
    pub fn mean(&self) -> f64 {
        (self.credit + PRIOR_USES) / (self.weight + 2.0 * PRIOR_USES)
    }
}

/// The evidence for one task, by agent as callers named them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskEvidence {
    agents: BTreeMap<String, AgentEvidence>,
}

impl TaskEvidence {
    /// The evidence about an agent; `None` where it worked on no similar task. Callers name agents `plugin:name` or by the
    /// bare name, so that both should be tried.
    pub fn agent(&self, name: &str) -> Option<&AgentEvidence> {
        self.agents.get(name)
    }

    /// All agents that worked on similar tasks, in alphabetical order.
    pub fn agents(&self) -> impl Iterator<Item = (&str, &AgentEvidence)> {
        self.agents.iter().map(|(name, evidence)| (name.as_str(), evidence))
    }

    /// Whether there is no evidence.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }
}

/// A task with its description analysed.
type AnalyzedTask = (Arc<TaskOutcome>, Arc<Goal>);

/// A task that is not indexed yet.
#[derive(Debug)]
struct UnindexedTask {
    task: Arc<TaskOutcome>,
    goal: Arc<Goal>,
    /// The description, weighted by the current index.
    vector: TermVector,
}

/// The outcomes of past tasks at one moment. Clones share all but the newest few, which are not indexed yet: a snapshot
/// after each decision must be cheap.
#[derive(Debug, Clone)]
pub struct OutcomeHistory {
    indexed: Arc<IndexedTasks>,
    /// Newer tasks, oldest first, by the hash of the task's name; each task once.
    unindexed: Vec<(u64, Arc<UnindexedTask>)>,
    /// Positions in `indexed` of tasks that `unindexed` replaces, ascending.
    superseded: Vec<usize>,
    half_life: Option<Duration>,
}

#[derive(Debug, Clone, Default)]
struct IndexedTasks {
    /// By position in the index; `None` where a later outcome replaced it.
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
    /// An empty history whose evidence decays with `half_life`; without one it does not decay.
    pub fn new(half_life: Option<Duration>) -> OutcomeHistory {
        OutcomeHistory { indexed: Arc::default(), unindexed: Vec::new(), superseded: Vec::new(), half_life }
    }

    /// The number of tasks.
    pub fn len(&self) -> usize {
        self.indexed.by_task.len() + self.unindexed.len() - self.superseded.len()
    }

    /// Whether there are no tasks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All tasks, oldest first.
    pub fn tasks(&self) -> impl Iterator<Item = &Arc<TaskOutcome>> {
        let indexed = self.indexed.tasks.iter().enumerate();
        let valid = indexed.filter(|(position, _)| self.superseded.binary_search(position).is_err());
        let unindexed = self.unindexed.iter().map(|(_, recent)| &recent.task);
        valid.filter_map(|(_, task)| task.as_ref()).chain(unindexed)
    }

    /// Adds outcomes, oldest first; each replaces an earlier one of the same task.
    pub fn extend(&mut self, outcomes: impl IntoIterator<Item = TaskOutcome>) {
        for outcome in outcomes {
            let goal = Arc::new(Goal::new(&outcome.description));
            self.push(outcome, goal);
        }
    }

    /// Adds one outcome whose description is already analysed.
    pub fn push(&mut self, outcome: TaskOutcome, goal: Arc<Goal>) {
        let vector = self.indexed.index.weighted(&goal).vector();
        let name = hash(&outcome.task_id);
        let recent = Arc::new(UnindexedTask { task: Arc::new(outcome), goal, vector });
        let task_id = recent.task.task_id.as_str();
        let same =
            |known: &&mut (u64, Arc<UnindexedTask>)| known.0 == name && known.1.task.task_id == task_id;
        if let Some(known) = self.unindexed.iter_mut().find(same) {
            known.1 = recent;
            return;
        }
        if let Some(&position) = self.indexed.by_task.get(task_id)
            && let Err(at) = self.superseded.binary_search(&position)
        {
            self.superseded.insert(at, position);
        }
        self.unindexed.push((name, recent));
        // Indexing copies the index, so that the larger it is, the more tasks must have come.
        if self.unindexed.len() >= (self.indexed.tasks.len() / 8).clamp(MIN_UNINDEXED, MAX_UNINDEXED) {
            let indexed = Arc::make_mut(&mut self.indexed);
            for position in self.superseded.drain(..) {
                indexed.tasks[position] = None;
            }
            let known =
                |(_, recent): (_, Arc<UnindexedTask>)| (Arc::clone(&recent.task), Arc::clone(&recent.goal));
            indexed.extend(self.unindexed.drain(..).map(known));
        }
    }

    /// The evidence for a task described like this.
    pub fn for_task(&self, description: &str, now_ms: i64) -> TaskEvidence {
        let mut evidence = EvidenceAccumulator::default();
        self.accumulate(description, now_ms, &mut evidence);
        evidence.finish()
    }

    /// Adds the evidence for a task described like this.
    pub(super) fn accumulate<'a>(
        &'a self,
        description: &str,
        now_ms: i64,
        evidence: &mut EvidenceAccumulator<'a>,
    ) {
        let goal = Goal::new(description);
        let floor = MIN_SIMILARITY * TERM_SHARE;
        let weight = |task: &TaskOutcome, by_terms: f64| {
            (by_terms / TERM_SHARE).powi(2) * decay(now_ms, task.at_ms, self.half_life)
        };
        let index = &self.indexed.index;
        for (position, by_terms) in index.by_terms(&goal, floor) {
            if let (Some(task), Err(_)) =
                (&self.indexed.tasks[position], self.superseded.binary_search(&position))
            {
                evidence.add(task, weight(task, by_terms));
            }
        }
        let vector = index.weighted(&goal).vector();
        for (_, recent) in &self.unindexed {
            let by_terms = vector.similarity(&recent.vector);
            if by_terms >= floor {
                evidence.add(&recent.task, weight(&recent.task, by_terms));
            }
        }
    }
}

/// Accumulates evidence by agent, borrowing names until it is complete.
#[derive(Default)]
pub(super) struct EvidenceAccumulator<'a> {
    agents: HashMap<&'a str, AgentEvidence, FixedState>,
}

impl<'a> EvidenceAccumulator<'a> {
    /// Adds a task with its weight.
    pub(super) fn add(&mut self, task: &'a TaskOutcome, weight: f64) {
        for (index, agent) in task.agents.iter().enumerate() {
            if task.agents[..index].contains(agent) {
                continue;
            }
            let known = self.agents.entry(agent).or_default();
            known.tasks += 1;
            known.successes += u32::from(task.result == Outcome::Success);
            known.credit += task.result.credit() * weight;
            known.weight += weight;
        }
    }

    /// The evidence of all tasks added.
    pub(super) fn finish(self) -> TaskEvidence {
        let agents = self.agents.into_iter().map(|(agent, evidence)| (agent.to_owned(), evidence));
        TaskEvidence { agents: agents.collect() }
    }
}

impl IndexedTasks {
    fn extend(&mut self, tasks: impl Iterator<Item = AnalyzedTask>) {
        let mut goals = Vec::new();
        for (task, goal) in tasks {
            self.by_task.insert(Arc::from(task.task_id.as_str()), self.tasks.len());
            self.tasks.push(Some(task));
            goals.push(goal);
        }
        self.index.extend(goals);
        // Rebuilt at twice the number retained, so that this is rare.
        if self.tasks.len() > 2 * MAX_REMEMBERED_TASKS {
            let mut retained: Vec<AnalyzedTask> = (0..self.tasks.len())
                .rev()
                .filter_map(|position| {
                    self.tasks[position].clone().map(|task| (task, self.index.shared_goal(position)))
                })
                .take(MAX_REMEMBERED_TASKS)
                .collect();
            retained.reverse();
            *self = IndexedTasks::default();
            self.extend(retained.into_iter());
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
    fn similar_tasks_are_evidence_for_and_against_agents() {
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
        // Also where the first one is already indexed.
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
    fn the_oldest_tasks_are_dropped() {
        let mut outcomes = OutcomeHistory::new(None);
        for index in 0..2 * MAX_REMEMBERED_TASKS + MAX_UNINDEXED {
            outcomes.extend([task(&index.to_string(), &format!("fix w{index}"), &["a"], Outcome::Success)]);
        }
        assert!((MAX_REMEMBERED_TASKS..MAX_REMEMBERED_TASKS + MAX_UNINDEXED).contains(&outcomes.len()));
        assert!(outcomes.for_task("w0", 0).is_empty());
        assert_eq!(outcomes.for_task("fix w9000", 0).agent("a").map(|known| known.tasks > 0), Some(true));
    }
}
