//! What past tasks say of the agents that a query ranks.
//!
//! Tasks are compared by whom the catalog offers for them, which carries over to other words. Asking the catalog takes
//! some 60 µs a task, so a thread of its own does it; until it has caught up with the store, tasks are compared by
//! their words.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::App;
use super::cache::QueryKey;
use super::snapshot::Snapshot;
use catalog::{Definition, Kind};
use domain::patterns::{AgentEvidence, Neighbours, OutcomeHistory, Profile, TaskEvidence};
use search::{Prior, Request};
use store::now_ms;

/// Agents that a task's profile holds.
const PROFILE_SIZE: usize = 10;

/// The least time between two publications, and ten times what the last one took, so that a stream of decisions does
/// not keep a processor busy.
const PAUSE: Duration = Duration::from_millis(5);

/// How often the store is looked at where nobody says that it changed.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// What was learned by when: part of the key of every answer it takes part in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LearningVersion {
    store: u64,
    neighbours: u64,
}

/// Past tasks with whom the catalog offers for them, and the thread that keeps them.
#[derive(Debug, Default)]
pub(super) struct NeighbourIndexer {
    current: ArcSwap<NeighbourIndex>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requested: bool,
    stopping: bool,
}

/// The store's past tasks at one moment, as one generation of the catalog sees them.
#[derive(Debug, Default)]
struct NeighbourIndex {
    neighbours: Neighbours,
    outcomes: Arc<OutcomeHistory>,
    /// Counts publications that something was learned in.
    number: u64,
}

/// Profiles of one generation of the catalog, by a task's description.
#[derive(Debug, Default)]
struct Profiles {
    generation: u64,
    known: HashMap<Arc<str>, Profile>,
}

impl NeighbourIndexer {
    /// There may be something new to take up.
    pub(super) fn request(&self) {
        self.lock().requested = true;
        self.changed.notify_all();
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// The thread's whole life.
    pub(super) fn run(&self, app: &App) {
        let mut profiles = Profiles::default();
        while self.wait() {
            let began = Instant::now();
            self.catch_up(app, &mut profiles);
            // A large memory is taken up less often.
            if self.is_stopped_within(PAUSE.max(began.elapsed() * 10)) {
                return;
            }
        }
    }

    /// Publishes the store's current tasks.
    fn catch_up(&self, app: &App, profiles: &mut Profiles) {
        let snapshot = app.snapshot();
        let current = self.current.load();
        let outcomes = app.store.outcomes();
        if Arc::ptr_eq(&current.outcomes, &outcomes) && profiles.generation == snapshot.generation {
            return;
        }
        let is_new_ranking = profiles.generation != snapshot.generation;
        let nothing = outcomes.is_empty() && current.outcomes.is_empty();
        let neighbours = profiles.neighbours(&snapshot, &outcomes, app.config.memory.half_life);
        // Answers that nothing was learned about stay as good as they were.
        let number = if nothing { current.number } else { current.number + 1 };
        self.current.store(Arc::new(NeighbourIndex { neighbours, outcomes, number }));
        if is_new_ranking && !nothing {
            app.warm(&snapshot, &app.frequent_queries());
        }
    }

    /// Waits for a request, or for the next look: a store that is still opening tells nobody when it is done. `false`
    /// once the service stops.
    fn wait(&self) -> bool {
        let idle = |state: &mut State| !state.requested && !state.stopping;
        let waited = self.changed.wait_timeout_while(self.lock(), POLL_INTERVAL, idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.requested = false;
        !state.stopping
    }

    /// Lets some time pass; `true` once the service stops.
    fn is_stopped_within(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| !state.stopping);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Profiles {
    /// The tasks with their profiles; those that are asked for again need no asking.
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
        Neighbours::of(outcomes.tasks().map(|task| (Arc::clone(task), known(&task.description))), half_life)
    }
}

/// The profile of a task that nobody is offered for.
static EMPTY: Profile = Profile::EMPTY;

/// Whom the catalog offers for a task.
fn profile_of(snapshot: &Snapshot, task: &str) -> Profile {
    let request =
        Request { kind: Kind::Agent, context: Some(task), limit: PROFILE_SIZE, ..Request::default() };
    let hits = snapshot.index.find(&request).hits;
    Profile::of(hits.iter().map(|hit| (hit.definition.id.as_str(), hit.score)))
}

/// What tasks similar to one query say of agents; known once the query's ranking has told who leads it.
pub(super) struct OutcomePrior {
    task: String,
    outcomes: Arc<OutcomeHistory>,
    /// `None` where they are behind the store.
    indexed: Option<Arc<NeighbourIndex>>,
    evidence: OnceCell<TaskEvidence>,
}

impl App {
    /// The state of what was learned about entries of a kind; constant where nothing is.
    pub(super) fn learning_version(&self, kind: Kind) -> LearningVersion {
        if kind != Kind::Agent || !self.config.memory.learning {
            return LearningVersion::default();
        }
        LearningVersion { store: self.store.version(), neighbours: self.neighbours.current.load().number }
    }

    /// What similar tasks say for a query; `None` where learning is off, nothing is known, or the query is for another
    /// kind than agents.
    pub(super) fn outcome_prior(&self, kind: Kind, key: &QueryKey) -> Option<OutcomePrior> {
        if kind != Kind::Agent || !self.config.memory.learning {
            return None;
        }
        let task = key.context.as_deref().or(key.capability.as_deref())?;
        let outcomes = self.store.outcomes();
        if outcomes.is_empty() {
            return None;
        }
        let indexed = self.neighbours.current.load_full();
        let indexed = Arc::ptr_eq(&indexed.outcomes, &outcomes).then_some(indexed);
        Some(OutcomePrior { task: task.to_owned(), outcomes, indexed, evidence: OnceCell::new() })
    }

    /// Takes up what the store remembers, on the caller's thread.
    pub(super) fn index_neighbours_now(&self) {
        self.neighbours.catch_up(self, &mut Profiles::default());
    }
}

impl Prior for OutcomePrior {
    fn observe_leaders(&self, leaders: &[(&Definition, f32)]) {
        let profile = Profile::of(leaders.iter().map(|(definition, score)| (definition.id.as_str(), *score)));
        let evidence = match &self.indexed {
            Some(indexed) if !profile.is_empty() => {
                indexed.neighbours.for_task(&self.task, &profile, now_ms())
            }
            _ => self.outcomes.for_task(&self.task, now_ms()),
        };
        // Told once.
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
    /// How the agent did on similar tasks, in words.
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
