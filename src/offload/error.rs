//! Why an offload writes nothing.

use std::path::PathBuf;

use claude_settings::SettingsError;

/// Why nothing was written. Each is a sentence for the user.
#[derive(Debug, thiserror::Error)]
pub enum OffloadError {
    /// The settings file cannot be edited.
    #[error("{} is left alone: {reason}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// Why: a phrase.
        reason: String,
    },
    /// The file changed after its change was shown.
    #[error("{} changed in the meantime, so nothing was written; run the command again", .0.display())]
    Changed(PathBuf),
    /// Another process is writing.
    #[error("another offload is under way; run the command again when it is done")]
    Locked,
    /// The record cannot be read or written.
    #[error("the record {}: {reason}", file.display())]
    Record {
        /// The record.
        file: PathBuf,
        /// Why: a phrase.
        reason: String,
    },
    /// There is no home folder, and so no settings of the user.
    #[error("the user's settings are unknown: neither HOME nor CLAUDE_CONFIG_DIR is set")]
    NoHome,
}

impl OffloadError {
    pub(super) fn refused(file: impl Into<PathBuf>, reason: &dyn std::fmt::Display) -> OffloadError {
        OffloadError::Refused { file: file.into(), reason: reason.to_string() }
    }

    pub(super) fn settings(file: impl Into<PathBuf>, error: &SettingsError) -> OffloadError {
        OffloadError::refused(file, error)
    }
}
