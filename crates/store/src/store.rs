//! One data directory's store: the facade over the engine and the snapshots.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::aggregate::{Aggregate, Aggregates};
use super::backup::{self, Backup, Restored};
use super::decisions::{DecisionReceipt, Outcomes, RecordDecision};
use super::engine::Engine;
use super::error::StoreError;
use super::history::{self, HistoryEntry};
use super::import_export::{self, ImportReport};
use super::open::{self, Opened};
use super::options::StoreOptions;
use super::patterns::{AddPatterns, NewPattern, PatternEntry, Patterns, StoredPattern};
use super::query_log::{self, FrequentQuery, LoggedQuery, QueryRecord};
use super::status::StoreStatus;
use super::timestamp::now_ms;
use super::{connection, lock, schema};
use confined_fs::NamedFile;
use domain::patterns::{Decision, OutcomeHistory, PatternSet};

/// How long a store that is dropped without [`Store::close`] waits for its writer.
const DROP_PATIENCE: Duration = Duration::from_secs(5);

/// The database of one data directory.
#[derive(Debug)]
pub struct Store {
    engine: Engine,
    aggregates: Arc<Aggregates>,
    patterns: Arc<Patterns>,
    outcomes: Arc<Outcomes>,
}

/// A directory that is owned until this is dropped.
#[derive(Debug)]
pub struct Held {
    _lock: lock::Lock,
}

impl Store {
    /// Opens the data directory, creating what is missing. Blocks while the database is checked.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process owns the directory. Everything else that may go wrong leaves a
    /// store that serves from memory and says so in its status.
    pub fn open(options: StoreOptions) -> Result<Store, StoreError> {
        Store::over(options, open::open)
    }

    /// Reads a directory that another process owns: what it holds now is served, and every write is refused with
    /// [`StoreError::ReadOnly`], for the reason `why`.
    ///
    /// # Errors
    /// Where the writer's thread could not be started.
    pub fn open_read_only(options: StoreOptions, why: &str) -> Result<Store, StoreError> {
        Store::over(options, |options, aggregates| {
            Ok(open::without_writing(options, aggregates, None, why.to_owned()))
        })
    }

    fn over(
        options: StoreOptions,
        open: impl FnOnce(&StoreOptions, &Aggregates) -> Result<Opened, StoreError>,
    ) -> Result<Store, StoreError> {
        let patterns = Arc::new(Patterns::new(options.half_life));
        let outcomes = Arc::new(Outcomes::new(options.half_life));
        let aggregates = Arc::new(Aggregates::new(vec![
            Arc::clone(&patterns) as Arc<dyn Aggregate>,
            Arc::clone(&outcomes) as Arc<dyn Aggregate>,
        ]));
        let opened = open(&options, &aggregates)?;
        let engine = Engine::start(options, opened, Arc::clone(&aggregates))?;
        Ok(Store { engine, aggregates, patterns, outcomes })
    }

    /// The patterns as of the last commit.
    pub fn patterns(&self) -> Arc<PatternSet> {
        self.patterns.snapshot()
    }

    /// The outcomes of past tasks as of the last commit.
    pub fn outcomes(&self) -> Arc<OutcomeHistory> {
        self.outcomes.snapshot()
    }

    /// Counts what was published: another number means another book or other outcomes.
    pub fn version(&self) -> u64 {
        self.aggregates.version()
    }

    /// Wakes with every publication; holds its [`Store::version`]. A slow follower sees only the newest.
    pub fn publications(&self) -> tokio::sync::watch::Receiver<u64> {
        self.aggregates.publications()
    }

    /// Blocks until [`Store::outcomes`] holds those of earlier runs, which are analysed beside the start.
    pub fn wait_until_settled(&self) {
        self.aggregates.wait_until_settled();
    }

    /// Keeps a decision and lets a pattern learn from it. Answers when both are on disk.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], [`StoreError::UnknownPattern`], [`StoreError::ReadOnly`], [`StoreError::Overloaded`],
    /// [`StoreError::Unavailable`] and [`StoreError::Closed`]; nothing was kept then, with the exception of the last
    /// two where the disk failed in the middle of a commit: sending the decision again is always safe.
    pub async fn record_decision(&self, decision: Decision) -> Result<DecisionReceipt, StoreError> {
        self.engine.write(RecordDecision::new(decision, &self.patterns, &self.outcomes)?).await
    }

    /// Keeps a pattern. One of the same goal (but for case and white space) and the same agents in the same order is
    /// not kept twice: it takes over the dependencies and groups, where they are stated, and keeps what it learned.
    ///
    /// # Errors
    /// As [`Store::record_decision`].
    pub async fn add_pattern(&self, pattern: NewPattern) -> Result<StoredPattern, StoreError> {
        let stored = self.add_all(vec![pattern.try_into()?]).await?;
        stored.into_iter().next().ok_or(StoreError::Closed)
    }

    /// Stores patterns, all or none.
    async fn add_all(&self, entries: Vec<PatternEntry>) -> Result<Vec<StoredPattern>, StoreError> {
        self.engine.write(AddPatterns { entries, patterns: Arc::clone(&self.patterns) }).await
    }

    /// Writes all patterns that are offered, one JSON object a line, in the order they came; answers how many. The ids
    /// are left out, since they mean nothing elsewhere.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn export_patterns(&self, out: &mut dyn io::Write) -> io::Result<usize> {
        import_export::export(&self.patterns(), out)
    }

    /// Reads what [`Store::export_patterns`] wrote. A pattern that is known already (by goal and sequence) keeps its own
    /// counts, so that reading a file twice changes nothing; a line that is no pattern is reported and left out.
    /// `first` is the number of the first line, for the report.
    ///
    /// # Errors
    /// As [`Store::add_pattern`]; lines before the failing chunk were kept.
    pub async fn import_patterns(&self, lines: &str, first: usize) -> Result<ImportReport, StoreError> {
        let (entries, mut report) = import_export::read(lines, first);
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let chunk = entries.by_ref().take(import_export::LINES_AT_A_TIME).collect();
            for stored in self.add_all(chunk).await? {
                *(if stored.created { &mut report.created } else { &mut report.known }) += 1;
            }
        }
        Ok(report)
    }

    /// Logs a query. Never waits: where the log's buffer is full the row is dropped and counted.
    pub fn log_query(&self, record: QueryRecord) {
        self.engine.log_query(record);
    }

    /// The distinct queries that were asked most often lately, most frequent first, for warming a cache. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database cannot be read.
    pub fn frequent_queries(&self, most: usize) -> Result<Vec<FrequentQuery>, StoreError> {
        let read = self.engine.read(|connection| Ok(query_log::frequent(connection, most)?));
        read.map(Option::unwrap_or_default)
    }

    /// The distinct queries asked lately, each as it was answered last, newest first. Needs no lock: works beside a
    /// running service. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database cannot be read.
    pub fn logged_queries(options: &StoreOptions, most: usize) -> Result<Vec<LoggedQuery>, StoreError> {
        let path = options.database();
        if !connection::is_there(&path)? {
            return Ok(Vec::new());
        }
        query_log::latest(&connection::reader(&path)?, most).map_err(StoreError::from)
    }

    /// The newest decisions, newest first. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database cannot be read.
    pub fn history(&self, most: usize) -> Result<Vec<HistoryEntry>, StoreError> {
        let file = self.engine.options().database();
        let read = self.engine.read(|connection| {
            if schema::has_tables(connection, &file)? {
                Ok(history::newest(connection, most)?)
            } else {
                Ok(Vec::new())
            }
        });
        read.map(Option::unwrap_or_default)
    }

    /// How the store is.
    pub fn status(&self) -> StoreStatus {
        self.engine.status()
    }

    /// Writes a backup while writing goes on, checks it, and drops the oldest beyond
    /// [`BACKUPS_KEPT`](crate::BACKUPS_KEPT). Blocks for about a third of a second per 50 MB.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it could not be written or does not pass its check; nothing is left behind.
    pub fn backup(&self) -> Result<Backup, StoreError> {
        let made = self.engine.read(|connection| backup::write(self.engine.options(), connection))?;
        made.ok_or_else(backup::no_database)
    }

    /// The same for a directory that another process may be writing to.
    ///
    /// # Errors
    /// As [`Store::backup`].
    pub fn back_up(options: &StoreOptions) -> Result<Backup, StoreError> {
        if !connection::is_there(&options.database())? {
            return Err(backup::no_database());
        }
        backup::write(options, &connection::reader(&options.database())?)
    }

    /// The same where the newest backup is older than `age` or there is none; `None` where it is not.
    ///
    /// # Errors
    /// As [`Store::backup`].
    pub fn backup_if_older(&self, age: Duration) -> Result<Option<Backup>, StoreError> {
        let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let now = now_ms();
        // A clock that was set back must not keep backups from being made, hence the absolute difference.
        let recent = |backup: &Backup| (now - backup.at_ms).abs() < age_ms;
        if backup::list(self.engine.options()).iter().any(recent) {
            Ok(None)
        } else {
            self.backup().map(Some)
        }
    }

    /// The backups there are, newest first.
    pub fn backups(options: &StoreOptions) -> Vec<Backup> {
        backup::list(options)
    }

    /// Makes this process the owner of a directory without opening what is in it, so that nobody else does either.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process owns it, [`StoreError::ReadOnly`] where it cannot be owned.
    pub fn hold(options: &StoreOptions) -> Result<Held, StoreError> {
        lock::take(&options.lock_file()).map(|lock| Held { _lock: lock })
    }

    /// Puts a backup (the newest that passes its check, unless one is named: by its path, its file name or its day as in
    /// `2025-11-20`) in the database's place, which is moved aside. For a directory no process uses.
    ///
    /// # Errors
    /// [`StoreError::Locked`], or [`StoreError::Unavailable`] where no backup passes its check.
    pub fn restore(options: &StoreOptions, backup: Option<&NamedFile>) -> Result<Restored, StoreError> {
        let _lock = lock::take(&options.lock_file())?;
        backup::restore(options, backup)
    }

    /// Stops, and may be called first of all: whoever still uses the store gets [`StoreError::Closed`], and reads and a
    /// backup under way are interrupted. Takes no more jobs, finishes those that wait, empties the write-ahead log into
    /// the database and marks the stop as clean. Blocks up to `patience` and answers whether all that was done by then;
    /// called again, the same.
    pub fn close(&self, patience: Duration) -> bool {
        self.engine.close(patience)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close(DROP_PATIENCE);
    }
}
