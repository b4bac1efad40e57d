//! Opening the database at a start: lock, integrity check, restore if it is corrupt, migration; read-only if it must be.

use std::io::Read;

use rusqlite::{Connection, ErrorCode, MAIN_DB};

use super::aggregate::{Aggregates, Loading};
use super::connection::{self, CheckDepth};
use super::error::StoreError;
use super::lock::{self, Lock};
use super::options::StoreOptions;
use super::schema::{self, SCHEMA_VERSION};
use super::{backup, disk_full};

/// How many times a corrupt database is replaced before the start gives up.
const ATTEMPTS: usize = 3;

/// The result of [`open`].
#[derive(Debug)]
pub(super) struct Opened {
    /// The writer's connection; `None` if nothing can be written, or not yet.
    pub connection: Option<Connection>,
    pub lock: Option<Lock>,
    /// Whether a database was read.
    pub connected: bool,
    /// Why nothing can be written until the next start.
    pub read_only: Option<String>,
    /// Why nothing can be written at the moment.
    pub degraded: Option<String>,
    pub notes: Vec<String>,
}

/// Why a database could not be opened for writing.
#[derive(Debug)]
enum OpenError {
    /// It is corrupt and must be replaced.
    Corrupt(String),
    /// It cannot be written by this process.
    ReadOnly(String),
    /// The disk failed or is full: retry later.
    Later(StoreError),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Corrupt(text),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                OpenError::ReadOnly(text)
            }
            _ => OpenError::Later(error.into()),
        }
    }
}

impl OpenError {
    /// Says that the disk is full where SQLite only says that it could not open or write a file.
    fn explained(self, options: &StoreOptions) -> OpenError {
        match self {
            OpenError::ReadOnly(why) | OpenError::Later(StoreError::Unavailable(why))
                if disk_full::is_full(&options.data_dir) =>
            {
                OpenError::Later(StoreError::DiskFull(why))
            }
            error => error,
        }
    }
}

/// Opens the directory's database.
///
/// # Errors
/// [`StoreError::Locked`] only.
pub(super) fn open(options: &StoreOptions, aggregates: &Aggregates) -> Result<Opened, StoreError> {
    if let Err(error) = options.data_dir.create() {
        let error = StoreError::failed_at(&options.data_dir, &error);
        return Ok(open_without(options, aggregates, None, error));
    }
    // The writer syncs it before it writes; a migration or a replacement below syncs it first.
    let lock = match lock::take_unsynced(&options.lock_file()) {
        Ok(lock) => lock,
        Err(error @ StoreError::Locked { .. }) => return Err(error),
        Err(error) => return Ok(open_without(options, aggregates, None, error)),
    };
    backup::sweep(options);
    let mut notes = Vec::new();
    let mut depth = if lock.unclean { CheckDepth::Full } else { CheckDepth::Quick };
    notes.extend(quarantine_bad_wal(options));
    for _ in 0..ATTEMPTS {
        match attempt(options, aggregates, depth, Some(&lock)).map_err(|error| error.explained(options)) {
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
            Err(OpenError::Corrupt(why)) => {
                match lock.sync().and_then(|()| replace_database(options, &why)) {
                    Ok(note) => notes.push(note),
                    Err(error) => {
                        return Ok(open_without(options, aggregates, Some(lock), error.into()));
                    }
                }
            }
            Err(OpenError::ReadOnly(why)) => {
                let mut opened = open_degraded(options, aggregates, Some(lock), why);
                opened.notes.splice(0..0, notes);
                return Ok(opened);
            }
            Err(OpenError::Later(error)) => {
                let mut opened = open_later(options, aggregates, Some(lock), &error);
                opened.notes.splice(0..0, notes);
                return Ok(opened);
            }
        }
        depth = CheckDepth::Quick;
    }
    Ok(open_degraded(options, aggregates, Some(lock), "no database could be opened".to_owned()))
}

/// Opens the database for writing, checks and migrates it, and loads the aggregates that a start waits for; returns notes on
/// them. An unsynced `lock` is synced before a migration.
fn attempt(
    options: &StoreOptions,
    aggregates: &Aggregates,
    depth: CheckDepth,
    lock: Option<&Lock>,
) -> Result<(Connection, Vec<String>), OpenError> {
    let path = options.database();
    let size = path.regular().ok().flatten().map(|facts| facts.bytes);
    if size == Some(0) {
        return Err(OpenError::Corrupt("the file is empty".to_owned()));
    }
    let mut connection = connection::connect(&path, size.is_none())?;
    if connection.is_readonly(MAIN_DB)? {
        return Err(OpenError::ReadOnly(format!("{path} cannot be written to")));
    }
    if let Some(problem) = connection::problem(&connection, depth)? {
        return Err(OpenError::Corrupt(problem));
    }
    let found = schema::version(&connection)?;
    if found > SCHEMA_VERSION {
        let why = format!(
            "it has schema {found}, this program knows {SCHEMA_VERSION} and older: use a newer program"
        );
        return Err(OpenError::ReadOnly(why));
    }
    connection::prepare(&connection)?;
    if let Some(lock) = lock.filter(|_| (1..SCHEMA_VERSION).contains(&found)) {
        lock.sync().map_err(|error| OpenError::Later(StoreError::failed_at(&"the lock", &error)))?;
    }
    schema::migrate(&mut connection)?;
    let notes = aggregates.load(&connection, Loading::AtStart)?;
    Ok((connection, notes))
}

/// Opens the writer's connection again after a failure. A database that is corrupt, or missing although it is `known`, is
/// replaced, which the note says: the replacement may lack what was written since its backup.
pub(super) fn reopen(
    options: &StoreOptions,
    aggregates: &Aggregates,
    known: bool,
) -> Result<(Connection, Option<String>), StoreError> {
    let mut note = None;
    if known && !options.database().exists() {
        note = Some(replace_database(options, "the file is gone")?);
    }
    let mut attempted = attempt(options, aggregates, CheckDepth::Quick, None);
    if let Err(OpenError::Corrupt(why)) = &attempted {
        note = Some(replace_database(options, why)?);
        attempted = attempt(options, aggregates, CheckDepth::Quick, None);
    }
    match attempted {
        Ok((connection, _)) => Ok((connection, note)),
        Err(error) => {
            aggregates.discard();
            Err(match error.explained(options) {
                OpenError::Corrupt(why) | OpenError::ReadOnly(why) => StoreError::Unavailable(why),
                OpenError::Later(error) => error,
            })
        }
    }
}

/// The fallback if the directory cannot be used now: for good, or until there is room on the disk.
fn open_without(
    options: &StoreOptions,
    aggregates: &Aggregates,
    lock: Option<Lock>,
    error: StoreError,
) -> Opened {
    match error {
        StoreError::DiskFull(_) => open_later(options, aggregates, lock, &error),
        StoreError::ReadOnly(why) | StoreError::Unavailable(why) => {
            open_degraded(options, aggregates, lock, why)
        }
        other => open_degraded(options, aggregates, lock, other.to_string()),
    }
}

/// The same if the disk failed or is full: the writer opens the database once it can.
fn open_later(
    options: &StoreOptions,
    aggregates: &Aggregates,
    lock: Option<Lock>,
    error: &StoreError,
) -> Opened {
    let mut opened = open_degraded(options, aggregates, lock, error.to_string());
    opened.degraded = opened.read_only.take();
    opened
}

/// The fallback if nothing can be written: loads what can be read.
pub(super) fn open_degraded(
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

/// Quarantines a corrupt database and restores the newest intact backup, if there is one; the note says so.
fn replace_database(options: &StoreOptions, why: &str) -> std::io::Result<String> {
    let aside = backup::quarantine(&options.database(), "corrupt")?;
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

/// Quarantines a write-ahead log with an invalid header, which SQLite would ignore and overwrite; returns a note.
fn quarantine_bad_wal(options: &StoreOptions) -> Option<String> {
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
