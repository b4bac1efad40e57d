//! Decisions that wait on disk for a server: one file each, so that several clients share a queue without a lock.
//!
//! # Format
//!
//! A folder, `<project>/.claude/mcp-server/outbox/`, holds one file a decision, called `<name>` =
//! `<unix ms, 13 digits>-<8 hex>.json`; its content is the params object of `cacheDecision`. The number says when the
//! decision was made: whoever sends the file adds it as the param `decided_at_ms`, unless the content has one, and the
//! service does not replace a later decision on the same task by it ([`Verdict::Superseded`]). A file is written as
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

mod file_name;
mod folder;
mod params;
mod replay;

#[cfg(test)]
mod tests;

pub use file_name::{decision_time, is_file_of_queue};
pub use folder::{CLAIM_AGE, Claimed, MAX_BYTES, MAX_FILES, Outbox, OutboxError, OutboxStatus};
pub use params::with_decision_time;
pub(crate) use params::{DECIDED_AT, without_decision_time};
pub use replay::{Replayed, Verdict};
