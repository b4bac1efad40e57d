//! The queue of the writer thread.
//!
//! A job holds a permit from before it is sent until it is answered, so that the permits bound what waits; the channel
//! behind them needs no bound of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::error::StoreError;
use super::transaction::{PendingCommand, WriteCommand, pending};

/// One thing for the writer to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Apply a command.
    Write(QueuedJob),
    /// Rows of the query log wait in their buffer.
    FlushLog,
    /// Stop.
    Close(Closing),
}

/// A command with what lets it wait.
#[derive(Debug)]
pub(super) struct QueuedJob {
    pub command: Box<dyn PendingCommand>,
    pub slot: Slot,
}

/// A slot of the queue, free again when this is dropped, and the call that waits there, for the log.
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

/// A stop that somebody waits for.
#[derive(Debug)]
pub(super) struct Closing {
    /// Whoever waits gives up then.
    pub deadline: Instant,
    /// Told whether the stop was clean.
    pub done: SyncSender<bool>,
}

/// How many jobs are waiting, as the writer sees it.
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

/// The writer thread, as far as its queue knows.
#[derive(Debug)]
struct WriterThread {
    /// `None` before it is started and once it is stopped or given up.
    running: Option<JoinHandle<()>>,
    /// Whether it stopped in order.
    is_clean: bool,
}

/// The callers' end.
#[derive(Debug)]
pub(super) struct Queue {
    sender: Sender<Job>,
    permits: Arc<Semaphore>,
    capacity: usize,
    patience: Duration,
    is_closed: AtomicBool,
    thread: Mutex<WriterThread>,
}

impl Queue {
    /// A queue of `capacity` jobs, in which a job waits up to `patience` for a slot, and the writer's end of it.
    pub(super) fn new(capacity: usize, patience: Duration) -> (Queue, Receiver<Job>) {
        let (sender, receiver) = channel();
        let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(capacity));
        let is_closed = AtomicBool::new(false);
        // Until it is started there is nothing to stop.
        let thread = Mutex::new(WriterThread { running: None, is_clean: true });
        (Queue { sender, permits, capacity, patience, is_closed, thread }, receiver)
    }

    /// How full it is, for the writer.
    pub(super) fn backpressure(&self) -> Backpressure {
        Backpressure { permits: Arc::clone(&self.permits), capacity: self.capacity }
    }

    /// Starts the writer thread.
    pub(super) fn start(&self, writer: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let builder = std::thread::Builder::new().name("store-writer".to_owned());
        self.thread().running = Some(builder.spawn(writer)?);
        Ok(())
    }

    /// Sends a command and waits until it is committed.
    pub(super) async fn write<C: WriteCommand>(&self, command: C) -> Result<C::Receipt, StoreError> {
        let slot = match tokio::time::timeout(self.patience, self.permits.acquire()).await {
            Err(_) => return Err(StoreError::Overloaded),
            Ok(Err(_)) => return Err(StoreError::Closed),
            Ok(Ok(permit)) => {
                // The slot gives it back.
                permit.forget();
                Slot { permits: Arc::clone(&self.permits), call: tracing::Span::current() }
            }
        };
        let (command, receipt) = pending(command);
        self.sender.send(Job::Write(QueuedJob { command, slot })).map_err(|_| StoreError::Closed)?;
        receipt.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Tells the writer that rows of the query log wait.
    pub(super) fn wake(&self) {
        // A writer that is gone needs no waking.
        let _ = self.sender.send(Job::FlushLog);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Takes no more jobs, has those that wait done, and waits for that until the deadline. Answers whether all was done
    /// by then; called again, the same.
    pub(super) fn close(&self, deadline: Instant) -> bool {
        self.is_closed.store(true, Ordering::Relaxed);
        self.permits.close();
        let mut thread = self.thread();
        let Some(running) = thread.running.take() else { return thread.is_clean };
        let (done, answer) = sync_channel(1);
        let patience = deadline.saturating_duration_since(Instant::now());
        let clean = self.sender.send(Job::Close(Closing { deadline, done })).is_ok()
            && answer.recv_timeout(patience).unwrap_or(false);
        // A thread that hangs in the disk is left behind; it holds the lock for as long as it may still write.
        thread.is_clean = clean && running.join().is_ok();
        thread.is_clean
    }

    fn thread(&self) -> MutexGuard<'_, WriterThread> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
