//! Scanning plugin folders: finding plugins, listing their entries, and reading what changed.

mod dedupe;
mod file_source;
mod files;
mod full;
mod incremental;
mod options;
mod patch;
mod reader;
mod roots;
mod scan_cache;

pub use file_source::{FileSource, scan};
pub use options::ScanOptions;

pub(super) use files::{File, Files, Read};
pub(super) use scan_cache::{CachedManifests, CachedRoot, ScanCache};
