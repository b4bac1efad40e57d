//! The writer thread: group commit, batches of the query log, and checks of an idle database.
//!
//! It lives as long as its store: a panic fails the step in which it occurred, and the database is opened anew for the next
//! one. The status says so until a write succeeds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::aggregate::Aggregates;
use super::error::StoreError;
use super::query_log::{self, LOG_INTERVAL};
use super::queue::{Backpressure, Closing, Job, QueuedJob};
use super::recovery::{Database, Durability};
use super::shared::Shared;
use super::timestamp::now_ms;
use super::transaction::Transaction;

/// The most commands of one transaction, so that the first does not wait for an endless stream.
const MAX_BATCH: usize = 512;

/// The longest wait for more commands.
const MAX_WAIT: Duration = Duration::from_millis(1);

/// The longest interval between two checks of a database that could not be written.
const DEGRADED_CHECK: Duration = Duration::from_secs(5);

/// The longest interval between two attempts to empty a write-ahead log that outgrew its limit.
const EMPTY_INTERVAL: Duration = Duration::from_secs(5);

/// The pace of commits, by the last one.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    took: Duration,
    /// How many jobs were queued at its end, its own included.
    waiting: usize,
}

impl Pace {
    /// How long a batch of that size waits for more: a quarter of what the last commit took, while fewer commands have
    /// arrived than were queued then. A single caller never waits.
    fn wait(self, batch: usize) -> Duration {
        if batch == 0 || batch >= self.waiting { Duration::ZERO } else { (self.took / 4).min(MAX_WAIT) }
    }
}

/// The state of the thread.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Shared,
    database: Database,
    backpressure: Backpressure,
    pace: Pace,
    /// When buffered rows of the query log are due to be written.
    log_due: Option<Instant>,
    /// When the idle database is due to be checked.
    check_due: Instant,
    /// When a write-ahead log that outgrew its limit is due to be emptied.
    empty_due: Option<Instant>,
}

impl Writer {
    pub(super) fn new(shared: Shared, database: Database, backpressure: Backpressure) -> Writer {
        let every = shared.options.check_every;
        let every = if shared.status.is_degraded() { every.min(DEGRADED_CHECK) } else { every };
        let check_due = Instant::now() + every;
        Writer {
            shared,
            database,
            backpressure,
            pace: Pace::default(),
            log_due: None,
            check_due,
            empty_due: None,
        }
    }

    /// Runs until it is told to stop, or its queue is dropped.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        self.database.sync_lock();
        if let Err(error) = self.guarded(|writer| {
            writer.database.load_deferred();
            Ok(())
        }) {
            self.failed(&error);
        }
        self.shared.aggregates.set_deferred_loaded();
        self.plan_to_empty();
        let closing = loop {
            let due = [self.log_due, self.empty_due].into_iter().flatten().fold(self.check_due, Instant::min);
            let mut batch = Vec::new();
            let closing = match jobs.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(first) => self.gather(first, jobs, &mut batch),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break None,
            };
            if !batch.is_empty() {
                self.commit(batch);
            }
            if closing.is_some() {
                break closing;
            }
            if self.log_due.is_some_and(|due| due <= Instant::now()) {
                self.write_log();
            }
            if self.check_due <= Instant::now() {
                self.check();
            }
            if self.empty_due.is_some_and(|due| due <= Instant::now()) {
                self.empty_write_ahead_log();
            }
        };
        let deadline = closing.as_ref().map(|closing| closing.deadline);
        let clean = self.database.stop(deadline);
        if let Some(Closing { done, .. }) = closing {
            // The caller may have stopped waiting.
            let _ = done.send(clean);
        }
    }

    /// Collects a batch: what is queued, and for a moment what arrives from the callers of the last commit, who tend to
    /// write again and would otherwise miss this one.
    fn gather(&mut self, first: Job, jobs: &Receiver<Job>, batch: &mut Vec<QueuedJob>) -> Option<Closing> {
        let mut closing = self.sort(first, jobs, batch);
        let began = Instant::now();
        let wait = self.pace.wait(batch.len());
        while closing.is_none() && batch.len() < self.pace.waiting && began.elapsed() < wait {
            match jobs.try_recv() {
                Ok(next) => closing = self.sort(next, jobs, batch),
                // No sleep: on a fast disk the wait is shorter than a wake-up.
                Err(_) => std::thread::yield_now(),
            }
        }
        closing
    }

    /// Sorts queued jobs into the batch until it is full, the queue is empty, or a stop is requested, which is returned.
    fn sort(&mut self, first: Job, jobs: &Receiver<Job>, batch: &mut Vec<QueuedJob>) -> Option<Closing> {
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::FlushLog => self.log_due = self.log_due.or(Some(Instant::now() + LOG_INTERVAL)),
                Job::Check => self.check_due = Instant::now(),
                Job::Close(closing) => return Some(closing),
                Job::Write(job) => batch.push(job),
            }
            next = if batch.len() < MAX_BATCH { jobs.try_recv().ok() } else { None };
        }
        None
    }

    /// Commits a batch in one transaction, publishes what it changed, then acknowledges each command.
    fn commit(&mut self, mut batch: Vec<QueuedJob>) {
        let began = Instant::now();
        let done = self.guarded(|writer| writer.transact(&mut batch));
        self.pace = Pace { took: began.elapsed(), waiting: self.backpressure.size().min(MAX_BATCH) };
        match done {
            Ok(()) => {
                self.recovered();
                self.plan_to_empty();
                let jobs = batch.len();
                let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
                for QueuedJob { command, slot } in batch {
                    slot.call.in_scope(|| tracing::debug!(jobs, duration_ms, "committed"));
                    command.acknowledge();
                }
            }
            Err(error) => {
                self.shared.aggregates.discard();
                self.failed(&error);
                for QueuedJob { command, slot } in batch {
                    slot.call.in_scope(|| tracing::warn!(%error, "not committed"));
                    command.fail(&error);
                }
            }
        }
    }

    fn transact(&mut self, batch: &mut [QueuedJob]) -> Result<(), StoreError> {
        let aggregates = &self.shared.aggregates;
        self.database.run(Durability::Power, |connection| run_batch(connection, aggregates, batch))?;
        self.shared.aggregates.publish();
        Ok(())
    }

    /// Writes buffered rows of the query log and prunes it. While the database is degraded the rows stay buffered;
    /// [`Writer::check`] finds out when it can be written again.
    fn write_log(&mut self) {
        self.log_due = None;
        if self.shared.status.is_degraded() {
            return;
        }
        let rows = self.shared.logs.take();
        let shared = self.shared.clone();
        let append =
            |connection: &mut Connection| query_log::append_and_prune(connection, &shared.options, &rows);
        let written = self.guarded(|writer| writer.database.run(Durability::Process, append));
        match written {
            Ok(query_log::Appended { is_dropped, has_more_to_prune }) => {
                if is_dropped {
                    self.shared.logs.drop_rows(rows.len());
                }
                self.log_due = has_more_to_prune.then(Instant::now);
            }
            Err(error) => {
                self.shared.logs.drop_rows(rows.len());
                self.failed(&error);
            }
        }
    }

    /// Empties the write-ahead log soon if it outgrew its limit: a reader kept it from being used anew, and it stays as large
    /// as it is once the reader is gone.
    fn plan_to_empty(&mut self) {
        if self.empty_due.is_none() && self.database.is_write_ahead_log_overgrown() {
            let interval = self.shared.options.check_every.min(EMPTY_INTERVAL);
            self.empty_due = Some(Instant::now() + interval);
        }
    }

    fn empty_write_ahead_log(&mut self) {
        self.empty_due = None;
        if self.shared.status.is_degraded() || self.shared.status.writable().is_err() {
            return;
        }
        match self.guarded(|writer| writer.database.empty_write_ahead_log()) {
            Ok(()) => self.plan_to_empty(),
            Err(error) => self.failed(&error),
        }
    }

    /// Checks an idle database.
    fn check(&mut self) {
        self.check_due = Instant::now() + self.shared.options.check_every;
        if self.shared.status.writable().is_err() {
            return;
        }
        match self.guarded(|writer| writer.database.check()) {
            Ok(()) => self.recovered(),
            Err(error) => self.failed(&error),
        }
    }

    /// Runs a step. A panic in it is an error like one of the database, whose state is unknown from then on.
    fn guarded<T>(
        &mut self,
        step: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let ran = catch_unwind(AssertUnwindSafe(|| step(self)));
        ran.unwrap_or_else(|_| {
            self.database.disconnect();
            Err(StoreError::Unavailable("the writer crashed; the log says where".to_owned()))
        })
    }

    /// Records that a write succeeded.
    fn recovered(&mut self) {
        if self.shared.status.recovered() {
            // Rows of the query log were buffered meanwhile.
            self.log_due = Some(Instant::now());
        }
    }

    /// Records that a write failed: the next check finds out soon when it works again.
    fn failed(&mut self, error: &StoreError) {
        self.shared.status.failed(error);
        let every = self.shared.options.check_every.min(DEGRADED_CHECK);
        self.check_due = self.check_due.min(Instant::now() + every);
    }
}

/// Applies a batch in one transaction and commits it.
fn run_batch(
    connection: &mut Connection,
    aggregates: &Aggregates,
    batch: &mut [QueuedJob],
) -> rusqlite::Result<()> {
    let open = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let transaction = Transaction { connection: &open, now_ms: now_ms() };
    batch.iter_mut().try_for_each(|job| job.command.apply(&transaction))?;
    aggregates.flush(&open)?;
    open.commit()
}
