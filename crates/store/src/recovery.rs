//! Keeping a database to write to: opening it anew after a failure, and putting it back where it was taken away.

use std::io::{ErrorKind, Read};
use std::time::Instant;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::backup;
use super::connection;
use super::error::StoreError;
use super::lock;
use super::open;
use super::rows;
use super::schema::SCHEMA_VERSION;
use super::writer::{Durability, Writer};
use confined_fs::FilePath;
use domain::patterns::OutcomeHistory;

/// What every database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Whether a file that is there begins like no database: copied over or cut, while the name stayed.
fn is_overwritten(file: &FilePath) -> bool {
    let mut start = [0; MAGIC.len()];
    match file.open().map(|mut file| file.read_exact(&mut start)) {
        Ok(Ok(())) => start != *MAGIC,
        Ok(Err(error)) => error.kind() == ErrorKind::UnexpectedEof,
        Err(_) => false,
    }
}

impl Writer {
    /// Makes sure that there is a connection, that its file lies where it should, and that it commits as durably as
    /// asked.
    pub(super) fn connect(&mut self, durability: Durability) -> Result<(), StoreError> {
        if self.connection.is_some() && self.options.database().id() != self.identity {
            self.put_back()?;
        }
        if self.connection.is_none() {
            self.shared.writable()?;
            self.reopen()?;
        }
        if let Some(connection) = self.connection.as_ref().filter(|_| self.durability != durability) {
            let synchronous = match durability {
                Durability::Process => "NORMAL",
                Durability::Power => "FULL",
            };
            connection.pragma_update(None, "synchronous", synchronous)?;
            self.durability = durability;
        }
        Ok(())
    }

    /// Opens the database once more. One that had to be replaced is given all that is in memory, so that nothing
    /// acknowledged is missing from it; otherwise the memory follows the database, which alone knows whether a commit
    /// that failed came through.
    fn reopen(&mut self) -> Result<(), StoreError> {
        self.keep_lock()?;
        let (mut connection, mut book, note) = open::again(&self.options, self.identity.is_some())?;
        if let Some(note) = note {
            self.write_back(&mut connection)?;
            (book, _) = open::read(&connection, &self.options)?;
            self.shared.note(format!("{note}; what was in memory is written back"));
        }
        let outcomes = self.read_outcomes(&connection)?;
        self.shared.publish(Some(book), Some(outcomes));
        self.identity = self.options.database().id();
        self.connection = Some(connection);
        self.durability = Durability::Power;
        Ok(())
    }

    fn write_back(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for pattern in self.shared.book.load().patterns() {
            rows::write_pattern(&transaction, pattern)?;
        }
        for outcome in self.shared.outcomes.load().tasks() {
            rows::write_outcome(&transaction, outcome)?;
        }
        transaction.commit()
    }

    /// The database's file is gone, or another lies in its place: all that the connection still sees goes there.
    fn put_back(&mut self) -> Result<(), StoreError> {
        let database = self.options.database();
        let rescued = database.with_suffix(".rescued");
        database.dir().create()?;
        self.keep_lock()?;
        let Some(connection) = &self.connection else { return Ok(()) };
        if let Err(error) = connection::copy_into(connection, &rescued) {
            let _ = rescued.remove();
            return Err(error);
        }
        // Closing removes the log by its name, so that it must come before another database has one.
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
        self.shared.note(note);
        Ok(())
    }

    /// Takes the lock again where its file was taken away, too.
    fn keep_lock(&mut self) -> Result<(), StoreError> {
        let path = self.options.lock_file();
        if self.lock.as_ref().is_some_and(|lock| lock.is_at(&path)) {
            return Ok(());
        }
        path.dir().create()?;
        self.lock = Some(lock::take(&path)?);
        Ok(())
    }

    /// Looks after a database that nobody writes to: whether it is still there, and whether it works again.
    pub(super) fn look(&mut self) {
        self.look_due = Instant::now() + self.options.look_every;
        if self.shared.writable().is_err() {
            return;
        }
        if self.connection.is_some() && is_overwritten(&self.options.database()) {
            // What the connection still holds of it cannot be told from what was written over it.
            self.connection = None;
        }
        let done = self.keep_lock().and_then(|()| self.connect(Durability::Process)).and_then(|()| {
            match &self.connection {
                // Writing the number it has anyway takes a page of the log, as any commit does.
                Some(connection) if self.shared.is_degraded() => {
                    Ok(connection.pragma_update(None, "user_version", SCHEMA_VERSION)?)
                }
                _ => Ok(()),
            }
        });
        match done {
            Ok(()) => self.recover(),
            Err(error) => self.fail(&error),
        }
    }

    /// Something was written.
    pub(super) fn recover(&mut self) {
        if self.shared.set_degraded(None) {
            tracing::info!("the database can be written to again");
            // Rows of the log were kept as long as there was room for them.
            self.log_due = Some(Instant::now());
        }
    }

    /// Something could not be written.
    pub(super) fn fail(&mut self, error: &StoreError) {
        let why = error.to_string();
        if !self.shared.set_degraded(Some(why.clone())) {
            tracing::error!(error = %why, "the database could not be written to");
        }
    }

    /// After an error in the middle of a transaction the connection is opened anew: it may be in any state, and so may
    /// the disk. A full disk is no such case; there emptying the log into the database may make room.
    pub(super) fn distrust(&mut self, error: rusqlite::Error) -> StoreError {
        let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
        let kept = self.connection.take().filter(|connection| full && connection.is_autocommit());
        if let Some(connection) = &kept {
            let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            tracing::debug!(?emptied, "the disk is full");
        }
        self.connection = kept;
        error.into()
    }

    /// Takes up what earlier runs left, off the way of the start.
    pub(super) fn settle(&mut self) {
        let outcomes = match &self.connection {
            Some(connection) => self.read_outcomes(connection),
            None => match connection::reader(&self.options.database()) {
                Ok(reader) if self.options.database().exists() => self.read_outcomes(&reader),
                _ => Ok(OutcomeHistory::new(self.options.half_life)),
            },
        };
        match outcomes {
            Ok(outcomes) if outcomes.is_empty() => {}
            Ok(outcomes) => self.shared.publish(None, Some(outcomes)),
            Err(error) => tracing::warn!(%error, "the outcomes of earlier tasks could not be read"),
        }
        self.shared.settle();
    }

    fn read_outcomes(&self, connection: &Connection) -> rusqlite::Result<OutcomeHistory> {
        let mut outcomes = OutcomeHistory::new(self.options.half_life);
        outcomes.extend(rows::read_outcomes(connection)?);
        Ok(outcomes)
    }
}
