//! The query log: rows are buffered in memory and written in batches, so that no query waits for the disk.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use super::options::StoreOptions;
use super::size_limits::{self, Fill};
use super::timestamp::rfc3339;

/// How long a row may be buffered, and therefore what a killed process loses of the log.
pub const LOG_INTERVAL: Duration = Duration::from_millis(250);

/// How many of the newest rows [`frequent`] reads: enough to show habits, few enough for a start.
const ROWS_CONSIDERED: u32 = 5_000;

/// One query that was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryRecord {
    /// When, in milliseconds since 1970, UTC.
    pub timestamp_ms: i64,
    /// `queryAgents`, `querySkills`, ….
    pub method: String,
    /// The requested capability.
    pub capability: Option<String>,
    /// The requested role.
    pub role: Option<String>,
    /// The requested context or goal.
    pub context: Option<String>,
    /// The plugin it was restricted to.
    pub plugin: Option<String>,
    /// The requested number of results.
    pub limit: Option<u32>,
    /// The ids that were returned, best first.
    pub returned: Arc<[String]>,
    /// Whether the answer came from a cache.
    pub cache_hit: bool,
    /// How long it took, in milliseconds, rounded down.
    pub duration_ms: u64,
}

/// A frequent query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrequentQuery {
    /// `queryAgents`, `querySkills`, ….
    pub method: String,
    /// The requested capability.
    pub capability: Option<String>,
    /// The requested role.
    pub role: Option<String>,
    /// The requested context or goal.
    pub context: Option<String>,
    /// The plugin it was restricted to.
    pub plugin: Option<String>,
    /// The requested number of results.
    pub limit: Option<u32>,
    /// How often it occurs among the newest queries.
    pub count: u32,
}

/// A query with its latest answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedQuery {
    /// The query.
    pub query: FrequentQuery,
    /// The ids that were returned, best first.
    pub returned: Vec<String>,
}

/// Rows that are not written yet.
#[derive(Debug)]
pub(super) struct LogBuffer {
    rows: Mutex<Vec<QueryRecord>>,
    capacity: usize,
    dropped: AtomicU64,
}

impl LogBuffer {
    pub(super) fn new(capacity: usize) -> LogBuffer {
        LogBuffer { rows: Mutex::default(), capacity, dropped: AtomicU64::new(0) }
    }

    /// Buffers a row, or drops it if the buffer is full. Returns whether the writer must be woken, which the first row of a
    /// batch does.
    pub(super) fn push(&self, row: QueryRecord) -> bool {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= self.capacity {
            drop(rows);
            self.drop_rows(1);
            return false;
        }
        rows.push(row);
        rows.len() == 1
    }

    pub(super) fn take(&self) -> Vec<QueryRecord> {
        std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn drop_rows(&self, count: usize) {
        self.dropped.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The result of appending rows.
#[derive(Debug)]
pub(super) struct Appended {
    /// The database is above its hard limit, and the rows were dropped.
    pub is_dropped: bool,
    /// More rows or pages are to be pruned.
    pub has_more_to_prune: bool,
}

/// Appends rows in a transaction of their own, unless the database is above its hard limit, and takes one step of pruning.
pub(super) fn append_and_prune(
    connection: &mut Connection,
    options: &StoreOptions,
    rows: &[QueryRecord],
) -> rusqlite::Result<Appended> {
    let is_dropped = size_limits::fill(connection, options)? == Fill::AboveHardLimit;
    if !is_dropped {
        append(connection, rows)?;
    }
    Ok(Appended { is_dropped, has_more_to_prune: size_limits::prune(connection, options)? })
}

/// Appends rows in a transaction of their own.
pub(super) fn append(connection: &mut Connection, rows: &[QueryRecord]) -> rusqlite::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    insert(&transaction, rows)?;
    transaction.commit()
}

fn insert(connection: &Connection, rows: &[QueryRecord]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO agent_queries (timestamp, capability, role, context, agents_returned, cache_hit, duration_ms,
           method, plugin, result_limit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for row in rows {
        let returned = serde_json::to_string(&*row.returned).unwrap_or_default();
        let duration = i64::try_from(row.duration_ms).unwrap_or(i64::MAX);
        statement.execute(params![
            rfc3339(row.timestamp_ms),
            row.capability,
            row.role,
            row.context,
            returned,
            row.cache_hit,
            duration,
            row.method,
            row.plugin,
            row.limit,
        ])?;
    }
    Ok(())
}

/// The most frequent distinct queries among the newest rows; ties go to the most recent.
pub(super) fn frequent(connection: &Connection, most: usize) -> rusqlite::Result<Vec<FrequentQuery>> {
    let mut statement = connection.prepare(
        "SELECT COALESCE(method, 'queryAgents') AS called, capability, role, context, plugin, result_limit, COUNT(*)
           FROM (SELECT * FROM agent_queries ORDER BY id DESC LIMIT ?1)
          GROUP BY called, capability, role, context, plugin, result_limit
          ORDER BY COUNT(*) DESC, MAX(id) DESC LIMIT ?2",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![ROWS_CONSIDERED, most], |row| {
        Ok(FrequentQuery {
            method: row.get(0)?,
            capability: row.get(1)?,
            role: row.get(2)?,
            context: row.get(3)?,
            plugin: row.get(4)?,
            limit: row.get(5)?,
            count: row.get(6)?,
        })
    })?;
    rows.collect()
}

/// The distinct queries among the newest rows, each with its latest answer, newest first.
pub(super) fn latest(connection: &Connection, most: usize) -> rusqlite::Result<Vec<LoggedQuery>> {
    // SQLite takes the bare column from the row that holds the maximum.
    let mut statement = connection.prepare(
        "SELECT COALESCE(method, 'queryAgents') AS called, capability, role, context, plugin, COUNT(*), agents_returned,
                MAX(id) AS newest
           FROM (SELECT * FROM agent_queries ORDER BY id DESC LIMIT ?1)
          GROUP BY called, capability, role, context, plugin
          ORDER BY newest DESC LIMIT ?2",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![ROWS_CONSIDERED, most], |row| {
        let query = FrequentQuery {
            method: row.get(0)?,
            capability: row.get(1)?,
            role: row.get(2)?,
            context: row.get(3)?,
            plugin: row.get(4)?,
            limit: None,
            count: row.get(5)?,
        };
        let returned = row.get_ref(6)?.as_str_or_null()?.map(serde_json::from_str);
        Ok(LoggedQuery { query, returned: returned.and_then(Result::ok).unwrap_or_default() })
    })?;
    rows.collect()
}
