//! The engine behind a [`Store`](super::Store): one SQLite database with its writer thread and its readers.
//!
//! Another engine, such as a database server for the history of a team, takes the place of what this file holds together
//! (queue, writer, recovery, read pool, backups) and of the SQL in the files of the aggregates. What it must keep is the
//! contract of [`Engine::write`]: commands are applied one after the other, a receipt means that the command is durable
//! and that readers see it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::aggregate::Aggregates;
use super::error::StoreError;
use super::open::Opened;
use super::options::StoreOptions;
use super::query_log::QueryRecord;
use super::queue::Queue;
use super::recovery::Database;
use super::shared::Shared;
use super::status::StoreStatus;
use super::transaction::WriteCommand;
use super::writer::Writer;

/// A database that is open, with its threads.
#[derive(Debug)]
pub(super) struct Engine {
    shared: Shared,
    queue: Queue,
}

impl Engine {
    /// Starts the writer over what was opened.
    ///
    /// # Errors
    /// Where its thread could not be started.
    pub(super) fn start(
        options: StoreOptions,
        opened: Opened,
        aggregates: Arc<Aggregates>,
    ) -> Result<Engine, StoreError> {
        let (queue, jobs) = Queue::new(options.queue_capacity, options.queue_timeout);
        let shared = Shared::new(options, &opened, aggregates);
        let database = Database::new(shared.clone(), opened);
        let writer = Writer::new(shared.clone(), database, queue.backpressure());
        queue.start(move || writer.run(&jobs))?;
        Ok(Engine { shared, queue })
    }

    /// Applies a command; the receipt means that it is on disk and published.
    ///
    /// # Errors
    /// Those of the command, [`StoreError::ReadOnly`], [`StoreError::Overloaded`], [`StoreError::Unavailable`] and
    /// [`StoreError::Closed`].
    pub(super) async fn write<C: WriteCommand>(&self, command: C) -> Result<C::Receipt, StoreError> {
        self.shared.status.writable()?;
        self.queue.write(command).await
    }

    /// Reads beside the writer; `None` where there is no database yet. Blocks.
    ///
    /// # Errors
    /// Those of [`ReadPool::read`](super::read_pool::ReadPool::read).
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.shared.reads.read(read)
    }

    /// Logs a query, or drops and counts it where the buffer is full. Never waits.
    pub(super) fn log_query(&self, record: QueryRecord) {
        if self.shared.status.writable().is_err() || self.queue.is_closed() {
            self.shared.logs.drop_rows(1);
        } else if self.shared.logs.push(record) {
            self.queue.wake();
        }
    }

    pub(super) fn options(&self) -> &StoreOptions {
        &self.shared.options
    }

    pub(super) fn status(&self) -> StoreStatus {
        self.shared.status.report(&self.shared.options, self.shared.logs.dropped())
    }

    /// Stops reads and the writer, within `patience`; whether that was done in order.
    pub(super) fn close(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        // First: a read under way keeps the write-ahead log from being emptied.
        self.shared.reads.close();
        self.queue.close(deadline)
    }
}
