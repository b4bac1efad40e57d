//! The bounds of a scan.

/// Bounds that keep any tree of files, however hostile, from costing more than it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries of one scan. The largest known collections hold some 2,000.
    pub files: usize,
    /// Bytes of one file; the largest real body is 294 KB.
    pub file_bytes: usize,
    /// Folders below a component folder such as `agents/`.
    pub depth: usize,
    /// Folders visited in search of plugin manifests, over all roots.
    pub folders: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { files: 50_000, file_bytes: 1 << 20, depth: 16, folders: 20_000 }
    }
}
