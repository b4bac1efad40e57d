//! The outbox: a queue of decisions on disk for the time the service is away, one file each, which several clients share
//! without a lock.
//!
//! # Format
//!
//! The directory `<project>/.claude/mcp-server/outbox/` holds one file per decision, `<name>` =
//! `<unix ms, 13 digits>-<8 hex>.json`, whose content is the params object of `cacheDecision`. The TypeScript client shares
//! this format.
//!
//! * The number says when the decision was made. The sender passes it on as the param `decided_at_ms`, unless the content has
//!   one, and the service does not let it replace a later decision on the same task ([`Verdict::Superseded`]).
//! * A file is written as `<name>.tmp`, synced and renamed.
//! * A sender claims a file by renaming it to `<name>.claimed-<unix ms>`, which succeeds for one of several. A settled
//!   decision is removed, one that could not be sent gets its name back, an invalid one becomes `<name>.refused`.
//! * A claim older than [`CLAIM_AGE`] belongs to a process that has ended, and is taken over. A decision may therefore be
//!   sent twice, which is idempotent: the service identifies it by its `task_id`.
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
pub use folder::{CLAIM_AGE, Claim, MAX_BYTES, MAX_FILES, Outbox, OutboxError, OutboxStatus};
pub use params::with_decision_time;
pub(crate) use params::{DECIDED_AT, without_decision_time};
pub use replay::{Replayed, Verdict};
