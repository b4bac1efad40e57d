//! Past tasks like the one at hand, though they are told in other words.
//!
//! Two tasks are alike as far as a catalog offers the same agents for them. A [`Profile`] holds whom it offers, each
//! weighing its score squared, scaled to length 1; the likeness of two tasks is the cosine of their profiles. On
//! requests made of one description's words it is 0.42 in the median, of different ones 0, and 0.43 in one pair of a
//! hundred; the likeness of their words is 0.12 and 0 (Sørensen-Dice).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::FixedState;

use super::outcome_history::{EvidenceAccumulator, OutcomeHistory, TaskEvidence, TaskOutcome};
use super::stats::weight;

/// Tasks less alike than this say nothing of one another. In a replay with a hidden best agent 0.35 found it as often
/// and changed the first answer of a third of all tasks of other subjects, this of an eighth.
const MIN_LIKENESS: f32 = 0.6;

/// Whom a catalog offers for a task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile(Vec<(Arc<str>, f32)>);

impl Profile {
    /// Of a task that nobody is offered for.
    pub const EMPTY: Profile = Profile(Vec::new());

    /// The profile of these agents and their scores, which are never negative.
    pub fn of<'a>(offered: impl IntoIterator<Item = (&'a str, f32)>) -> Profile {
        let mut weights: Vec<(Arc<str>, f32)> = offered
            .into_iter()
            .filter(|(_, score)| *score > 0.0)
            .map(|(agent, score)| (Arc::from(agent), score * score))
            .collect();
        let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        for (_, weight) in &mut weights {
            *weight /= length;
        }
        Profile(weights)
    }

    /// Whether nobody is offered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Past tasks with their profiles, at one moment.
#[derive(Debug, Default)]
pub struct Neighbours {
    tasks: Vec<Arc<TaskOutcome>>,
    /// By agent: the tasks it is offered for, by their place in `tasks`, with its weight in their profiles.
    offered: HashMap<Arc<str>, Vec<(u32, f32)>, FixedState>,
    /// Tasks for which nobody is offered: they are compared by their words.
    others: OutcomeHistory,
    half_life: Option<Duration>,
}

impl Neighbours {
    /// These tasks; evidence weighs half as much after `half_life`, `None` never forgets.
    pub fn of<'a>(
        tasks: impl IntoIterator<Item = (Arc<TaskOutcome>, &'a Profile)>,
        half_life: Option<Duration>,
    ) -> Neighbours {
        let mut neighbours = Neighbours {
            others: OutcomeHistory::new(half_life),
            half_life,
            tasks: Vec::new(),
            offered: HashMap::default(),
        };
        for (task, profile) in tasks {
            if profile.is_empty() {
                neighbours.others.extend([TaskOutcome::clone(&task)]);
                continue;
            }
            let place = u32::try_from(neighbours.tasks.len()).unwrap_or(u32::MAX);
            for (agent, weight) in &profile.0 {
                neighbours.offered.entry(Arc::clone(agent)).or_default().push((place, *weight));
            }
            neighbours.tasks.push(task);
        }
        neighbours
    }

    /// What past tasks say for one described so, for which these are offered.
    pub fn for_task(&self, description: &str, profile: &Profile, now_ms: i64) -> TaskEvidence {
        let mut likeness = vec![0.0_f32; self.tasks.len()];
        for (agent, weight) in &profile.0 {
            for &(place, other) in self.offered.get(agent).map_or(&[][..], Vec::as_slice) {
                // Places are those of `tasks`.
                likeness[place as usize] += weight * other;
            }
        }
        let mut evidence = EvidenceAccumulator::default();
        for (task, likeness) in self.tasks.iter().zip(likeness) {
            if likeness >= MIN_LIKENESS {
                evidence.add(task, f64::from(likeness) * weight(now_ms, task.at_ms, self.half_life));
            }
        }
        if !self.others.is_empty() {
            self.others.accumulate(description, now_ms, &mut evidence);
        }
        evidence.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::Outcome;

    fn task(id: &str, agent: &str, result: Outcome) -> Arc<TaskOutcome> {
        Arc::new(TaskOutcome {
            task_id: id.to_owned(),
            description: format!("task {id}"),
            agents: vec![agent.to_owned()],
            result,
            at_ms: 0,
        })
    }

    #[test]
    fn tasks_for_which_the_same_are_offered_speak_for_one_another() {
        let near = Profile::of([("dba", 0.9), ("backend", 0.5)]);
        let far = Profile::of([("designer", 0.9), ("backend", 0.2)]);
        let tasks = [
            (task("1", "backend", Outcome::Success), &near),
            (task("2", "dba", Outcome::Failure), &near),
            (task("3", "designer", Outcome::Success), &far),
        ];
        let neighbours = Neighbours::of(tasks, None);
        let asked = Profile::of([("backend", 0.6), ("dba", 0.8)]);
        let evidence = neighbours.for_task("quite other words", &asked, 0);
        assert!(evidence.agent("backend").unwrap().mean() > 0.58);
        assert!(evidence.agent("dba").unwrap().mean() < 0.42);
        assert!(evidence.agent("designer").is_none());
        assert!(neighbours.for_task("quite other words", &Profile::default(), 0).is_empty());
    }

    #[test]
    fn tasks_for_which_nobody_is_offered_are_compared_by_their_words() {
        let nobody = Profile::of([("dba", 0.0)]);
        assert!(nobody.is_empty());
        let neighbours = Neighbours::of([(task("zyx", "dba", Outcome::Success), &nobody)], None);
        assert!(neighbours.for_task("task zyx", &nobody, 0).agent("dba").is_some());
        assert!(neighbours.for_task("something else", &nobody, 0).is_empty());
    }

    #[test]
    fn what_is_old_weighs_less() {
        let day = Duration::from_hours(24);
        let profile = Profile::of([("dba", 0.9)]);
        let neighbours = Neighbours::of([(task("1", "dba", Outcome::Success), &profile)], Some(day));
        let mean = |now| neighbours.for_task("", &profile, now).agent("dba").unwrap().mean();
        assert!((mean(0) - 3.0 / 5.0).abs() < 1e-6);
        assert!((mean(86_400_000) - 2.5 / 4.5).abs() < 1e-6);
    }
}
