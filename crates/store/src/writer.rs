//! The thread that writes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use super::lock::Lock;
use super::open::Opened;
use super::options::StoreOptions;
use super::query_log::{self, LOG_INTERVAL, QueryRecord};
use super::queue::{Backpressure, Job, QueuedJob, Slot};
use super::records::Shared;
use super::retention::{self, Room};
use super::rows;
use super::transaction::{Done, Work};
use confined_fs::FileId;
use domain::patterns::{Goal, OutcomeHistory, PatternSet, TaskOutcome};

/// The most jobs one transaction takes, so that the first of them does not wait for an endless stream.
const MAX_BATCH: usize = 512;

/// The longest wait for more jobs.
const MAX_WAIT: Duration = Duration::from_millis(1);

/// How durable a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Against a killed process.
    Process,
    /// Against a loss of power.
    Power,
}

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
    pub options: StoreOptions,
    pub shared: Arc<Shared>,
    pub connection: Option<Connection>,
    pub durability: Durability,
    pub lock: Option<Lock>,
    /// The file that was opened; `None` as long as there was none.
    pub identity: Option<FileId>,
    backpressure: Backpressure,
    pace: Pace,
    /// When rows of the log are written at the latest.
    pub log_due: Option<Instant>,
    /// When the database is looked after next.
    pub look_due: Instant,
}

impl Writer {
    pub(super) fn new(
        options: StoreOptions,
        shared: Arc<Shared>,
        opened: Opened,
        backpressure: Backpressure,
    ) -> Writer {
        if opened.degraded.is_some() {
            shared.set_degraded(opened.degraded);
        }
        let (connection, lock) = (opened.connection, opened.lock);
        let identity = connection.as_ref().and_then(|_| options.database().id());
        let look_due = Instant::now() + options.look_every;
        let durability = Durability::Power;
        let pace = Pace::default();
        Writer {
            options,
            shared,
            connection,
            durability,
            lock,
            identity,
            backpressure,
            pace,
            log_due: None,
            look_due,
        }
    }

    /// Works until it is told to stop or nobody is left to tell it.
    pub(super) fn run(mut self, jobs: &Receiver<QueuedJob>) {
        if let Some(Err(error)) = self.lock.as_ref().map(Lock::sync) {
            tracing::warn!(%error, "whether this instance stopped in order may not outlast a power loss");
        }
        self.settle();
        let closing = loop {
            let due = self.log_due.map_or(self.look_due, |due| due.min(self.look_due));
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
            if self.look_due <= Instant::now() {
                self.look();
            }
        };
        self.stop(closing);
    }

    /// Takes what waits, and what comes in a moment from those whom the last commit answered: they tend to ask again,
    /// and would otherwise find the next commit under way.
    fn gather(
        &mut self,
        first: QueuedJob,
        jobs: &Receiver<QueuedJob>,
        batch: &mut Vec<QueuedJob>,
    ) -> Option<SyncSender<bool>> {
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
    fn sort(
        &mut self,
        first: QueuedJob,
        jobs: &Receiver<QueuedJob>,
        batch: &mut Vec<QueuedJob>,
    ) -> Option<SyncSender<bool>> {
        let mut next = Some(first);
        while let Some((job, permit)) = next {
            match job {
                Job::Logs => self.log_due = self.log_due.or(Some(Instant::now() + LOG_INTERVAL)),
                Job::Close(done) => return Some(done),
                job => batch.push((job, permit)),
            }
            next = if batch.len() < MAX_BATCH { jobs.try_recv().ok() } else { None };
        }
        None
    }

    /// Runs a batch in one transaction, publishes what it changed and answers it.
    fn commit(&mut self, batch: Vec<QueuedJob>) {
        let began = Instant::now();
        let done = self.connect(Durability::Power).and_then(|()| self.transact(&batch));
        self.pace = Pace { took: began.elapsed(), waiting: self.backpressure.size().min(MAX_BATCH) };
        match done {
            Ok(done) => {
                self.recover();
                let jobs = batch.len();
                let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
                for ((job, slot), done) in batch.into_iter().zip(done) {
                    in_call(slot.as_ref(), || tracing::debug!(jobs, duration_ms, "committed"));
                    answer(job, done);
                }
            }
            Err(error) => {
                self.fail(&error);
                for (job, slot) in batch {
                    in_call(slot.as_ref(), || tracing::warn!(%error, "not committed"));
                    refuse(job, &error);
                }
            }
        }
    }

    fn transact(&mut self, batch: &[QueuedJob]) -> Result<Vec<Done>, StoreError> {
        let connection = self.connection.as_mut().ok_or(StoreError::Closed)?;
        let book = PatternSet::clone(&self.shared.book.load());
        match run_batch(connection, book, batch) {
            Ok((done, book, outcomes)) => {
                let known = (!outcomes.is_empty()).then(|| {
                    let mut known = OutcomeHistory::clone(&self.shared.outcomes.load());
                    for (outcome, goal) in outcomes {
                        known.push(outcome, goal);
                    }
                    known
                });
                self.shared.publish(Some(book), known);
                Ok(done)
            }
            Err(error) => Err(self.distrust(error)),
        }
    }

    /// Writes the rows of the log that wait, and prunes it where the database has grown too large. While writing fails
    /// the rows go on waiting, as many as there is room for: [`Writer::look`] finds out when it works again.
    fn write_log(&mut self) {
        self.log_due = None;
        if self.shared.is_degraded() {
            return;
        }
        let log = self.shared.logs.take();
        let written = self.connect(Durability::Process).and_then(|()| {
            let connection = self.connection.as_mut().ok_or(StoreError::Closed)?;
            let written = transact_log(connection, &self.options, &log);
            written.map_err(|error| self.distrust(error))
        });
        match written {
            Ok(Logged { dropped, more }) => {
                if dropped {
                    self.shared.logs.drop_rows(log.len());
                }
                self.log_due = more.then(Instant::now);
            }
            Err(error) => {
                self.shared.logs.drop_rows(log.len());
                self.fail(&error);
            }
        }
    }

    /// Writes what waits, empties the write-ahead log and gives up the lock.
    fn stop(mut self, closing: Option<SyncSender<bool>>) {
        if self.connection.is_some() {
            // A database that was taken away is put back before its last connection goes.
            let _ = self.connect(Durability::Process).inspect_err(|error| self.fail(error));
        }
        let log = self.shared.logs.take();
        let mut clean = true;
        if let Some(mut connection) = self.connection.take() {
            let written = log.is_empty() || {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate);
                transaction
                    .and_then(|open| query_log::insert(&open, &log).and_then(|()| open.commit()))
                    .is_ok()
            };
            let emptied =
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            clean = written && emptied == Ok(0) && connection.close().is_ok();
        } else if self.shared.writable().is_ok() {
            self.shared.logs.drop_rows(log.len());
            clean = false;
        }
        if let Some(mut lock) = self.lock.take() {
            // A database that was not opened for writing was not checked either: the next start still has to.
            let unchecked = lock.unclean && self.shared.writable().is_err();
            clean = clean && (unchecked || lock.mark_clean().is_ok());
        }
        if let Some(done) = closing {
            // Whoever closed may have stopped waiting.
            let _ = done.send(clean);
        }
    }
}

/// What a batch came to, with the book and the outcomes to publish.
type Committed = (Vec<Done>, PatternSet, Vec<(TaskOutcome, Arc<Goal>)>);

fn run_batch(
    connection: &mut Connection,
    book: PatternSet,
    batch: &[QueuedJob],
) -> rusqlite::Result<Committed> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut work = Work::new(&transaction, book);
    let mut done = Vec::with_capacity(batch.len());
    for (job, _) in batch {
        done.push(match job {
            Job::Decision { decision, goal, plan, .. } => Done::Decision(work.decide(decision, goal, plan)?),
            Job::Patterns { entries, .. } => Done::Patterns(work.keep(entries)?),
            Job::Logs | Job::Close(_) => continue,
        });
    }
    for pattern in work.changed.values() {
        if work.replanned.contains(&pattern.id) {
            rows::write_pattern(&transaction, pattern)?;
        } else {
            rows::write_counts(&transaction, pattern)?;
        }
    }
    let Work { book, outcomes, .. } = work;
    transaction.commit()?;
    Ok((done, book, outcomes))
}

/// What became of rows of the log.
struct Logged {
    /// There was no room for them.
    dropped: bool,
    /// There is more to prune.
    more: bool,
}

fn transact_log(
    connection: &mut Connection,
    options: &StoreOptions,
    log: &[QueryRecord],
) -> rusqlite::Result<Logged> {
    let dropped = retention::room(connection, options)? == Room::None;
    if !dropped {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        query_log::insert(&transaction, log)?;
        transaction.commit()?;
    }
    Ok(Logged { dropped, more: retention::prune(connection, options)? })
}

/// Logs within the call that a job is part of, so that the line bears its correlation id.
fn in_call(slot: Option<&Slot>, log: impl FnOnce()) {
    match slot {
        Some(slot) => slot.call.in_scope(log),
        None => log(),
    }
}

/// Answers a job; a caller that went away does not want to know.
fn answer(job: Job, done: Done) {
    match (job, done) {
        (Job::Decision { reply, .. }, Done::Decision(result)) => drop(reply.send(result)),
        (Job::Patterns { reply, .. }, Done::Patterns(result)) => drop(reply.send(result)),
        _ => {}
    }
}

/// Answers a job of which nothing was committed.
fn refuse(job: Job, error: &StoreError) {
    match job {
        Job::Decision { reply, .. } => drop(reply.send(Err(error.clone()))),
        Job::Patterns { reply, .. } => drop(reply.send(Err(error.clone()))),
        Job::Logs | Job::Close(_) => {}
    }
}
