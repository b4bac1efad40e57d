//! Where the database is and how much it may hold.

use std::time::Duration;

use confined_fs::{DirPath, FilePath};
use domain::patterns::DEFAULT_HALF_LIFE;

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The folder of `mcp.db`, `mcp.lock` and `backups/`; created with mode 0700 where it is missing.
    pub data_dir: DirPath,
    /// Evidence weighs half as much after this long; `None` never forgets.
    pub half_life: Option<Duration>,
    /// Above this many bytes the query log is pruned, oldest first.
    pub soft_limit_bytes: u64,
    /// Above this many bytes the query log takes no more rows.
    pub hard_limit_bytes: u64,
    /// How many decisions and patterns may wait for the writer.
    pub queue_capacity: usize,
    /// How long a caller waits for a place in a full queue.
    pub queue_timeout: Duration,
    /// How often an idle writer looks whether its database is still there and in order, or works again.
    pub check_every: Duration,
}

impl StoreOptions {
    /// The defaults: ninety days, 100 MB, 500 MB, 1024 jobs, two seconds; a look every five.
    pub fn new(data_dir: impl Into<DirPath>) -> StoreOptions {
        StoreOptions {
            data_dir: data_dir.into(),
            half_life: Some(DEFAULT_HALF_LIFE),
            soft_limit_bytes: 100_000_000,
            hard_limit_bytes: 500_000_000,
            queue_capacity: 1024,
            queue_timeout: Duration::from_secs(2),
            check_every: Duration::from_secs(5),
        }
    }

    /// The database of the directory.
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
