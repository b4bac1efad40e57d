//! The facade: every operation of the store.

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

/// How long dropping a store that was not [closed](Store::close) waits for its writer.
const DROP_TIMEOUT: Duration = Duration::from_secs(5);

/// The store of one data directory.
#[derive(Debug)]
pub struct Store {
    engine: Engine,
    aggregates: Arc<Aggregates>,
    patterns: Arc<Patterns>,
    outcomes: Arc<Outcomes>,
}

/// Exclusive ownership of a data directory, until this is dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    _lock: lock::Lock,
}

impl Store {
    /// Opens a data directory, creating what is missing. Blocks while the database is checked.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process owns the directory. Every other failure yields a store that serves what it
    /// could read and reports the reason in its status.
    pub fn open(options: StoreOptions) -> Result<Store, StoreError> {
        Store::over(options, open::open)
    }

    /// Opens a directory that another process owns: serves what it holds now, and refuses every write with
    /// [`StoreError::ReadOnly`] and the reason `why`.
    ///
    /// # Errors
    /// If the writer thread cannot be started.
    pub fn open_read_only(options: StoreOptions, why: &str) -> Result<Store, StoreError> {
        Store::over(options, |options, aggregates| {
            Ok(open::open_degraded(options, aggregates, None, why.to_owned()))
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

    /// The version of the snapshots: it changes with every publication.
    pub fn version(&self) -> u64 {
        self.aggregates.version()
    }

    /// Subscribes to publications; each value is a [`Store::version`]. A slow subscriber sees only the newest.
    pub fn publications(&self) -> tokio::sync::watch::Receiver<u64> {
        self.aggregates.publications()
    }

    /// Blocks until [`Store::outcomes`] includes those of earlier runs, which are loaded after the start.
    pub fn wait_until_loaded(&self) {
        self.aggregates.wait_until_loaded();
    }

    /// Records a decision and lets a pattern learn from it. Returns when both are durable.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], [`StoreError::UnknownPattern`], [`StoreError::ReadOnly`], [`StoreError::Overloaded`],
    /// [`StoreError::Unavailable`] and [`StoreError::Closed`]. Nothing was recorded then, except that the last two leave it
    /// open if the disk failed during a commit: recording is idempotent, and can always be retried.
    pub async fn record_decision(&self, decision: Decision) -> Result<DecisionReceipt, StoreError> {
        self.engine.write(RecordDecision::new(decision, &self.patterns, &self.outcomes)?).await
    }

    /// Stores a pattern. If one with the same goal (but for case and white space) and the same sequence of agents exists, it
    /// adopts the stated dependencies and groups, and retains what it has learned.
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

    /// Exports all patterns that are not pruned as JSON lines, in the order of insertion; returns how many. Ids are left out,
    /// since they are meaningless elsewhere.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn export_patterns(&self, out: &mut dyn io::Write) -> io::Result<usize> {
        import_export::export(&self.patterns(), out)
    }

    /// Imports what [`Store::export_patterns`] wrote. An existing pattern (by goal and sequence) retains its own counts, so
    /// that importing a file twice is idempotent; a line that is not a pattern is reported and skipped. `first` is the
    /// number of the first line, for the report.
    ///
    /// # Errors
    /// As [`Store::add_pattern`]; lines before the failing chunk are imported.
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

    /// Logs a query. Never blocks: if the log's buffer is full the row is dropped and counted.
    pub fn log_query(&self, record: QueryRecord) {
        self.engine.log_query(record);
    }

    /// The most frequent distinct queries of late, most frequent first, for warming a cache. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be read.
    pub fn frequent_queries(&self, most: usize) -> Result<Vec<FrequentQuery>, StoreError> {
        let read = self.engine.read(|connection| Ok(query_log::frequent(connection, most)?));
        read.map(Option::unwrap_or_default)
    }

    /// The distinct queries of late, each with its latest answer, newest first. Takes no lock, and so works beside a running
    /// service. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be read.
    pub fn logged_queries(options: &StoreOptions, most: usize) -> Result<Vec<LoggedQuery>, StoreError> {
        let path = options.database();
        if !connection::exists(&path)? {
            return Ok(Vec::new());
        }
        query_log::latest(&connection::reader(&path)?, most).map_err(StoreError::from)
    }

    /// The newest decisions, newest first. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be read.
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

    /// The store's status.
    pub fn status(&self) -> StoreStatus {
        self.engine.status()
    }

    /// Makes an online backup, checks it, and removes the oldest beyond [`BACKUPS_KEPT`](crate::BACKUPS_KEPT). Blocks for
    /// about a third of a second per 50 MB; writes go on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it cannot be written or fails its check; nothing is left behind.
    pub fn backup(&self) -> Result<Backup, StoreError> {
        let made = self.engine.read(|connection| backup::write(self.engine.options(), connection))?;
        made.ok_or_else(backup::no_database)
    }

    /// The same for a directory that another process may own.
    ///
    /// # Errors
    /// As [`Store::backup`].
    pub fn back_up(options: &StoreOptions) -> Result<Backup, StoreError> {
        if !connection::exists(&options.database())? {
            return Err(backup::no_database());
        }
        backup::write(options, &connection::reader(&options.database())?)
    }

    /// The same if there is no backup newer than `age`; `None` if there is.
    ///
    /// # Errors
    /// As [`Store::backup`].
    pub fn backup_if_older(&self, age: Duration) -> Result<Option<Backup>, StoreError> {
        let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let now = now_ms();
        // The absolute difference, so that a clock that was set back does not prevent backups.
        let recent = |backup: &Backup| (now - backup.at_ms).abs() < age_ms;
        if backup::list(self.engine.options()).iter().any(recent) {
            Ok(None)
        } else {
            self.backup().map(Some)
        }
    }

    /// All backups, newest first.
    pub fn backups(options: &StoreOptions) -> Vec<Backup> {
        backup::list(options)
    }

    /// Takes ownership of a data directory without opening its database.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process owns it, [`StoreError::ReadOnly`] if its lock cannot be created.
    pub fn hold(options: &StoreOptions) -> Result<DirectoryLock, StoreError> {
        lock::take(&options.lock_file()).map(|lock| DirectoryLock { _lock: lock })
    }

    /// Restores a backup: the newest that passes its check, or the one named by its path, its file name or its day
    /// (`2025-11-20`). The current database is moved aside. Requires that no process owns the directory.
    ///
    /// # Errors
    /// [`StoreError::Locked`], or [`StoreError::Unavailable`] if no backup passes its check.
    pub fn restore(options: &StoreOptions, backup: Option<&NamedFile>) -> Result<Restored, StoreError> {
        let _lock = lock::take(&options.lock_file())?;
        backup::restore(options, backup)
    }

    /// Closes the store. May be called while others still use it: further calls get [`StoreError::Closed`], and reads and a
    /// backup under way are interrupted. Queued commands are committed, the write-ahead log is checkpointed and the stop is
    /// marked as clean. Blocks up to `timeout`; returns whether the stop was clean by then, and so does a second call.
    pub fn close(&self, timeout: Duration) -> bool {
        self.engine.close(timeout)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close(DROP_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use domain::patterns::Outcome;

    use super::super::transaction::{ApplyError, Transaction, WriteCommand};
    use super::*;

    /// Lets the database grow to so many pages, beyond which SQLite finds the disk full.
    #[derive(Debug)]
    struct LimitPages(u32);

    impl WriteCommand for LimitPages {
        type Receipt = ();

        fn apply(&mut self, transaction: &Transaction<'_>) -> Result<(), ApplyError> {
            let limit = format!("PRAGMA max_page_count = {}", self.0);
            Ok(transaction.connection.query_row(&limit, [], |_| Ok(()))?)
        }
    }

    fn decision(task: usize) -> Decision {
        Decision {
            task_id: format!("t{task}"),
            task_description: format!("goal{task} topic{task} {}", "x".repeat(1_900)),
            agents_used: vec!["architect".to_owned(), "developer".to_owned()],
            result: Outcome::Success,
            duration_ms: None,
            tokens_saved: None,
            pattern_id: None,
            dependencies: std::collections::BTreeMap::new(),
            parallel_groups: Vec::new(),
            decided_at_ms: None,
        }
    }

    #[tokio::test]
    async fn a_disk_without_space_is_full_until_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        store.engine.write(LimitPages(1)).await.unwrap();
        let mut stored = 0;
        let full = loop {
            match store.record_decision(decision(stored)).await {
                Ok(_) => stored += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(full, StoreError::DiskFull(_)), "{full}");
        assert!(store.status().degraded.unwrap().contains("full"));
        assert_eq!(store.patterns().len(), stored, "queries go on from memory");
        let again = store.record_decision(decision(stored)).await.unwrap_err();
        assert!(matches!(again, StoreError::DiskFull(_)), "{again}");

        store.engine.write(LimitPages(u32::MAX)).await.unwrap();
        store.record_decision(decision(stored)).await.unwrap();
        assert_eq!((store.status().degraded, store.patterns().len()), (None, stored + 1));
        assert_eq!(store.history(usize::MAX).unwrap().len(), stored + 1);
    }
}
