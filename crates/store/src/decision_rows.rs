//! Reading and writing rows of decisions.

use rusqlite::{Connection, OptionalExtension, params};

use super::column::{from_json, integer, json, text};
use super::timestamp::{parse, rfc3339};
use domain::patterns::{Decision, MAX_REMEMBERED_TASKS, Observation, Outcome, TaskOutcome};

/// The decision in effect for a task.
#[derive(Debug)]
pub(super) struct StoredDecision {
    pub task_description: String,
    pub agents_used: Vec<String>,
    /// The outcome; `None` where the row has been damaged.
    pub result: Option<Outcome>,
    /// When the task was first reported.
    pub at_ms: i64,
    /// When it was made; `None` if unknown.
    pub decided_at_ms: Option<i64>,
    /// What its pattern learned from it.
    pub observation: Option<Observation>,
}

/// The decision in effect for that task.
pub(super) fn read_decision(
    connection: &Connection,
    task_id: &str,
) -> rusqlite::Result<Option<StoredDecision>> {
    let mut statement = connection.prepare_cached(
        "SELECT task_description, agents_used, result, duration_ms, tokens_saved, timestamp, pattern_id,
           decided_at_ms FROM decision_history WHERE task_id = ?1",
    )?;
    statement
        .query_row([task_id], |row| {
            let at_ms = parse(text(row, 5));
            let result = Outcome::parse(text(row, 2));
            let pattern_id: Option<String> = row.get(6).unwrap_or_default();
            let duration_ms = row
                .get::<_, Option<i64>>(3)
                .unwrap_or_default()
                .and_then(|duration| u64::try_from(duration).ok());
            let tokens_saved = row.get(4).unwrap_or_default();
            let observation = pattern_id.zip(result).map(|(pattern_id, result)| Observation {
                pattern_id,
                result,
                duration_ms,
                tokens_saved,
                at_ms,
            });
            let agents_used = from_json(text(row, 1));
            let task_description = text(row, 0).to_owned();
            let decided_at_ms = row.get(7).unwrap_or_default();
            Ok(StoredDecision { task_description, agents_used, result, at_ms, decided_at_ms, observation })
        })
        .optional()
}

/// Inserts a decision, or replaces the one in effect for its task; the time of the first report stays.
pub(super) fn write_decision(
    connection: &Connection,
    decision: &Decision,
    pattern_id: Option<&str>,
    at_ms: i64,
    decided_at_ms: i64,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO decision_history (task_id, task_description, agents_used, result, duration_ms, tokens_saved,
           timestamp, pattern_id, decided_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT(task_id) DO UPDATE SET
           task_description = excluded.task_description, agents_used = excluded.agents_used,
           result = excluded.result, duration_ms = excluded.duration_ms, tokens_saved = excluded.tokens_saved,
           pattern_id = excluded.pattern_id, decided_at_ms = excluded.decided_at_ms",
    )?;
    statement.execute(params![
        decision.task_id,
        decision.task_description,
        json(&decision.agents_used),
        decision.result.as_str(),
        decision.duration_ms.map(integer),
        decision.tokens_saved,
        rfc3339(at_ms),
        pattern_id,
        decided_at_ms,
    ])?;
    Ok(())
}

/// Inserts the outcome of a task, unless the history has one.
pub(super) fn write_outcome(connection: &Connection, outcome: &TaskOutcome) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO decision_history (task_id, task_description, agents_used, result, timestamp)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(task_id) DO NOTHING",
    )?;
    statement.execute(params![
        outcome.task_id,
        outcome.description,
        json(&outcome.agents),
        outcome.result.as_str(),
        rfc3339(outcome.at_ms),
    ])?;
    Ok(())
}

/// The newest outcomes, up to [`MAX_REMEMBERED_TASKS`], oldest first.
pub(super) fn read_outcomes(connection: &Connection) -> rusqlite::Result<Vec<TaskOutcome>> {
    let mut statement = connection.prepare(
        "SELECT task_id, task_description, agents_used, result, timestamp
           FROM (SELECT * FROM decision_history ORDER BY id DESC LIMIT ?1) ORDER BY id",
    )?;
    let most = i64::try_from(MAX_REMEMBERED_TASKS).unwrap_or(i64::MAX);
    let rows = statement.query_map([most], |row| {
        Ok(Outcome::parse(text(row, 3)).map(|result| TaskOutcome {
            task_id: text(row, 0).to_owned(),
            description: text(row, 1).to_owned(),
            agents: from_json(text(row, 2)),
            result,
            at_ms: parse(text(row, 4)),
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}
