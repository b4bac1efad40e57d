//! The thread that writes: group commit, the query log and the look after an idle database.

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

/// The most jobs one transaction takes, so that the first of them does not wait for an endless stream.
const MAX_BATCH: usize = 512;

/// The longest wait for more jobs.
const MAX_WAIT: Duration = Duration::from_millis(1);

/// How the last commit went.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    took: Duration,
    /// How many waited at its end, for it or for the next.
    waiting: usize,
}

impl Pace {
    /// How long a commit of so many jobs may wait for more: a quarter of what the last one took, while fewer have come
    /// than waited then. A caller who is alone never waits.
    fn wait(self, batch: usize) -> Duration {
        if batch == 0 || batch >= self.waiting { Duration::ZERO } else { (self.took / 4).min(MAX_WAIT) }
    }
}

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Shared,
    database: Database,
    backpressure: Backpressure,
    pace: Pace,
    /// When rows of the log are written at the latest.
    log_due: Option<Instant>,
    /// When the database is looked after next.
    check_due: Instant,
}

impl Writer {
    pub(super) fn new(shared: Shared, database: Database, backpressure: Backpressure) -> Writer {
        let check_due = Instant::now() + shared.options.check_every;
        Writer { shared, database, backpressure, pace: Pace::default(), log_due: None, check_due }
    }

    /// Works until it is told to stop or nobody is left to tell it.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        self.database.sync_lock();
        self.database.settle();
        let closing = loop {
            let due = self.log_due.map_or(self.check_due, |due| due.min(self.check_due));
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
        };
        let deadline = closing.as_ref().map(|closing| closing.deadline);
        let clean = self.database.stop(deadline);
        if let Some(Closing { done, .. }) = closing {
            // Whoever closed may have stopped waiting.
            let _ = done.send(clean);
        }
    }

    /// Takes what waits, and what comes in a moment from those whom the last commit answered: they tend to ask again,
    /// and would otherwise find the next commit under way.
    fn gather(&mut self, first: Job, jobs: &Receiver<Job>, batch: &mut Vec<QueuedJob>) -> Option<Closing> {
        let mut closing = self.sort(first, jobs, batch);
        let began = Instant::now();
        let wait = self.pace.wait(batch.len());
        while closing.is_none() && batch.len() < self.pace.waiting && began.elapsed() < wait {
            match jobs.try_recv() {
                Ok(next) => closing = self.sort(next, jobs, batch),
                // Not asleep: on a quick disk the wait is shorter than waking up.
                Err(_) => std::thread::yield_now(),
            }
        }
        closing
    }

    /// Takes what waits, up to the end of a batch or of all; the latter is answered.
    fn sort(&mut self, first: Job, jobs: &Receiver<Job>, batch: &mut Vec<QueuedJob>) -> Option<Closing> {
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::FlushLog => self.log_due = self.log_due.or(Some(Instant::now() + LOG_INTERVAL)),
                Job::Close(closing) => return Some(closing),
                Job::Write(job) => batch.push(job),
            }
            next = if batch.len() < MAX_BATCH { jobs.try_recv().ok() } else { None };
        }
        None
    }

    /// Runs a batch in one transaction, publishes what it changed, then acknowledges each job.
    fn commit(&mut self, mut batch: Vec<QueuedJob>) {
        let began = Instant::now();
        let done = self.transact(&mut batch);
        self.pace = Pace { took: began.elapsed(), waiting: self.backpressure.size().min(MAX_BATCH) };
        match done {
            Ok(()) => {
                self.recovered();
                let jobs = batch.len();
                let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
                for QueuedJob { command, slot } in batch {
                    slot.call.in_scope(|| tracing::debug!(jobs, duration_ms, "committed"));
                    command.acknowledge();
                }
            }
            Err(error) => {
                self.shared.aggregates.discard();
                self.shared.status.failed(&error);
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

    /// Writes the rows of the log that wait, and prunes it where the database has grown too large. While writing fails
    /// the rows go on waiting, as many as there is room for: [`Writer::check`] finds out when it works again.
    fn write_log(&mut self) {
        self.log_due = None;
        if self.shared.status.is_degraded() {
            return;
        }
        let rows = self.shared.logs.take();
        let append = |connection: &mut Connection| {
            query_log::append_and_prune(connection, &self.shared.options, &rows)
        };
        let written = self.database.run(Durability::Process, append);
        match written {
            Ok(query_log::Appended { is_dropped, has_more_to_prune }) => {
                if is_dropped {
                    self.shared.logs.drop_rows(rows.len());
                }
                self.log_due = has_more_to_prune.then(Instant::now);
            }
            Err(error) => {
                self.shared.logs.drop_rows(rows.len());
                self.shared.status.failed(&error);
            }
        }
    }

    /// Looks after a database that nobody writes to.
    fn check(&mut self) {
        self.check_due = Instant::now() + self.shared.options.check_every;
        if self.shared.status.writable().is_err() {
            return;
        }
        match self.database.check() {
            Ok(()) => self.recovered(),
            Err(error) => self.shared.status.failed(&error),
        }
    }

    /// Something was written.
    fn recovered(&mut self) {
        if self.shared.status.recovered() {
            // Rows of the log were kept as long as there was room for them.
            self.log_due = Some(Instant::now());
        }
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
