//! The engine behind a [`Store`](super::Store): one SQLite database with its writer thread and its readers.
//!
//! Another engine, such as a database server for the history of a team, would replace this file and what it owns (queue,
//! writer, recovery, read pool, backups), and the SQL in the files of the aggregates. It must keep the contract of
//! [`Engine::write`]: commands are applied serially, and a receipt means that the command is durable and visible to readers.

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

/// An open database with its writer thread and read pool.
#[derive(Debug)]
pub(super) struct Engine {
    shared: Shared,
    queue: Queue,
}

impl Engine {
    /// Starts the writer thread over an opened database.
    ///
    /// # Errors
    /// If the thread cannot be started.
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

    /// Applies a command; a receipt means that it is durable and published.
    ///
    /// # Errors
    /// Those of the command, [`StoreError::ReadOnly`], [`StoreError::Overloaded`], [`StoreError::Unavailable`] and
    /// [`StoreError::Closed`].
    pub(super) async fn write<C: WriteCommand>(&self, command: C) -> Result<C::Receipt, StoreError> {
        self.shared.status.writable()?;
        self.queue.write(command).await
    }

    /// Reads concurrently with the writer; `None` if there is no database yet. Blocks.
    ///
    /// # Errors
    /// Those of [`ReadPool::read`](super::read_pool::ReadPool::read).
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.shared.reads.read(read)
    }

    /// Logs a query, or drops and counts it if the buffer is full. Never blocks.
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

    /// The status; a missing file is restored at once rather than at the next check.
    pub(super) fn status(&self) -> StoreStatus {
        let status = self.shared.status.report(&self.shared.options, self.shared.logs.dropped());
        if status.connected && !self.shared.options.database().exists() {
            self.queue.check();
        }
        status
    }

    /// Stops reads and the writer within `timeout`; returns whether the stop was clean.
    pub(super) fn close(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        // First, since a read under way would prevent the final checkpoint.
        self.shared.reads.close();
        self.queue.close(deadline)
    }
}

#[cfg(test)]
mod tests {
    //! An aggregate of its own, through the same seam as patterns and outcomes.

    use std::path::Path;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::super::aggregate::{Aggregate, Draft};
    use super::super::open;
    use super::super::transaction::{ApplyError, Transaction};
    use super::*;

    /// The sum of all numbers that were added.
    #[derive(Debug, Default)]
    struct Total {
        published: AtomicI64,
        draft: Draft<i64>,
        /// Whether a start does not wait for it.
        is_deferred: bool,
        /// Loads that are left to panic.
        broken_loads: AtomicI64,
    }

    impl Total {
        fn draft<R>(&self, work: impl FnOnce(&mut i64) -> R) -> R {
            self.draft.with(|| self.published.load(Ordering::SeqCst), work)
        }
    }

    impl Aggregate for Total {
        fn is_deferred(&self) -> bool {
            self.is_deferred
        }

        fn load(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
            assert!(self.broken_loads.fetch_sub(1, Ordering::SeqCst) <= 0, "on purpose, for a test");
            connection.execute_batch("CREATE TABLE IF NOT EXISTS total (value INTEGER)")?;
            let total = "SELECT COALESCE(SUM(value), 0) FROM total";
            self.draft.set(connection.query_row(total, [], |row| row.get(0))?);
            Ok(None)
        }

        fn flush(&self, connection: &Connection) -> rusqlite::Result<()> {
            // Written once a transaction, as what several commands changed.
            let Some(total) = self.draft.peek(|total| *total) else { return Ok(()) };
            connection.execute_batch(&format!("DELETE FROM total; INSERT INTO total VALUES ({total})"))
        }

        fn publish(&self) -> bool {
            let Some(total) = self.draft.take() else { return false };
            self.published.swap(total, Ordering::SeqCst) != total
        }

        fn discard(&self) {
            self.draft.take();
        }

        fn write_back(&self, connection: &Connection) -> rusqlite::Result<()> {
            let total = self.published.load(Ordering::SeqCst);
            connection.execute("INSERT INTO total VALUES (?1)", [total]).map(drop)
        }
    }

    /// A number whose addition panics.
    const PANICS: i64 = 1_000;

    /// Adds a number: an odd one is refused, a negative one breaks the transaction.
    #[derive(Debug)]
    struct Add(i64, Arc<Total>);

    impl WriteCommand for Add {
        type Receipt = i64;

        fn apply(&mut self, transaction: &Transaction<'_>) -> Result<i64, ApplyError> {
            let Add(number, total) = self;
            if *number % 2 == 1 {
                return Err(ApplyError::Refused(StoreError::Invalid(vec!["it is odd".to_owned()])));
            }
            let sum = total.draft(|total| {
                *total += *number;
                *total
            });
            assert_ne!(*number, PANICS, "on purpose, for a test");
            if *number < 0 {
                transaction.connection.execute_batch("INSERT INTO nowhere VALUES (1)")?;
            }
            Ok(sum)
        }
    }

    fn start(folder: &Path) -> (Engine, Arc<Total>) {
        start_over(StoreOptions::new(folder), Total::default())
    }

    fn start_over(options: StoreOptions, total: Total) -> (Engine, Arc<Total>) {
        let total = Arc::new(total);
        let aggregates = Arc::new(Aggregates::new(vec![Arc::clone(&total) as Arc<dyn Aggregate>]));
        let opened = open::open(&options, &aggregates).unwrap();
        (Engine::start(options, opened, aggregates).unwrap(), total)
    }

    #[tokio::test]
    async fn commands_share_a_transaction_and_are_published_before_they_are_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, total) = start(folder.path());
        let add = |number| engine.write(Add(number, Arc::clone(&total)));
        // Whoever holds the database for writing keeps the writer waiting, so that the rest comes in one batch.
        let other = Connection::open(folder.path().join("mcp.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let free = async { other.execute_batch("ROLLBACK").unwrap() };
        let (first, second, odd, third, ()) = tokio::join!(add(2), add(4), add(3), add(6), free);
        assert_eq!((first, second, third), (Ok(2), Ok(6), Ok(12)));
        assert_eq!(odd, Err(StoreError::Invalid(vec!["it is odd".to_owned()])), "the others are committed");
        assert_eq!(total.published.load(Ordering::SeqCst), 12);
        assert!(engine.close(Duration::from_secs(20)));
        assert_eq!(add(2).await, Err(StoreError::Closed));

        let (_engine, total) = start(folder.path());
        assert_eq!(total.published.load(Ordering::SeqCst), 12, "it is on disk");
    }

    #[tokio::test]
    async fn a_transaction_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, total) = start(folder.path());
        let add = |number| engine.write(Add(number, Arc::clone(&total)));
        assert_eq!(add(2).await, Ok(2));
        let broken = add(-4).await.unwrap_err();
        assert!(matches!(broken, StoreError::Unavailable(_)), "{broken}");
        assert_eq!(total.published.load(Ordering::SeqCst), 2);
        assert!(engine.status().degraded.is_some());
        // The database is opened anew; what failed is not added to what follows.
        assert_eq!(add(6).await, Ok(8));
        assert_eq!((total.published.load(Ordering::SeqCst), engine.status().degraded), (8, None));
        let value = engine.read(|connection| {
            Ok(connection.query_row("SELECT value FROM total", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(value, Ok(Some(8)));
    }

    #[tokio::test]
    async fn a_write_that_panics_fails_and_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, total) = start(folder.path());
        let add = |number| engine.write(Add(number, Arc::clone(&total)));
        assert_eq!(add(2).await, Ok(2));
        for _ in 0..2 {
            let crashed = add(PANICS).await.unwrap_err();
            assert!(matches!(crashed, StoreError::Unavailable(_)), "{crashed}");
            assert_eq!(total.published.load(Ordering::SeqCst), 2, "nothing of it is published");
        }
        assert_eq!(add(6).await, Ok(8));
        assert_eq!(engine.status().degraded, None);
        assert!(engine.close(Duration::from_secs(20)), "the thread lives");
        let (_engine, total) = start(folder.path());
        assert_eq!(total.published.load(Ordering::SeqCst), 8, "it is on disk");
    }

    #[tokio::test]
    async fn a_load_that_panics_holds_nobody_up_and_is_made_up_for() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, total) = start(folder.path());
        assert_eq!(engine.write(Add(4, Arc::clone(&total))).await, Ok(4));
        assert!(engine.close(Duration::from_secs(20)));

        let broken = Total { is_deferred: true, broken_loads: AtomicI64::new(1), ..Total::default() };
        let options =
            StoreOptions { check_every: Duration::from_millis(1), ..StoreOptions::new(folder.path()) };
        let (engine, total) = start_over(options, broken);
        engine.shared.aggregates.wait_until_loaded();
        // The next check of the idle database loads it.
        while engine.status().degraded.is_some() || total.published.load(Ordering::SeqCst) != 4 {
            tokio::task::yield_now().await;
        }
        assert_eq!(engine.write(Add(2, Arc::clone(&total))).await, Ok(6));
    }
}
