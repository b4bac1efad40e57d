//! The store's status: whether it can write, and what happened to its database.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::error::StoreError;
use super::open::Opened;
use super::options::StoreOptions;

/// A write-ahead log beyond this was not truncated for about sixteen checkpoints.
const LOG_ALERT_BYTES: u64 = 64 << 20;

/// The most notes that are kept: a disk that fails repeatedly must not exhaust the memory.
const MAX_NOTES: usize = 16;

/// The status of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether the database can be used.
    pub connected: bool,
    /// The size of the database with its write-ahead log.
    pub size_bytes: u64,
    /// Why the store is degraded, if it is.
    pub degraded: Option<String>,
    /// Rows of the query log that were dropped: buffer full, database full, or not writable.
    pub dropped_log_rows: u64,
    /// Whether nothing can be written until the next start.
    pub read_only: bool,
    /// What happened to the database, for an operator.
    pub notes: Vec<String>,
}

/// The shared state behind it, which the writer updates.
#[derive(Debug)]
pub(super) struct Status {
    connected: AtomicBool,
    degraded: Mutex<Option<String>>,
    read_only: Option<String>,
    notes: Mutex<Vec<String>>,
}

impl Status {
    pub(super) fn new(opened: &Opened) -> Status {
        Status {
            connected: AtomicBool::new(opened.connected && opened.degraded.is_none()),
            degraded: Mutex::new(opened.degraded.clone()),
            read_only: opened.read_only.clone(),
            notes: Mutex::new(opened.notes.clone()),
        }
    }

    /// Adds a note, up to the maximum.
    pub(super) fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < MAX_NOTES {
            notes.push(note);
        }
    }

    /// Fails if nothing can be written until the next start.
    pub(super) fn writable(&self) -> Result<(), StoreError> {
        self.read_only.clone().map_or(Ok(()), |why| Err(StoreError::ReadOnly(why)))
    }

    /// Records that a write succeeded. Returns whether the one before had failed.
    pub(super) fn recovered(&self) -> bool {
        let recovered = self.set_degraded(None);
        if recovered {
            tracing::info!("the database can be written to again");
        }
        recovered
    }

    /// Records that a write failed.
    pub(super) fn failed(&self, error: &StoreError) {
        let why = error.to_string();
        if !self.set_degraded(Some(why.clone())) {
            tracing::error!(error = %why, "the database could not be written to");
        }
    }

    /// Sets or clears the reason; returns whether there was one.
    fn set_degraded(&self, why: Option<String>) -> bool {
        self.connected.store(why.is_none(), Ordering::Relaxed);
        std::mem::replace(&mut *self.degraded.lock().unwrap_or_else(PoisonError::into_inner), why).is_some()
    }

    /// Whether the last write failed.
    pub(super) fn is_degraded(&self) -> bool {
        self.degraded.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn report(&self, options: &StoreOptions, dropped_log_rows: u64) -> StoreStatus {
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
            dropped_log_rows,
            read_only: self.read_only.is_some(),
            notes: self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
