//! The bounded queue of the writer thread.
//!
//! A job occupies a slot from before it is sent until it is acknowledged. The slots bound the queue, so that the channel
//! behind them can be unbounded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::error::StoreError;
use super::transaction::{PendingCommand, WriteCommand, pending};

/// A job for the writer.
#[derive(Debug)]
pub(super) enum Job {
    /// Apply a command in the next transaction.
    Write(QueuedJob),
    /// Rows of the query log are buffered.
    FlushLog,
    /// The database's file is missing.
    Check,
    /// Stop.
    Close(Closing),
}

/// A command with its slot.
#[derive(Debug)]
pub(super) struct QueuedJob {
    pub command: Box<dyn PendingCommand>,
    pub slot: Slot,
}

/// A slot of the queue, released when this is dropped, with the caller's tracing span.
#[derive(Debug)]
pub(super) struct Slot {
    permits: Arc<Semaphore>,
    pub call: tracing::Span,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.permits.add_permits(1);
    }
}

/// A request to stop.
#[derive(Debug)]
pub(super) struct Closing {
    /// When the caller stops waiting.
    pub deadline: Instant,
    /// Receives whether the stop was clean.
    pub done: SyncSender<bool>,
}

/// The queue's load, as the writer sees it.
#[derive(Debug)]
pub(super) struct Backpressure {
    permits: Arc<Semaphore>,
    capacity: usize,
}

impl Backpressure {
    /// How many slots are occupied: jobs that are sent, or about to be, and not yet acknowledged.
    pub(super) fn size(&self) -> usize {
        self.capacity.saturating_sub(self.permits.available_permits())
    }
}

/// The handle of the writer thread.
#[derive(Debug)]
struct WriterThread {
    /// `None` before it is started, and after it was stopped or abandoned.
    running: Option<JoinHandle<()>>,
    /// Whether it stopped cleanly.
    is_clean: bool,
}

/// The callers' end.
#[derive(Debug)]
pub(super) struct Queue {
    sender: Sender<Job>,
    permits: Arc<Semaphore>,
    capacity: usize,
    timeout: Duration,
    is_closed: AtomicBool,
    thread: Mutex<WriterThread>,
}

impl Queue {
    /// A queue of `capacity` slots, in which a job waits up to `timeout` for one, and the writer's end of it.
    pub(super) fn new(capacity: usize, timeout: Duration) -> (Queue, Receiver<Job>) {
        let (sender, receiver) = channel();
        let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(capacity));
        let is_closed = AtomicBool::new(false);
        let thread = Mutex::new(WriterThread { running: None, is_clean: true });
        (Queue { sender, permits, capacity, timeout, is_closed, thread }, receiver)
    }

    /// The queue's load, for the writer.
    pub(super) fn backpressure(&self) -> Backpressure {
        Backpressure { permits: Arc::clone(&self.permits), capacity: self.capacity }
    }

    /// Starts the writer thread.
    pub(super) fn start(&self, writer: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let builder = std::thread::Builder::new().name("store-writer".to_owned());
        self.thread().running = Some(builder.spawn(writer)?);
        Ok(())
    }

    /// Queues a command and waits until it is committed.
    pub(super) async fn write<C: WriteCommand>(&self, command: C) -> Result<C::Receipt, StoreError> {
        let slot = match tokio::time::timeout(self.timeout, self.permits.acquire()).await {
            Err(_) => return Err(StoreError::Overloaded),
            Ok(Err(_)) => return Err(StoreError::Closed),
            Ok(Ok(permit)) => {
                // The slot returns it when it is dropped.
                permit.forget();
                Slot { permits: Arc::clone(&self.permits), call: tracing::Span::current() }
            }
        };
        let (command, receipt) = pending(command);
        self.sender.send(Job::Write(QueuedJob { command, slot })).map_err(|_| StoreError::Closed)?;
        receipt.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Tells the writer that rows of the query log are buffered.
    pub(super) fn wake(&self) {
        // A writer that has stopped needs no waking.
        let _ = self.sender.send(Job::FlushLog);
    }

    /// Tells the writer to check its database, rather than when the check is due.
    pub(super) fn check(&self) {
        let _ = self.sender.send(Job::Check);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Accepts no more jobs, and waits until the deadline for the writer to finish the queued ones and stop. Returns whether
    /// it stopped cleanly by then; so does a second call.
    pub(super) fn close(&self, deadline: Instant) -> bool {
        self.is_closed.store(true, Ordering::Relaxed);
        self.permits.close();
        let mut thread = self.thread();
        let Some(running) = thread.running.take() else { return thread.is_clean };
        let (done, answer) = sync_channel(1);
        let patience = deadline.saturating_duration_since(Instant::now());
        let clean = self.sender.send(Job::Close(Closing { deadline, done })).is_ok()
            && answer.recv_timeout(patience).unwrap_or(false);
        // A thread that is blocked by the disk is abandoned; it holds the lock as long as it may still write.
        thread.is_clean = clean && running.join().is_ok();
        thread.is_clean
    }

    fn thread(&self) -> MutexGuard<'_, WriterThread> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
