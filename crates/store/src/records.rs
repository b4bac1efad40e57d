//! What goes in and out of the store, and what its threads share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::error::StoreError;
use super::open::Opened;
use super::options::StoreOptions;
use super::query_log::LogBuffer;
use domain::patterns::{OutcomeHistory, Pattern, PatternSet};

/// A write-ahead log beyond this was not emptied for about sixteen checkpoints.
const LOG_ALERT_BYTES: u64 = 64 << 20;

/// The most notes that are kept: a disk that fails again and again must not fill the memory.
const MAX_NOTES: usize = 16;

/// A pattern to be kept; what may be left out is derived, see [`domain::patterns::Plan::new`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPattern {
    /// What it is for.
    pub goal: String,
    /// Who works on it.
    pub agent_sequence: Vec<String>,
    /// Who waits for whom.
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Who works at the same time.
    pub parallel_groups: Vec<Vec<String>>,
}

/// What became of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPattern {
    /// Its id.
    pub id: String,
    /// Whether it is new; otherwise the id is that of the one there was.
    pub created: bool,
}

/// What became of a decision.
#[derive(Debug, Clone)]
pub struct DecisionReceipt {
    /// Whether it is on disk and in effect; false where it [is superseded](DecisionReceipt::is_superseded).
    pub stored: bool,
    /// Whether a decision on the same task that was made later is stored already, so that this one changed nothing.
    pub is_superseded: bool,
    /// The pattern that learned from the decision in effect, as it stands now.
    pub pattern: Option<Arc<Pattern>>,
    /// Whether that pattern was founded by it.
    pub founded: bool,
    /// Whether it corrected an earlier decision of the same task.
    pub corrected: bool,
}

/// How a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether there is a database behind it.
    pub connected: bool,
    /// The database with its write-ahead log.
    pub size_bytes: u64,
    /// Why it does less than it should, where it does.
    pub degraded: Option<String>,
    /// Rows of the query log that were lost: buffer full, database full, or not writable.
    pub dropped_log_rows: u64,
    /// Whether nothing can be written until a next start.
    pub read_only: bool,
    /// What happened to the database that somebody should know of.
    pub notes: Vec<String>,
}

/// What the writer publishes and callers read.
#[derive(Debug)]
pub(super) struct Shared {
    pub book: ArcSwap<PatternSet>,
    pub outcomes: ArcSwap<OutcomeHistory>,
    pub logs: LogBuffer,
    /// Counts what was published.
    version: AtomicU64,
    /// Wakes whoever follows what is published.
    publications: watch::Sender<u64>,
    connected: AtomicBool,
    degraded: Mutex<Option<String>>,
    read_only: Option<String>,
    notes: Mutex<Vec<String>>,
    /// Whether the outcomes of earlier runs were taken up.
    settled: (Mutex<bool>, Condvar),
}

impl Shared {
    pub(super) fn new(options: &StoreOptions, opened: &Opened) -> Shared {
        Shared {
            book: ArcSwap::from_pointee(opened.book.clone()),
            outcomes: ArcSwap::from_pointee(OutcomeHistory::new(options.half_life)),
            version: AtomicU64::new(0),
            publications: watch::Sender::new(0),
            logs: LogBuffer::new(options.queue_capacity.saturating_mul(4)),
            connected: AtomicBool::new(opened.connected),
            degraded: Mutex::new(None),
            read_only: opened.read_only.clone(),
            notes: Mutex::new(opened.notes.clone()),
            settled: (Mutex::new(false), Condvar::new()),
        }
    }

    /// Puts what was learned in service.
    pub(super) fn publish(&self, book: Option<PatternSet>, outcomes: Option<OutcomeHistory>) {
        if let Some(book) = book {
            self.book.store(Arc::new(book));
        }
        if let Some(outcomes) = outcomes {
            self.outcomes.store(Arc::new(outcomes));
        }
        // After the stores: whoever reads this number reads at least what it counts.
        let version = self.version.fetch_add(1, Ordering::AcqRel) + 1;
        self.publications.send_replace(version);
    }

    pub(super) fn publications(&self) -> watch::Receiver<u64> {
        self.publications.subscribe()
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Says that the outcomes of earlier runs were taken up.
    pub(super) fn settle(&self) {
        *self.settled.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.settled.1.notify_all();
    }

    /// Blocks until they were.
    pub(super) fn wait_until_settled(&self) {
        let settled = self.settled.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.settled.1.wait_while(settled, |settled| !*settled));
    }

    /// Adds to what somebody should know of; the first few tell the story.
    pub(super) fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < MAX_NOTES {
            notes.push(note);
        }
    }

    /// Whether writing makes sense.
    pub(super) fn writable(&self) -> Result<(), StoreError> {
        self.read_only.clone().map_or(Ok(()), |why| Err(StoreError::ReadOnly(why)))
    }

    /// Says why writing fails, or that it works; answers whether it failed before.
    pub(super) fn set_degraded(&self, why: Option<String>) -> bool {
        self.connected.store(why.is_none(), Ordering::Relaxed);
        std::mem::replace(&mut *self.degraded.lock().unwrap_or_else(PoisonError::into_inner), why).is_some()
    }

    /// Whether writing failed when it was last tried.
    pub(super) fn is_degraded(&self) -> bool {
        self.degraded.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn status(&self, options: &StoreOptions) -> StoreStatus {
        let size = |suffix: &str| {
            let file = options.database().with_suffix(suffix);
            file.facts().map_or(0, |facts| facts.bytes)
        };
        let degraded = self.degraded.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let log = size("-wal");
        let swollen = (log > LOG_ALERT_BYTES)
            .then(|| format!("the write-ahead log holds {log} bytes: a reader keeps it from being emptied"));
        let connected = self.connected.load(Ordering::Relaxed);
        let gone = (connected && !options.database().exists())
            .then(|| "the database's file is gone: it will be written anew".to_owned());
        StoreStatus {
            connected,
            size_bytes: size("") + log,
            degraded: degraded.or_else(|| self.read_only.clone()).or(gone).or(swollen),
            dropped_log_rows: self.logs.dropped(),
            read_only: self.read_only.is_some(),
            notes: self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
