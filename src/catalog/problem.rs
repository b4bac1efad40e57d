//! What was wrong with a file, and what was done about it.

use std::path::PathBuf;

/// One diagnostic of a scan. The file it names may still be in the catalog: `action` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder, relative to the root it was found under.
    pub path: PathBuf,
    /// The line it is about, counted from 1, where one line is to blame.
    pub line: Option<usize>,
    /// A stable machine-readable code, such as `frontmatter_repaired`.
    pub code: &'static str,
    /// What is wrong, in a sentence without a final full stop.
    pub message: String,
    /// What was done about it: `kept`, `repaired`, `skipped`, ….
    pub action: &'static str,
}
