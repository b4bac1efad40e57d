//! One data directory's store: the facade over the writer, the snapshots and the readers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::backup::{self, Backup, Restored};
use super::error::StoreError;
use super::history::HistoryEntry;
use super::import_export::{self, ImportReport};
use super::options::StoreOptions;
use super::query_log::{self, FrequentQuery, LoggedQuery, QueryRecord};
use super::queue::{Entry, Job, Queue};
use super::reader::Reader;
use super::records::{DecisionReceipt, NewPattern, Shared, StoreStatus, StoredPattern};
use super::timestamp::now_ms;
use super::writer::Writer;
use super::{connection, lock, open};
use confined_fs::NamedFile;
use domain::patterns::{Decision, Goal, OutcomeHistory, Pattern, PatternSet, Plan};

/// How long a store that is dropped without [`Store::close`] waits for its writer.
const DROP_PATIENCE: Duration = Duration::from_secs(5);

/// The database of one data directory.
#[derive(Debug)]
pub struct Store {
    options: StoreOptions,
    shared: Arc<Shared>,
    queue: Queue,
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
        let opened = open::open(&options)?;
        Store::over(options, opened)
    }

    /// Reads a directory that another process owns: what it holds now is served, and every write is refused with
    /// [`StoreError::ReadOnly`], for the reason `why`.
    ///
    /// # Errors
    /// Where the writer's thread could not be started.
    pub fn open_read_only(options: StoreOptions, why: &str) -> Result<Store, StoreError> {
        let opened = open::without_writing(&options, None, why.to_owned());
        Store::over(options, opened)
    }

    fn over(options: StoreOptions, opened: open::Opened) -> Result<Store, StoreError> {
        let shared = Arc::new(Shared::new(&options, &opened));
        let (queue, receiver) = Queue::new(options.queue_capacity, options.queue_patience);
        let writer = Writer::new(options.clone(), Arc::clone(&shared), opened, queue.backpressure());
        queue.start(writer, receiver)?;
        Ok(Store { options, shared, queue })
    }

    /// The patterns as of the last commit.
    pub fn book(&self) -> Arc<PatternSet> {
        self.shared.book.load_full()
    }

    /// The outcomes of past tasks as of the last commit.
    pub fn outcomes(&self) -> Arc<OutcomeHistory> {
        self.shared.outcomes.load_full()
    }

    /// Counts what was published: another number means another book or other outcomes.
    pub fn version(&self) -> u64 {
        self.shared.version()
    }

    /// Wakes with every publication; holds its [`Store::version`]. A slow follower sees only the newest.
    pub fn publications(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.publications()
    }

    /// Blocks until [`Store::outcomes`] holds those of earlier runs, which are analysed beside the start.
    pub fn wait_until_settled(&self) {
        self.shared.wait_until_settled();
    }

    /// Keeps a decision and lets a pattern learn from it. Answers when both are on disk.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], [`StoreError::UnknownPattern`], [`StoreError::ReadOnly`], [`StoreError::Overloaded`],
    /// [`StoreError::Unavailable`] and [`StoreError::Closed`]; nothing was kept then, with the exception of the last
    /// two where the disk failed in the middle of a commit: sending the decision again is always safe.
    pub async fn record_decision(&self, decision: Decision) -> Result<DecisionReceipt, StoreError> {
        let plan = decision.check().map_err(StoreError::Invalid)?;
        self.shared.writable()?;
        let goal = Arc::new(Goal::new(&decision.task_description));
        self.queue.ask(|reply| Job::Decision { decision: Box::new(decision), goal, plan, reply }).await
    }

    /// Keeps a pattern. One of the same goal (but for case and white space) and the same agents in the same order is
    /// not kept twice: it takes over the dependencies and groups, where they are stated, and keeps what it learned.
    ///
    /// # Errors
    /// As [`Store::record_decision`].
    pub async fn add_pattern(&self, pattern: NewPattern) -> Result<StoredPattern, StoreError> {
        let plan = pattern.check().map_err(StoreError::Invalid)?;
        let stated = !pattern.dependencies.is_empty() || !pattern.parallel_groups.is_empty();
        let goal = Goal::new(&pattern.goal);
        let pattern = Pattern { goal: pattern.goal, plan, ..Pattern::default() };
        let kept = self.keep(vec![Entry { pattern, goal, stated }]).await?;
        kept.into_iter().next().ok_or(StoreError::Closed)
    }

    async fn keep(&self, entries: Vec<Entry>) -> Result<Vec<StoredPattern>, StoreError> {
        self.shared.writable()?;
        self.queue.ask(|reply| Job::Patterns { entries, reply }).await
    }

    /// Writes all patterns that are offered, one JSON object a line, in the order they came; answers how many. The ids
    /// are left out, since they mean nothing elsewhere.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn export_patterns(&self, out: &mut dyn io::Write) -> io::Result<usize> {
        import_export::export(&self.book(), out)
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
            let chunk: Vec<Entry> = entries.by_ref().take(import_export::LINES_AT_A_TIME).collect();
            for stored in self.keep(chunk).await? {
                *(if stored.created { &mut report.created } else { &mut report.known }) += 1;
            }
        }
        Ok(report)
    }

    /// Logs a query. Never waits: where the log's buffer is full the row is dropped and counted.
    pub fn log_query(&self, record: QueryRecord) {
        if self.shared.writable().is_err() || self.queue.is_closed() {
            self.shared.logs.drop_row();
        } else if self.shared.logs.push(record) {
            self.queue.wake();
        }
    }

    /// The distinct queries that were asked most often lately, most frequent first, for warming a cache. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database cannot be read.
    pub fn frequent_queries(&self, most: usize) -> Result<Vec<FrequentQuery>, StoreError> {
        let Some(reader) = self.reader()? else { return Ok(Vec::new()) };
        query_log::frequent(&reader, most).map_err(StoreError::from)
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
        Reader::open(&self.options)?.map_or(Ok(Vec::new()), |reader| reader.history(most))
    }

    fn reader(&self) -> Result<Option<rusqlite::Connection>, StoreError> {
        let path = self.options.database();
        if !connection::is_there(&path)? {
            return Ok(None);
        }
        Ok(Some(connection::reader(&path)?))
    }

    /// How the store is.
    pub fn status(&self) -> StoreStatus {
        self.shared.status(&self.options)
    }

    /// Writes a backup while writing goes on, checks it, and drops the oldest beyond [`BACKUPS_KEPT`](crate::BACKUPS_KEPT). Blocks for about
    /// a third of a second per 50 MB.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it could not be written or does not pass its check; nothing is left behind.
    pub fn backup(&self) -> Result<Backup, StoreError> {
        Store::back_up(&self.options)
    }

    /// The same for a directory that another process may be writing to.
    ///
    /// # Errors
    /// As [`Store::backup`].
    pub fn back_up(options: &StoreOptions) -> Result<Backup, StoreError> {
        backup::write(options)
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
        if backup::list(&self.options).iter().any(recent) { Ok(None) } else { self.backup().map(Some) }
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

    /// Stops: takes no more jobs, finishes those that wait, empties the write-ahead log into the database and marks the
    /// stop as clean. Blocks up to `patience` and answers whether all that was done by then. May be called again.
    pub fn close(&self, patience: Duration) -> bool {
        self.queue.close(patience)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close(DROP_PATIENCE);
    }
}

impl NewPattern {
    /// The plan it states.
    ///
    /// # Errors
    /// A sentence for each problem.
    pub fn check(&self) -> Result<Plan, Vec<String>> {
        let mut problems: Vec<String> =
            domain::patterns::check_goal("goal", &self.goal).into_iter().collect();
        match Plan::new(&self.agent_sequence, &self.dependencies, &self.parallel_groups) {
            Ok(plan) if problems.is_empty() => return Ok(plan),
            Ok(_) => {}
            Err(more) => problems.extend(more),
        }
        Err(problems)
    }
}
