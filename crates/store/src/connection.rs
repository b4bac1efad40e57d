//! SQLite connections: how they are opened, configured and checked.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema;

/// How long a statement waits for another connection of ours, which is a backup at most.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of a database a check reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// All pages, without comparing indexes with their tables.
    Quick,
    /// Everything.
    Full,
}

/// A connection that writes; `fresh` where there is no database yet.
pub(super) fn connect(path: &Path, fresh: bool) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(16);
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -512")?;
    if fresh {
        // Takes effect before anything is written; later it would only write to a file that nobody checked yet.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    Ok(connection)
}

/// Settings of a connection that writes.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let journal = |mode: &str| {
        connection.pragma_update_and_check(None, "journal_mode", mode, |row| row.get::<_, String>(0))
    };
    // Some network and overlay file systems cannot share memory between processes, which write-ahead logging needs.
    if !journal("WAL").is_ok_and(|mode| mode == "wal") {
        journal("DELETE")?;
    }
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 16777216",
    )
}

/// What a check of the database finds, if anything.
pub(super) fn problem(connection: &Connection, depth: Depth) -> rusqlite::Result<Option<String>> {
    let check = match depth {
        Depth::Quick => "PRAGMA quick_check(1)",
        Depth::Full => "PRAGMA integrity_check(1)",
    };
    let verdict: String = connection.query_row(check, [], |row| row.get(0))?;
    Ok((verdict != "ok").then_some(verdict))
}

/// A connection that only reads. Where the folder cannot be written to, it reads the file as it is without its log.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    match schema::version(&connection) {
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) =>
        {
            immutable(path)
        }
        Err(error) => Err(error),
        Ok(_) => Ok(connection),
    }
}

/// A connection to a file nobody writes to; leaves no other file beside it.
pub(super) fn immutable(path: &Path) -> rusqlite::Result<Connection> {
    let mut uri = "file:".to_owned();
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            c => uri.push(c),
        }
    }
    uri.push_str("?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags)
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
