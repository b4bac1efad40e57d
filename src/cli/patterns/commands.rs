//! `adjutant patterns`: the sequences of agents that are known to work, to look at and to share.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::import_export;
use crate::app::operations::Method;
use crate::app::operations::patterns::{GetOrchestrationPattern, stored_pattern_view};
use crate::cli::ask::{CallResult, ask};
use crate::cli::operation_commands::about;
use crate::cli::pattern::show_plan;
use crate::cli::{exit, output, store_access, table};
use crate::config::{Config, Environment, Flags};
use domain::patterns::{Pattern, PatternSet};
use store::StoreReader;

/// Characters of a goal in the list.
const GOAL_CHARS: usize = 56;

/// Characters of an id in the list; `show` takes as many.
const ID_CHARS: usize = 8;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PatternsArguments {
    #[command(subcommand)]
    command: PatternsCommand,
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
enum PatternsCommand {
    /// List all patterns
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Show one pattern whole
    Show {
        /// Its id, or the start of it
        id: String,
        #[command(flatten)]
        common: Common,
    },
    #[command(about = about(Method::GetOrchestrationPattern))]
    Find {
        /// The goal in your own words
        #[arg(required = true)]
        goal: Vec<String>,
        /// How alike a known goal must be, 0 to 1 (default: 0.7)
        #[arg(long)]
        min_similarity: Option<f64>,
        #[command(flatten)]
        common: Common,
    },
    /// Write all patterns as JSON lines, without those that are no longer offered
    Export {
        /// A file, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    #[command(about = about(Method::ImportPatterns))]
    Import {
        /// A file, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
}

pub(in crate::cli) fn run(
    arguments: &PatternsArguments,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let configured = |common: &Common| Config::resolve(&common.flags, environment);
    match &arguments.command {
        PatternsCommand::List { common } => {
            list(&pattern_set(&configured(common)?)?, common.json);
            Ok(ExitCode::SUCCESS)
        }
        PatternsCommand::Show { id, common } => {
            Ok(show(&pattern_set(&configured(common)?)?, id, common.json))
        }
        PatternsCommand::Find { goal, min_similarity, common } => {
            find(&configured(common)?, &goal.join(" "), *min_similarity, common.json)
        }
        PatternsCommand::Export { file, common } => {
            let config = configured(common)?;
            import_export::export(&config, &pattern_set(&config)?, file, common.json)
        }
        PatternsCommand::Import { file, common } => {
            import_export::import(&configured(common)?, file, common.json)
        }
    }
}

fn pattern_set(config: &Config) -> anyhow::Result<PatternSet> {
    store_access::read(config, StoreReader::patterns)
}

fn list(pattern_set: &PatternSet, as_json: bool) {
    if as_json {
        let patterns: Vec<Value> = pattern_set.patterns().map(|pattern| whole(pattern)).collect();
        output::line(&format!("{:#}", json!({ "patterns": patterns })));
    } else if pattern_set.is_empty() {
        output::line("no pattern is known yet");
        output::hint("a success reported by cacheDecision founds one, storePattern stores one");
    } else {
        let rows: Vec<_> = pattern_set.patterns().map(|pattern| as_row(pattern)).collect();
        table::print(["ID", "USES", "SUCCESS", "GOAL", "AGENTS"], &rows);
    }
}

fn as_row(pattern: &Pattern) -> [String; 5] {
    let rate = match pattern.task_count() {
        0 => "-".to_owned(),
        _ => format!("{:.0} %", pattern.success_rate() * 100.0),
    };
    let pruned = if pattern.pruned() { " (not offered)" } else { "" };
    [
        pattern.id.chars().take(ID_CHARS).collect(),
        pattern.task_count().to_string(),
        format!("{rate}{pruned}"),
        table::one_line(&pattern.goal, GOAL_CHARS),
        pattern.plan.agent_sequence().join(" > "),
    ]
}

/// Everything of a pattern as the wire has it, with whether it is offered.
fn whole(pattern: &Pattern) -> Value {
    let mut all = serde_json::to_value(stored_pattern_view(pattern)).unwrap_or_default();
    if let Some(all) = all.as_object_mut() {
        all.insert("success_rate".to_owned(), json!(pattern.success_rate()));
        all.insert("task_count".to_owned(), json!(pattern.task_count()));
        all.insert("offered".to_owned(), json!(!pattern.pruned()));
    }
    all
}

fn show(pattern_set: &PatternSet, id: &str, as_json: bool) -> ExitCode {
    let meant: Vec<_> = pattern_set.patterns().filter(|pattern| pattern.id.starts_with(id)).collect();
    let [pattern] = meant.as_slice() else {
        let count = if meant.is_empty() {
            "no pattern has".to_owned()
        } else {
            format!("{} patterns have", meant.len())
        };
        output::error(&format!("{count} an id that begins with {id:?}"));
        output::hint("list them with: adjutant patterns list");
        return exit::NOTHING_FOUND.into();
    };
    let all = whole(pattern);
    if as_json {
        output::line(&format!("{all:#}"));
        return ExitCode::SUCCESS;
    }
    output::line(&pattern.goal);
    show_plan(&all);
    let counters = &pattern.counters;
    let row = |label: &str, value: String| output::line(&format!("  {label:<9} {value}"));
    let offered = if pattern.pruned() { "; not offered" } else { "" };
    row(
        "record",
        format!(
            "{} uses: {} succeeded, {} in part, {} failed{offered}",
            counters.uses(),
            counters.successes,
            counters.partials,
            counters.failures,
        ),
    );
    if counters.duration_count > 0 {
        let average = i64::try_from(counters.avg_duration_ms()).unwrap_or(i64::MAX);
        row("took", format!("{} on average", table::duration(average)));
    }
    if counters.tokens_count > 0 {
        row("saved", format!("{} tokens on average", counters.avg_tokens_saved()));
    }
    row("changed", format!("{} UTC", table::minute(all["updated_at"].as_str().unwrap_or_default())));
    row("id", pattern.id.clone());
    ExitCode::SUCCESS
}

fn find(config: &Config, goal: &str, min_similarity: Option<f64>, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut params = json!({ "goal": goal });
    if let Some(least) = min_similarity {
        params["min_similarity"] = json!(least);
    }
    let answer = match ask::<GetOrchestrationPattern>(config, &params)? {
        CallResult::Answer(answer) => answer,
        CallResult::Refused { message, details, exit } => {
            output::error(&message);
            for near in details {
                output::hint(&format!("near: {near}"));
            }
            return Ok(exit.into());
        }
    };
    if as_json {
        output::line(&format!("{answer:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    show_plan(&answer["pattern"]);
    output::line(&format!("because: {}", answer["reasoning"].as_str().unwrap_or_default()));
    for other in answer["alternatives"].as_array().into_iter().flatten() {
        let agents = other["pattern"]["agent_sequence"].as_array().into_iter().flatten();
        let agents: Vec<&str> = agents.filter_map(Value::as_str).collect();
        output::line(&format!("or: {} (success rate {})", agents.join(" > "), other["success_rate"]));
    }
    Ok(ExitCode::SUCCESS)
}
