//! The service itself: one façade over catalog, search, patterns and store, with every operation once.
//!
//! Transports call [`operation::Operation`]s on a [`Project`]. A request takes one [`Snapshot`] and keeps it to its end;
//! nothing it does waits for a scan, a training or the disk, except writes that are acknowledged.
//!
//! `project` is the state of one project and `start` brings it into service; what it consists of stands in the files
//! below `project` in the order of dependence (`snapshot_store`, `cache`, `outcome_prior`, `embedding`, `content_pins`,
//! `workers`). `operations` answer requests from it, `jobs` keep it up to date.

pub mod authorization;
mod backups;
pub mod cache;
mod cache_warming;
mod canonical_text;
mod catalog_sources;
pub mod content_pins;
mod daemon;
mod embedding;
mod error;
pub mod eval;
mod execute;
mod file_watch;
mod frequent_queries;
pub mod hit_view;
mod in_process;
mod index;
mod jobs;
mod json;
mod latent;
pub mod operation;
pub mod operations;
pub mod origins;
mod outbox_drain;
mod outcome_prior;
pub mod params;
mod project;
mod reindex;
pub mod search_response;
mod snapshot;
mod snapshot_store;
mod start;
mod timings;
pub mod tokens;
mod warm_start;
mod workers;

pub use daemon::Daemon;
pub use error::AppError;
pub use file_watch::WatchState;
pub use in_process::InProcess;
pub use index::Scanned;
pub use project::Project;
pub use search::latent::MAX_ENTRIES as MAX_ENTRIES_LEARNED;
pub use snapshot::Snapshot;
pub use start::{scan, scan_once, scan_quickly, snapshot_once};
