//! Patterns and decisions as rows.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::timestamp::{parse, rfc3339};
use domain::patterns::{
    Counters, DecayedStats, Decision, MAX_REMEMBERED_TASKS, Observation, Origin, Outcome, Pattern, Plan,
    TaskOutcome,
};

/// A list or map as JSON; neither can fail to be written.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A text that may be missing or, edited by hand, something else: both count as empty.
fn text<'a>(row: &'a Row<'_>, column: usize) -> &'a str {
    row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default()
}

/// JSON that may be missing or wrong, likewise.
fn from_json<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// Writes a pattern, new or known.
pub(super) fn write_pattern(connection: &Connection, pattern: &Pattern) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO orchestration_patterns (id, goal, agent_sequence, dependencies, parallel_groups,
           success_count, failure_count, avg_duration_ms, avg_tokens_saved, created_at, updated_at, partial_count,
           duration_sum_ms, duration_count, tokens_sum, tokens_count, faded_credit, faded_uses, faded_at_ms,
           origin, pruned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
         ON CONFLICT(id) DO UPDATE SET
           dependencies = excluded.dependencies, parallel_groups = excluded.parallel_groups,
           success_count = excluded.success_count, failure_count = excluded.failure_count,
           partial_count = excluded.partial_count, avg_duration_ms = excluded.avg_duration_ms,
           avg_tokens_saved = excluded.avg_tokens_saved, updated_at = excluded.updated_at,
           duration_sum_ms = excluded.duration_sum_ms, duration_count = excluded.duration_count,
           tokens_sum = excluded.tokens_sum, tokens_count = excluded.tokens_count,
           faded_credit = excluded.faded_credit, faded_uses = excluded.faded_uses,
           faded_at_ms = excluded.faded_at_ms, origin = excluded.origin, pruned = excluded.pruned",
    )?;
    let (plan, counters, decayed) = (&pattern.plan, &pattern.counters, &pattern.decayed);
    statement.execute(params![
        pattern.id,
        pattern.goal,
        json(&plan.agent_sequence()),
        json(plan.dependencies()),
        json(&plan.parallel_groups()),
        counters.successes,
        counters.failures,
        integer(counters.avg_duration_ms()),
        counters.avg_tokens_saved(),
        rfc3339(pattern.created_ms),
        rfc3339(pattern.updated_ms),
        counters.partials,
        integer(counters.duration_sum_ms),
        counters.duration_count,
        counters.tokens_sum,
        counters.tokens_count,
        decayed.credit,
        decayed.uses,
        decayed.at_ms,
        pattern.origin.as_str(),
        pattern.pruned(),
    ])?;
    Ok(())
}

/// Writes what a known pattern learned.
pub(super) fn write_counts(connection: &Connection, pattern: &Pattern) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE orchestration_patterns SET success_count = ?2, failure_count = ?3, partial_count = ?4,
           avg_duration_ms = ?5, avg_tokens_saved = ?6, updated_at = ?7, duration_sum_ms = ?8, duration_count = ?9,
           tokens_sum = ?10, tokens_count = ?11, faded_credit = ?12, faded_uses = ?13, faded_at_ms = ?14,
           pruned = ?15 WHERE id = ?1",
    )?;
    let (counters, decayed) = (&pattern.counters, &pattern.decayed);
    statement.execute(params![
        pattern.id,
        counters.successes,
        counters.failures,
        counters.partials,
        integer(counters.avg_duration_ms()),
        counters.avg_tokens_saved(),
        rfc3339(pattern.updated_ms),
        integer(counters.duration_sum_ms),
        counters.duration_count,
        counters.tokens_sum,
        counters.tokens_count,
        decayed.credit,
        decayed.uses,
        decayed.at_ms,
        pattern.pruned(),
    ])?;
    Ok(())
}

/// SQLite's integers are signed.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// All patterns in the order they were written, without those whose plan does not hold together; their ids come second.
pub(super) fn read_patterns(connection: &Connection) -> rusqlite::Result<(Vec<Pattern>, Vec<String>)> {
    let mut statement = connection.prepare(
        "SELECT id, goal, agent_sequence, dependencies, parallel_groups, success_count, failure_count, partial_count,
           duration_sum_ms, duration_count, tokens_sum, tokens_count, faded_credit, faded_uses, faded_at_ms,
           created_at, updated_at, origin FROM orchestration_patterns ORDER BY rowid",
    )?;
    let (mut patterns, mut refused) = (Vec::new(), Vec::new());
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // A row that somebody edited into nonsense must not take the others with it.
        match read_pattern(row) {
            Ok(Some(pattern)) => patterns.push(pattern),
            Ok(None) | Err(_) => refused.push(row.get(0).unwrap_or_default()),
        }
    }
    Ok((patterns, refused))
}

fn read_pattern(row: &Row<'_>) -> rusqlite::Result<Option<Pattern>> {
    let sequence: Vec<String> = from_json(text(row, 2));
    let dependencies: BTreeMap<String, Vec<String>> = from_json(text(row, 3));
    let groups: Vec<Vec<String>> = from_json(text(row, 4));
    let Ok(plan) = Plan::new(&sequence, &dependencies, &groups) else { return Ok(None) };
    let count = |column| -> rusqlite::Result<u32> {
        Ok(u32::try_from(row.get::<_, Option<i64>>(column)?.unwrap_or_default().max(0)).unwrap_or(u32::MAX))
    };
    Ok(Some(Pattern {
        id: row.get(0)?,
        goal: row.get(1)?,
        plan,
        counters: Counters {
            successes: count(5)?,
            failures: count(6)?,
            partials: count(7)?,
            duration_sum_ms: u64::try_from(row.get::<_, i64>(8)?).unwrap_or(0),
            duration_count: count(9)?,
            tokens_sum: row.get(10)?,
            tokens_count: count(11)?,
        },
        decayed: DecayedStats { credit: row.get(12)?, uses: row.get(13)?, at_ms: row.get(14)? },
        created_ms: parse(text(row, 15)),
        updated_ms: parse(text(row, 16)),
        origin: Origin::parse(text(row, 17)),
    }))
}

/// A decision as it is in the history.
#[derive(Debug)]
pub(super) struct Former {
    pub task_description: String,
    pub agents_used: Vec<String>,
    /// When the task was first reported.
    pub at_ms: i64,
    /// When the decision in effect was made; `None` where that is not known.
    pub decided_at_ms: Option<i64>,
    /// What it taught.
    pub lesson: Option<Observation>,
}

/// The decision of that task.
pub(super) fn read_decision(connection: &Connection, task_id: &str) -> rusqlite::Result<Option<Former>> {
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
            let lesson = pattern_id.zip(result).map(|(pattern_id, result)| Observation {
                pattern_id,
                result,
                duration_ms,
                tokens_saved,
                at_ms,
            });
            let agents_used = from_json(text(row, 1));
            let task_description = text(row, 0).to_owned();
            let decided_at_ms = row.get(7).unwrap_or_default();
            Ok(Former { task_description, agents_used, at_ms, decided_at_ms, lesson })
        })
        .optional()
}

/// Writes a decision, new or corrected; a correction keeps the time of the first report.
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

/// Writes what is remembered of a task, where the history does not know it.
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

/// The newest outcomes, oldest first, as many as are remembered.
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
