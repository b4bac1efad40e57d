//! A change of a settings file: prepared and shown first, then written if the file is still what was shown.

use std::path::PathBuf;

use super::error::OffloadError;
use super::places::{Places, Target};
use super::plan::Plan;
use super::record_file::{Lock, StoredRecord};
use super::settings_file::SettingsFile;
use claude_settings::{Changed, FileSettings, SettingKey, offload, restore};
use confined_fs::{DirPath, FilePath};

/// A settings file and its record as they were when a change of them was prepared.
#[derive(Debug)]
struct Before {
    settings: SettingsFile,
    text: Option<String>,
    record_dir: DirPath,
    record_file: FilePath,
    old_record: Option<FilePath>,
    record: StoredRecord,
    load: Load,
}

/// How the record is read.
type Load = fn(&Places, Target) -> Result<StoredRecord, OffloadError>;

impl Before {
    fn read(places: &Places, target: Target, load: Load) -> Result<Before, OffloadError> {
        let parts = places.target(target).zip(places.record_dir(target)).zip(places.record(target));
        let ((settings, record_dir), record_file) = parts.ok_or(OffloadError::NoHome)?;
        let settings = SettingsFile(settings);
        let text = settings.read()?;
        let record = load(places, target)?;
        let old_record = places.old_record(target);
        Ok(Before { settings, text, record_dir, record_file, old_record, record, load })
    }

    /// Locks, and makes sure that nothing changed since.
    fn lock(&self, places: &Places, target: Target) -> Result<Lock, OffloadError> {
        let lock = Lock::around(&self.record_dir)?;
        if self.settings.read()? != self.text {
            return Err(OffloadError::Changed(self.settings.path()));
        }
        if (self.load)(places, target)? != self.record {
            return Err(OffloadError::Changed(self.record_file.path()));
        }
        Ok(lock)
    }

    fn store(&self, record: &StoredRecord) -> Result<(), OffloadError> {
        record.store(&self.record_file, self.old_record.as_ref())
    }
}

/// An offload that is ready to be written.
#[derive(Debug)]
pub struct SettingsChange {
    places: Places,
    target: Target,
    before: Before,
    after: String,
    record: StoredRecord,
}

impl SettingsChange {
    /// Prepares what `plan` says; `everything` remembers that what comes later is to leave the prompt, too.
    ///
    /// # Errors
    /// Where the settings or the record cannot be read or edited.
    pub fn prepare(
        places: &Places,
        target: Target,
        plan: &Plan,
        everything: bool,
        now_ms: i64,
    ) -> Result<SettingsChange, OffloadError> {
        let before = Before::read(places, target, StoredRecord::load)?;
        let text = before.text.as_deref().unwrap_or("{}");
        if let Err(error) = FileSettings::parse(text.as_bytes()) {
            let reason = format!("{error}, and Claude Code takes nothing of such a file");
            return Err(OffloadError::refused(before.settings.path(), &reason));
        }
        let mut record = before.record.clone();
        let edited = offload(before.text.as_deref(), &plan.keys, &mut record.written, now_ms);
        let after = edited.map_err(|error| OffloadError::settings(before.settings.path(), &error))?;
        record.bind(places, target);
        record.everything |= everything;
        record.plugin_names.extend(plan.plugin_names.clone());
        record.agent_sources.extend(plan.agent_sources.clone());
        Ok(SettingsChange { places: places.clone(), target, before, after, record })
    }

    /// The settings file.
    pub fn file(&self) -> PathBuf {
        self.before.settings.path()
    }

    /// Its text now; empty where there is no file.
    pub fn before(&self) -> &str {
        self.before.text.as_deref().unwrap_or_default()
    }

    /// Its text afterwards.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// Writes it. The record comes first: it is never short of a key that was written.
    ///
    /// # Errors
    /// [`OffloadError::Changed`] where the file or the record is not what it was, [`OffloadError::Locked`] while another
    /// process writes, and where either cannot be written. Then the settings are as they were.
    pub fn write(&self) -> Result<(), OffloadError> {
        let _lock = self.before.lock(&self.places, self.target)?;
        if self.target == Target::Project {
            StoredRecord::set_foreign_aside(&self.places)?;
        }
        self.before.store(&self.record)?;
        if self.before.text.as_deref() == Some(&*self.after) || self.record.written.is_empty() {
            return Ok(());
        }
        self.before.settings.write(Some(&self.after)).inspect_err(|_| {
            // What was not written needs no record; one that stays says nothing that undoing could spoil.
            let _ = self.before.store(&self.before.record);
        })
    }
}

/// Taking an offload back, ready to be written.
#[derive(Debug)]
pub struct SettingsRestore {
    places: Places,
    target: Target,
    before: Before,
    after: Option<String>,
    /// Keys that get their value of before.
    pub undone: Vec<SettingKey>,
    /// Keys that are left alone, since somebody changed them.
    pub changed: Vec<Changed>,
}

impl SettingsRestore {
    /// Prepares taking back all that is recorded; `None` where nothing is.
    ///
    /// # Errors
    /// Where the settings or the record cannot be read or edited.
    pub fn prepare(places: &Places, target: Target) -> Result<Option<SettingsRestore>, OffloadError> {
        if places.target(target).is_none() || StoredRecord::load_unproven(places, target)?.is_empty() {
            return Ok(None);
        }
        let before = Before::read(places, target, StoredRecord::load_unproven)?;
        let restored = restore(before.text.as_deref(), &before.record.written)
            .map_err(|error| OffloadError::settings(before.settings.path(), &error))?;
        Ok(Some(SettingsRestore {
            places: places.clone(),
            target,
            before,
            after: restored.text,
            undone: restored.undone,
            changed: restored.changed,
        }))
    }

    /// The settings file.
    pub fn file(&self) -> PathBuf {
        self.before.settings.path()
    }

    /// Its text now; empty where there is no file.
    pub fn before(&self) -> &str {
        self.before.text.as_deref().unwrap_or_default()
    }

    /// Its text afterwards; empty where there is to be no file.
    pub fn after(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }

    /// Writes it, and forgets the record.
    ///
    /// # Errors
    /// As [`SettingsChange::write`].
    pub fn write(&self) -> Result<(), OffloadError> {
        let _lock = self.before.lock(&self.places, self.target)?;
        if self.after != self.before.text {
            self.before.settings.write(self.after.as_deref())?;
        }
        self.before.store(&StoredRecord::default())
    }
}
