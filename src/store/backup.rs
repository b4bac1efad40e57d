//! Copies of the database, made while it is written to.
//!
//! A backup is `VACUUM INTO` a temporary file, checked, synced and renamed, so that a file with a backup's name is one.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::open::{self, Depth};
use super::options::StoreOptions;
use super::timestamp::{for_file_name, from_file_name, now_ms};

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
    for old in list(options).into_iter().skip(BACKUPS_KEPT) {
        // One too many is no reason to call the new one failed.
        let _ = fs::remove_file(old.path);
    }
    Ok(Backup { path, at_ms, bytes })
}

fn copy(options: &StoreOptions, unfinished: &Path, path: &Path) -> Result<u64, StoreError> {
    let database = options.database();
    if !database.exists() {
        return Err(StoreError::Unavailable("there is no database yet".to_owned()));
    }
    open::reader(&database)?.execute("VACUUM INTO ?1", [unfinished.to_string_lossy()])?;
    check(unfinished)?;
    let file = File::open(unfinished)?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    sync_folder(path)?;
    Ok(file.metadata()?.len())
}

/// Whether a file is a database in order.
fn check(path: &Path) -> Result<(), StoreError> {
    let connection = open::immutable(path)?;
    let schema = super::schema::version(&connection)?;
    if schema == 0 || schema > super::schema::SCHEMA_VERSION {
        return Err(StoreError::Unavailable(format!("{} has schema {schema}", path.display())));
    }
    match open::problem(&connection, Depth::Full)? {
        None => Ok(()),
        Some(problem) => Err(StoreError::Unavailable(format!("{}: {problem}", path.display()))),
    }
}

/// Puts a backup in the database's place, which is moved aside. The caller owns the directory.
pub(super) fn restore(options: &StoreOptions, wanted: Option<&Path>) -> Result<Backup, StoreError> {
    let backups = match wanted {
        None => list(options),
        Some(path) => {
            vec![Backup { path: path.to_owned(), at_ms: now_ms(), bytes: fs::metadata(path)?.len() }]
        }
    };
    let mut why = "there is no backup".to_owned();
    for backup in backups {
        match check(&backup.path) {
            Ok(()) => {
                put_in_place(options, &backup.path)?;
                return Ok(backup);
            }
            Err(error) => why = error.to_string(),
        }
    }
    Err(StoreError::Unavailable(why))
}

fn put_in_place(options: &StoreOptions, backup: &Path) -> io::Result<()> {
    let database = options.database();
    let unfinished = database.with_extension("db.restoring");
    fs::copy(backup, &unfinished)?;
    File::open(&unfinished)?.sync_all()?;
    move_aside(&database, "replaced")?;
    fs::rename(&unfinished, &database)?;
    sync_folder(&database)
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
