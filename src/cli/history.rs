//! `adjutant history`: the decisions that were reported.

use std::process::ExitCode;

use serde_json::json;

use super::{output, store_options, table};
use crate::config::{Config, Environment, Flags};
use crate::store::{HistoryEntry, Reader};

/// Characters of a task's description in the list.
const DESCRIPTION_CHARS: usize = 48;

/// Characters of a task's id in the list.
const TASK_CHARS: usize = 24;

#[derive(Debug, clap::Args)]
pub(super) struct HistoryArguments {
    /// Decisions at most
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &HistoryArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let reader = Reader::open(&store_options(&config))?;
    let history = reader.map_or(Ok(Vec::new()), |reader| reader.history(arguments.limit))?;
    if arguments.json {
        let decisions: Vec<_> = history.iter().map(as_json).collect();
        output::line(&format!("{:#}", json!({ "decisions": decisions })));
    } else if history.is_empty() {
        output::line("no decision was reported yet");
        output::hint("cacheDecision reports one; see \"What it remembers\" in the README");
    } else {
        let rows: Vec<_> = history.iter().map(as_row).collect();
        table::print(["WHEN (UTC)", "RESULT", "TOOK", "TASK", "WHAT", "AGENTS"], &rows);
    }
    Ok(ExitCode::SUCCESS)
}

fn as_row(entry: &HistoryEntry) -> [String; 6] {
    [
        table::minute(&entry.timestamp),
        entry.result.clone(),
        entry.duration_ms.map_or_else(String::new, table::duration),
        table::one_line(&entry.task_id, TASK_CHARS),
        table::one_line(&entry.task_description, DESCRIPTION_CHARS),
        entry.agents_used.join(", "),
    ]
}

fn as_json(entry: &HistoryEntry) -> serde_json::Value {
    json!({
        "task_id": entry.task_id,
        "task_description": entry.task_description,
        "agents_used": entry.agents_used,
        "result": entry.result,
        "duration_ms": entry.duration_ms,
        "tokens_saved": entry.tokens_saved,
        "timestamp": entry.timestamp,
        "pattern_id": entry.pattern_id,
    })
}
