//! The state that the store keeps in memory beside its tables, so that readers never wait for the disk.
//!
//! An [`Aggregate`] is such state with its rows: patterns, outcomes of tasks. Readers see a snapshot that is replaced as a
//! whole once a transaction is committed. Between the first command of a transaction and its commit the changes stand in
//! a [`Draft`], which only the writer thread touches: a transaction that fails drops it.
//!
//! # How to add one
//!
//! 1. A file of its own, such as `runs.rs`, holds
//!    * the state: a struct with the published snapshot (an `ArcSwap`) and a [`Draft`], which implements [`Aggregate`];
//!    * its SQL;
//!    * the commands: structs that hold what the caller wants and an `Arc` of each state they change, which implement
//!      [`WriteCommand`](super::transaction::WriteCommand).
//! 2. A migration in `migrations/` adds its tables.
//! 3. [`Store`](super::Store) registers the state where it registers the others, and gets a method that passes each command
//!    to [`Engine::write`](super::engine::Engine::write), and one that answers the snapshot.
//!
//! The writer, the queue, recovery and group commit know neither aggregates nor commands by name. What is only appended
//! and never read from memory, such as audit rows, needs no aggregate: a command that inserts its row is enough.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;

/// State in memory that mirrors rows of the database. All but reading the snapshot happens in the writer thread (at the
/// start, before there is one), in the order `load` or commands, `flush`, commit, then `publish` or `discard`.
pub(super) trait Aggregate: Debug + Send + Sync {
    /// Whether it is loaded beside the start rather than before it; readers see an empty snapshot until then.
    fn is_deferred(&self) -> bool {
        false
    }

    /// Reads all rows into the draft. Answers what somebody should know of them, such as rows that were left out.
    fn load(&self, connection: &Connection) -> rusqlite::Result<Option<String>>;

    /// Writes what the commands of a transaction left to be written once, such as a row that several of them changed.
    fn flush(&self, connection: &Connection) -> rusqlite::Result<()>;

    /// Makes the draft the snapshot that readers see, once it is committed. Answers whether anything changed.
    fn publish(&self) -> bool;

    /// Drops the draft of a transaction that was not committed.
    fn discard(&self);

    /// Writes the whole snapshot into a database that took the place of a lost one.
    fn write_back(&self, connection: &Connection) -> rusqlite::Result<()>;
}

/// What a transaction changed so far and has not published yet.
#[derive(Debug)]
pub(super) struct Draft<T>(Mutex<Option<T>>);

impl<T> Default for Draft<T> {
    fn default() -> Self {
        Draft(Mutex::new(None))
    }
}

impl<T> Draft<T> {
    /// Reads or changes the draft, which `begin` makes at the first use in a transaction.
    pub(super) fn with<R>(&self, begin: impl FnOnce() -> T, work: impl FnOnce(&mut T) -> R) -> R {
        work(self.lock().get_or_insert_with(begin))
    }

    /// Replaces the draft.
    pub(super) fn set(&self, draft: T) {
        *self.lock() = Some(draft);
    }

    /// Takes the draft; `None` where the transaction made none.
    pub(super) fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Looks at the draft, if there is one.
    pub(super) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.lock().as_ref().map(look)
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All aggregates of a store, and word of what they publish.
#[derive(Debug)]
pub(super) struct Aggregates {
    members: Vec<Arc<dyn Aggregate>>,
    /// Counts publications.
    version: AtomicU64,
    /// Wakes whoever follows what is published.
    publications: watch::Sender<u64>,
    /// Whether the deferred ones are loaded.
    settled: (Mutex<bool>, Condvar),
}

impl Aggregates {
    pub(super) fn new(members: Vec<Arc<dyn Aggregate>>) -> Aggregates {
        Aggregates {
            members,
            version: AtomicU64::new(0),
            publications: watch::Sender::new(0),
            settled: (Mutex::new(false), Condvar::new()),
        }
    }

    /// Loads those that a start waits for into their drafts, or all of them; the notes of each.
    pub(super) fn load(&self, connection: &Connection, which: Loading) -> rusqlite::Result<Vec<String>> {
        self.discard();
        let wanted = self.members.iter().filter(|member| match which {
            Loading::All => true,
            Loading::AtStart => !member.is_deferred(),
            Loading::Deferred => member.is_deferred(),
        });
        let loaded: rusqlite::Result<_> =
            wanted.filter_map(|member| member.load(connection).transpose()).collect();
        loaded.inspect_err(|_| self.discard())
    }

    pub(super) fn flush(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.members.iter().try_for_each(|member| member.flush(connection))
    }

    /// Puts the drafts in service.
    pub(super) fn publish(&self) {
        let changed = self.members.iter().filter(|member| member.publish()).count();
        if changed > 0 {
            // After the snapshots: whoever reads this number reads at least what it counts.
            let version = self.version.fetch_add(1, Ordering::AcqRel) + 1;
            self.publications.send_replace(version);
        }
    }

    pub(super) fn discard(&self) {
        self.members.iter().for_each(|member| member.discard());
    }

    /// Writes all snapshots into a database that took the place of a lost one, in one transaction.
    pub(super) fn write_back(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.members.iter().try_for_each(|member| member.write_back(&transaction))?;
        transaction.commit()
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(super) fn publications(&self) -> watch::Receiver<u64> {
        self.publications.subscribe()
    }

    /// Says that the deferred ones are loaded.
    pub(super) fn settle(&self) {
        *self.settled.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.settled.1.notify_all();
    }

    /// Blocks until they are.
    pub(super) fn wait_until_settled(&self) {
        let settled = self.settled.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.settled.1.wait_while(settled, |settled| !*settled));
    }
}

/// Which aggregates to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loading {
    /// Those that a start waits for.
    AtStart,
    /// The others.
    Deferred,
    /// All.
    All,
}
