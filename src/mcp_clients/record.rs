//! What was written to the files of clients, kept so that it can be taken back.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::client::McpClient;
use super::error::ClientError;
use super::places::Places;
use confined_fs::{DirPath, FilePath, Replacing};

/// The name of the record.
const RECORD: &str = "init.json";

/// Bytes of a record at most: a thousand times that of all clients.
const MAX_BYTES: u64 = 1 << 20;

/// The format's version.
const VERSION: u32 = 1;

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Whose it is.
    pub client: McpClient,
    /// The file.
    pub file: PathBuf,
    /// The copy of the file as it was before; `None` where there was no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<PathBuf>,
    /// The hash of the text that was written. While the file has it, the text of before is what undoing gives; `None`
    /// where somebody else edited the file between two of our writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The entry before; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The entry that was written.
    pub new: String,
    /// Whether the object or table that holds the servers was made.
    pub created_container: bool,
}

/// All files that were written for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitRecord {
    version: u32,
    /// A file is there once.
    pub files: Vec<WrittenFile>,
}

impl InitRecord {
    /// What is recorded; nothing where there is no record.
    ///
    /// # Errors
    /// [`ClientError::Record`] where it cannot be read.
    pub fn load(places: &Places) -> Result<InitRecord, ClientError> {
        let file = file(places);
        let failed = |reason: &dyn std::fmt::Display| failed(&file, reason);
        match file.regular() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(InitRecord { version: VERSION, files: Vec::new() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(InitRecord { version: VERSION, files: Vec::new() });
            }
            Err(error) => return Err(failed(&error)),
        }
        let text = file.read_text(MAX_BYTES).map_err(|error| failed(&error))?;
        let record: InitRecord = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        if record.version != VERSION {
            return Err(failed(&format!("version {} is not known", record.version)));
        }
        Ok(record)
    }

    /// Forgets one file, whose entry somebody else took out.
    ///
    /// # Errors
    /// [`ClientError::Record`] where it cannot be read or written.
    pub fn forget(places: &Places, file: &Path) -> Result<(), ClientError> {
        let mut record = InitRecord::load(places)?;
        record.files.retain(|known| known.file != file);
        record.store(places)
    }

    /// Writes it, or removes the file where it is empty.
    pub(super) fn store(&self, places: &Places) -> Result<(), ClientError> {
        let file = file(places);
        let written = if self.files.is_empty() {
            file.dir().open().and_then(|dir| dir.remove_file_if_any(file.name()))
        } else {
            let text = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
            text.and_then(|text| {
                file.dir().create()?.write(file.name(), Replacing::PrivateDurably, text.as_bytes())
            })
        };
        written.map_err(|error| failed(&file, &error))
    }
}

fn file(places: &Places) -> FilePath {
    DirPath::from(places.state()).file(RECORD)
}

fn failed(file: &FilePath, reason: &dyn std::fmt::Display) -> ClientError {
    ClientError::Record { file: file.path(), reason: reason.to_string() }
}
