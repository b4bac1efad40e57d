//! Aggregates: state that is kept both in memory and in tables, so that readers never wait for the disk.
//!
//! An [`Aggregate`], such as the patterns or the outcomes of tasks, publishes a snapshot to readers. Commands change its
//! [`Draft`], which only the writer thread accesses. When the transaction is committed the draft becomes the next snapshot;
//! when it fails the draft is discarded.
//!
//! # How to add one
//!
//! 1. Write one file, such as `runs.rs`, with
//!    * the state: a struct of the published snapshot (an `ArcSwap`) and a [`Draft`], which implements [`Aggregate`];
//!    * its SQL;
//!    * the commands: structs of the caller's input and an `Arc` of each aggregate that they change, which implement
//!      [`WriteCommand`](super::transaction::WriteCommand): check first, then change rows and drafts.
//! 2. Add its tables by a migration in `migrations/`.
//! 3. Register it where [`Store`](super::Store) lists its aggregates, with a method for each command, which passes it to
//!    [`Engine::write`](super::engine::Engine::write), and one for the snapshot.
//!
//! Nothing else changes: the queue, the writer, group commit and recovery know neither aggregates nor commands by name; the
//! tests of `engine.rs` run one of their own. Data that is only appended and never read from memory, such as audit rows,
//! needs no aggregate: a command that inserts the rows is enough. A command that changes several aggregates, as recording a
//! decision changes patterns and outcomes, holds them all, and they are committed and published together.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;

/// State in memory that mirrors rows of the database. These methods are called by the writer thread, and by the start before
/// there is one, in the order: `load` or commands, `flush`, commit, then `publish` or `discard`.
pub(super) trait Aggregate: Debug + Send + Sync {
    /// Whether it is loaded after the start; readers see an empty snapshot until then.
    fn is_deferred(&self) -> bool {
        false
    }

    /// Reads all rows into the draft. Returns a note for the store's status, for example on rows that were left out.
    fn load(&self, connection: &Connection) -> rusqlite::Result<Option<String>>;

    /// Writes the rows that are written once per transaction, however many commands changed them.
    fn flush(&self, connection: &Connection) -> rusqlite::Result<()>;

    /// Publishes the draft after the commit. Returns whether anything changed.
    fn publish(&self) -> bool;

    /// Discards the draft of a transaction that was rolled back.
    fn discard(&self);

    /// Writes the snapshot into a database that replaced a lost one.
    fn write_back(&self, connection: &Connection) -> rusqlite::Result<()>;
}

/// The uncommitted changes of a transaction.
#[derive(Debug)]
pub(super) struct Draft<T>(Mutex<Option<T>>);

impl<T> Default for Draft<T> {
    fn default() -> Self {
        Draft(Mutex::new(None))
    }
}

impl<T> Draft<T> {
    /// Reads or changes the draft, which `begin` creates at its first use in a transaction.
    pub(super) fn with<R>(&self, begin: impl FnOnce() -> T, work: impl FnOnce(&mut T) -> R) -> R {
        work(self.lock().get_or_insert_with(begin))
    }

    /// Replaces the draft.
    pub(super) fn set(&self, draft: T) {
        *self.lock() = Some(draft);
    }

    /// Takes the draft; `None` if the transaction has none.
    pub(super) fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Reads the draft, if there is one.
    pub(super) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.lock().as_ref().map(look)
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All aggregates of a store, and the version of what they have published.
#[derive(Debug)]
pub(super) struct Aggregates {
    members: Vec<Arc<dyn Aggregate>>,
    /// Counts publications.
    version: AtomicU64,
    /// Wakes subscribers after a publication.
    publications: watch::Sender<u64>,
    /// Whether the deferred aggregates are loaded.
    deferred_loaded: (Mutex<bool>, Condvar),
}

impl Aggregates {
    pub(super) fn new(members: Vec<Arc<dyn Aggregate>>) -> Aggregates {
        Aggregates {
            members,
            version: AtomicU64::new(0),
            publications: watch::Sender::new(0),
            deferred_loaded: (Mutex::new(false), Condvar::new()),
        }
    }

    /// Loads aggregates into their drafts; returns their notes.
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

    /// Publishes all drafts, then the new version.
    pub(super) fn publish(&self) {
        let changed = self.members.iter().filter(|member| member.publish()).count();
        if changed > 0 {
            // After the snapshots: a reader of this version sees at least its snapshots.
            let version = self.version.fetch_add(1, Ordering::AcqRel) + 1;
            self.publications.send_replace(version);
        }
    }

    pub(super) fn discard(&self) {
        self.members.iter().for_each(|member| member.discard());
    }

    /// Writes all snapshots into a database that replaced a lost one, in one transaction.
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

    /// Releases those who wait for the deferred aggregates.
    pub(super) fn set_deferred_loaded(&self) {
        *self.deferred_loaded.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.deferred_loaded.1.notify_all();
    }

    /// Blocks until the deferred aggregates are loaded.
    pub(super) fn wait_until_loaded(&self) {
        let deferred_loaded = self.deferred_loaded.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.deferred_loaded.1.wait_while(deferred_loaded, |deferred_loaded| !*deferred_loaded));
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
