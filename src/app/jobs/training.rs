//! Training the latent score for a new catalog, beside the serving snapshot.

use std::sync::Arc;

use crate::app::cache_warming::warm;
use crate::app::frequent_queries::frequent_queries;
use crate::app::workers::{Job, Rest, Run};
use crate::app::{MAX_ENTRIES_LEARNED, Project, latent};
use catalog::Cancellation;

/// Trains for the catalog that serves, where its score is missing.
#[derive(Debug)]
pub(in crate::app) struct TrainingJob {
    project: Arc<Project>,
}

impl TrainingJob {
    pub(in crate::app) fn new(project: Arc<Project>) -> TrainingJob {
        TrainingJob { project }
    }
}

impl Job for TrainingJob {
    fn run(&mut self, run: &Run) -> Rest {
        let snapshot = self.project.snapshot();
        // Larger collections are ranked without it.
        if !snapshot.latent_ready && snapshot.catalog.definitions().len() <= MAX_ENTRIES_LEARNED {
            rank_fully(&self.project, run.cancellation());
        }
        Rest::UNTIL_WOKEN
    }
}

/// Loads or trains the score for the current snapshot and swaps it in, unless another catalog is served by then: for that
/// one training was asked for again.
pub(in crate::app) fn rank_fully(project: &Project, cancellation: &Cancellation) {
    let snapshot = project.snapshot();
    let began = std::time::Instant::now();
    let Some(latent) = latent::load_or_train(project.config(), &snapshot, cancellation) else { return };
    let latent = Arc::new(latent);
    project.timings().record_latent(began.elapsed());
    let frequent = frequent_queries(project.store());
    project.swap(|current| {
        let is_current = current.generation == snapshot.generation;
        let next = is_current.then(|| current.with_latent(Arc::clone(&latent)))?;
        warm(project, &next, &frequent);
        Some(next)
    });
}
