//! The writer's database and its recovery: reopening it after a failure, and restoring its file if that was deleted or
//! replaced while it was in use.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::aggregate::Loading;
use super::connection;
use super::error::StoreError;
use super::lock::{self, Lock};
use super::open::{self, Opened};
use super::schema::SCHEMA_VERSION;
use super::shared::Shared;
use super::{backup, disk_full, query_log};
use confined_fs::{FileId, FilePath};

/// The first bytes of every database.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How durable a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Survives a killed process.
    Process,
    /// Survives a power loss.
    Power,
}

/// The writer's database: its connection, its lock and the identity of its file.
#[derive(Debug)]
pub(super) struct Database {
    shared: Shared,
    connection: Option<Connection>,
    durability: Durability,
    lock: Option<Lock>,
    /// The identity of the opened file; `None` before there was one.
    file: Option<FileId>,
}

impl Database {
    /// Takes over what a start has opened.
    pub(super) fn new(shared: Shared, opened: Opened) -> Database {
        let Opened { connection, lock, .. } = opened;
        let file = connection.as_ref().and_then(|_| shared.options.database().id());
        Database { shared, connection, durability: Durability::Power, lock, file }
    }

    /// Runs statements that commit with that durability. After an error the connection is reset.
    ///
    /// # Errors
    /// If the database cannot be opened, and those of `work`.
    pub(super) fn run<T>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connected = self.connect(durability).map(work);
        let done = match connected {
            Ok(done) => done.map_err(|error| self.reset_after(error)),
            Err(error) => Err(error),
        };
        done.map_err(|error| self.explained(error))
    }

    /// Says that the disk is full where SQLite only says that it failed.
    fn explained(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Unavailable(why) if disk_full::is_full(&self.shared.options.data_dir) => {
                StoreError::DiskFull(why)
            }
            error => error,
        }
    }

    /// The connection with that durability; reopens the database or restores its file if needed.
    fn connect(&mut self, durability: Durability) -> Result<&mut Connection, StoreError> {
        if self.connection.is_some() && self.shared.options.database().id() != self.file {
            self.restore_file()?;
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

    /// Reopens the database. If it had to be replaced, the snapshots are written back, so that nothing acknowledged is lost;
    /// otherwise the aggregates are loaded from it, since it alone knows whether a failed commit took effect.
    fn reopen(&mut self) -> Result<(), StoreError> {
        self.ensure_lock()?;
        self.shared.reads.evict();
        let (mut connection, note) =
            open::reopen(&self.shared.options, &self.shared.aggregates, self.file.is_some())?;
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

    /// Restores the database's file, which was deleted or replaced, from what the open connection still sees.
    fn restore_file(&mut self) -> Result<(), StoreError> {
        let database = self.shared.options.database();
        let rescued = database.with_suffix(".rescued");
        database.dir().create()?;
        self.ensure_lock()?;
        let Some(connection) = &self.connection else { return Ok(()) };
        if let Err(error) = connection::copy_into(connection, &rescued) {
            let _ = rescued.remove();
            return Err(error);
        }
        // Closing removes the write-ahead log by its name, and so must precede the next database's.
        self.shared.reads.evict();
        self.connection = None;
        if !database.exists() {
            // Their content is in the copy.
            for part in ["-wal", "-shm"] {
                let _ = database.with_suffix(part).remove();
            }
        }
        let replaced = backup::install(&database, &rescued)?;
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

    /// Acquires the lock again if its file was deleted.
    fn ensure_lock(&mut self) -> Result<(), StoreError> {
        let path = self.shared.options.lock_file();
        if self.lock.as_ref().is_some_and(|lock| lock.is_at(&path)) {
            return Ok(());
        }
        path.dir().create()?;
        self.lock = Some(lock::take(&path)?);
        Ok(())
    }

    /// Checks an idle database: whether its file is in place and intact, and whether it can be written again.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&mut self) -> Result<(), StoreError> {
        if self.connection.is_some() && is_overwritten(&self.shared.options.database()) {
            // The connection's pages cannot be told from what overwrote them.
            self.connection = None;
        }
        self.ensure_lock()?;
        let is_degraded = self.shared.status.is_degraded();
        let connection = self.connect(Durability::Process)?;
        if is_degraded {
            // Writing the unchanged number commits a page, as a test.
            connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        Ok(())
    }

    /// Whether the write-ahead log is larger than it should be.
    pub(super) fn is_write_ahead_log_overgrown(&self) -> bool {
        let log = self.shared.options.database().with_suffix("-wal");
        log.facts().is_ok_and(|facts| facts.bytes > connection::MAX_WRITE_AHEAD_LOG_BYTES)
    }

    /// Checkpoints and truncates the write-ahead log, unless a reader needs it, which is not waited for.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub(super) fn empty_write_ahead_log(&mut self) -> Result<(), StoreError> {
        let connection = self.connect(Durability::Process)?;
        let timeout: u32 = connection.pragma_query_value(None, "busy_timeout", |row| row.get(0))?;
        connection.busy_timeout(Duration::ZERO)?;
        let is_needed = checkpoint(connection);
        connection.busy_timeout(Duration::from_millis(timeout.into()))?;
        let is_needed = is_needed?;
        tracing::debug!(is_needed, "the write-ahead log outgrew its limit");
        Ok(())
    }

    /// Closes the connection after an error within a transaction, since its state is unknown. If the disk is full it stays
    /// open, and a checkpoint may free space.
    fn reset_after(&mut self, error: rusqlite::Error) -> StoreError {
        let full = disk_full::is_cause_of(&error);
        let kept = self.connection.take().filter(|connection| full && connection.is_autocommit());
        if let Some(connection) = &kept {
            let emptied = checkpoint(connection);
            tracing::debug!(?emptied, "the disk is full");
        }
        self.connection = kept;
        error.into()
    }

    /// Syncs the lock, which a start does not wait for.
    pub(super) fn sync_lock(&self) {
        if let Some(Err(error)) = self.lock.as_ref().map(Lock::sync) {
            tracing::warn!(%error, "whether this instance stopped in order may not outlast a power loss");
        }
    }

    /// Loads the aggregates that a start does not wait for.
    pub(super) fn load_deferred(&mut self) {
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
    }

    /// Drops the connection, since nothing is known of its state: the next use opens the database anew.
    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Writes the last rows of the query log, checkpoints the write-ahead log as far as readers allow until `deadline`, and
    /// releases the lock. Returns whether the stop was clean.
    pub(super) fn stop(mut self, deadline: Option<Instant>) -> bool {
        if self.connection.is_some() {
            // A deleted file is restored before its last connection is closed.
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
            // A database that was not opened for writing was not checked either: the next start has to.
            let unchecked = lock.unclean && self.shared.status.writable().is_err();
            clean = clean && (unchecked || lock.mark_clean().is_ok());
        }
        clean
    }
}

/// Checkpoints and truncates the write-ahead log; returns whether a reader prevented that.
fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
}

/// Whether an existing file was overwritten or truncated in place.
fn is_overwritten(file: &FilePath) -> bool {
    let mut start = [0; MAGIC.len()];
    match file.open().map(|mut file| file.read_exact(&mut start)) {
        Ok(Ok(())) => start != *MAGIC,
        Ok(Err(error)) => error.kind() == ErrorKind::UnexpectedEof,
        Err(_) => false,
    }
}
