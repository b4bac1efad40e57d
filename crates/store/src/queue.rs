//! The way to the writer thread.
//!
//! A job holds a permit from before it is sent until it is answered, so that the permits bound what waits; the channel
//! behind them needs no bound of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::error::StoreError;
use super::records::{DecisionReceipt, StoredPattern};
use super::writer::Writer;
use domain::patterns::{Decision, Goal, Pattern, Plan};

/// Where the answer to a job goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// One thing for the writer to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Keep a decision and learn from it.
    Decision { decision: Box<Decision>, goal: Arc<Goal>, plan: Plan, reply: Reply<DecisionReceipt> },
    /// Keep patterns, all or none.
    Patterns { entries: Vec<Entry>, reply: Reply<Vec<StoredPattern>> },
    /// Rows of the query log wait in their buffer.
    Logs,
    /// Stop, and answer whether it was clean.
    Close(SyncSender<bool>),
}

/// A pattern to keep.
#[derive(Debug)]
pub(super) struct Entry {
    pub pattern: Pattern,
    pub goal: Goal,
    /// Whether its plan was stated as more than a sequence.
    pub stated: bool,
}

/// A job with what lets it wait.
pub(super) type QueuedJob = (Job, Option<Slot>);

/// A place among those that wait, and the call that waits there, for the log.
#[derive(Debug)]
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    pub call: tracing::Span,
}

/// How many wait for an answer, to the writer.
#[derive(Debug)]
pub(super) struct Backpressure {
    permits: Arc<Semaphore>,
    capacity: usize,
}

impl Backpressure {
    /// How many jobs were sent, or are about to be, and not yet answered.
    pub(super) fn size(&self) -> usize {
        self.capacity.saturating_sub(self.permits.available_permits())
    }
}

/// The callers' end.
#[derive(Debug)]
pub(super) struct Queue {
    sender: Sender<QueuedJob>,
    permits: Arc<Semaphore>,
    capacity: usize,
    patience: Duration,
    closed: AtomicBool,
    clean: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Queue {
    pub(super) fn new(capacity: usize, patience: Duration) -> (Queue, Receiver<QueuedJob>) {
        let (sender, receiver) = channel();
        let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(capacity));
        let queue = Queue {
            sender,
            permits,
            capacity,
            patience,
            closed: AtomicBool::new(false),
            clean: AtomicBool::new(false),
            thread: Mutex::new(None),
        };
        (queue, receiver)
    }

    /// Who waits, for the writer.
    pub(super) fn backpressure(&self) -> Backpressure {
        Backpressure { permits: Arc::clone(&self.permits), capacity: self.capacity }
    }

    /// Starts the thread that works for this queue.
    pub(super) fn start(&self, writer: Writer, receiver: Receiver<QueuedJob>) -> Result<(), StoreError> {
        let builder = std::thread::Builder::new().name("store-writer".to_owned());
        let thread = builder.spawn(move || writer.run(&receiver))?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Sends a job and waits for its answer.
    pub(super) async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, StoreError> {
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.permits).acquire_owned());
        let slot = match permit.await {
            Err(_) => return Err(StoreError::Overloaded),
            Ok(Err(_)) => return Err(StoreError::Closed),
            Ok(Ok(permit)) => Slot { _permit: permit, call: tracing::Span::current() },
        };
        let (reply, answer) = oneshot::channel();
        self.sender.send((job(reply), Some(slot))).map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Tells the writer that rows of the log wait.
    pub(super) fn wake(&self) {
        // A writer that is gone needs no waking.
        let _ = self.sender.send((Job::Logs, None));
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Lets nothing more in, has the rest done, and waits for it.
    pub(super) fn close(&self, patience: Duration) -> bool {
        self.closed.store(true, Ordering::Relaxed);
        self.permits.close();
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return true;
        };
        let (done, answer) = sync_channel(1);
        let clean = self.sender.send((Job::Close(done), None)).is_ok()
            && answer.recv_timeout(patience).unwrap_or(false);
        self.clean.store(clean, Ordering::Relaxed);
        // A thread that hangs in the disk is left behind; it holds the lock for as long as it may still write.
        if clean {
            return thread.join().is_ok();
        }
        false
    }
}
