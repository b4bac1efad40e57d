//! The record of an offload on disk, and the lock around changing it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::OffloadError;
use super::places::{PROJECT_STATE, Places, Target};
use claude_settings::Record;
use confined_fs::{ConfinedDir, DirPath, FilePath, Replacing};

/// Bytes of a record at most: ten times that of five thousand entries.
const MAX_BYTES: u64 = 8 << 20;

/// What is added to the name of a record that came with the tree.
const ASIDE: &str = ".of-another-checkout";

/// The format's version.
const VERSION: u32 = 1;

/// What was offloaded to one settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRecord {
    version: u32,
    /// The project whose settings were written, free of links; `None` for the user's settings. A record that names another
    /// one, or none, came with the tree: from a repository, or from a copy of a checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<PathBuf>,
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
            root: None,
            everything: false,
            plugin_names: BTreeMap::new(),
            agent_sources: BTreeMap::new(),
            written: Record::default(),
        }
    }
}

impl StoredRecord {
    /// What is recorded for that target; the default where nothing is, and where the record came with the tree.
    ///
    /// # Errors
    /// [`OffloadError::Record`] where it cannot be read.
    pub fn load(places: &Places, target: Target) -> Result<StoredRecord, OffloadError> {
        StoredRecord::load_where(places, target, |record| record.is_of(places, target))
    }

    /// The same whoever wrote the record: enough to take keys back after a look at them, and for nothing else.
    ///
    /// # Errors
    /// As [`StoredRecord::load`].
    pub fn load_unproven(places: &Places, target: Target) -> Result<StoredRecord, OffloadError> {
        StoredRecord::load_where(places, target, |_| true)
    }

    fn load_where(
        places: &Places,
        target: Target,
        counts: impl Fn(&StoredRecord) -> bool,
    ) -> Result<StoredRecord, OffloadError> {
        let read = |file: Option<FilePath>| file.map_or(Ok(None), |file| StoredRecord::read(&file));
        let [record, old] = [read(places.record(target))?, read(places.old_record(target))?]
            .map(|record| record.filter(&counts).unwrap_or_default());
        Ok(if old.is_empty() { record } else { record.after(old) })
    }

    /// Whether it was written for this target of these places.
    fn is_of(&self, places: &Places, target: Target) -> bool {
        target == Target::User || self.root.as_ref() == Some(&places.project)
    }

    /// The project's record, where it came with the tree and is left out.
    pub fn foreign(places: &Places) -> Option<FilePath> {
        let is_foreign = |file: &FilePath| {
            let read = StoredRecord::read(file);
            read.is_ok_and(|record| record.is_some_and(|record| !record.is_of(places, Target::Project)))
        };
        let files = [places.record(Target::Project), places.old_record(Target::Project)];
        files.into_iter().flatten().find(is_foreign)
    }

    /// Renames a record that came with the tree to a name that nobody reads.
    pub(super) fn set_foreign_aside(places: &Places) -> Result<(), OffloadError> {
        while let Some(file) = StoredRecord::foreign(places) {
            let mut aside = file.name().to_owned();
            aside.push(ASIDE);
            let renamed = file.dir().open().and_then(|dir| dir.rename(file.name(), &dir, &aside));
            renamed.map_err(|error| OffloadError::Record { file: file.path(), reason: error.to_string() })?;
        }
        Ok(())
    }

    /// Says of it for which project it is.
    pub(super) fn bind(&mut self, places: &Places, target: Target) {
        self.root = (target == Target::Project).then(|| places.project.clone());
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
        if StoredRecord::read(&old)?.is_none_or(|record| !record.is_of(places, target)) {
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
            root: self.root.or(old.root),
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
                let dir = create(file.dir())?;
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

/// The folder of a record, in a folder that git ignores: `git clean` would take the record and leave the settings, and
/// nobody is to commit it.
fn create(dir: &DirPath) -> std::io::Result<ConfinedDir> {
    dir.parent()
        .filter(|_| dir.path().ends_with(PROJECT_STATE))
        .as_ref()
        .unwrap_or(dir)
        .create_unversioned()?;
    dir.create()
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
        let open = create(dir).and_then(|_| file.open_or_create()).map_err(failed)?;
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
