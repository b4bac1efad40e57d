//! The history of decisions, for reading.

use rusqlite::Connection;

/// One decision of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The caller's name for the task.
    pub task_id: String,
    /// What was to be done.
    pub task_description: String,
    /// Who worked on it.
    pub agents_used: Vec<String>,
    /// `success`, `failure` or `partial`.
    pub result: String,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// How many tokens it saved.
    pub tokens_saved: Option<i64>,
    /// When the task was first reported, RFC 3339.
    pub timestamp: String,
    /// The pattern that learned from it.
    pub pattern_id: Option<String>,
    /// When the decision in effect was made, in milliseconds since 1970, UTC; `None` if unknown.
    pub decided_at_ms: Option<i64>,
}

/// The newest decisions, newest first.
pub(super) fn newest(connection: &Connection, most: usize) -> rusqlite::Result<Vec<HistoryEntry>> {
    let mut statement = connection.prepare(
        "SELECT task_id, task_description, agents_used, result, duration_ms, tokens_saved, timestamp, pattern_id,
           decided_at_ms FROM decision_history ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
        Ok(HistoryEntry {
            task_id: row.get(0)?,
            task_description: row.get(1)?,
            agents_used: serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default(),
            result: row.get(3)?,
            duration_ms: row.get(4)?,
            tokens_saved: row.get(5)?,
            timestamp: row.get(6)?,
            pattern_id: row.get(7)?,
            decided_at_ms: row.get(8)?,
        })
    })?;
    rows.collect()
}
