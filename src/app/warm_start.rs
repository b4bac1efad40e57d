//! What is kept beside the database for the next start, and everything else that can wait until a snapshot serves.
//!
//! A start that finds [`CATALOG`] opens only the files that changed since it was written, and one that finds [`INDEX`]
//! reads only those words again. Both are written by a thread of their own, some time after the catalog changed, and
//! replaced in whole. What another program wrote, what is cut off or damaged is passed over as if it were not there.

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::refresh::millis;
use super::{App, Snapshot};
use crate::config::Config;
use catalog::Kept;
use confined_fs::Replacing;

/// What files said when they were last read, in the data directory.
const CATALOG: &str = "catalog.bin";

/// The index over it.
const INDEX: &str = "index.bin";

/// Bytes of it that are read: some 2,000,000 entries of the usual size.
const MAX_BYTES: u64 = 4 << 30;

/// Time between two writings: who edits files all day shall not wear out the disk. A start brings up to date what was kept
/// some changes ago.
const PAUSE: Duration = Duration::from_secs(30);
/// After a long writing the pause is so many times as long, so that no more than a hundredth of the time is spent on it.
const PAUSES: u32 = 100;

/// What was kept of the catalog, for the first scan.
pub(super) fn catalog(config: &Config) -> Option<Kept> {
    Kept::open(read(config, CATALOG, &[])?, &program())
}

/// What was kept of the index, if this program wrote it.
pub(super) fn index(config: &Config) -> Option<Vec<u8>> {
    read(config, INDEX, &header())
}

/// What a file holds after `head`; `None` where it does not begin so.
fn read(config: &Config, name: &str, head: &[u8]) -> Option<Vec<u8>> {
    let mut file = config.paths.data_dir.file(name).open().ok()?;
    let length = file.metadata().ok()?.len();
    let mut begins = vec![0; head.len()];
    file.read_exact(&mut begins).ok()?;
    if begins != head {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(MAX_BYTES)).ok()? + 1);
    file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Replaces what was kept by what is in this snapshot. Not synced: a file that a power loss cut off is passed over.
fn persist(config: &Config, snapshot: &Snapshot) -> std::io::Result<()> {
    let data_dir = &config.paths.data_dir;
    data_dir.file(CATALOG).replace(Replacing::Private, |out| snapshot.catalog.keep(&program(), out))?;
    data_dir.file(INDEX).replace(Replacing::Private, |out| {
        out.write_all(&header())?;
        out.write_all(&snapshot.index.to_bytes())
    })
}

/// What stands before a kept index.
fn header() -> Vec<u8> {
    format!("{}\n", program()).into_bytes()
}

/// Which program reads files: its version, and which build of it, since a build may read them otherwise.
fn program() -> String {
    let build = std::env::current_exe().and_then(std::fs::metadata);
    let build = build.map_or((0, 0, 0), |build| (build.len(), build.mtime(), build.mtime_nsec()));
    format!("{} {build:?}", env!("CARGO_PKG_VERSION"))
}

/// Says when something is to be done aside; one thread does it.
#[derive(Debug, Default)]
pub(super) struct SnapshotPersister {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Another snapshot serves.
    swapped: bool,
    /// Another catalog does, that is not kept yet.
    is_dirty: bool,
    stopping: bool,
}

/// What the thread does next.
enum Turn {
    Count,
    Persist,
    Stop,
}

impl SnapshotPersister {
    /// Another snapshot serves; `is_kept` where the next start finds its catalog already.
    pub(super) fn request(&self, is_kept: bool) {
        let mut state = self.lock();
        state.swapped = true;
        state.is_dirty |= !is_kept;
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
                Turn::Persist => {
                    let began = Instant::now();
                    match persist(&app.config, &app.snapshot()) {
                        Ok(()) => {
                            tracing::debug!(duration_ms = millis(began.elapsed()), "catalog and index kept");
                        }
                        Err(error) => {
                            tracing::warn!(%error, "the catalog and its index are not kept for the next start");
                        }
                    }
                    due = Instant::now() + PAUSE.max(began.elapsed() * PAUSES);
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
            if state.is_dirty && left.is_zero() {
                state.is_dirty = false;
                return Turn::Persist;
            }
            state = if state.is_dirty {
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
