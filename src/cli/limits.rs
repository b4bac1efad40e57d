//! `adjutant limits`: what the service bears, each limit with its reason, from the constants themselves.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::{output, table};
use crate::app::operations::kind_query::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::app::{self, cache, content_pins, hit_view};
use crate::config::{MAX_CONFIG_FILE_BYTES, Memory, access};
use crate::offload;
use crate::server::{limits, mcp, rate};
use crate::telemetry::limits as log_limits;
use catalog::Limits;
use client::outbox;
use domain::patterns;
use protocol::envelope;
use semantic::{chunking, model_dir};
use store::{BACKUPS_KEPT, StoreOptions};

#[derive(Debug, clap::Args)]
pub(super) struct LimitsArguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One limit.
struct Limit {
    /// What it bounds.
    area: &'static str,
    /// Its name, which in JSON is the key.
    name: &'static str,
    value: Amount,
    reason: &'static str,
}

/// How much.
#[derive(Debug, Clone, Copy)]
enum Amount {
    Count(u64),
    Bytes(u64),
    Time(Duration),
    PerSecond(u32),
}

impl Amount {
    /// For a reader.
    fn shown(self) -> String {
        match self {
            Amount::Count(count) => count.to_string(),
            Amount::Bytes(bytes) if bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
            Amount::Bytes(bytes) if bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
            Amount::Bytes(bytes) => table::size(bytes),
            Amount::Time(time) => table::duration(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
            Amount::PerSecond(count) => format!("{count} a second"),
        }
    }

    /// For a program: a number and its unit.
    fn as_json(self) -> (Value, &'static str) {
        match self {
            Amount::Count(count) => (count.into(), "count"),
            Amount::Bytes(bytes) => (bytes.into(), "bytes"),
            Amount::Time(time) => {
                (u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into(), "milliseconds")
            }
            Amount::PerSecond(count) => (count.into(), "per_second"),
        }
    }
}

pub(super) fn run(arguments: &LimitsArguments) -> ExitCode {
    let all = all();
    if arguments.json {
        let all = all.iter().map(|limit| {
            let (value, unit) = limit.value.as_json();
            json!({ "area": limit.area, "name": limit.name, "value": value, "unit": unit, "reason": limit.reason })
        });
        output::line(&format!("{:#}", json!({ "limits": all.collect::<Vec<_>>() })));
    } else {
        let rows: Vec<_> = all
            .iter()
            .map(|limit| [limit.area.into(), limit.name.into(), limit.value.shown(), limit.reason.into()])
            .collect();
        table::print(["AREA", "LIMIT", "VALUE", "REASON"], &rows);
    }
    ExitCode::SUCCESS
}

/// The one table of all limits.
fn all() -> Vec<Limit> {
    [connections(), rates(), messages(), answers(), files(), memory(), model(), offloads(), logs()]
        .into_iter()
        .flatten()
        .collect()
}

fn count(value: usize) -> Amount {
    Amount::Count(value as u64)
}

fn bytes(value: usize) -> Amount {
    Amount::Bytes(value as u64)
}

/// Rows of one area.
fn area<const N: usize>(area: &'static str, rows: [(&'static str, Amount, &'static str); N]) -> Vec<Limit> {
    rows.map(|(name, value, reason)| Limit { area, name, value, reason }).into()
}

fn connections() -> Vec<Limit> {
    area(
        "connections",
        [
            (
                "max_connections",
                count(limits::MAX_CONNECTIONS),
                "each costs some 10 KB; beyond, accepting waits",
            ),
            ("max_requests", count(limits::MAX_REQUESTS), "worked on at once; beyond, 503 with Retry-After"),
            (
                "head_timeout",
                Amount::Time(limits::HEAD_TIMEOUT),
                "slow senders of heads, and idle connections, are closed",
            ),
            ("body_timeout", Amount::Time(limits::BODY_TIMEOUT), "slow senders of bodies get 408"),
            ("max_head_bytes", bytes(limits::MAX_HEAD_BYTES), "browsers' heads stay below it"),
            ("max_headers", count(limits::MAX_HEADERS), "clients send some ten"),
            (
                "max_body_bytes",
                bytes(limits::MAX_BODY_BYTES),
                "a batch of 64 full contexts has 64 KB; beyond, 413 before it is read",
            ),
            ("drain", Amount::Time(limits::DRAIN), "open requests have it to finish at the end"),
            (
                "accept_pause",
                Amount::Time(limits::ACCEPT_PAUSE),
                "accepting waits so long where no descriptor is left",
            ),
            (
                "max_mcp_sessions",
                count(mcp::MAX_SESSIONS),
                "each costs 30 KB and two tasks; few users run ten",
            ),
            ("min_token_chars", count(access::MIN_TOKEN_CHARS), "a shorter secret can be tried out"),
            (
                "max_config_file_bytes",
                Amount::Bytes(MAX_CONFIG_FILE_BYTES),
                "all settings take a hundredth of it",
            ),
            ("max_token_chars", count(access::MAX_TOKEN_CHARS), "it has to fit a head"),
        ],
    )
}

fn rates() -> Vec<Limit> {
    let share = |requests: u32| Amount::PerSecond(requests);
    area(
        "rates",
        [
            (
                "requests",
                share(rate::REQUESTS_PER_SECOND),
                "MCP_RATE_LIMIT; only a loop without a pause meets it",
            ),
            (
                "queries",
                share(rate::REQUESTS_PER_SECOND / 10 * rate::QUERY_TENTHS),
                "of the above: a flood of questions leaves room for the rest",
            ),
            (
                "writes",
                share(rate::REQUESTS_PER_SECOND / rate::WRITE_SHARE),
                "of the above: each waits for the disk",
            ),
            (
                "reindex",
                share(rate::REINDEX_PER_SECOND),
                "nobody edits files faster; those that come together share a scan",
            ),
            ("reindex_burst", count(rate::REINDEX_BURST as usize), "as many may come at once"),
        ],
    )
}

fn messages() -> Vec<Limit> {
    area(
        "messages",
        [
            ("max_batch", count(envelope::MAX_BATCH), "any orchestrator's step, answered in one go"),
            ("max_depth", count(envelope::MAX_DEPTH), "the deepest legitimate message needs 6 levels"),
            ("max_goal_chars", count(patterns::MAX_GOAL_CHARS), "four times the longest context of a query"),
            ("max_id_chars", count(patterns::MAX_ID_CHARS), "ids of tasks and patterns are short names"),
            ("max_plan_agents", count(patterns::MAX_AGENTS), "published sequences name some twenty"),
            (
                "max_agent_chars",
                count(patterns::MAX_AGENT_CHARS),
                "plugin:name at the length the client allows",
            ),
            (
                "max_duration",
                Amount::Time(Duration::from_millis(patterns::MAX_DURATION_MS)),
                "anything longer is a mistaken unit",
            ),
            (
                "max_tokens_saved",
                Amount::Count(patterns::MAX_TOKENS_SAVED.unsigned_abs()),
                "of one decision; more is a mistake",
            ),
        ],
    )
}

fn answers() -> Vec<Limit> {
    area(
        "answers",
        [
            ("default_limit", count(DEFAULT_LIMIT), "rows where none are asked for"),
            ("max_limit", count(MAX_LIMIT), "rows of one answer: a model reads no more"),
            (
                "max_description_chars",
                count(hit_view::MAX_DESCRIPTION_CHARS),
                "nine in ten real descriptions are shorter",
            ),
            ("max_listed", count(hit_view::MAX_LISTED), "capabilities, keywords or steps of one row"),
            ("max_matches", count(patterns::MAX_MATCHES), "patterns of one answer"),
            (
                "max_compared_chars",
                count(patterns::MAX_COMPARED_CHARS),
                "of two goals: comparing takes the product of their lengths",
            ),
            (
                "max_cache_bytes",
                Amount::Bytes(cache::MAX_BYTES),
                "of each kind of answer: more than a day of an orchestrator",
            ),
        ],
    )
}

fn files() -> Vec<Limit> {
    let Limits { files, file_bytes, depth, folders } = Limits::default();
    area(
        "files",
        [
            ("max_files", count(files), "the largest known collections hold some 2,000"),
            ("max_file_bytes", bytes(file_bytes), "the largest real body has 294 KB"),
            ("max_folder_depth", count(depth), "below a component folder such as agents/"),
            ("max_folders", count(folders), "visited in search of plugins"),
            (
                "max_settings_bytes",
                Amount::Bytes(catalog::MAX_SETTINGS_BYTES),
                "of the client's settings and registries; with a hundred plugins they have some 60 KB",
            ),
            (
                "max_learned_entries",
                count(app::MAX_ENTRIES_LEARNED),
                "likeness of meaning is learned of; a larger collection is ranked by words",
            ),
        ],
    )
}

fn memory() -> Vec<Limit> {
    let Memory { soft_limit_bytes, hard_limit_bytes, .. } = Memory::default();
    let StoreOptions { queue_capacity, queue_timeout, .. } = StoreOptions::new("");
    area(
        "memory",
        [
            ("max_patterns", count(patterns::MAX_PATTERNS), "at 2 KiB each, forty megabytes"),
            (
                "max_remembered_tasks",
                count(patterns::MAX_REMEMBERED_TASKS),
                "at 1 KB each; of twice as many the oldest half is forgotten",
            ),
            ("queue", count(queue_capacity), "writes that wait for the disk; beyond, callers wait"),
            ("queue_patience", Amount::Time(queue_timeout), "then a write is refused"),
            (
                "soft_limit",
                Amount::Bytes(soft_limit_bytes),
                "MCP_DB_SOFT_LIMIT_MB; above, the query log is pruned",
            ),
            (
                "hard_limit",
                Amount::Bytes(hard_limit_bytes),
                "MCP_DB_HARD_LIMIT_MB; above, it takes no more rows",
            ),
            (
                "max_uses",
                count(content_pins::MAX_PINS),
                "definitions whose last content is known, twenty times the largest collection",
            ),
            ("backups_kept", count(BACKUPS_KEPT), "a week of days"),
            (
                "max_waiting_decisions",
                count(outbox::MAX_FILES),
                "queued where no instance runs: a day of seven decisions a minute",
            ),
            (
                "max_waiting_bytes",
                Amount::Bytes(outbox::MAX_BYTES),
                "of these; beyond, a decision is refused",
            ),
        ],
    )
}

fn model() -> Vec<Limit> {
    area(
        "model",
        [
            (
                "max_dimensions",
                count(model_dir::MAX_DIMENSIONS),
                "numbers of a vector; the known models have 384 to 768",
            ),
            (
                "max_passage_tokens",
                count(chunking::MAX_PASSAGE_TOKENS),
                "embedded of a passage; what is beyond costs more than it says",
            ),
            (
                "max_request_tokens",
                count(chunking::MAX_REQUEST_TOKENS),
                "embedded of a request; its time grows with them",
            ),
        ],
    )
}

fn offloads() -> Vec<Limit> {
    area(
        "offload",
        [(
            "max_sessions",
            count(offload::MAX_SESSIONS),
            "whose hints are remembered; a forgotten one is told of an entry again",
        )],
    )
}

fn logs() -> Vec<Limit> {
    area(
        "logs",
        [
            ("days_kept", count(log_limits::DAYS_KEPT), "files, all but the newest two compressed"),
            (
                "waiting_lines",
                count(log_limits::WAITING_LINES),
                "for the disk; further ones are dropped and counted",
            ),
            ("max_text_chars", count(log_limits::MAX_TEXT_CHARS), "of one value in a line; the rest is cut"),
            (
                "max_day_bytes",
                Amount::Bytes(log_limits::MAX_DAY_BYTES),
                "of one day's file; further lines are dropped and counted",
            ),
        ],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;

    #[test]
    fn each_limit_is_listed_once_and_bounds_something() {
        let all = all();
        let names: BTreeSet<_> = all.iter().map(|limit| limit.name).collect();
        assert_eq!(names.len(), all.len());
        for limit in &all {
            assert!(limit.value.as_json().0.as_u64() > Some(0), "{}", limit.name);
            assert!(!limit.reason.is_empty() && !limit.reason.ends_with('.'), "{}", limit.name);
        }
    }
}
