//! What a scan remembers as bytes, for the first scan of a next run.

mod forms;
mod scan_file;

pub use scan_file::PersistedScan;

pub(super) use scan_file::write;
