//! Indexing past tasks by the agents that the catalog offers for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::Project;
use crate::app::cache_warming::warm;
use crate::app::frequent_queries::frequent_queries;
use crate::app::outcome_prior::Profiles;
use crate::app::workers::{Job, Rest, Run};

/// The least time between two publications, and ten times what the last one took, so that a stream of decisions does
/// not keep a processor busy.
const PAUSE: Duration = Duration::from_millis(5);

/// Follows the store's outcomes and the catalog that serves.
#[derive(Debug)]
pub(in crate::app) struct NeighbourJob {
    project: Arc<Project>,
    profiles: Profiles,
}

impl NeighbourJob {
    pub(in crate::app) fn new(project: Arc<Project>) -> NeighbourJob {
        NeighbourJob { project, profiles: Profiles::default() }
    }
}

impl Job for NeighbourJob {
    fn run(&mut self, _: &Run) -> Rest {
        let began = Instant::now();
        let snapshot = self.project.snapshot();
        let outcomes = self.project.store().outcomes();
        if self.project.learning().index(&snapshot, outcomes, &mut self.profiles) {
            warm(&self.project, &snapshot, &frequent_queries(self.project.store()));
        }
        // A large history is indexed less often.
        Rest::at_least(PAUSE.max(began.elapsed() * 10))
    }

    fn recover(&mut self) {
        self.profiles = Profiles::default();
    }
}
