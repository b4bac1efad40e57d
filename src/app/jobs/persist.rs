//! Writing what serves to disk, so that the next start is a warm one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::timings::millis;
use crate::app::workers::{Job, Rest, Run};
use crate::app::{Project, warm_start};
use catalog::Catalog;

/// Time between two writings: files that are edited all day must not wear out the disk. A start brings up to date what is
/// some changes old.
const PAUSE: Duration = Duration::from_secs(30);

/// After a long writing the pause is so many times as long, so that no more than a hundredth of the time is spent on it.
const PAUSES: u32 = 100;

/// Counts what a new snapshot's listing costs and persists its catalog and index.
#[derive(Debug)]
pub(in crate::app) struct PersistJob {
    project: Arc<Project>,
    /// The catalog that the next start finds.
    persisted: Option<Arc<Catalog>>,
    /// When the next writing may come.
    due: Instant,
}

impl PersistJob {
    /// `is_persisted` where the files already hold the catalog that serves.
    pub(in crate::app) fn new(project: Arc<Project>, is_persisted: bool) -> PersistJob {
        let persisted = is_persisted.then(|| Arc::clone(&project.snapshot().catalog));
        PersistJob { project, persisted, due: Instant::now() }
    }
}

impl Job for PersistJob {
    fn run(&mut self, run: &Run) -> Rest {
        let snapshot = self.project.snapshot();
        snapshot.count_listing();
        if self.persisted.as_ref().is_some_and(|persisted| Arc::ptr_eq(persisted, &snapshot.catalog)) {
            return Rest::UNTIL_WOKEN;
        }
        let began = Instant::now();
        let left = self.due.saturating_duration_since(began);
        if !left.is_zero() {
            return Rest::at_most(left);
        }
        if run.is_cancelled() {
            return Rest::UNTIL_WOKEN;
        }
        match warm_start::persist(self.project.config(), &snapshot) {
            Ok(()) => tracing::debug!(duration_ms = millis(began.elapsed()), "catalog and index persisted"),
            Err(error) => tracing::warn!(%error, "the next start will be a cold one"),
        }
        self.persisted = Some(Arc::clone(&snapshot.catalog));
        self.due = Instant::now() + PAUSE.max(began.elapsed() * PAUSES);
        Rest::UNTIL_WOKEN
    }
}
