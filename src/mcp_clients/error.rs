//! Why a client's file is left alone.

use std::path::{Path, PathBuf};

/// Why nothing was written. Each is a sentence for the user.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file cannot be read or edited.
    #[error("{} is left alone: {reason}", file.display())]
    LeftAlone {
        /// The file.
        file: PathBuf,
        /// Why: a phrase.
        reason: String,
    },
    /// The file changed after its change was shown.
    #[error("{} changed in the meantime, so it was not written; run the command again", .0.display())]
    Changed(PathBuf),
    /// What was written is not known.
    #[error("the record {}: {reason}", file.display())]
    Record {
        /// The record.
        file: PathBuf,
        /// Why: a phrase.
        reason: String,
    },
}

impl ClientError {
    pub(super) fn left_alone(file: &Path, reason: &dyn std::fmt::Display) -> ClientError {
        ClientError::LeftAlone { file: file.to_owned(), reason: reason.to_string() }
    }
}
