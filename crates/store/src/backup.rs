//! Online backups of the database, their retention, and restoring one.
//!
//! A backup is written by `VACUUM INTO` a temporary file, checked, synced and renamed: a file with the name of a backup is
//! complete.

use std::io;
use std::path::PathBuf;

use rusqlite::Connection;

use super::connection::{self, CheckDepth};
use super::error::StoreError;
use super::options::StoreOptions;
use super::timestamp::{for_file_name, from_file_name, now_ms, to_ms};
use confined_fs::{FilePath, NamedFile};

/// How many backups are retained: a week of daily ones.
pub const BACKUPS_KEPT: usize = 7;

const PREFIX: &str = "mcp-";
const SUFFIX: &str = ".db";
const UNFINISHED: &str = ".unfinished";

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The file.
    pub path: PathBuf,
    /// When it was made, in milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup that was restored; its file stays where it is.
    pub backup: Backup,
    /// Where the database it replaced was moved; `None` if there was none.
    pub replaced: Option<PathBuf>,
}

impl Backup {
    /// Its file in the backup directory.
    fn file(&self, options: &StoreOptions) -> FilePath {
        options.backups().file(self.path.file_name().unwrap_or_default())
    }
}

/// All backups, newest first.
pub(super) fn list(options: &StoreOptions) -> Vec<Backup> {
    let Ok(folder) = options.backups().open() else { return Vec::new() };
    let mut backups: Vec<Backup> = folder
        .names()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|name| {
            let at_ms = from_file_name(name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?)?;
            let bytes = folder.regular(&name).ok()??.bytes;
            Some(Backup { path: options.backups().file(name).path(), at_ms, bytes })
        })
        .collect();
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.at_ms));
    backups
}

/// Removes the temporary files of interrupted backups. Requires the directory's lock.
pub(super) fn sweep(options: &StoreOptions) {
    let Ok(folder) = options.backups().open() else { return };
    for name in folder.names().unwrap_or_default() {
        if name.to_string_lossy().contains(UNFINISHED) {
            // The next start tries again.
            let _ = folder.remove_file(&name);
        }
    }
}

/// The error of a backup before there is a database.
pub(super) fn no_database() -> StoreError {
    StoreError::Unavailable("there is no database yet".to_owned())
}

/// Backs up the database of that connection and applies the retention.
pub(super) fn write(options: &StoreOptions, connection: &Connection) -> Result<Backup, StoreError> {
    let folder = options.backups();
    folder.create().map_err(|error| StoreError::failed_at(&folder, &error))?;
    let mut at_ms = now_ms();
    let named = |at_ms| folder.file(format!("{PREFIX}{}{SUFFIX}", for_file_name(at_ms)));
    while named(at_ms).exists() {
        at_ms += 1;
    }
    let file = named(at_ms);
    let unfinished = folder.file(format!("{}{UNFINISHED}", for_file_name(at_ms)));
    let bytes = copy(connection, &unfinished, &file).inspect_err(|_| {
        let _ = unfinished.remove();
    })?;
    let path = file.path();
    // The new one is excluded: backups from a clock that was ahead may have later dates.
    let others = list(options).into_iter().filter(|backup| backup.path != path).collect();
    for old in surplus(others, at_ms) {
        // Failing to remove an old backup does not invalidate the new one.
        let _ = old.file(options).remove();
    }
    Ok(Backup { path, at_ms, bytes })
}

/// The backups to remove once a new one exists, given the others, newest first. Days with several backups lose their older
/// ones before the oldest day is dropped, so that several backups in a row do not displace yesterday's.
fn surplus(mut others: Vec<Backup>, new_ms: i64) -> Vec<Backup> {
    let day = |at_ms: i64| at_ms.div_euclid(24 * 3600 * 1000);
    let mut surplus = Vec::new();
    while others.len() >= BACKUPS_KEPT {
        let is_repeated = |&at: &usize| {
            let this = day(others[at].at_ms);
            this == day(new_ms) || others[..at].iter().any(|newer| day(newer.at_ms) == this)
        };
        let least = (0..others.len()).rev().find(is_repeated).unwrap_or(others.len() - 1);
        surplus.push(others.remove(least));
    }
    surplus
}

fn copy(connection: &Connection, unfinished: &FilePath, file: &FilePath) -> Result<u64, StoreError> {
    connection::copy_into(connection, unfinished)?;
    check(unfinished)?;
    let written = unfinished.open()?;
    written.sync_all()?;
    unfinished.rename(file)?;
    file.dir().open()?.sync()?;
    Ok(written.metadata()?.len())
}

/// Checks that a file is an intact database of a known schema.
fn check(file: &FilePath) -> Result<(), StoreError> {
    let connection = connection::immutable(file)?;
    let schema = super::schema::version(&connection)?;
    if schema == 0 || schema > super::schema::SCHEMA_VERSION {
        return Err(StoreError::Unavailable(format!("{file} has schema {schema}")));
    }
    match connection::problem(&connection, CheckDepth::Full)? {
        None => Ok(()),
        Some(problem) => Err(StoreError::Unavailable(format!("{file}: {problem}"))),
    }
}

/// Restores a backup; the current database is quarantined. Requires the directory's lock.
pub(super) fn restore(options: &StoreOptions, wanted: Option<&NamedFile>) -> Result<Restored, StoreError> {
    let kept = |backup: Backup| (backup.file(options), backup);
    let backups = match wanted {
        None => list(options).into_iter().map(kept).collect(),
        Some(wanted) => vec![named(options, wanted)?],
    };
    let mut why = "there is no backup".to_owned();
    for (file, backup) in backups {
        match check(&file) {
            Ok(()) => {
                let replaced = put_in_place(options, &file)?.map(|file| file.path());
                return Ok(Restored { backup, replaced });
            }
            Err(error) => why = error.to_string(),
        }
    }
    Err(StoreError::Unavailable(why))
}

/// Resolves what a user names: a file, the file name of a backup, or a day (`2025-11-20`), which means its newest.
fn named(options: &StoreOptions, wanted: &NamedFile) -> Result<(FilePath, Backup), StoreError> {
    let path = wanted.path();
    let refused = |why: String| StoreError::Unavailable(format!("{} {why}", path.display()));
    match wanted.regular() {
        Ok(Some(facts)) => {
            let file = wanted.in_its_folder().map_err(|error| refused(format!("cannot be used: {error}")))?;
            let at_ms = to_ms(facts.modified);
            return Ok((file, Backup { path: path.to_owned(), at_ms, bytes: facts.bytes }));
        }
        Ok(None) => {}
        Err(error) => return Err(refused(format!("cannot be used: {error}"))),
    }
    let day = path.to_string_lossy().replace('-', "");
    let is_day = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    let kept = list(options).into_iter().find(|backup| {
        let name = backup.path.file_name().unwrap_or_default();
        name == path || is_day && name.to_string_lossy().starts_with(&format!("{PREFIX}{day}T"))
    });
    let kept = kept.ok_or_else(|| refused("is neither a file nor a kept backup".to_owned()))?;
    Ok((kept.file(options), kept))
}

/// Copies a backup into place; returns where the current database was moved.
fn put_in_place(options: &StoreOptions, backup: &FilePath) -> io::Result<Option<FilePath>> {
    let database = options.database();
    let unfinished = database.with_suffix(".restoring");
    io::copy(&mut backup.open()?, &mut unfinished.create()?)?;
    install(&database, &unfinished)
}

/// Installs a complete file as the database; returns where the current one was moved.
pub(super) fn install(database: &FilePath, finished: &FilePath) -> io::Result<Option<FilePath>> {
    finished.open()?.sync_all()?;
    let replaced = quarantine(database, "replaced")?;
    finished.rename(database)?;
    database.dir().open()?.sync()?;
    Ok(replaced)
}

/// Renames a database with its write-ahead log to `<name>.<why>-<time>`; returns the new name, or `None` if there was no
/// database.
pub(super) fn quarantine(database: &FilePath, why: &str) -> io::Result<Option<FilePath>> {
    let mut at_ms = now_ms();
    let named = |at_ms| database.with_suffix(&format!(".{why}-{}", for_file_name(at_ms)));
    while named(at_ms).exists() {
        at_ms += 1;
    }
    let aside = named(at_ms);
    let mut moved = None;
    // The write-ahead log first: without it the database is intact as of its last checkpoint, the reverse is data loss.
    for part in ["-wal", "-shm", ""] {
        match database.with_suffix(part).rename(&aside.with_suffix(part)) {
            Ok(()) if part.is_empty() => moved = Some(aside.clone()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(moved)
}
