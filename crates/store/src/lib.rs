//! The SQLite database with its single writer thread.
//!
//! # Data
//!
//! `mcp.db` holds three tables: the reported decisions, the patterns that learned from them, and the query log. Decisions
//! and patterns are never dropped; the query log is pruned oldest first. All that queries need is in memory:
//! [`Store::patterns`] and [`Store::outcomes`] return snapshots that the writer replaces after each commit, so that no query
//! waits for the disk. `aggregate.rs` says how another kind of data is added.
//!
//! # Locking
//!
//! One process owns a data directory: it holds an exclusive `flock` on `mcp.lock`, which the kernel releases however the
//! process ends. A second [`Store::open`] returns [`StoreError::Locked`]. The lock file contains the owner's process id
//! while it runs and is truncated by a clean stop, which tells the next start whether a full check is needed.
//!
//! Within the process one thread owns the only connection that writes and checkpoints. It takes commands from a bounded
//! queue, applies all queued ones in one transaction (group commit), publishes the new snapshots, then acknowledges each
//! command. Learning is therefore serialised. Reads such as the history and backups use a small pool of connections; thanks
//! to write-ahead logging they do not block the writer.
//!
//! While the queue is full ([`StoreOptions::queue_capacity`]), a command waits for a slot up to
//! [`StoreOptions::queue_timeout`] and is then rejected with [`StoreError::Overloaded`]. A row of the query log is dropped
//! at once and counted in [`StoreStatus::dropped_log_rows`].
//!
//! # Durability
//!
//! Decisions and patterns are committed with `synchronous=FULL`: what is acknowledged survives a power loss. Batches of the
//! query log are committed with `NORMAL`: they survive a killed process.
//!
//! When the disk fails, the waiting callers get the error, the store is marked degraded ([`StoreStatus::degraded`]), and
//! the writer reopens the database for the next command; the first successful commit clears the mark. Queries are answered
//! from memory meanwhile. A disk without space is told apart from one that fails ([`StoreError::DiskFull`], `disk_full.rs`);
//! the limits of the database's own size are in `size_limits.rs`. If the directory or the file cannot be written at the start, the store serves what it can read
//! and rejects every write with [`StoreError::ReadOnly`].
//!
//! # Idempotent and ordered decisions
//!
//! A decision is identified by its task: recording it again corrects it, and the counts of patterns follow. Each carries the
//! time at which it was made, and one that was made before the decision in effect changes nothing, however late it arrives
//! ([`DecisionReceipt::is_superseded`]). Without a time a decision is made on arrival; equal times count on arrival.
//!
//! # Compatibility
//!
//! The schema's number is SQLite's `user_version`. Migrations are the numbered files in `migrations/`, applied in order, each
//! in one transaction with its number; a released file is never edited. A database with a newer schema is served read-only
//! and left unchanged. Columns are only ever added, so that tools that read the first schema continue to work.
//!
//! # Recovery
//!
//! A start checks the database, in full after an unclean stop. One that fails the check is moved aside as
//! `mcp.db.corrupt-<time>`, never deleted; the newest backup that passes the check is restored, or else a new database is
//! created. A database that is deleted, replaced or overwritten while it is in use is restored from the open connection or
//! from memory.
//!
//! # Performance
//!
//! A commit costs one sync of the disk, however many commands it holds: throughput comes from concurrent callers. The writer
//! therefore waits a fraction of the last commit's duration for callers that are about to write again. Statements are
//! prepared once per connection. A pattern is written once per transaction, however many decisions taught it. The query log
//! is written at most every [`LOG_INTERVAL`], in one transaction.

mod aggregate;
mod backup;
mod column;
mod connection;
mod decision_rows;
mod decisions;
mod disk_full;
mod engine;
mod error;
mod history;
mod import_export;
mod lock;
mod open;
mod options;
mod pattern_rows;
mod patterns;
mod query_log;
mod queue;
mod read_pool;
mod reader;
mod recovery;
mod schema;
mod shared;
mod size_limits;
mod status;
mod store;
mod timestamp;
mod transaction;
mod writer;

pub use backup::{BACKUPS_KEPT, Backup, Restored};
pub use decisions::{DecisionReceipt, ReplacedDecision};
pub use error::StoreError;
pub use history::HistoryEntry;
pub use import_export::{ImportReport, export as export_patterns};
pub use options::StoreOptions;
pub use patterns::{NewPattern, StoredPattern};
pub use query_log::{FrequentQuery, LOG_INTERVAL, LoggedQuery, QueryRecord};
pub use reader::StoreReader;
pub use schema::SCHEMA_VERSION;
pub use status::StoreStatus;
pub use store::{DirectoryLock, Store};
pub use timestamp::{now_ms, rfc3339};
