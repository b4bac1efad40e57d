//! How a decision changes the book.

use std::sync::Arc;

use super::decision::{Decision, Outcome};
use super::goal::Goal;
use super::pattern::{Origin, Pattern};
use super::pattern_set::PatternSet;
use super::plan::Plan;
use super::stats::{Counters, DecayedStats};

/// What one decision taught one pattern; kept beside the decision, so that it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The pattern that learned.
    pub pattern_id: String,
    /// What it learned.
    pub result: Outcome,
    /// In milliseconds, where the decision stated it.
    pub duration_ms: Option<u64>,
    /// Where the decision stated them.
    pub tokens_saved: Option<i64>,
    /// When the task was first reported, in milliseconds since 1970; a correction keeps it.
    pub at_ms: i64,
}

/// A decision with what was worked out about it beforehand, away from whoever owns the book.
#[derive(Debug)]
pub struct DecisionContext<'a> {
    /// The decision, found to be within its limits.
    pub decision: &'a Decision,
    /// Its description, analysed.
    pub goal: &'a Goal,
    /// Its agents, as [`Decision::check`] answered them.
    pub plan: &'a Plan,
    /// What an earlier decision of the same task taught.
    pub former: Option<&'a Observation>,
    /// Whether that earlier decision had the same description and agents, so that it keeps its pattern.
    pub same_task: bool,
    /// When the task was first reported, in milliseconds since 1970.
    pub at_ms: i64,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
}

/// What [`PatternSet::learn`] did.
#[derive(Debug, Clone, Default)]
pub struct LearnReport {
    /// What was taught; `None` where no pattern matched and none was created.
    pub observation: Option<Observation>,
    /// The pattern that learned, as it stands now.
    pub pattern: Option<Arc<Pattern>>,
    /// Whether that pattern is new.
    pub created: bool,
    /// Every pattern that changed, as it stands now: the one that learned and the one whose observation was taken back.
    pub changed: Vec<Arc<Pattern>>,
}

/// A decision named a pattern that is not in the book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no pattern with the id `{0}`")]
pub struct UnknownPattern(pub String);

impl PatternSet {
    /// Learns from a decision. What an earlier decision of the same task taught is taken back first. Then the pattern
    /// learns that the decision names; or the one it taught before, where the task is the same; or the closest of the
    /// same agents in the same order ([`PatternSet::closest`]); or, where it was a success, one that is created with
    /// the id `new_id` answers.
    ///
    /// # Errors
    /// [`UnknownPattern`], with the book unchanged.
    pub fn learn(
        &mut self,
        context: &DecisionContext<'_>,
        new_id: impl FnOnce() -> String,
    ) -> Result<LearnReport, UnknownPattern> {
        let decision = context.decision;
        if let Some(id) = decision.pattern_id.as_ref().filter(|id| self.get(id).is_none()) {
            return Err(UnknownPattern(id.clone()));
        }
        let mut learned = LearnReport::default();
        if let Some(former) = context.former {
            learned.changed.extend(self.retract(former, context.now_ms));
        }
        let id = match self.teachable(context) {
            Some(id) => id,
            None if decision.result == Outcome::Success && !self.is_full() => {
                learned.created = true;
                self.found(context, new_id())
            }
            None => return Ok(learned),
        };
        let observation = Observation {
            pattern_id: id,
            result: decision.result,
            duration_ms: decision.duration_ms,
            tokens_saved: decision.tokens_saved,
            at_ms: context.at_ms,
        };
        learned.pattern = self.observe(&observation, context.now_ms);
        learned.changed.retain(|changed| changed.id != observation.pattern_id);
        learned.changed.extend(learned.pattern.clone());
        learned.observation = Some(observation);
        Ok(learned)
    }

    fn teachable(&self, context: &DecisionContext<'_>) -> Option<String> {
        if let Some(id) = &context.decision.pattern_id {
            return Some(id.clone());
        }
        let kept =
            context.former.filter(|former| context.same_task && self.get(&former.pattern_id).is_some());
        if let Some(former) = kept {
            return Some(former.pattern_id.clone());
        }
        self.closest(context.goal, context.plan.agent_sequence()).map(|pattern| pattern.id.clone())
    }

    fn found(&mut self, context: &DecisionContext<'_>, id: String) -> String {
        self.extend([Pattern {
            id: id.clone(),
            goal: context.decision.task_description.clone(),
            plan: context.plan.clone(),
            created_ms: context.now_ms,
            updated_ms: context.now_ms,
            origin: Origin::Learned,
            counters: Counters::default(),
            decayed: DecayedStats::default(),
        }]);
        id
    }

    /// Adds a observation to its pattern; `None` where the book does not hold it.
    pub fn observe(&mut self, observation: &Observation, now_ms: i64) -> Option<Arc<Pattern>> {
        let half_life = self.half_life;
        self.change(&observation.pattern_id, |pattern| {
            pattern.counters.add(observation.result, observation.duration_ms, observation.tokens_saved);
            pattern.decayed.add(observation.result, observation.at_ms, half_life);
            pattern.updated_ms = now_ms;
        })
    }

    /// Takes a observation back from its pattern; `None` where the book does not hold it.
    pub fn retract(&mut self, observation: &Observation, now_ms: i64) -> Option<Arc<Pattern>> {
        let half_life = self.half_life;
        self.change(&observation.pattern_id, |pattern| {
            pattern.counters.subtract(observation.result, observation.duration_ms, observation.tokens_saved);
            pattern.decayed.subtract(observation.result, observation.at_ms, half_life);
            if pattern.counters.uses() == 0 {
                pattern.decayed = DecayedStats::default();
            }
            pattern.updated_ms = now_ms;
        })
    }

    /// Gives a pattern another plan of the same sequence and marks it as stored on purpose; `None` where the book does
    /// not hold it.
    pub fn adopt(&mut self, id: &str, plan: Option<Plan>, now_ms: i64) -> Option<Arc<Pattern>> {
        self.change(id, |pattern| {
            if let Some(plan) = plan.filter(|plan| plan.agent_sequence() == pattern.plan.agent_sequence()) {
                pattern.plan = plan;
            }
            pattern.origin = Origin::Stored;
            pattern.updated_ms = now_ms;
        })
    }
}
