//! The store's options: where the database is, its limits and timeouts.

use std::time::Duration;

use confined_fs::{DirPath, FilePath};
use domain::patterns::DEFAULT_HALF_LIFE;

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The directory of `mcp.db`, `mcp.lock` and `backups/`; created with mode 0700 if it is missing.
    pub data_dir: DirPath,
    /// The half-life of evidence; `None` disables decay.
    pub half_life: Option<Duration>,
    /// Above this many bytes the query log is pruned, oldest first.
    pub soft_limit_bytes: u64,
    /// Above this many bytes rows of the query log are dropped.
    pub hard_limit_bytes: u64,
    /// The most write commands that may be queued.
    pub queue_capacity: usize,
    /// How long a caller waits for a slot in a full queue.
    pub queue_timeout: Duration,
    /// How often an idle writer checks that its database is intact and in place. A database that could not be written is
    /// checked every five seconds, if this is longer.
    pub check_every: Duration,
}

impl StoreOptions {
    /// The defaults: ninety days, 100 MB, 500 MB, 1024 commands, two seconds, a check every thirty.
    pub fn new(data_dir: impl Into<DirPath>) -> StoreOptions {
        StoreOptions {
            data_dir: data_dir.into(),
            half_life: Some(DEFAULT_HALF_LIFE),
            soft_limit_bytes: 100_000_000,
            hard_limit_bytes: 500_000_000,
            queue_capacity: 1024,
            queue_timeout: Duration::from_secs(2),
            check_every: Duration::from_secs(30),
        }
    }

    /// The database file.
    pub fn database(&self) -> FilePath {
        self.data_dir.file("mcp.db")
    }

    pub(super) fn lock_file(&self) -> FilePath {
        self.data_dir.file("mcp.lock")
    }

    pub(super) fn backups(&self) -> DirPath {
        self.data_dir.sub("backups")
    }
}
