//! Bringing the snapshot up to date: when it is asked for, when files changed, and now and then in full.
//!
//! A scan runs beside the serving snapshot and replaces it as a whole. Where it is known which files changed it covers no
//! more than their plugins, if the rest cannot depend on them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::catalog_sources::Known;
use crate::app::index::{self, Scanned};
use crate::app::reindex::Extent;
use crate::app::timings::millis;
use crate::app::workers::{Job, Rest, Run};
use crate::app::{Project, Snapshot};
use catalog::Cancellation;
use protocol::ReindexReport;

/// Scans what the queue of its project holds.
#[derive(Debug)]
pub(in crate::app) struct RefreshJob {
    project: Arc<Project>,
    /// The time between two scheduled scans.
    every: Duration,
    due: Instant,
}

impl RefreshJob {
    pub(in crate::app) fn new(project: Arc<Project>) -> RefreshJob {
        let every = project.config().reindex.every;
        RefreshJob { project, every, due: Instant::now() + every }
    }
}

impl Job for RefreshJob {
    fn run(&mut self, run: &Run) -> Rest {
        let queue = self.project.reindexing();
        let extent = queue.begin(self.due <= Instant::now());
        let is_whole = extent == Extent::Everything;
        if extent != Extent::Nothing {
            match rescan(&self.project, &extent, run.cancellation()) {
                Some(report) => queue.finish(&report),
                None => queue.abandon(),
            }
        }
        if is_whole {
            self.due = Instant::now() + self.every;
        }
        Rest::at_most(self.due.saturating_duration_since(Instant::now()))
    }

    fn recover(&mut self) {
        self.project.reindexing().abandon();
        self.due = Instant::now() + self.every;
    }
}

/// Scans, builds the indexes if anything differs, and swaps the snapshot; `None` where it was cancelled.
fn rescan(project: &Project, extent: &Extent, cancellation: &Cancellation) -> Option<ReindexReport> {
    let began = Instant::now();
    let before = project.snapshot();
    let around = match extent {
        Extent::Around(paths) => {
            let paths: Vec<PathBuf> = paths.iter().cloned().collect();
            index::rescan(project.config(), &before.catalog, &paths, cancellation)
        }
        Extent::Nothing | Extent::Everything => None,
    };
    let is_partial = around.is_some();
    let scanned =
        around.unwrap_or_else(|| index::scan(project.config(), Known::Served(&before.catalog), cancellation));
    if cancellation.is_cancelled() {
        return None;
    }
    let changes = scanned.catalog.changes_since(&before.catalog);
    let problems = scanned.catalog.problems().len();
    if !(changes.is_empty() && is_same(&scanned, &before)) {
        project.publish(scanned);
    }
    // A model may have been installed meanwhile.
    project.signals().passages.wake();
    let report = ReindexReport {
        added: changes.added,
        changed: changes.changed,
        removed: changes.removed,
        unchanged: changes.unchanged,
        problems,
        generation: project.snapshot().generation,
        duration_ms: millis(began.elapsed()),
    };
    tracing::info!(
        added = report.added,
        changed = report.changed,
        removed = report.removed,
        is_partial,
        problems,
        generation = report.generation,
        duration_ms = report.duration_ms,
        "re-indexed"
    );
    Some(report)
}

/// Asks for a scan if the files are not what is served: changes before a watch was in place raised no event.
pub(super) fn compare_with_files(project: &Project, cancellation: &Cancellation) {
    let before = project.snapshot();
    let scanned = index::scan(project.config(), Known::Served(&before.catalog), cancellation);
    let is_changed = !scanned.catalog.changes_since(&before.catalog).is_empty();
    if !cancellation.is_cancelled() && (is_changed || !is_same(&scanned, &before)) {
        project.reindexing().touch();
    }
}

/// Whether a scan found what is served, the definitions apart.
fn is_same(scanned: &Scanned, before: &Snapshot) -> bool {
    scanned.embedded_default == before.embedded_default
        && scanned.client == *before.client
        && scanned.catalog.roles() == before.catalog.roles()
        && scanned.catalog.plugins() == before.catalog.plugins()
        && scanned.catalog.problems() == before.catalog.problems()
        && scanned.own_aliases.as_deref() == before.own_aliases.as_deref()
}
