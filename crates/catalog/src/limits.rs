//! The limits of a scan.

/// Limits that bound the cost of any tree of files, however hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries of one scan. The largest known collections hold some 2,000.
    pub files: usize,
    /// Bytes of one file; the largest real body is 294 KB.
    pub file_bytes: usize,
    /// Levels of folders below a component folder such as `agents/`.
    pub depth: usize,
    /// Folders searched for plugin manifests in each root.
    pub folders: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { files: 50_000, file_bytes: 1 << 20, depth: 16, folders: 20_000 }
    }
}
