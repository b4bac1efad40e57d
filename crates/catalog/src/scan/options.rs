//! Which folders a scan covers, and its limits.

use std::path::PathBuf;

use crate::limits::Limits;

/// The folders that a scan covers, and its limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanOptions {
    /// The project's folder: its `.claude` entries, its plugins and its role registry are read.
    pub project: PathBuf,
    /// Further plugins, folders of plugins, or collections.
    pub extra_plugin_dirs: Vec<PathBuf>,
    /// The role registry, when it is not the project's `.claude/agent-registry.yml`.
    pub registry: Option<PathBuf>,
    /// Limits of the scan.
    pub limits: Limits,
}

impl ScanOptions {
    /// A scan of `project` alone, within the default limits.
    pub fn new(project: impl Into<PathBuf>) -> ScanOptions {
        ScanOptions { project: project.into(), ..ScanOptions::default() }
    }
}
