//! SQLite connections: how they are opened, configured and checked.

use std::io;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::error::StoreError;
use super::{disk_full, schema};
use confined_fs::{FileId, FilePath};

/// How long a statement waits for a lock of another connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes to which the write-ahead log is cut once it was checkpointed.
pub(super) const MAX_WRITE_AHEAD_LOG_BYTES: u64 = 16 << 20;

/// How thorough an integrity check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckDepth {
    /// Reads all pages, without comparing indexes with their tables.
    Quick,
    /// Compares indexes with their tables, too.
    Full,
}

/// Opens the writer's connection; `fresh` if there is no database yet.
pub(super) fn connect(file: &FilePath, fresh: bool) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(file, flags, |path| path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(16);
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -512")?;
    if fresh {
        // Effective only before the first table; later it would only write to a file that is not checked yet.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    Ok(connection)
}

/// Configures the writer's connection.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let journal = |mode: &str| {
        connection.pragma_update_and_check(None, "journal_mode", mode, |row| row.get::<_, String>(0))
    };
    // Write-ahead logging needs shared memory, which some network and overlay file systems lack.
    if !journal("WAL").is_ok_and(|mode| mode == "wal") {
        journal("DELETE")?;
    }
    connection.execute_batch(
        &format!(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = {MAX_WRITE_AHEAD_LOG_BYTES}"
        ),
    )
}

/// Runs an integrity check; the first problem, if there is one.
pub(super) fn problem(connection: &Connection, depth: CheckDepth) -> rusqlite::Result<Option<String>> {
    let check = match depth {
        CheckDepth::Quick => "PRAGMA quick_check(1)",
        CheckDepth::Full => "PRAGMA integrity_check(1)",
    };
    let verdict: String = connection.query_row(check, [], |row| row.get(0))?;
    Ok((verdict != "ok").then_some(verdict))
}

/// Opens a read-only connection. In a directory that cannot be written, it reads the file without its write-ahead log.
pub(super) fn reader(file: &FilePath) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(file, flags, |path| path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    match schema::version(&connection) {
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) =>
        {
            immutable(file)
        }
        Err(error) => Err(error),
        Ok(_) => Ok(connection),
    }
}

/// Opens a read-only connection to a file that nobody writes; creates no file beside it.
pub(super) fn immutable(file: &FilePath) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    open(file, flags, |path| {
        let mut uri = "file:".to_owned();
        for c in path.chars() {
            match c {
                '%' => uri.push_str("%25"),
                '?' => uri.push_str("%3f"),
                '#' => uri.push_str("%23"),
                c => uri.push(c),
            }
        }
        uri + "?immutable=1"
    })
}

/// Opens a database by its path (or what `address` makes of it), since SQLite takes no folder's handle. It refuses links in
/// any part of the path; that the file is the one below the root, and not one that a folder swapped in between leads to,
/// is verified before anything is read or written. A missing database is created here, and not by SQLite.
fn open(
    file: &FilePath,
    flags: OpenFlags,
    address: impl FnOnce(String) -> String,
) -> rusqlite::Result<Connection> {
    let cannot = |error: io::Error| {
        let code = if disk_full::is_cause(&error) { ffi::SQLITE_FULL } else { ffi::SQLITE_CANTOPEN };
        failure(code, format!("{file}: {error}"))
    };
    let dir = file.dir().open().map_err(cannot)?;
    // SQLite opens these by itself: no pipe may hold it up.
    for suffix in ["-wal", "-shm", "-journal"] {
        dir.regular(file.with_suffix(suffix).name()).map_err(cannot)?;
    }
    let mut found = dir.regular(file.name()).map_err(cannot)?;
    if found.is_none() && flags.contains(OpenFlags::SQLITE_OPEN_CREATE) {
        match dir.create_new(file.name()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(cannot(error)),
            _ => found = dir.regular(file.name()).map_err(cannot)?,
        }
    }
    let Some(found) = found else { return Err(cannot(io::ErrorKind::NotFound.into())) };
    let path = file.real_path().map_err(cannot)?;
    let Some(text) = path.to_str() else { return Err(rusqlite::Error::InvalidPath(path)) };
    let flags = flags.difference(OpenFlags::SQLITE_OPEN_CREATE) | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(address(text.to_owned()), flags)?;
    if FileId::at(&path).is_ok_and(|opened| opened == found.id) {
        Ok(connection)
    } else {
        Err(failure(ffi::SQLITE_CANTOPEN, format!("{file}: it was replaced while it was opened")))
    }
}

/// Writes a copy of the whole database to `target`, in place of a file that an earlier attempt left.
///
/// # Errors
/// If it cannot be written; a partial copy stays.
pub(super) fn copy_into(connection: &Connection, target: &FilePath) -> Result<(), StoreError> {
    // SQLite takes over a file that is empty, and refuses links as the connection does.
    let made = FileId::of(&target.create()?.metadata()?);
    let path = target.real_path()?;
    let Some(text) = path.to_str() else { return Err(rusqlite::Error::InvalidPath(path).into()) };
    connection.execute("VACUUM INTO ?1", [text])?;
    if target.facts()?.id == made && FileId::at(&path)? == made {
        Ok(())
    } else {
        Err(StoreError::Unavailable(format!("{target} was replaced while it was written")))
    }
}

/// Whether the database exists.
///
/// # Errors
/// If something that is not a regular file is in its place.
pub(super) fn exists(file: &FilePath) -> Result<bool, StoreError> {
    let found = file.regular().map_err(|error| StoreError::failed_at(file, &error))?;
    Ok(found.is_some())
}

/// An error of SQLite's with our reason.
fn failure(code: std::ffi::c_int, why: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(why))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::prepare;

    #[test]
    fn sqlite_is_our_own_and_of_a_sound_version() {
        // Before 3.51.3 two connections that write and checkpoint at once could damage a write-ahead log.
        assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
    }

    #[test]
    fn where_a_write_ahead_log_cannot_be_had_it_goes_without() {
        // A database in memory refuses one, as file systems that share no memory do.
        let connection = Connection::open_in_memory().unwrap();
        prepare(&connection).unwrap();
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_ne!(mode, "wal");
        connection.execute_batch("CREATE TABLE kept (it); INSERT INTO kept VALUES (1)").unwrap();
    }
}
