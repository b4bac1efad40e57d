//! Import and export of patterns as JSON lines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::patterns::PatternEntry;
use domain::patterns::{
    Counters, Goal, MAX_DURATION_MS, MAX_TOKENS_SAVED, Pattern, PatternSet, Plan, check_goal,
};

/// How many patterns one transaction imports.
pub(super) const LINES_AT_A_TIME: usize = 500;

/// The most rejected lines a report explains.
const MAX_REFUSED: usize = 20;

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Patterns that were created.
    pub created: usize,
    /// Patterns that were known already.
    pub known: usize,
    /// A sentence for each of the first lines that are not a pattern.
    pub refused: Vec<String>,
    /// How many lines are not a pattern.
    pub refused_count: usize,
}

/// A line. Missing counts are 0.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    goal: Cow<'a, str>,
    agent_sequence: Cow<'a, [String]>,
    #[serde(default)]
    dependencies: Cow<'a, BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    parallel_groups: Cow<'a, [Vec<String>]>,
    #[serde(default)]
    success_count: u32,
    #[serde(default)]
    failure_count: u32,
    #[serde(default)]
    partial_count: u32,
    #[serde(default)]
    avg_duration_ms: u64,
    #[serde(default)]
    avg_tokens_saved: i64,
}

/// Writes all patterns that are not pruned, as [`Store::export_patterns`](super::Store::export_patterns) does.
///
/// # Errors
/// Those of `out`.
pub fn export(patterns: &PatternSet, out: &mut dyn io::Write) -> io::Result<usize> {
    let offered = patterns.patterns().filter(|pattern| !pattern.pruned());
    let mut count = 0;
    for pattern in offered {
        let line = Line {
            goal: Cow::Borrowed(&pattern.goal),
            agent_sequence: Cow::Borrowed(pattern.plan.agent_sequence()),
            dependencies: Cow::Borrowed(pattern.plan.dependencies()),
            parallel_groups: Cow::Borrowed(pattern.plan.parallel_groups()),
            success_count: pattern.counters.successes,
            failure_count: pattern.counters.failures,
            partial_count: pattern.counters.partials,
            avg_duration_ms: pattern.counters.avg_duration_ms(),
            avg_tokens_saved: pattern.counters.avg_tokens_saved(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
        count += 1;
    }
    Ok(count)
}

/// Parses lines into patterns without ids and times; blank lines are skipped. `first` is the number of the first line.
pub(super) fn read(lines: &str, first: usize) -> (Vec<PatternEntry>, ImportReport) {
    let mut report = ImportReport::default();
    let mut entries = Vec::new();
    for (number, line) in (first..).zip(lines.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match parse(line) {
            Ok(entry) => entries.push(entry),
            Err(why) => {
                report.refused_count += 1;
                if report.refused.len() < MAX_REFUSED {
                    report.refused.push(format!("line {number}: {why}"));
                }
            }
        }
    }
    (entries, report)
}

/// The most uses a line may claim: more than any project makes in years, and no overflow when summed.
const MAX_IMPORTED_USES: u64 = 1_000_000;

fn parse(line: &str) -> Result<PatternEntry, String> {
    let line: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if let Some(problem) = check_goal("goal", &line.goal) {
        return Err(problem);
    }
    let plan = Plan::new(&line.agent_sequence, &line.dependencies, &line.parallel_groups)
        .map_err(|problems| problems.join("; "))?;
    let mut counters = Counters {
        successes: line.success_count,
        failures: line.failure_count,
        partials: line.partial_count,
        ..Counters::default()
    };
    let uses =
        [line.success_count, line.failure_count, line.partial_count].map(u64::from).iter().sum::<u64>();
    if uses > MAX_IMPORTED_USES {
        return Err(format!("its counts must not exceed {MAX_IMPORTED_USES} together, got {uses}"));
    }
    if line.avg_duration_ms > MAX_DURATION_MS {
        return Err(format!(
            "avg_duration_ms must not exceed {MAX_DURATION_MS}, got {}",
            line.avg_duration_ms
        ));
    }
    if line.avg_tokens_saved.unsigned_abs() > MAX_TOKENS_SAVED.unsigned_abs() {
        return Err(format!("avg_tokens_saved is out of range: {}", line.avg_tokens_saved));
    }
    let uses = counters.uses();
    if line.avg_duration_ms > 0 {
        counters.duration_count = uses;
        counters.duration_sum_ms = line.avg_duration_ms.saturating_mul(u64::from(uses));
    }
    if line.avg_tokens_saved != 0 {
        counters.tokens_count = uses;
        counters.tokens_sum = line.avg_tokens_saved.saturating_mul(i64::from(uses));
    }
    let pattern = Pattern { goal: line.goal.into_owned(), plan, counters, ..Pattern::default() };
    Ok(PatternEntry { goal: Goal::new(&pattern.goal), pattern, stated: true })
}
