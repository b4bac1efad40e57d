//! Persisting scan caches, for a warm start of the next process.

mod forms;
mod scan_file;

pub use scan_file::PersistedScan;

pub(super) use scan_file::write;
