//! A settings file that is to be edited: refused unless it is a plain file that the user may write.

use std::path::PathBuf;

use super::error::OffloadError;
use catalog::MAX_SETTINGS_BYTES;
use confined_fs::{FilePath, Replacing};

/// A settings file that is to be edited.
#[derive(Debug, Clone)]
pub(super) struct SettingsFile(pub FilePath);

impl SettingsFile {
    pub(super) fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// Its text; `None` where there is no file.
    pub(super) fn read(&self) -> Result<Option<String>, OffloadError> {
        let refused = |reason: &dyn std::fmt::Display| OffloadError::refused(self.path(), reason);
        match self.0.regular() {
            Ok(None) => return Ok(None),
            Ok(Some(facts)) if facts.is_read_only() => return Err(refused(&"it is read-only")),
            Ok(Some(_)) => {}
            Err(error) => return Err(refused(&error)),
        }
        match self.0.read_text(MAX_SETTINGS_BYTES) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(refused(&"it is not text")),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Replaces it in whole, or removes it where there is to be none. Its permissions stay.
    pub(super) fn write(&self, text: Option<&str>) -> Result<(), OffloadError> {
        let written = match text {
            Some(text) => {
                let dir = self.0.dir().create();
                dir.and_then(|dir| dir.write(self.0.name(), Replacing::UsersDurably, text.as_bytes()))
            }
            None => self.0.remove(),
        };
        written.map_err(|error| OffloadError::refused(self.path(), &error))
    }
}
