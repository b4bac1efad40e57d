//! Decisions that wait on disk for a server: one file each, so that several clients share a queue without a lock.
//!
//! # Format
//!
//! A folder, `<project>/.claude/mcp-server/outbox/`, holds one file a decision, called `<name>` =
//! `<unix ms, 13 digits>-<8 hex>.json`; its content is the params object of `cacheDecision`. It is written as
//! `<name>.tmp`, synced and renamed. Who sends it claims it first by renaming it to `<name>.claimed-<unix ms>`: of two
//! that try, one succeeds. Acknowledged, it is removed; where the server is away it gets its name back; refused, it is
//! kept as `<name>.refused`. A claim older than [`CLAIM_AGE`] is of somebody who is gone and is taken back. A decision
//! may therefore be sent twice in the worst case, which is as good as once: the server knows it by its `task_id`.

//!
//! ```
//! use adjutant_client::outbox::{Outbox, Verdict};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let outbox = Outbox::new(folder.path().join("outbox"));
//! outbox.put(&serde_json::json!({ "task_id": "17" })).unwrap();
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let replayed = outbox.replay(async |decision| {
//!     println!("sending {decision}");
//!     Verdict::Acknowledged
//! });
//! assert_eq!(replayed.await.stored, 1);
//! # });
//! assert!(outbox.is_empty());
//! ```

mod folder;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

pub use folder::{Claimed, Waiting, is_file_of_queue};

/// Files a folder holds at most: a day of an orchestrator that makes seven decisions a minute.
pub const MAX_FILES: usize = 10_000;

/// Bytes a folder holds at most.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Age at which a claim counts as abandoned: some hundred times what sending takes.
pub const CLAIM_AGE: Duration = Duration::from_mins(1);

/// The decisions of one project that wait.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

/// Why a decision could not be queued.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// [`MAX_FILES`] or [`MAX_BYTES`] are reached.
    #[error("{} decisions wait already, which is the most", .0)]
    Full(usize),
    /// The folder cannot be written to.
    #[error("{path}: {source}", path = .path.display())]
    Failed {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a server said to a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored.
    Acknowledged,
    /// Nobody could be asked, or who was asked had a fault of its own: later perhaps.
    Unreachable,
    /// It is wrong, and would be tomorrow; says why.
    Refused(String),
}

/// What came of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Decisions that are stored now.
    pub stored: usize,
    /// Why each of those that were refused was; they are kept under another name.
    pub refused: Vec<String>,
    /// Whether decisions wait still, since the server is away.
    pub is_interrupted: bool,
}

impl Outbox {
    /// The queue in that folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Outbox { folder: folder.into() }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sends all that waits, oldest first, until none is left or the server is away.
    pub async fn replay<F, S>(&self, mut send: F) -> Replayed
    where
        F: FnMut(Value) -> S,
        S: Future<Output = Verdict>,
    {
        let mut replayed = Replayed::default();
        // No more than may be there: a file that cannot be removed must not keep this going for ever.
        for _ in 0..MAX_FILES {
            let Some(claimed) = self.claim_oldest() else { break };
            let verdict = match claimed.read() {
                Ok(params) => send(params).await,
                Err(reason) => Verdict::Refused(reason),
            };
            match verdict {
                Verdict::Acknowledged => {
                    claimed.acknowledge();
                    replayed.stored += 1;
                }
                Verdict::Refused(reason) => {
                    claimed.refuse();
                    replayed.refused.push(reason);
                }
                Verdict::Unreachable => {
                    claimed.give_back();
                    replayed.is_interrupted = true;
                    break;
                }
            }
        }
        replayed
    }
}

#[cfg(test)]
mod tests;
