//! Learning: how a decision changes the pattern set.

use std::sync::Arc;

use super::decision::{Decision, Outcome};
use super::goal::Goal;
use super::pattern::{Origin, Pattern};
use super::pattern_set::PatternSet;
use super::plan::Plan;
use super::stats::{Counters, DecayedStats};

/// The use of a pattern that one decision reports. It is stored beside the decision, so that a correction can retract it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The pattern that was used.
    pub pattern_id: String,
    /// The outcome.
    pub result: Outcome,
    /// In milliseconds, where the decision reports it.
    pub duration_ms: Option<u64>,
    /// Tokens saved, where the decision reports them.
    pub tokens_saved: Option<i64>,
    /// When the task was first reported, in milliseconds since the Unix epoch; a correction does not change it.
    pub at_ms: i64,
}

/// A decision with everything that is worked out before the writer's turn.
#[derive(Debug)]
pub struct DecisionContext<'a> {
    /// The decision, validated.
    pub decision: &'a Decision,
    /// Its description, analysed.
    pub goal: &'a Goal,
    /// Its agents, as [`Decision::check`] returned them.
    pub plan: &'a Plan,
    /// The observation from an earlier decision of the same task.
    pub former: Option<&'a Observation>,
    /// Whether that earlier decision had the same description and agents, so that the pattern stays the same.
    pub same_task: bool,
    /// When the task was first reported, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// What [`PatternSet::learn`] changed.
#[derive(Debug, Clone, Default)]
pub struct LearnReport {
    /// The new observation; `None` where no pattern matched and none was created.
    pub observation: Option<Observation>,
    /// The pattern that it was added to, in its new state.
    pub pattern: Option<Arc<Pattern>>,
    /// Whether that pattern is new.
    pub created: bool,
    /// Every changed pattern in its new state: the one with the new observation, and the one whose observation was
    /// retracted.
    pub changed: Vec<Arc<Pattern>>,
}

/// A decision refers to a pattern that is not in the set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no pattern with the id `{0}`")]
pub struct UnknownPattern(pub String);

impl PatternSet {
    /// Learns from a decision. The observation of an earlier decision of the same task is retracted first. The new one is
    /// added to the pattern that the decision names; otherwise, where the task is the same, to the pattern as before;
    /// otherwise to the closest one with the same agents in the same order ([`PatternSet::closest`]); otherwise, after a
    /// success, to a new pattern with the id that `new_id` returns.
    ///
    /// # Errors
    /// [`UnknownPattern`]; the set is then unchanged.
    pub fn learn(
        &mut self,
        context: &DecisionContext<'_>,
        new_id: impl FnOnce() -> String,
    ) -> Result<LearnReport, UnknownPattern> {
        let decision = context.decision;
        if let Some(id) = decision.pattern_id.as_ref().filter(|id| self.get(id).is_none()) {
            return Err(UnknownPattern(id.clone()));
        }
        let mut report = LearnReport::default();
        if let Some(former) = context.former {
            report.changed.extend(self.retract(former, context.now_ms));
        }
        let id = match self.pattern_for(context) {
            Some(id) => id,
            None if decision.result == Outcome::Success && !self.is_full() => {
                report.created = true;
                self.create(context, new_id())
            }
            None => return Ok(report),
        };
        let observation = Observation {
            pattern_id: id,
            result: decision.result,
            duration_ms: decision.duration_ms,
            tokens_saved: decision.tokens_saved,
            at_ms: context.at_ms,
        };
        report.pattern = self.observe(&observation, context.now_ms);
        report.changed.retain(|changed| changed.id != observation.pattern_id);
        report.changed.extend(report.pattern.clone());
        report.observation = Some(observation);
        Ok(report)
    }

    /// The id of the existing pattern that a decision's observation belongs to.
    fn pattern_for(&self, context: &DecisionContext<'_>) -> Option<String> {
        if let Some(id) = &context.decision.pattern_id {
            return Some(id.clone());
        }
        let unchanged =
            context.former.filter(|former| context.same_task && self.get(&former.pattern_id).is_some());
        if let Some(former) = unchanged {
            return Some(former.pattern_id.clone());
        }
        self.closest(context.goal, context.plan.agent_sequence()).map(|pattern| pattern.id.clone())
    }

    fn create(&mut self, context: &DecisionContext<'_>, id: String) -> String {
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

    /// Adds an observation to its pattern, which is returned in its new state; `None` where the set lacks it.
    pub fn observe(&mut self, observation: &Observation, now_ms: i64) -> Option<Arc<Pattern>> {
        let half_life = self.half_life;
        self.update(&observation.pattern_id, |pattern| {
            let Observation { result, duration_ms, tokens_saved, at_ms, .. } = *observation;
            pattern.counters.add(result, duration_ms, tokens_saved);
            pattern.decayed.add(result, at_ms, half_life);
            pattern.updated_ms = now_ms;
        })
    }

    /// Retracts an observation from its pattern, which is returned in its new state; `None` where the set lacks it.
    pub fn retract(&mut self, observation: &Observation, now_ms: i64) -> Option<Arc<Pattern>> {
        let half_life = self.half_life;
        self.update(&observation.pattern_id, |pattern| {
            let Observation { result, duration_ms, tokens_saved, at_ms, .. } = *observation;
            pattern.counters.subtract(result, duration_ms, tokens_saved);
            pattern.decayed.subtract(result, at_ms, half_life);
            if pattern.counters.uses() == 0 {
                pattern.decayed = DecayedStats::default();
            }
            pattern.updated_ms = now_ms;
        })
    }

    /// Marks a pattern as stored on purpose and, where `plan` has the same sequence, gives it that plan. Returns the
    /// pattern in its new state; `None` where the set lacks it.
    pub fn adopt(&mut self, id: &str, plan: Option<Plan>, now_ms: i64) -> Option<Arc<Pattern>> {
        self.update(id, |pattern| {
            if let Some(plan) = plan.filter(|plan| plan.agent_sequence() == pattern.plan.agent_sequence()) {
                pattern.plan = plan;
            }
            pattern.origin = Origin::Stored;
            pattern.updated_ms = now_ms;
        })
    }
}
