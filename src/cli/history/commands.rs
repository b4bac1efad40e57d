//! `adjutant history`: the decisions that were reported, to look at and to share.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::{entry_json::as_json, import_export};
use crate::cli::{exit, output, store_access, table};
use crate::config::{Config, Environment, Flags};
use store::HistoryEntry;

/// Characters of a task's description in the list.
const DESCRIPTION_CHARS: usize = 48;

/// Characters of a task's id in the list.
const TASK_CHARS: usize = 24;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct HistoryArguments {
    #[command(subcommand)]
    command: Option<HistoryCommand>,
    /// Decisions at most, newest first
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    common: Common,
}

/// What every one of them takes.
#[derive(Debug, clap::Args)]
struct Common {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Subcommand)]
enum HistoryCommand {
    /// Show one decision whole
    Show {
        /// The name of its task
        task_id: String,
        #[command(flatten)]
        common: Common,
    },
    /// Write all decisions as JSON lines, oldest first
    Export {
        /// A file, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Record the decisions of JSON lines; those of a known task are corrected, unless they are older
    Import {
        /// A file, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
}

pub(in crate::cli) fn run(
    arguments: &HistoryArguments,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = |common: &Common| Config::resolve(&common.flags, environment);
    match &arguments.command {
        None => list(&config(&arguments.common)?, arguments.limit, arguments.common.json),
        Some(HistoryCommand::Show { task_id, common }) => show(&config(common)?, task_id, common.json),
        Some(HistoryCommand::Export { file, common }) => {
            let config = config(common)?;
            import_export::export(&config, &read(&config, usize::MAX)?, file, common.json)
        }
        Some(HistoryCommand::Import { file, common }) => {
            import_export::import(&config(common)?, file, common.json)
        }
    }
}

/// The newest decisions.
fn read(config: &Config, most: usize) -> anyhow::Result<Vec<HistoryEntry>> {
    store_access::read(config, |reader| reader.history(most))
}

fn list(config: &Config, limit: usize, json: bool) -> anyhow::Result<ExitCode> {
    let history = read(config, limit)?;
    if json {
        let decisions: Vec<_> = history.iter().map(as_json).collect();
        output::line(&format!("{:#}", json!({ "decisions": decisions })));
    } else if history.is_empty() {
        output::line("no decision was reported yet");
        output::hint("cacheDecision or adjutant record reports one; see docs/memory.md");
    } else {
        let rows: Vec<_> = history.iter().map(as_row).collect();
        table::print(["WHEN (UTC)", "RESULT", "TOOK", "TASK", "WHAT", "AGENTS"], &rows);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(config: &Config, task_id: &str, json: bool) -> anyhow::Result<ExitCode> {
    let history = read(config, usize::MAX)?;
    let Some(entry) = history.iter().find(|entry| entry.task_id == task_id) else {
        output::error(&format!("no decision was reported for a task {task_id:?}"));
        return Ok(exit::NOTHING_FOUND.into());
    };
    if json {
        output::line(&format!("{:#}", as_json(entry)));
        return Ok(ExitCode::SUCCESS);
    }
    let number =
        |number: Option<i64>| number.map_or_else(|| "not said".to_owned(), |number| number.to_string());
    let rows = [
        ("task", entry.task_id.clone()),
        ("what", entry.task_description.clone()),
        ("agents", entry.agents_used.join(", ")),
        ("result", entry.result.clone()),
        ("when", entry.timestamp.clone()),
        ("took", entry.duration_ms.map_or_else(|| "not said".to_owned(), table::duration)),
        ("saved", format!("{} tokens", number(entry.tokens_saved))),
        ("pattern", entry.pattern_id.clone().unwrap_or_else(|| "none learned".to_owned())),
    ];
    for (label, value) in rows {
        output::line(&format!("{label:<10} {}", table::one_line(&value, usize::MAX)));
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
