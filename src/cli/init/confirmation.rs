//! Whether a change that was shown is to be written.

use std::path::Path;

use crate::cli::offload::is_confirmed;

/// How changes of files are confirmed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Confirmation {
    /// Nothing is written.
    pub dry_run: bool,
    /// Nothing is asked.
    pub yes: bool,
}

impl Confirmation {
    /// Whether the file is to be written; asks where that is open.
    pub(super) fn allows(self, file: &Path) -> bool {
        !self.dry_run && (self.yes || is_confirmed(&format!("Write {}?", file.display())))
    }
}
