//! The database that the writer writes to, and its recovery: opening it again after a failure, and putting it back where
//! its file was taken away.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::aggregate::Loading;
use super::connection;
use super::error::StoreError;
use super::lock::{self, Lock};
use super::open::{self, Opened};
use super::schema::SCHEMA_VERSION;
use super::shared::Shared;
use super::{backup, query_log};
use confined_fs::{FileId, FilePath};

/// What every database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How durable a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Against a killed process.
    Process,
    /// Against a loss of power.
    Power,
}

/// The database with all that keeps it writable.
#[derive(Debug)]
pub(super) struct Database {
    shared: Shared,
    connection: Option<Connection>,
    durability: Durability,
    lock: Option<Lock>,
    /// The file that was opened; `None` as long as there was none.
    file: Option<FileId>,
}

impl Database {
    /// What a start opened.
    pub(super) fn new(shared: Shared, opened: Opened) -> Database {
        let Opened { connection, lock, .. } = opened;
        let file = connection.as_ref().and_then(|_| shared.options.database().id());
        Database { shared, connection, durability: Durability::Power, lock, file }
    }

    /// Runs statements that commit as durably as asked. After an error the connection is not trusted any more.
    ///
    /// # Errors
    /// Where there is no connection to be had, and those of `work`.
    pub(super) fn run<T>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let done = work(self.connect(durability)?);
        done.map_err(|error| self.distrust(error))
    }

    /// The connection, in its place and committing as durably as asked: opened again or put back where it must be.
    fn connect(&mut self, durability: Durability) -> Result<&mut Connection, StoreError> {
        if self.connection.is_some() && self.shared.options.database().id() != self.file {
            self.put_back()?;
        }
        if self.connection.is_none() {
            self.shared.status.writable()?;
            self.reopen()?;
        }
        let connection = self.connection.as_mut().ok_or(StoreError::Closed)?;
        if self.durability != durability {
            let synchronous = match durability {
                Durability::Process => "NORMAL",
                Durability::Power => "FULL",
            };
            connection.pragma_update(None, "synchronous", synchronous)?;
            self.durability = durability;
        }
        Ok(connection)
    }

    /// Opens the database once more. One that had to be replaced is given all that is in memory, so that nothing
    /// acknowledged is missing from it; otherwise the memory follows the database, which alone knows whether a commit
    /// that failed came through.
    fn reopen(&mut self) -> Result<(), StoreError> {
        self.keep_lock()?;
        self.shared.reads.evict();
        let (mut connection, note) =
            open::again(&self.shared.options, &self.shared.aggregates, self.file.is_some())?;
        if let Some(note) = note {
            self.shared.aggregates.write_back(&mut connection)?;
            self.shared.status.note(format!("{note}; what was in memory is written back"));
        }
        self.shared.aggregates.load(&connection, Loading::All)?;
        self.shared.aggregates.publish();
        self.file = self.shared.options.database().id();
        self.connection = Some(connection);
        self.durability = Durability::Power;
        Ok(())
    }

    /// The database's file is gone, or another lies in its place: all that the connection still sees goes there.
    fn put_back(&mut self) -> Result<(), StoreError> {
        let database = self.shared.options.database();
        let rescued = database.with_suffix(".rescued");
        database.dir().create()?;
        self.keep_lock()?;
        let Some(connection) = &self.connection else { return Ok(()) };
        if let Err(error) = connection::copy_into(connection, &rescued) {
            let _ = rescued.remove();
            return Err(error);
        }
        // Closing removes the log by its name, so that it must come before another database has one.
        self.shared.reads.evict();
        self.connection = None;
        if !database.exists() {
            // What they held is in the copy.
            for part in ["-wal", "-shm"] {
                let _ = database.with_suffix(part).remove();
            }
        }
        let replaced = backup::exchange(&database, &rescued)?;
        let kept = replaced.map(|path| format!("; the file in its place is kept as {path}"));
        let note = format!(
            "the database's file was taken away while in use: everything was written back to {}{}",
            database,
            kept.unwrap_or_default()
        );
        tracing::error!("{note}");
        self.shared.status.note(note);
        Ok(())
    }

    /// Takes the lock again where its file was taken away, too.
    fn keep_lock(&mut self) -> Result<(), StoreError> {
        let path = self.shared.options.lock_file();
        if self.lock.as_ref().is_some_and(|lock| lock.is_at(&path)) {
            return Ok(());
        }
        path.dir().create()?;
        self.lock = Some(lock::take(&path)?);
        Ok(())
    }

    /// Looks after a database that nobody writes to: whether it is still there, and whether it works again.
    ///
    /// # Errors
    /// What is the matter with it.
    pub(super) fn check(&mut self) -> Result<(), StoreError> {
        if self.connection.is_some() && is_overwritten(&self.shared.options.database()) {
            // What the connection still holds of it cannot be told from what was written over it.
            self.connection = None;
        }
        self.keep_lock()?;
        let is_degraded = self.shared.status.is_degraded();
        let connection = self.connect(Durability::Process)?;
        if is_degraded {
            // Writing the number it has anyway takes a page of the log, as any commit does.
            connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        Ok(())
    }

    /// After an error in the middle of a transaction the connection is opened anew: it may be in any state, and so may
    /// the disk. A full disk is no such case; there a checkpoint may make room.
    fn distrust(&mut self, error: rusqlite::Error) -> StoreError {
        let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
        let kept = self.connection.take().filter(|connection| full && connection.is_autocommit());
        if let Some(connection) = &kept {
            let emptied = checkpoint(connection);
            tracing::debug!(?emptied, "the disk is full");
        }
        self.connection = kept;
        error.into()
    }

    /// Waits until the lock's owner is on disk, which a start does not wait for.
    pub(super) fn sync_lock(&self) {
        if let Some(Err(error)) = self.lock.as_ref().map(Lock::sync) {
            tracing::warn!(%error, "whether this instance stopped in order may not outlast a power loss");
        }
    }

    /// Loads what a start did not wait for.
    pub(super) fn settle(&mut self) {
        let loaded = match &self.connection {
            Some(connection) => self.shared.aggregates.load(connection, Loading::Deferred),
            None => match connection::reader(&self.shared.options.database()) {
                Ok(reader) => self.shared.aggregates.load(&reader, Loading::Deferred),
                Err(_) => Ok(Vec::new()),
            },
        };
        match loaded {
            Ok(notes) => {
                for note in notes {
                    self.shared.status.note(note);
                }
                self.shared.aggregates.publish();
            }
            Err(error) => tracing::warn!(%error, "the outcomes of earlier tasks could not be read"),
        }
        self.shared.aggregates.settle();
    }

    /// Writes the last rows of the query log, empties the write-ahead log as far as readers allow until `deadline`, and
    /// gives up the lock. Answers whether the stop was clean.
    pub(super) fn stop(mut self, deadline: Option<Instant>) -> bool {
        if self.connection.is_some() {
            // A database that was taken away is put back before its last connection goes.
            if let Err(error) = self.connect(Durability::Process) {
                self.shared.status.failed(&error);
            }
        }
        let log = self.shared.logs.take();
        let mut clean = true;
        if let Some(mut connection) = self.connection.take() {
            let patience = deadline.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()));
            let _ = connection.busy_timeout(patience / 2);
            let written = query_log::append(&mut connection, &log).is_ok();
            let emptied = checkpoint(&connection);
            clean = written && emptied.is_ok() && connection.close().is_ok();
        } else if self.shared.status.writable().is_ok() {
            self.shared.logs.drop_rows(log.len());
            clean = false;
        }
        if let Some(mut lock) = self.lock.take() {
            // A database that was not opened for writing was not checked either: the next start still has to.
            let unchecked = lock.unclean && self.shared.status.writable().is_err();
            clean = clean && (unchecked || lock.mark_clean().is_ok());
        }
        clean
    }
}

/// Moves the write-ahead log into the database and empties it, unless a reader needs it still; whether that is so.
fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
}

/// Whether a file that is there begins like no database: copied over or cut, while the name stayed.
fn is_overwritten(file: &FilePath) -> bool {
    let mut start = [0; MAGIC.len()];
    match file.open().map(|mut file| file.read_exact(&mut start)) {
        Ok(Ok(())) => start != *MAGIC,
        Ok(Err(error)) => error.kind() == ErrorKind::UnexpectedEof,
        Err(_) => false,
    }
}
