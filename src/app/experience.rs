//! What past tasks say of the agents that a query ranks.

use super::App;
use super::cache::QueryKey;
use crate::catalog::{Definition, Kind};
use crate::patterns::{AgentEvidence, TaskEvidence};
use crate::store::now_ms;

/// What outcomes say of an entry, -1 to 1, as search takes it.
pub(super) type Prior<'a> = dyn Fn(&Definition) -> f32 + 'a;

/// What tasks similar to one query say of agents.
#[derive(Debug)]
pub(super) struct Experience(TaskEvidence);

impl App {
    /// The state of what was learned about entries of a kind; constant where nothing is.
    pub(super) fn learned(&self, kind: Kind) -> u64 {
        if kind == Kind::Agent && self.config.learning { self.store.version() } else { 0 }
    }

    /// What similar tasks say for a query; `None` where learning is off, nothing similar is known, or the query is
    /// for another kind than agents.
    pub(super) fn experience(&self, kind: Kind, key: &QueryKey) -> Option<Experience> {
        if kind != Kind::Agent || !self.config.learning {
            return None;
        }
        let task = key.context.as_deref().or(key.capability.as_deref())?;
        let outcomes = self.store.outcomes();
        if outcomes.is_empty() {
            return None;
        }
        let evidence = outcomes.for_task(task, now_ms());
        (!evidence.is_empty()).then_some(Experience(evidence))
    }
}

impl Experience {
    /// From -1 (all similar tasks failed) over 0 (nothing is known) to 1: the smoothed mean, spread.
    #[expect(clippy::cast_possible_truncation, reason = "a score needs no more than seven digits")]
    pub(super) fn prior(&self, definition: &Definition) -> f32 {
        self.evidence(definition).map_or(0.0, |evidence| (2.0 * evidence.mean() - 1.0) as f32)
    }

    /// How the agent did on similar tasks, in words.
    pub(super) fn record(&self, definition: &Definition) -> Option<String> {
        let AgentEvidence { tasks, successes, .. } = self.evidence(definition)?;
        let tasks_named = if *tasks == 1 { "similar task" } else { "similar tasks" };
        Some(format!("{successes} of {tasks} {tasks_named} succeeded with it"))
    }

    /// Callers name an agent by its id or by its bare name.
    fn evidence(&self, definition: &Definition) -> Option<&AgentEvidence> {
        self.0.agent(&definition.id).or_else(|| self.0.agent(&definition.name))
    }
}
