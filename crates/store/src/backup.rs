//! Copies of the database, made while it is written to.
//!
//! A backup is `VACUUM INTO` a temporary file, checked, synced and renamed, so that a file with a backup's name is one.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::connection::{self, Depth};
use super::error::StoreError;
use super::options::StoreOptions;
use super::timestamp::{for_file_name, from_file_name, now_ms, to_ms};

/// How many backups are kept: a week of daily ones.
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
    /// Its size.
    pub bytes: u64,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup that was put in place; the file itself stays where it is.
    pub backup: Backup,
    /// Where the database that was in its place is now; `None` where there was none.
    pub replaced: Option<PathBuf>,
}

/// All backups, newest first.
pub(super) fn list(options: &StoreOptions) -> Vec<Backup> {
    let Ok(entries) = fs::read_dir(options.backups()) else { return Vec::new() };
    let mut backups: Vec<Backup> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let at_ms = from_file_name(name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?)?;
            Some(Backup { path: entry.path(), at_ms, bytes: entry.metadata().ok()?.len() })
        })
        .collect();
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.at_ms));
    backups
}

/// Removes what a killed backup left behind. Only the owner of the directory may call it.
pub(super) fn sweep(options: &StoreOptions) {
    for entry in fs::read_dir(options.backups()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().contains(UNFINISHED) {
            // What cannot be removed now is tried again at the next start.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes a backup.
pub(super) fn write(options: &StoreOptions) -> Result<Backup, StoreError> {
    let folder = options.backups();
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let mut at_ms = now_ms();
    let named = |at_ms| folder.join(format!("{PREFIX}{}{SUFFIX}", for_file_name(at_ms)));
    while named(at_ms).exists() {
        at_ms += 1;
    }
    let path = named(at_ms);
    let unfinished = folder.join(format!("{}{UNFINISHED}", for_file_name(at_ms)));
    let bytes = copy(options, &unfinished, &path).inspect_err(|_| {
        let _ = fs::remove_file(&unfinished);
    })?;
    // The new one is not counted: a clock that was ahead once may have left some with later dates.
    let others = list(options).into_iter().filter(|backup| backup.path != path).collect();
    for old in surplus(others, at_ms) {
        // One too many is no reason to call the new one failed.
        let _ = fs::remove_file(old.path);
    }
    Ok(Backup { path, at_ms, bytes })
}

/// Those of the other backups, newest first, that are one too many beside a new one: the older ones of a day before the
/// oldest day, so that several made at once leave yesterday's in place.
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

fn copy(options: &StoreOptions, unfinished: &Path, path: &Path) -> Result<u64, StoreError> {
    let database = options.database();
    if !database.exists() {
        return Err(StoreError::Unavailable("there is no database yet".to_owned()));
    }
    connection::reader(&database)?.execute("VACUUM INTO ?1", [unfinished.to_string_lossy()])?;
    check(unfinished)?;
    let file = File::open(unfinished)?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    sync_folder(path)?;
    Ok(file.metadata()?.len())
}

/// Whether a file is a database in order.
fn check(path: &Path) -> Result<(), StoreError> {
    let connection = connection::immutable(path)?;
    let schema = super::schema::version(&connection)?;
    if schema == 0 || schema > super::schema::SCHEMA_VERSION {
        return Err(StoreError::Unavailable(format!("{} has schema {schema}", path.display())));
    }
    match connection::problem(&connection, Depth::Full)? {
        None => Ok(()),
        Some(problem) => Err(StoreError::Unavailable(format!("{}: {problem}", path.display()))),
    }
}

/// Puts a backup in the database's place, which is moved aside. The caller owns the directory.
pub(super) fn restore(options: &StoreOptions, wanted: Option<&Path>) -> Result<Restored, StoreError> {
    let backups = match wanted {
        None => list(options),
        Some(path) => vec![named(options, path)?],
    };
    let mut why = "there is no backup".to_owned();
    for backup in backups {
        match check(&backup.path) {
            Ok(()) => {
                let replaced = put_in_place(options, &backup.path)?;
                return Ok(Restored { backup, replaced });
            }
            Err(error) => why = error.to_string(),
        }
    }
    Err(StoreError::Unavailable(why))
}

/// The backup a user means: a file, the name of a kept one, or a day (`2025-11-20`), of which the newest is meant.
fn named(options: &StoreOptions, wanted: &Path) -> Result<Backup, StoreError> {
    let day = wanted.to_string_lossy().replace('-', "");
    let is_day = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    let kept = list(options).into_iter().find(|backup| {
        let name = backup.path.file_name().unwrap_or_default();
        name == wanted || is_day && name.to_string_lossy().starts_with(&format!("{PREFIX}{day}T"))
    });
    match fs::metadata(wanted) {
        Ok(metadata) if metadata.is_file() => {
            let at_ms = metadata.modified().map_or(0, to_ms);
            Ok(Backup { path: wanted.to_owned(), at_ms, bytes: metadata.len() })
        }
        Ok(_) => Err(StoreError::Unavailable(format!("{} is not a file", wanted.display()))),
        Err(error) => kept.ok_or_else(|| {
            StoreError::Unavailable(format!(
                "{} is neither a file nor a kept backup: {error}",
                wanted.display()
            ))
        }),
    }
}

/// Answers where the database that was there is now.
fn put_in_place(options: &StoreOptions, backup: &Path) -> io::Result<Option<PathBuf>> {
    let database = options.database();
    let unfinished = with_suffix(&database, ".restoring");
    fs::copy(backup, &unfinished)?;
    exchange(&database, &unfinished)
}

/// Puts a finished file in the database's place, which is moved aside; answers where to.
pub(super) fn exchange(database: &Path, finished: &Path) -> io::Result<Option<PathBuf>> {
    File::open(finished)?.sync_all()?;
    let replaced = move_aside(database, "replaced")?;
    fs::rename(finished, database)?;
    sync_folder(database)?;
    Ok(replaced)
}

/// Renames a database with what belongs to it to `<name>.<why>-<time>`; answers the new name, or `None` where there was
/// no database.
pub(super) fn move_aside(database: &Path, why: &str) -> io::Result<Option<PathBuf>> {
    let mut at_ms = now_ms();
    let named = |at_ms| with_suffix(database, &format!(".{why}-{}", for_file_name(at_ms)));
    while named(at_ms).exists() {
        at_ms += 1;
    }
    let aside = named(at_ms);
    let mut moved = None;
    // The log first: a database without its log is whole as of its last checkpoint, a log without its database is lost.
    for part in ["-wal", "-shm", ""] {
        match fs::rename(with_suffix(database, part), with_suffix(&aside, part)) {
            Ok(()) if part.is_empty() => moved = Some(aside.clone()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(moved)
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes a rename in a file's folder last.
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
