//! The thread that writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use super::lock::Lock;
use super::log::{self, LOG_INTERVAL, QueryRecord};
use super::open::{self, Opened};
use super::options::StoreOptions;
use super::queue::{Entry, Job, Ticket};
use super::records::{DecisionReceipt, Shared, StoredPattern};
use super::retention::{self, Room};
use super::rows;
use super::timestamp::now_ms;
use crate::patterns::{
    Decision, Fading, Goal, MAX_PATTERNS, Occasion, Outcomes, Pattern, PatternBook, Plan, TaskOutcome,
};

/// The most jobs one transaction takes, so that the first of them does not wait for an endless stream.
const MAX_BATCH: usize = 512;

/// How durable a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// Against a killed process.
    Process,
    /// Against a loss of power.
    Power,
}

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Writer {
    options: StoreOptions,
    shared: Arc<Shared>,
    connection: Option<Connection>,
    durability: Durability,
    lock: Option<Lock>,
    /// When rows of the log are written at the latest.
    log_due: Option<Instant>,
}

/// A transaction in the making: what will be published and answered if it is committed.
struct Work<'a> {
    connection: &'a Connection,
    book: PatternBook,
    changed: BTreeMap<String, Arc<Pattern>>,
    outcomes: Vec<(TaskOutcome, Arc<Goal>)>,
    now_ms: i64,
}

/// What a job came to, to be answered once its transaction is committed.
enum Done {
    Decision(Result<DecisionReceipt, StoreError>),
    Patterns(Result<Vec<StoredPattern>, StoreError>),
}

impl Writer {
    pub(super) fn new(options: StoreOptions, shared: Arc<Shared>, opened: Opened) -> Writer {
        if opened.degraded.is_some() {
            shared.set_degraded(opened.degraded);
        }
        let (connection, lock) = (opened.connection, opened.lock);
        Writer { options, shared, connection, durability: Durability::Power, lock, log_due: None }
    }

    /// Works until it is told to stop or nobody is left to tell it.
    pub(super) fn run(mut self, jobs: &Receiver<Ticket>) {
        let closing = loop {
            let first = match self
                .log_due
                .map(|due| jobs.recv_timeout(due.saturating_duration_since(Instant::now())))
            {
                None => jobs.recv().ok(),
                Some(Ok(ticket)) => Some(ticket),
                Some(Err(RecvTimeoutError::Timeout)) => {
                    self.write_log();
                    continue;
                }
                Some(Err(RecvTimeoutError::Disconnected)) => None,
            };
            let Some(first) = first else { break None };
            let mut batch = Vec::new();
            let closing = self.sort(first, jobs, &mut batch);
            if !batch.is_empty() {
                self.commit(batch);
            }
            if closing.is_some() {
                break closing;
            }
            if self.log_due.is_some_and(|due| due <= Instant::now()) {
                self.write_log();
            }
        };
        self.stop(closing);
    }

    /// Takes what waits, up to the end of a batch or of all; the latter is answered.
    fn sort(
        &mut self,
        first: Ticket,
        jobs: &Receiver<Ticket>,
        batch: &mut Vec<Ticket>,
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
    fn commit(&mut self, batch: Vec<Ticket>) {
        let done = self.connect(Durability::Power).and_then(|()| self.transact(&batch));
        match done {
            Ok(done) => {
                self.shared.set_degraded(None);
                for ((job, _permit), done) in batch.into_iter().zip(done) {
                    answer(job, done);
                }
            }
            Err(error) => {
                self.fail(&error);
                for (job, _permit) in batch {
                    refuse(job, &error);
                }
            }
        }
    }

    /// Makes sure that there is a connection, and that it commits as durably as asked.
    fn connect(&mut self, durability: Durability) -> Result<(), StoreError> {
        if self.connection.is_none() {
            self.shared.writable()?;
            let (connection, memory) = open::again(&self.options)?;
            self.shared.book.store(Arc::new(memory.book));
            self.shared.outcomes.store(Arc::new(memory.outcomes));
            self.shared.version.fetch_add(1, Ordering::AcqRel);
            self.connection = Some(connection);
            self.durability = Durability::Power;
        }
        if let Some(connection) = self.connection.as_ref().filter(|_| self.durability != durability) {
            let synchronous = match durability {
                Durability::Process => "NORMAL",
                Durability::Power => "FULL",
            };
            connection.pragma_update(None, "synchronous", synchronous)?;
            self.durability = durability;
        }
        Ok(())
    }

    fn transact(&mut self, batch: &[Ticket]) -> Result<Vec<Done>, StoreError> {
        let connection = self.connection.as_mut().ok_or(StoreError::Closed)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut work = Work {
            connection: &transaction,
            book: PatternBook::clone(&self.shared.book.load()),
            changed: BTreeMap::new(),
            outcomes: Vec::new(),
            now_ms: now_ms(),
        };
        let mut done = Vec::with_capacity(batch.len());
        for (job, _) in batch {
            done.push(match job {
                Job::Decision { decision, goal, plan, .. } => {
                    Done::Decision(work.decide(decision, goal, plan)?)
                }
                Job::Patterns { entries, .. } => Done::Patterns(work.keep(entries)?),
                Job::Logs | Job::Close(_) => continue,
            });
        }
        for pattern in work.changed.values() {
            rows::write_pattern(&transaction, pattern)?;
        }
        let Work { book, outcomes, .. } = work;
        transaction.commit()?;

        self.shared.book.store(Arc::new(book));
        if !outcomes.is_empty() {
            let mut known = Outcomes::clone(&self.shared.outcomes.load());
            for (outcome, goal) in outcomes {
                known.push(outcome, goal);
            }
            self.shared.outcomes.store(Arc::new(known));
        }
        self.shared.version.fetch_add(1, Ordering::AcqRel);
        Ok(done)
    }

    /// Writes the rows of the log that wait, and prunes it where the database has grown too large.
    fn write_log(&mut self) {
        self.log_due = None;
        let log = self.shared.logs.take();
        match self.connect(Durability::Process).and_then(|()| self.transact_log(&log)) {
            Ok(more) => {
                self.shared.set_degraded(None);
                self.log_due = more.then(Instant::now);
            }
            Err(error) => {
                self.shared.logs.drop_rows(log.len());
                self.fail(&error);
            }
        }
    }

    /// Answers whether there is more to prune.
    fn transact_log(&mut self, log: &[QueryRecord]) -> Result<bool, StoreError> {
        let connection = self.connection.as_mut().ok_or(StoreError::Closed)?;
        if retention::room(connection, &self.options)? == Room::None {
            self.shared.logs.drop_rows(log.len());
        } else {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            log::insert(&transaction, log)?;
            transaction.commit()?;
        }
        Ok(retention::prune(connection, &self.options)?)
    }

    /// After an error the connection is opened anew: it may be in any state, and so may the disk.
    fn fail(&mut self, error: &StoreError) {
        self.connection = None;
        let why = error.to_string();
        tracing::error!(error = %why, "the database could not be written to");
        self.shared.set_degraded(Some(why));
    }

    /// Writes what waits, empties the write-ahead log and gives up the lock.
    fn stop(mut self, closing: Option<SyncSender<bool>>) {
        let log = self.shared.logs.take();
        let mut clean = true;
        if let Some(mut connection) = self.connection.take() {
            let written = log.is_empty() || {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate);
                transaction.and_then(|open| log::insert(&open, &log).and_then(|()| open.commit())).is_ok()
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

impl Work<'_> {
    /// Keeps a decision. The outer error ends the transaction, the inner one is the caller's.
    fn decide(
        &mut self,
        decision: &Decision,
        goal: &Arc<Goal>,
        plan: &Plan,
    ) -> rusqlite::Result<Result<DecisionReceipt, StoreError>> {
        let former = rows::read_decision(self.connection, &decision.task_id)?;
        let at_ms = former.as_ref().map_or(self.now_ms, |former| former.at_ms);
        let occasion = Occasion {
            decision,
            goal,
            plan,
            former: former.as_ref().and_then(|former| former.lesson.as_ref()),
            same_task: former.as_ref().is_some_and(|former| {
                former.task_description == decision.task_description
                    && former.agents_used == decision.agents_used
            }),
            at_ms,
            now_ms: self.now_ms,
        };
        let learned = match self.book.learn(&occasion, new_id) {
            Ok(learned) => learned,
            Err(unknown) => return Ok(Err(StoreError::UnknownPattern(unknown.0))),
        };
        for pattern in learned.changed {
            self.changed.insert(pattern.id.clone(), pattern);
        }
        let pattern_id = learned.lesson.as_ref().map(|lesson| lesson.pattern_id.as_str());
        rows::write_decision(self.connection, decision, pattern_id, at_ms)?;
        let outcome = TaskOutcome {
            task_id: decision.task_id.clone(),
            description: decision.task_description.clone(),
            agents: decision.agents_used.clone(),
            result: decision.result,
            at_ms,
        };
        self.outcomes.push((outcome, Arc::clone(goal)));
        Ok(Ok(DecisionReceipt {
            stored: true,
            pattern: learned.pattern,
            founded: learned.founded,
            corrected: former.is_some(),
        }))
    }

    /// Keeps patterns, each once. The outer error ends the transaction, the inner one is the caller's.
    fn keep(&mut self, entries: &[Entry]) -> rusqlite::Result<Result<Vec<StoredPattern>, StoreError>> {
        let mut kept = Vec::with_capacity(entries.len());
        let mut fresh: BTreeMap<(&str, &[String]), String> = BTreeMap::new();
        let mut added = Vec::new();
        for Entry { pattern, goal, stated } in entries {
            let known = self.book.find(goal, pattern.plan.agent_sequence()).map(|known| known.id.clone());
            let key = (goal.normal(), pattern.plan.agent_sequence());
            if let Some(id) = known {
                let plan = stated.then(|| pattern.plan.clone());
                self.changed.extend(self.book.adopt(&id, plan, self.now_ms).map(|known| (id.clone(), known)));
                kept.push(StoredPattern { id, created: false });
            } else if let Some(id) = fresh.get(&key) {
                kept.push(StoredPattern { id: id.clone(), created: false });
            } else if self.book.len() + added.len() >= MAX_PATTERNS {
                let why = format!("no more than {MAX_PATTERNS} patterns can be kept");
                return Ok(Err(StoreError::Invalid(vec![why])));
            } else {
                let id = new_id();
                fresh.insert(key, id.clone());
                added.push(Pattern {
                    id: id.clone(),
                    fading: Fading::fresh(&pattern.tally, self.now_ms),
                    created_ms: self.now_ms,
                    updated_ms: self.now_ms,
                    ..Pattern::clone(pattern)
                });
                kept.push(StoredPattern { id, created: true });
            }
        }
        for pattern in &added {
            rows::write_pattern(self.connection, pattern)?;
        }
        self.book.extend(added);
        Ok(Ok(kept))
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
