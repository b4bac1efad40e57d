//! The SQLite database and its single writer thread.
//!
//! # What is kept
//!
//! `mcp.db` holds three tables: the decisions that were reported, the patterns that learned from them, and a log of
//! queries. The first two are the memory and are never dropped; the log is a convenience and is pruned oldest first.
//! Everything that queries need at run time is in memory: [`Store::patterns`] and [`Store::outcomes`] answer snapshots that
//! the writer replaces after each commit, so that no query waits for the disk.
//!
//! # Locking
//!
//! One process owns a data directory. It holds `mcp.lock` by `flock`, which the kernel frees however the process ends;
//! a second [`Store::open`] answers [`StoreError::Locked`]. The lock file holds the owner's process id while it runs and
//! is emptied by an orderly stop, so that a next start knows whether to check the database in full.
//!
//! Within the process one thread owns the only connection that writes, and makes the checkpoints. It takes jobs from a
//! bounded queue, runs all that wait in one transaction (group commit), publishes the new snapshots and then
//! acknowledges each job. Learning therefore happens in one place and in one order. Readers (history, backups) open a
//! connection of their own for as long as they need it; write-ahead logging keeps them out of the writer's way.
//!
//! When the queue is full ([`StoreOptions::queue_capacity`] jobs wait), a decision or pattern waits for a place up to
//! [`StoreOptions::queue_timeout`] and is then refused with [`StoreError::Overloaded`]; a row of the query log is
//! dropped at once and counted in [`StoreStatus::dropped_log_rows`].
//!
//! # Durability
//!
//! Decisions and patterns are committed with `synchronous=FULL`: an acknowledgement means that they survive a power
//! loss. A transaction of log rows alone is committed with `NORMAL`: it survives a killed process. Nobody waits for it.
//!
//! An error of the disk is answered to whoever waits, marks the store degraded ([`StoreStatus::degraded`]) and makes
//! the writer open the database anew at the next job; the first commit that works clears the mark. Reads go on from
//! memory meanwhile. Where the directory or file cannot be written to at start, the store serves what it can read and
//! answers every write with [`StoreError::ReadOnly`].
//!
//! # Compatibility
//!
//! The schema's number is SQLite's `user_version`. Migrations are the numbered files in `migrations/`, run in order,
//! each in one transaction with the change of that number; a released file is never edited, only followed by another.
//! A database with a higher number than this program knows is served read-only and left as it is. Columns are only
//! ever added, so that a tool that reads the first schema's tables and columns goes on working.
//!
//! A start checks the database (in full after an unclean stop). One that fails the check is moved aside, never deleted,
//! as `mcp.db.corrupt-<time>`; the newest backup that passes the check takes its place, else a fresh database.
//!
//! # Performance
//!
//! A commit costs a sync of the disk, however many jobs it holds: throughput comes from callers that wait together. The
//! writer therefore waits a fraction of what the last commit took for those who are about to ask again.
//! Statements are prepared once per connection. Each pattern that learned is written once per transaction, however many
//! decisions taught it. The query log is written at most every [`LOG_INTERVAL`] in one transaction.

mod aggregate;
mod backup;
mod column;
mod connection;
mod decision_rows;
mod decisions;
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
mod retention;
mod schema;
mod shared;
mod status;
mod store;
mod timestamp;
mod transaction;
mod writer;

pub use backup::{BACKUPS_KEPT, Backup, Restored};
pub use decisions::DecisionReceipt;
pub use error::StoreError;
pub use history::HistoryEntry;
pub use import_export::{ImportReport, export as export_patterns};
pub use options::StoreOptions;
pub use patterns::{NewPattern, StoredPattern};
pub use query_log::{FrequentQuery, LOG_INTERVAL, LoggedQuery, QueryRecord};
pub use reader::StoreReader;
pub use schema::SCHEMA_VERSION;
pub use status::StoreStatus;
pub use store::{Held, Store};
pub use timestamp::{now_ms, rfc3339};
