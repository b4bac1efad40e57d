//! What is kept beside the database for the next start, and everything else that can wait until a snapshot serves.
//!
//! A start that finds [`CATALOG`] opens only the files that changed since it was written. It is written by a thread of
//! its own, some time after the catalog changed, and replaced in whole. One that another program wrote, that is cut off
//! or damaged is passed over as if it were not there.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::App;
use super::refresh::millis;
use crate::catalog::{Catalog, Kept};
use crate::config::Config;

/// What files said when they were last read, in the data directory.
const CATALOG: &str = "catalog.bin";

/// Bytes of it that are read: some 2,000,000 entries of the usual size.
const MAX_BYTES: u64 = 4 << 30;

/// Time between two writings: who edits files all day shall not wear out the disk.
const PAUSE: Duration = Duration::from_secs(30);

/// What was kept of the catalog, for the first scan.
pub(super) fn catalog(config: &Config) -> Option<Kept> {
    let file = File::open(config.paths.data_dir.join(CATALOG)).ok()?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(MAX_BYTES)).ok()? + 1);
    file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Kept::open(bytes, &program())
}

/// Replaces what was kept by this catalog.
fn keep(config: &Config, catalog: &Catalog) -> std::io::Result<()> {
    let path = config.paths.data_dir.join(CATALOG);
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = write(&temporary, catalog).and_then(|()| std::fs::rename(&temporary, &path));
    if written.is_err() {
        // What could not be written is in nobody's way but the disk's.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write(path: &Path, catalog: &Catalog) -> std::io::Result<()> {
    // Not synced: a file that a power loss cut off is passed over.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let mut out = BufWriter::new(file);
    catalog.keep(&program(), &mut out)?;
    out.flush()
}

/// Which program reads files: its version, and which build of it, since a build may read them otherwise.
fn program() -> String {
    let build = std::env::current_exe().and_then(std::fs::metadata);
    let build = build.map_or((0, 0, 0), |build| (build.len(), build.mtime(), build.mtime_nsec()));
    format!("{} {build:?}", env!("CARGO_PKG_VERSION"))
}

/// Says when something is to be done aside; one thread does it.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Another snapshot serves.
    swapped: bool,
    /// Another catalog does, that is not kept yet.
    unkept: bool,
    stopping: bool,
}

/// What the thread does next.
enum Turn {
    Count,
    Keep,
    Stop,
}

impl Keeper {
    /// Another snapshot serves; `is_kept` where the next start finds its catalog already.
    pub(super) fn request(&self, is_kept: bool) {
        let mut state = self.lock();
        state.swapped = true;
        state.unkept |= !is_kept;
        drop(state);
        self.changed.notify_all();
    }

    /// Ends the thread after what it is doing.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// The thread's whole life.
    pub(super) fn run(&self, app: &App) {
        let mut due = Instant::now();
        loop {
            match self.next_turn(due) {
                Turn::Stop => return,
                Turn::Count => app.snapshot().count_listing(),
                Turn::Keep => {
                    let began = Instant::now();
                    match keep(&app.config, &app.snapshot().catalog) {
                        Ok(()) => tracing::debug!(duration_ms = millis(began.elapsed()), "catalog kept"),
                        Err(error) => {
                            tracing::warn!(%error, "the catalog is not kept for the next start");
                        }
                    }
                    due = Instant::now() + PAUSE;
                }
            }
        }
    }

    fn next_turn(&self, due: Instant) -> Turn {
        let mut state = self.lock();
        loop {
            if state.stopping {
                return Turn::Stop;
            }
            if std::mem::take(&mut state.swapped) {
                return Turn::Count;
            }
            let left = due.saturating_duration_since(Instant::now());
            if state.unkept && left.is_zero() {
                state.unkept = false;
                return Turn::Keep;
            }
            state = if state.unkept {
                self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            } else {
                self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
