//! The record of an offload on disk, and the lock around changing it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::OffloadError;
use super::places::{Places, Target};
use claude_settings::Record;
use confined_fs::{DirPath, FilePath, Replacing};

/// Bytes of a record at most: ten times that of five thousand entries.
const MAX_BYTES: u64 = 8 << 20;

/// The format's version.
const VERSION: u32 = 1;

/// What was offloaded to one settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRecord {
    version: u32,
    /// Whether everything was to leave the prompt, also what comes later.
    #[serde(default)]
    pub everything: bool,
    /// The name in ids of each plugin that entries were taken out of, by `name@market`.
    #[serde(default)]
    pub plugin_names: BTreeMap<String, String>,
    /// Where each agent that was denied comes from, by its id: its plugin `name@market`, else its scope.
    #[serde(default)]
    pub agent_sources: BTreeMap<String, String>,
    /// What was written.
    pub written: Record,
}

impl Default for StoredRecord {
    fn default() -> StoredRecord {
        StoredRecord {
            version: VERSION,
            everything: false,
            plugin_names: BTreeMap::new(),
            agent_sources: BTreeMap::new(),
            written: Record::default(),
        }
    }
}

impl StoredRecord {
    /// What is recorded for that target; the default where nothing is.
    ///
    /// # Errors
    /// [`OffloadError::Record`] where it cannot be read.
    pub fn load(places: &Places, target: Target) -> Result<StoredRecord, OffloadError> {
        let record = places.record(target).map_or(Ok(None), |file| StoredRecord::read(&file))?;
        let old = places.old_record(target).map_or(Ok(None), |file| StoredRecord::read(&file))?;
        let (record, old) = (record.unwrap_or_default(), old.unwrap_or_default());
        Ok(if old.is_empty() { record } else { record.after(old) })
    }

    /// Moves a record of old to where it is looked for now.
    ///
    /// # Errors
    /// [`OffloadError`] where it can be neither read nor moved; then it is where it was.
    pub fn migrate(places: &Places, target: Target) -> Result<(), OffloadError> {
        let (Some(dir), Some(file), Some(old)) =
            (places.record_dir(target), places.record(target), places.old_record(target))
        else {
            return Ok(());
        };
        if StoredRecord::read(&old)?.is_none() {
            return Ok(());
        }
        let _lock = Lock::around(&dir)?;
        StoredRecord::load(places, target)?.store(&file, Some(&old))
    }

    /// What a file holds; `None` where there is none.
    fn read(file: &FilePath) -> Result<Option<StoredRecord>, OffloadError> {
        let failed = |reason: &dyn std::fmt::Display| OffloadError::Record {
            file: file.path(),
            reason: reason.to_string(),
        };
        match file.regular() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        }
        let text = file.read_text(MAX_BYTES).map_err(|error| failed(&error))?;
        let stored: StoredRecord = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        if stored.version != VERSION {
            return Err(failed(&format!("version {} is not known", stored.version)));
        }
        Ok(Some(stored))
    }

    /// What both records say together, where this one was begun beside `old`.
    fn after(self, old: StoredRecord) -> StoredRecord {
        StoredRecord {
            version: VERSION,
            everything: self.everything || old.everything,
            plugin_names: old.plugin_names.into_iter().chain(self.plugin_names).collect(),
            agent_sources: old.agent_sources.into_iter().chain(self.agent_sources).collect(),
            written: self.written.after(old.written),
        }
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && !self.everything
    }

    /// Writes it, or removes the file where it is empty. `old`, a record of old that it holds as well, goes then.
    pub(super) fn store(&self, file: &FilePath, old: Option<&FilePath>) -> Result<(), OffloadError> {
        let written = if self.is_empty() {
            file.dir().open().and_then(|dir| dir.remove_file_if_any(file.name()))
        } else {
            let text = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
            text.and_then(|text| {
                let dir = file.dir().create()?;
                dir.write(file.name(), Replacing::PrivateDurably, text.as_bytes())
            })
        };
        let failed = |file: &FilePath, error: &std::io::Error| OffloadError::Record {
            file: file.path(),
            reason: error.to_string(),
        };
        written.map_err(|error| failed(file, &error))?;
        match old.filter(|old| old.exists()) {
            Some(old) => old.remove().map_err(|error| failed(old, &error)),
            None => Ok(()),
        }
    }
}

/// Time a command waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// Held while settings and record are compared and written.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn around(dir: &DirPath) -> Result<Lock, OffloadError> {
        let file = dir.file("offload.lock");
        let failed =
            |error: std::io::Error| OffloadError::Record { file: file.path(), reason: error.to_string() };
        let open = dir.create().and_then(|_| file.open_or_create()).map_err(failed)?;
        let began = Instant::now();
        loop {
            match open.try_lock() {
                Ok(()) => return Ok(Lock { _file: open }),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(OffloadError::Locked),
                // Some network folders know no locks: better written than not.
                Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                    return Ok(Lock { _file: open });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}
