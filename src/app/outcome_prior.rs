//! What past tasks say of the agents that a query ranks.
//!
//! Tasks are compared by the agents that the catalog offers for them, which carries over to other words. Asking the
//! catalog takes some 60 µs a task, so it is done in the background; until the index has caught up with the store, tasks
//! are compared by their words.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::snapshot::Snapshot;
use crate::config::Memory;
use catalog::{Definition, Kind};
use domain::patterns::{AgentEvidence, Neighbours, OutcomeHistory, Profile, TaskEvidence};
use search::{Prior, Request};
use store::{Store, now_ms};

/// Agents that a task's profile holds.
const PROFILE_SIZE: usize = 10;

/// A state of what was learned: part of the key of every answer it takes part in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LearningVersion {
    store: u64,
    neighbours: u64,
}

/// Past tasks, indexed by the agents that the catalog offers for them.
#[derive(Debug)]
pub(super) struct NeighbourIndexer {
    is_on: bool,
    half_life: Option<Duration>,
    current: ArcSwap<NeighbourIndex>,
}

/// The store's past tasks at one moment, as one generation of the catalog sees them.
#[derive(Debug, Default)]
struct NeighbourIndex {
    neighbours: Neighbours,
    outcomes: Arc<OutcomeHistory>,
    /// Counts the publications that changed answers.
    number: u64,
}

/// Profiles of one generation of the catalog, by a task's description.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    generation: u64,
    known: HashMap<Arc<str>, Profile>,
}

impl NeighbourIndexer {
    pub(super) fn new(memory: &Memory) -> NeighbourIndexer {
        NeighbourIndexer { is_on: memory.learning, half_life: memory.half_life, current: ArcSwap::default() }
    }

    /// Indexes the tasks in `outcomes` as the snapshot sees them and publishes the result, unless it is there already;
    /// whether that changes answers of a snapshot that is new.
    pub(super) fn index(
        &self,
        snapshot: &Snapshot,
        outcomes: Arc<OutcomeHistory>,
        profiles: &mut Profiles,
    ) -> bool {
        let current = self.current.load();
        let is_new_ranking = profiles.generation != snapshot.generation;
        if Arc::ptr_eq(&current.outcomes, &outcomes) && !is_new_ranking {
            return false;
        }
        let is_empty = outcomes.is_empty() && current.outcomes.is_empty();
        let neighbours = profiles.neighbours(snapshot, &outcomes, self.half_life);
        // Without outcomes answers stay as they were, and cached ones go on serving.
        let number = if is_empty { current.number } else { current.number + 1 };
        self.current.store(Arc::new(NeighbourIndex { neighbours, outcomes, number }));
        is_new_ranking && !is_empty
    }

    /// The state of what was learned about entries of a kind; constant where nothing is.
    pub(super) fn version(&self, kind: Kind, store: &Store) -> LearningVersion {
        if kind != Kind::Agent || !self.is_on {
            return LearningVersion::default();
        }
        LearningVersion { store: store.version(), neighbours: self.current.load().number }
    }

    /// What tasks similar to `task` say; `None` where learning is off, nothing is known, or the query is for another kind
    /// than agents.
    pub(super) fn prior(&self, kind: Kind, task: Option<&str>, store: &Store) -> Option<OutcomePrior> {
        if kind != Kind::Agent || !self.is_on {
            return None;
        }
        let task = task?;
        let outcomes = store.outcomes();
        if outcomes.is_empty() {
            return None;
        }
        let indexed = self.current.load_full();
        let indexed = Arc::ptr_eq(&indexed.outcomes, &outcomes).then_some(indexed);
        Some(OutcomePrior { task: task.to_owned(), outcomes, indexed, evidence: OnceCell::new() })
    }
}

impl Profiles {
    /// The tasks with their profiles; only tasks that are new are looked up.
    fn neighbours(
        &mut self,
        snapshot: &Snapshot,
        outcomes: &OutcomeHistory,
        half_life: Option<Duration>,
    ) -> Neighbours {
        let former = std::mem::take(&mut self.known);
        let mut former = if self.generation == snapshot.generation { former } else { HashMap::new() };
        self.generation = snapshot.generation;
        for task in outcomes.tasks() {
            let text = task.description.as_str();
            if !self.known.contains_key(text) {
                let profile = former.remove(text).unwrap_or_else(|| profile_of(snapshot, text));
                self.known.insert(Arc::from(text), profile);
            }
        }
        let known = |text: &str| self.known.get(text).unwrap_or(&EMPTY);
        Neighbours::new(outcomes.tasks().map(|task| (Arc::clone(task), known(&task.description))), half_life)
    }
}

/// The profile of a task for which the catalog offers no agent.
static EMPTY: Profile = Profile::EMPTY;

/// The agents that the catalog offers for a task.
fn profile_of(snapshot: &Snapshot, task: &str) -> Profile {
    let request =
        Request { kind: Kind::Agent, context: Some(task), limit: PROFILE_SIZE, ..Request::default() };
    let hits = snapshot.index.find(&request).hits;
    Profile::new(hits.iter().map(|hit| (hit.definition.id.as_str(), hit.score)))
}

/// What tasks similar to one query say of agents; known once the ranking has named its leaders.
pub(super) struct OutcomePrior {
    task: String,
    outcomes: Arc<OutcomeHistory>,
    /// `None` where they are behind the store.
    indexed: Option<Arc<NeighbourIndex>>,
    evidence: OnceCell<TaskEvidence>,
}

impl Prior for OutcomePrior {
    fn observe_leaders(&self, leaders: &[(&Definition, f32)]) {
        let profile =
            Profile::new(leaders.iter().map(|(definition, score)| (definition.id.as_str(), *score)));
        let evidence = match &self.indexed {
            Some(indexed) if !profile.is_empty() => {
                indexed.neighbours.for_task(&self.task, &profile, now_ms())
            }
            _ => self.outcomes.for_task(&self.task, now_ms()),
        };
        // Called once a query.
        let _ = self.evidence.set(evidence);
    }

    fn known_names(&self) -> Option<Vec<String>> {
        Some(self.evidence.get()?.agents().map(|(agent, _)| agent.to_owned()).collect())
    }

    /// From -1 (all similar tasks failed) over 0 (nothing is known) to 1: the smoothed mean, spread.
    #[expect(clippy::cast_possible_truncation, reason = "a score needs no more than seven digits")]
    fn prior(&self, definition: &Definition) -> f32 {
        self.evidence(definition).map_or(0.0, |evidence| (2.0 * evidence.mean() - 1.0) as f32)
    }
}

impl OutcomePrior {
    /// The agent's record on similar tasks, in words.
    pub(super) fn record(&self, definition: &Definition) -> Option<String> {
        let AgentEvidence { tasks, successes, .. } = self.evidence(definition)?;
        let tasks_named = if *tasks == 1 { "similar task" } else { "similar tasks" };
        Some(format!("{successes} of {tasks} {tasks_named} succeeded with it"))
    }

    /// Callers name an agent by its id or by its bare name.
    fn evidence(&self, definition: &Definition) -> Option<&AgentEvidence> {
        let evidence = self.evidence.get()?;
        evidence.agent(&definition.id).or_else(|| evidence.agent(&definition.name))
    }
}
