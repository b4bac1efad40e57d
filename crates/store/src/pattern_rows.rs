//! Reading and writing rows of patterns.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::column::{from_json, integer, json, text};
use super::timestamp::{parse, rfc3339};
use domain::patterns::{Counters, DecayedStats, Origin, Pattern, Plan};

/// Inserts or updates a pattern.
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

/// Updates what an existing pattern learned.
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

/// All patterns in the order of insertion, and the ids of those that were left out since their plan is not valid.
pub(super) fn read_patterns(connection: &Connection) -> rusqlite::Result<(Vec<Pattern>, Vec<String>)> {
    let mut statement = connection.prepare(
        "SELECT id, goal, agent_sequence, dependencies, parallel_groups, success_count, failure_count, partial_count,
           duration_sum_ms, duration_count, tokens_sum, tokens_count, faded_credit, faded_uses, faded_at_ms,
           created_at, updated_at, origin FROM orchestration_patterns ORDER BY rowid",
    )?;
    let (mut patterns, mut refused) = (Vec::new(), Vec::new());
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // A row that was edited by hand and is not valid must not make the others unreadable.
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
