//! How the store is: whether it can write, and what happened to its database.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::error::StoreError;
use super::open::Opened;
use super::options::StoreOptions;

/// A write-ahead log beyond this was not emptied for about sixteen checkpoints.
const LOG_ALERT_BYTES: u64 = 64 << 20;

/// The most notes that are kept: a disk that fails again and again must not fill the memory.
const MAX_NOTES: usize = 16;

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

/// The same as the writer sees it, shared with the callers.
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

    /// Something was written. Answers whether writing had failed before.
    pub(super) fn recovered(&self) -> bool {
        let recovered = self.set_degraded(None);
        if recovered {
            tracing::info!("the database can be written to again");
        }
        recovered
    }

    /// Something could not be written.
    pub(super) fn failed(&self, error: &StoreError) {
        let why = error.to_string();
        if !self.set_degraded(Some(why.clone())) {
            tracing::error!(error = %why, "the database could not be written to");
        }
    }

    /// Says why writing fails, or that it works; answers whether it failed before.
    fn set_degraded(&self, why: Option<String>) -> bool {
        self.connected.store(why.is_none(), Ordering::Relaxed);
        std::mem::replace(&mut *self.degraded.lock().unwrap_or_else(PoisonError::into_inner), why).is_some()
    }

    /// Whether writing failed when it was last tried.
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
