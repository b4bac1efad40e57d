//! A bounded pool of read-only connections.
//!
//! A read checks a connection out and returns it. Reads run concurrently with each other and, thanks to write-ahead
//! logging, with the writer. A connection that failed, or whose file was replaced in the meantime, is closed instead of
//! being reused. Closing the pool interrupts the reads under way.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};

use super::connection;
use super::error::StoreError;
use confined_fs::{FileId, FilePath};

/// Concurrent reads: reports, a warm-up and a backup are all there are.
const MAX_CONNECTIONS: usize = 4;

/// How long a read waits for a connection of the pool.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The connections of one store.
#[derive(Debug)]
pub(super) struct ReadPool {
    file: FilePath,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Pooled>,
    /// How to interrupt the reads under way, by the number of their checkout; `None` while their connection is opened.
    running: BTreeMap<u64, Option<InterruptHandle>>,
    checkouts: u64,
    is_closed: bool,
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { idle, running, is_closed, .. } = self;
        write!(formatter, "{} idle, {} running, closed: {is_closed}", idle.len(), running.len())
    }
}

/// A connection with the file it was opened on.
#[derive(Debug)]
struct Pooled {
    connection: Connection,
    file: Option<FileId>,
}

/// A checked-out place, released when it is dropped.
struct Checkout<'a> {
    pool: &'a ReadPool,
    number: u64,
    /// The connection to return to the pool.
    reusable: Option<Pooled>,
}

impl Drop for Checkout<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.running.remove(&self.number);
        if !state.is_closed {
            state.idle.extend(self.reusable.take());
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}

impl ReadPool {
    /// A pool of connections to that database, of which none is open yet.
    pub(super) fn new(file: FilePath) -> ReadPool {
        ReadPool { file, state: Mutex::default(), returned: Condvar::new() }
    }

    /// Reads with a connection of the pool; `None` if there is no database yet. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be read, [`StoreError::Overloaded`] if no connection is returned
    /// in time, [`StoreError::Closed`], and those of `read`.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if !connection::exists(&self.file)? {
            return Ok(None);
        }
        let mut checkout = self.check_out()?;
        let pooled = match checkout.reusable.take() {
            Some(pooled) => pooled,
            None => self.open()?,
        };
        self.set_interruptible(checkout.number, &pooled.connection)?;
        let value = read(&pooled.connection)?;
        checkout.reusable = Some(pooled);
        Ok(Some(value))
    }

    /// Refuses further reads, interrupts those under way, which fail with [`StoreError::Unavailable`], and closes the idle
    /// connections.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.running.values().flatten().for_each(InterruptHandle::interrupt);
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        drop(idle);
        self.returned.notify_all();
    }

    /// Closes the idle connections, before their database is replaced.
    pub(super) fn evict(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        drop(idle);
    }

    /// Takes a place, with an idle connection to the current file, if there is one.
    fn check_out(&self) -> Result<Checkout<'_>, StoreError> {
        let is_full = |state: &mut State| !state.is_closed && state.running.len() >= MAX_CONNECTIONS;
        let waited = self.returned.wait_timeout_while(self.lock(), TIMEOUT, is_full);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return Err(StoreError::Closed);
        }
        if timeout.timed_out() {
            return Err(StoreError::Overloaded);
        }
        let there = self.file.id();
        state.idle.retain(|pooled| pooled.file == there);
        let reusable = state.idle.pop();
        state.checkouts += 1;
        let number = state.checkouts;
        state.running.insert(number, None);
        drop(state);
        Ok(Checkout { pool: self, number, reusable })
    }

    fn open(&self) -> Result<Pooled, StoreError> {
        // If the file is replaced in between, the next checkout closes the connection.
        let file = self.file.id();
        Ok(Pooled { connection: connection::reader(&self.file)?, file })
    }

    fn set_interruptible(&self, number: u64, connection: &Connection) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(StoreError::Closed);
        }
        state.running.insert(number, Some(connection.get_interrupt_handle()));
        drop(state);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// A pool over a database with one table of one row.
    fn pool() -> (tempfile::TempDir, ReadPool) {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("mcp.db")).unwrap();
        connection.execute_batch("CREATE TABLE t (v); INSERT INTO t VALUES (1)").unwrap();
        let pool = ReadPool::new(confined_fs::DirPath::from(folder.path()).file("mcp.db"));
        (folder, pool)
    }

    fn value(pool: &ReadPool) -> Result<Option<i64>, StoreError> {
        pool.read(|connection| Ok(connection.query_row("SELECT v FROM t", [], |row| row.get(0))?))
    }

    fn address(connection: &Connection) -> usize {
        std::ptr::from_ref(connection).addr()
    }

    #[test]
    fn connections_are_reused_until_their_file_is_replaced_or_they_fail() {
        let (folder, pool) = pool();
        assert_eq!(value(&pool), Ok(Some(1)));
        assert_eq!(value(&pool), Ok(Some(1)));
        assert_eq!(pool.lock().idle.len(), 1);
        // One in the other: two connections, both kept.
        let nested = pool.read(|outer| pool.read(|inner| Ok(address(outer) == address(inner))));
        assert_eq!(nested, Ok(Some(Some(false))));
        assert_eq!(pool.lock().idle.len(), 2);

        let failed = pool.read(|_| Err::<(), _>(StoreError::Overloaded));
        assert_eq!((failed, pool.lock().idle.len()), (Err(StoreError::Overloaded), 1));

        let other = folder.path().join("other.db");
        let connection = Connection::open(&other).unwrap();
        connection.execute_batch("CREATE TABLE t (v); INSERT INTO t VALUES (2)").unwrap();
        drop(connection);
        std::fs::rename(other, folder.path().join("mcp.db")).unwrap();
        assert_eq!(value(&pool), Ok(Some(2)));

        std::fs::remove_file(folder.path().join("mcp.db")).unwrap();
        assert_eq!(value(&pool), Ok(None));
    }

    #[test]
    fn there_are_no_more_than_the_maximum_at_a_time() {
        let (_folder, pool) = pool();
        let (entered, entries) = channel();
        let (leave, leaves) = channel::<()>();
        let leaves = Mutex::new(leaves);
        std::thread::scope(|scope| {
            let hold = || {
                let entered = entered.clone();
                let (pool, leaves) = (&pool, &leaves);
                scope.spawn(move || {
                    pool.read(|_| {
                        entered.send(()).unwrap();
                        leaves.lock().unwrap().recv().unwrap();
                        Ok(())
                    })
                })
            };
            let readers: Vec<_> = (0..=MAX_CONNECTIONS).map(|_| hold()).collect();
            (0..MAX_CONNECTIONS).for_each(|_| entries.recv().unwrap());
            // The last one enters once another has left.
            assert!(entries.try_recv().is_err());
            leave.send(()).unwrap();
            entries.recv().unwrap();
            (0..MAX_CONNECTIONS).for_each(|_| leave.send(()).unwrap());
            assert!(readers.into_iter().all(|reader| reader.join().unwrap() == Ok(Some(()))));
        });
        assert_eq!(pool.lock().idle.len(), MAX_CONNECTIONS);
    }

    #[test]
    fn closing_interrupts_what_runs_and_refuses_what_comes() {
        let (_folder, pool) = pool();
        let (entered, entry) = channel();
        std::thread::scope(|scope| {
            let endless = scope.spawn(|| {
                pool.read(|connection| {
                    entered.send(()).unwrap();
                    let count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
                    Ok(connection.query_row(count, [], |row| row.get::<_, i64>(0))?)
                })
            });
            entry.recv().unwrap();
            // Interrupted before the statement began it would go on: again until it has ended.
            while !endless.is_finished() {
                pool.close();
                std::thread::yield_now();
            }
            assert!(matches!(endless.join().unwrap(), Err(StoreError::Unavailable(_))));
        });
        assert_eq!((value(&pool), pool.lock().idle.len()), (Err(StoreError::Closed), 0));
    }
}
