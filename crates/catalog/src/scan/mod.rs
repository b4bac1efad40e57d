//! Scanning plugin folders, in full or incrementally.

mod agent_links;
mod dedupe;
mod file_source;
mod files;
mod full;
mod incremental;
mod options;
mod patch;
mod plugin_selection;
mod reader;
mod roots;
mod scan_cache;

pub use file_source::{FileSource, scan};
pub use options::ScanOptions;

pub(super) use files::{File, Files, Read};
pub(super) use full::{ListedRoots, Pass, own_component_root, scan_listed};
pub(super) use plugin_selection::RootKind;
pub(super) use roots::Finder;
pub(super) use scan_cache::{CachedManifests, CachedRoot, ManifestReader, ScanCache};
