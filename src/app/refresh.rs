//! Keeping the snapshot up to date: one thread scans, everybody else asks it to.
//!
//! A scan runs beside the serving snapshot and replaces it in whole. Where it is known which files changed it covers
//! no more than their plugins, if that can be told apart. Whoever asks while one runs joins it; a change seen meanwhile
//! makes it run once more. Lock order: `state` alone, never held during a scan.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::oneshot;

use super::index::{Known, Scanned};
use super::{App, Snapshot};

/// What a re-index did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReindexReport {
    /// Definitions that are new.
    pub added: usize,
    /// Definitions whose content is another.
    pub changed: usize,
    /// Definitions whose files are gone.
    pub removed: usize,
    /// Definitions that stayed as they were.
    pub unchanged: usize,
    /// Diagnostics of all files.
    pub problems: usize,
    /// The snapshot that serves from now on.
    pub generation: u64,
    /// Milliseconds from start to swap.
    pub duration_ms: f64,
}

/// The door to the refreshing thread.
#[derive(Debug, Default)]
pub(super) struct Refresher {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<oneshot::Sender<ReindexReport>>,
    requested: Extent,
    running: bool,
    stopping: bool,
    /// Scans finished since start, the first included.
    finished: u64,
}

/// How much is to be scanned.
#[derive(Debug, Default)]
enum Extent {
    #[default]
    Nothing,
    /// Where these paths lie.
    Around(BTreeSet<PathBuf>),
    Everything,
}

impl Extent {
    fn add(&mut self, paths: Vec<PathBuf>) {
        match self {
            Extent::Everything => {}
            Extent::Around(known) => known.extend(paths),
            Extent::Nothing => *self = Extent::Around(paths.into_iter().collect()),
        }
        if matches!(self, Extent::Around(known) if known.len() > MAX_PATHS) {
            *self = Extent::Everything;
        }
    }
}

/// Changed paths that are looked at one by one; with more of them a full scan costs no more.
pub(super) const MAX_PATHS: usize = 256;

/// What the thread does next.
enum Turn {
    Scan(Extent),
    Stop,
}

impl Refresher {
    /// A re-index, or the one that is running; `None` once the service stops.
    pub(super) async fn reindex(&self) -> Option<ReindexReport> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.lock();
            if state.stopping {
                return None;
            }
            state.waiting.push(sender);
            if !state.running {
                state.requested = Extent::Everything;
            }
        }
        self.changed.notify_all();
        receiver.await.ok()
    }

    /// Anything may have changed: scan soon, once more if a scan is running.
    pub(super) fn touch(&self) {
        self.lock().requested = Extent::Everything;
        self.changed.notify_all();
    }

    /// These files changed.
    pub(super) fn touch_paths(&self, paths: Vec<PathBuf>) {
        self.lock().requested.add(paths);
        self.changed.notify_all();
    }

    /// Ends the thread after the scan it may be in.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// Scans finished since start, the first included.
    pub(super) fn finished(&self) -> u64 {
        self.lock().finished
    }

    /// The thread's whole life: scans when asked and, in full, every `every`, until stopped.
    pub(super) fn run(&self, app: &App, every: Duration) {
        let mut due = Instant::now() + every;
        while let Turn::Scan(extent) = self.next_turn(due) {
            let is_whole = matches!(extent, Extent::Everything);
            // A scan that panics must neither end the thread nor leave callers waiting.
            let report = catch_unwind(AssertUnwindSafe(|| app.rescan(&extent)));
            self.finish(report.as_ref().ok(), is_whole);
            if report.is_err() && !is_whole {
                // What changed there is still to be read.
                self.touch();
            }
            if is_whole {
                due = Instant::now() + every;
            }
        }
    }

    fn next_turn(&self, due: Instant) -> Turn {
        let mut state = self.lock();
        loop {
            if state.stopping {
                state.waiting.clear();
                return Turn::Stop;
            }
            let left = due.saturating_duration_since(Instant::now());
            let mut extent = std::mem::take(&mut state.requested);
            // Who asks by name, perhaps while a part is scanned, is told of a scan of everything.
            if left.is_zero() || !state.waiting.is_empty() {
                extent = Extent::Everything;
            }
            if !matches!(extent, Extent::Nothing) {
                state.running = true;
                return Turn::Scan(extent);
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Answers everybody who asked before or during a whole scan; without a report they learn that there is none.
    fn finish(&self, report: Option<&ReindexReport>, is_whole: bool) {
        let waiting = {
            let mut state = self.lock();
            state.running = false;
            state.finished += 1;
            if is_whole { std::mem::take(&mut state.waiting) } else { Vec::new() }
        };
        for (sender, report) in waiting.into_iter().zip(std::iter::repeat(report)) {
            if let Some(report) = report {
                // A caller that went away needs no answer.
                let _ = sender.send(report.clone());
            }
        }
    }

    /// Records the scan at start, which runs before the thread does.
    pub(super) fn count_first(&self) {
        self.lock().finished += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Asks for a re-index if the files are not what is served. Nobody was told of what changed before a watch stood.
    pub(super) fn look_again(&self) {
        let before = self.snapshot();
        let scanned = super::index::scan(&self.config, Known::Served(&before.catalog));
        let is_same = scanned.catalog.changes_since(&before.catalog).is_empty();
        if !(is_same && says_the_same(&scanned, &before)) {
            self.refresher.touch();
        }
    }

    /// Asks for a re-index and waits for its report.
    ///
    /// # Errors
    /// [`super::AppError::Internal`] once the service stops.
    pub async fn reindex(&self) -> Result<ReindexReport, super::AppError> {
        let report = self.refresher.reindex().await;
        report.ok_or_else(|| anyhow::anyhow!("the service is stopping, or the scan failed").into())
    }

    /// Scans, builds the indexes if anything differs, and swaps the snapshot.
    fn rescan(&self, extent: &Extent) -> ReindexReport {
        let began = Instant::now();
        let before = self.snapshot();
        let around = match extent {
            Extent::Around(paths) => {
                let paths: Vec<PathBuf> = paths.iter().cloned().collect();
                super::index::rescan(&self.config, &before, &paths)
            }
            Extent::Nothing | Extent::Everything => None,
        };
        let is_partial = around.is_some();
        let scanned =
            around.unwrap_or_else(|| super::index::scan(&self.config, Known::Served(&before.catalog)));
        let changes = scanned.catalog.changes_since(&before.catalog);
        let problems = scanned.catalog.problems().len();
        if !(changes.is_empty() && says_the_same(&scanned, &before)) {
            self.publish(scanned);
        }
        // A model may have been put there meanwhile.
        self.embedding.look();
        let report = ReindexReport {
            added: changes.added,
            changed: changes.changed,
            removed: changes.removed,
            unchanged: changes.unchanged,
            problems,
            generation: self.snapshot().generation,
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
        report
    }
}

/// Whether a scan found what is served, the definitions apart.
fn says_the_same(scanned: &Scanned, before: &Snapshot) -> bool {
    scanned.embedded_default == before.embedded_default
        && scanned.catalog.roles() == before.catalog.roles()
        && scanned.catalog.plugins() == before.catalog.plugins()
        && scanned.catalog.problems() == before.catalog.problems()
        && scanned.own_aliases.as_deref() == before.own_aliases.as_deref()
}

/// Milliseconds with three decimals.
pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
