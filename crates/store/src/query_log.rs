//! The log of queries: rows wait in memory, nobody waits for them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use super::options::StoreOptions;
use super::retention::{self, Room};
use super::timestamp::rfc3339;

/// How long a row may wait in memory; what a killed process loses of the log.
pub const LOG_INTERVAL: Duration = Duration::from_millis(250);

/// How many of the newest rows [`frequent`] looks at: enough for a habit to show, few enough for a start.
const ROWS_CONSIDERED: u32 = 5_000;

/// One query that was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryRecord {
    /// When, in milliseconds since 1970, UTC.
    pub timestamp_ms: i64,
    /// `queryAgents`, `querySkills`, ….
    pub method: String,
    /// The capability asked for.
    pub capability: Option<String>,
    /// The role asked for.
    pub role: Option<String>,
    /// The context or goal asked for.
    pub context: Option<String>,
    /// The plugin it was restricted to.
    pub plugin: Option<String>,
    /// How many answers were asked for.
    pub limit: Option<u32>,
    /// The ids that were answered, best first.
    pub returned: Arc<[String]>,
    /// Whether a cache answered.
    pub cache_hit: bool,
    /// How long it took, in milliseconds, rounded down.
    pub duration_ms: u64,
}

/// A query that was asked often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrequentQuery {
    /// `queryAgents`, `querySkills`, ….
    pub method: String,
    /// The capability asked for.
    pub capability: Option<String>,
    /// The role asked for.
    pub role: Option<String>,
    /// The context or goal asked for.
    pub context: Option<String>,
    /// The plugin it was restricted to.
    pub plugin: Option<String>,
    /// How many answers were asked for.
    pub limit: Option<u32>,
    /// How often it was asked, among the newest queries.
    pub count: u32,
}

/// A query as it was answered last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedQuery {
    /// What was asked.
    pub query: FrequentQuery,
    /// The ids that were answered, best first.
    pub returned: Vec<String>,
}

/// Rows on their way to the writer.
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

    /// Takes a row, or drops it where the buffer is full. Answers whether the writer must be told, which is so for the
    /// first row of a batch.
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

/// What became of rows that were to be appended.
#[derive(Debug)]
pub(super) struct Appended {
    /// There was no room for them.
    pub is_dropped: bool,
    /// There is more to prune.
    pub has_more_to_prune: bool,
}

/// Writes rows in a transaction of their own, unless the database is full, and prunes the oldest where it has grown too
/// large.
pub(super) fn append_and_prune(
    connection: &mut Connection,
    options: &StoreOptions,
    rows: &[QueryRecord],
) -> rusqlite::Result<Appended> {
    let is_dropped = retention::room(connection, options)? == Room::None;
    if !is_dropped {
        append(connection, rows)?;
    }
    Ok(Appended { is_dropped, has_more_to_prune: retention::prune(connection, options)? })
}

/// Writes rows in a transaction of their own.
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

/// The distinct queries asked most often among the newest; among equals the one asked last.
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

/// The distinct queries among the newest, each as it was answered last, newest first.
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
