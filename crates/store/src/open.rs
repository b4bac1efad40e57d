//! From a directory to a database that may be written to, or to what can be had instead.

use std::io::Read;

use rusqlite::{Connection, ErrorCode, MAIN_DB};

use super::aggregate::{Aggregates, Loading};
use super::backup;
use super::connection::{self, Depth};
use super::error::StoreError;
use super::lock::{self, Lock};
use super::options::StoreOptions;
use super::schema::{self, SCHEMA_VERSION};

/// Moving a bad database aside and restoring a bad backup ends after this many rounds.
const ATTEMPTS: usize = 3;

/// What [`open`] achieved.
#[derive(Debug)]
pub(super) struct Opened {
    /// The writing connection; `None` where nothing can be written, or not yet.
    pub connection: Option<Connection>,
    pub lock: Option<Lock>,
    /// Whether a database was read.
    pub connected: bool,
    /// Why nothing can be written until a next start.
    pub read_only: Option<String>,
    /// Why nothing can be written at the moment.
    pub degraded: Option<String>,
    pub notes: Vec<String>,
}

/// Why a database could not be opened for writing.
#[derive(Debug)]
enum Trouble {
    /// It is damaged: another must take its place.
    Corrupt(String),
    /// It cannot be written to by us.
    ReadOnly(String),
    /// The disk failed or is full: try again later.
    Later(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Trouble::Corrupt(text),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Trouble::ReadOnly(text)
            }
            _ => Trouble::Later(text),
        }
    }
}

/// Opens the directory's database.
///
/// # Errors
/// [`StoreError::Locked`] only.
pub(super) fn open(options: &StoreOptions, aggregates: &Aggregates) -> Result<Opened, StoreError> {
    if let Err(error) = options.data_dir.create() {
        return Ok(without_writing(options, aggregates, None, format!("{}: {error}", options.data_dir)));
    }
    // The writer syncs it before it writes; what changes an existing database here syncs it first.
    let lock = match lock::take_unsynced(&options.lock_file()) {
        Ok(lock) => lock,
        Err(StoreError::ReadOnly(why)) => return Ok(without_writing(options, aggregates, None, why)),
        Err(error) => return Err(error),
    };
    backup::sweep(options);
    let mut notes = Vec::new();
    let mut depth = if lock.unclean { Depth::Full } else { Depth::Quick };
    notes.extend(set_aside_bad_log(options));
    for _ in 0..ATTEMPTS {
        match attempt(options, aggregates, depth, Some(&lock)) {
            Ok((connection, more)) => {
                notes.extend(more);
                aggregates.publish();
                let (connection, lock) = (Some(connection), Some(lock));
                return Ok(Opened {
                    connection,
                    lock,
                    connected: true,
                    read_only: None,
                    degraded: None,
                    notes,
                });
            }
            Err(Trouble::Corrupt(why)) => match lock.sync().and_then(|()| replace(options, &why)) {
                Ok(note) => notes.push(note),
                Err(error) => return Ok(without_writing(options, aggregates, Some(lock), error.to_string())),
            },
            Err(Trouble::ReadOnly(why)) => {
                let mut opened = without_writing(options, aggregates, Some(lock), why);
                opened.notes.splice(0..0, notes);
                return Ok(opened);
            }
            Err(Trouble::Later(why)) => {
                let mut opened = without_writing(options, aggregates, Some(lock), why);
                opened.degraded = opened.read_only.take();
                opened.notes.splice(0..0, notes);
                return Ok(opened);
            }
        }
        depth = Depth::Quick;
    }
    Ok(without_writing(options, aggregates, Some(lock), "no database could be opened".to_owned()))
}

/// Opens for writing, checks, migrates, and loads what a start waits for, with notes on that. A `lock` that is not synced yet
/// is so before an old database is migrated.
fn attempt(
    options: &StoreOptions,
    aggregates: &Aggregates,
    depth: Depth,
    lock: Option<&Lock>,
) -> Result<(Connection, Vec<String>), Trouble> {
    let path = options.database();
    let size = path.regular().ok().flatten().map(|facts| facts.bytes);
    if size == Some(0) {
        return Err(Trouble::Corrupt("the file is empty".to_owned()));
    }
    let mut connection = connection::connect(&path, size.is_none())?;
    if connection.is_readonly(MAIN_DB)? {
        return Err(Trouble::ReadOnly(format!("{path} cannot be written to")));
    }
    if let Some(problem) = connection::problem(&connection, depth)? {
        return Err(Trouble::Corrupt(problem));
    }
    let found = schema::version(&connection)?;
    if found > SCHEMA_VERSION {
        let why = format!(
            "it has schema {found}, this program knows {SCHEMA_VERSION} and older: use a newer program"
        );
        return Err(Trouble::ReadOnly(why));
    }
    connection::prepare(&connection)?;
    if let Some(lock) = lock.filter(|_| (1..SCHEMA_VERSION).contains(&found)) {
        lock.sync().map_err(|error| Trouble::Later(format!("the lock: {error}")))?;
    }
    schema::migrate(&mut connection)?;
    let notes = aggregates.load(&connection, Loading::AtStart)?;
    Ok((connection, notes))
}

/// The writer's connection once more, after it failed. Where the database is damaged, or gone although it is `known`,
/// another takes its place, and the note says so: it may lack what was written since it was a backup.
pub(super) fn again(
    options: &StoreOptions,
    aggregates: &Aggregates,
    known: bool,
) -> Result<(Connection, Option<String>), StoreError> {
    let mut note = None;
    if known && !options.database().exists() {
        note = Some(replace(options, "the file is gone")?);
    }
    let mut attempted = attempt(options, aggregates, Depth::Quick, None);
    if let Err(Trouble::Corrupt(why)) = &attempted {
        note = Some(replace(options, why)?);
        attempted = attempt(options, aggregates, Depth::Quick, None);
    }
    match attempted {
        Ok((connection, _)) => Ok((connection, note)),
        Err(Trouble::Corrupt(why) | Trouble::ReadOnly(why) | Trouble::Later(why)) => {
            aggregates.discard();
            Err(StoreError::Unavailable(why))
        }
    }
}

/// What can be had where nothing can be written: what is stored, if it can be read.
pub(super) fn without_writing(
    options: &StoreOptions,
    aggregates: &Aggregates,
    lock: Option<Lock>,
    why: String,
) -> Opened {
    let path = options.database();
    let loaded = path
        .exists()
        .then(|| connection::reader(&path).and_then(|reader| aggregates.load(&reader, Loading::AtStart)));
    let connected = matches!(loaded, Some(Ok(_)));
    let notes = match loaded {
        Some(Ok(notes)) => notes,
        Some(Err(error)) => vec![format!("{path} could not be read: {error}")],
        None => Vec::new(),
    };
    aggregates.publish();
    Opened { connection: None, lock, connected, read_only: Some(why), degraded: None, notes }
}

/// Moves a damaged database aside and puts the newest good backup in its place, if there is one; the note says so.
fn replace(options: &StoreOptions, why: &str) -> std::io::Result<String> {
    let aside = backup::move_aside(&options.database(), "corrupt")?;
    let happened = aside.map_or_else(
        || format!("the database is lost ({why})"),
        |path| format!("the database was damaged ({why}): moved to {path}"),
    );
    let instead = match backup::restore(options, None) {
        Ok(restored) => format!("restored {}", restored.backup.path.display()),
        Err(_) => "started afresh".to_owned(),
    };
    let note = format!("{happened}, {instead}");
    tracing::error!("{note}");
    Ok(note)
}

/// SQLite passes over a write-ahead log it cannot read, and then over it: kept aside, it can at least be looked at.
fn set_aside_bad_log(options: &StoreOptions) -> Option<String> {
    let log = options.database().with_suffix("-wal");
    let mut start = Vec::new();
    log.open().ok()?.take(4).read_to_end(&mut start).ok()?;
    if start.is_empty() || matches!(start.as_slice(), [0x37, 0x7f, 0x06, 0x82 | 0x83]) {
        return None;
    }
    let now = super::timestamp::for_file_name(super::timestamp::now_ms());
    let aside = log.with_suffix(&format!(".corrupt-{now}"));
    log.rename(&aside).ok()?;
    let note = format!(
        "the write-ahead log could not be read: moved to {aside}; what was written last may be missing"
    );
    tracing::error!("{note}");
    Some(note)
}
