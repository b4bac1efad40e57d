//! What past tasks say of single agents.
//!
//! For a task at hand, each remembered task weighs similarity² × ½^(age ÷ half-life), where similarity is that of
//! their terms (cosine and overlap as for goals, scaled to 0..=1; edit distance says little between different tasks)
//! and reaches [`MIN_SIMILARITY`]. An agent's evidence is the weighted share of successes among the tasks it worked on,
//! smoothed by a Beta(1,1) prior: a single outcome moves the mean from ½ to ⅔ or ⅓ at most.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::decision::Outcome;
use super::goal::Goal;
use super::index::{GoalIndex, TERM_SHARE};
use super::tally::{DEFAULT_HALF_LIFE, weight};

/// How many tasks are remembered; the oldest go first. At about one kilobyte each this is some five megabytes.
pub const MAX_REMEMBERED_TASKS: usize = 5_000;

/// Tasks less alike than this say nothing of one another. Lower than for a pattern, since an agent's skill carries
/// over further than a whole plan does.
const MIN_SIMILARITY: f64 = 0.35;

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
        (self.credit + 1.0) / (self.weight + 2.0)
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

/// The outcomes of past tasks at one moment. Clones share tasks and analysed descriptions.
#[derive(Debug, Clone)]
pub struct Outcomes {
    /// By place in the index; `None` where another outcome replaced it.
    tasks: Vec<Option<Arc<TaskOutcome>>>,
    index: GoalIndex,
    by_task: Arc<HashMap<Arc<str>, usize>>,
    half_life: Option<Duration>,
}

impl Default for Outcomes {
    fn default() -> Self {
        Outcomes::new(Some(DEFAULT_HALF_LIFE))
    }
}

impl Outcomes {
    /// Without any task; evidence weighs half as much after `half_life`, `None` never forgets.
    pub fn new(half_life: Option<Duration>) -> Outcomes {
        Outcomes { tasks: Vec::new(), index: GoalIndex::default(), by_task: Arc::default(), half_life }
    }

    /// How many tasks are remembered.
    pub fn len(&self) -> usize {
        self.by_task.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.by_task.is_empty()
    }

    /// Remembers outcomes, oldest first; each replaces what was known of the same task.
    pub fn extend(&mut self, outcomes: impl IntoIterator<Item = TaskOutcome>) {
        let outcomes = outcomes.into_iter().map(|outcome| {
            let goal = Arc::new(Goal::new(&outcome.description));
            (outcome, goal)
        });
        self.extend_analysed(outcomes);
    }

    /// The same for descriptions that were analysed before.
    pub fn extend_analysed(&mut self, outcomes: impl IntoIterator<Item = (TaskOutcome, Arc<Goal>)>) {
        let mut goals = Vec::new();
        for (outcome, goal) in outcomes {
            let known = self.by_task.get(outcome.task_id.as_str()).copied();
            if let Some(place) = known {
                let same = |task: &Arc<TaskOutcome>| task.description == outcome.description;
                if self.tasks[place].as_ref().is_some_and(same) {
                    self.tasks[place] = Some(Arc::new(outcome));
                    continue;
                }
                self.tasks[place] = None;
            }
            Arc::make_mut(&mut self.by_task).insert(Arc::from(outcome.task_id.as_str()), self.tasks.len());
            self.tasks.push(Some(Arc::new(outcome)));
            goals.push(goal);
        }
        if !goals.is_empty() {
            self.index.extend(goals);
        }
        if self.tasks.len() > MAX_REMEMBERED_TASKS + MAX_REMEMBERED_TASKS / 4 {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let mut newest: Vec<(Arc<TaskOutcome>, Arc<Goal>)> = (0..self.tasks.len())
            .rev()
            .filter_map(|place| self.tasks[place].clone().map(|task| (task, self.index.shared_goal(place))))
            .take(MAX_REMEMBERED_TASKS)
            .collect();
        newest.reverse();
        let mut kept = Outcomes::new(self.half_life);
        let by_task = Arc::make_mut(&mut kept.by_task);
        for (place, (task, _)) in newest.iter().enumerate() {
            by_task.insert(Arc::from(task.task_id.as_str()), place);
        }
        kept.tasks = newest.iter().map(|(task, _)| Some(Arc::clone(task))).collect();
        kept.index.extend(newest.into_iter().map(|(_, goal)| goal));
        *self = kept;
    }

    /// What past tasks say for the one described.
    pub fn for_task(&self, description: &str, now_ms: i64) -> TaskEvidence {
        let mut evidence = TaskEvidence::default();
        let goal = Goal::new(description);
        for (place, by_terms) in self.index.by_terms(&goal, MIN_SIMILARITY * TERM_SHARE) {
            let Some(task) = &self.tasks[place] else { continue };
            let share = (by_terms / TERM_SHARE).powi(2) * weight(now_ms, task.at_ms, self.half_life);
            for (index, agent) in task.agents.iter().enumerate() {
                if task.agents[..index].contains(agent) {
                    continue;
                }
                let known = evidence.agents.entry(agent.clone()).or_default();
                known.tasks += 1;
                known.successes += u32::from(task.result == Outcome::Success);
                known.credit += task.result.credit() * share;
                known.weight += share;
            }
        }
        evidence
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
        let mut outcomes = Outcomes::new(None);
        outcomes.extend([
            task("1", "tune slow postgres queries", &["dba", "dba", "backend"], Outcome::Success),
            task("2", "tune slow postgres joins", &["dba"], Outcome::Success),
            task("3", "tune slow postgres queries again", &["frontend"], Outcome::Failure),
            task("4", "draw a logo", &["designer"], Outcome::Success),
        ]);
        let evidence = outcomes.for_task("tune slow postgres queries", 0);
        let dba = evidence.agent("dba").unwrap();
        assert_eq!((dba.tasks, dba.successes), (2, 2));
        assert!(dba.mean() > 0.6 && dba.mean() < 0.76);
        assert!(evidence.agent("frontend").unwrap().mean() < 0.45);
        assert!(evidence.agent("designer").is_none());
        assert!(outcomes.for_task("bake bread", 0).is_empty());
    }

    #[test]
    fn a_corrected_outcome_replaces_the_first() {
        let mut outcomes = Outcomes::new(None);
        outcomes.extend([task("1", "fix login", &["a"], Outcome::Success)]);
        outcomes.extend([task("1", "fix login", &["a"], Outcome::Failure)]);
        let known = *outcomes.for_task("fix login", 0).agent("a").unwrap();
        assert_eq!((known.tasks, known.successes), (1, 0));
        outcomes.extend([task("1", "paint walls", &["a"], Outcome::Success)]);
        assert!(outcomes.for_task("fix login", 0).is_empty());
        assert_eq!(outcomes.for_task("paint walls", 0).agent("a").unwrap().tasks, 1);
        assert_eq!(outcomes.len(), 1);
    }

    #[test]
    fn the_oldest_tasks_are_forgotten() {
        let mut outcomes = Outcomes::new(None);
        for index in 0..=MAX_REMEMBERED_TASKS + MAX_REMEMBERED_TASKS / 4 {
            outcomes.extend([task(&index.to_string(), &format!("fix w{index}"), &["a"], Outcome::Success)]);
        }
        assert_eq!(outcomes.len(), MAX_REMEMBERED_TASKS);
        assert!(outcomes.for_task("w0", 0).is_empty());
        assert_eq!(outcomes.for_task("fix w6000", 0).agent("a").map(|known| known.tasks > 0), Some(true));
    }
}
