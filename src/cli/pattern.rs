//! `adjutant pattern`: which sequence of agents served a goal like this one?

use std::process::ExitCode;

use serde_json::{Value, json};

use super::ask::{CallResult, ask};
use super::output::{self, Tone};
use super::table;
use crate::app::operations::patterns::QueryPattern;
use crate::config::{Config, Environment, Flags};

#[derive(Debug, clap::Args)]
pub(super) struct PatternArguments {
    /// The goal in your own words
    #[arg(required = true)]
    goal: Vec<String>,
    /// How alike a known goal must be, 0 to 1 (default: 0.7)
    #[arg(long, value_name = "X")]
    min_similarity: Option<f64>,
    /// Patterns at most, 1 to 20
    #[arg(long, value_name = "N")]
    limit: Option<i64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &PatternArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let mut params = json!({ "goal": arguments.goal.join(" ") });
    if let Some(least) = arguments.min_similarity {
        params["min_similarity"] = least.into();
    }
    if let Some(limit) = arguments.limit {
        params["limit"] = limit.into();
    }
    match ask::<QueryPattern>(&config, &params)? {
        CallResult::Answer(answer) if arguments.json => output::line(&format!("{answer:#}")),
        CallResult::Answer(answer) => show(&answer),
        CallResult::Refused { message, details, exit } => {
            output::error(&message);
            for near in details {
                output::hint(&format!("near: {near}"));
            }
            return Ok(exit.into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(answer: &Value) {
    for found in answer["matches"].as_array().into_iter().flatten() {
        let pattern = &found["pattern"];
        let share = |member: &str| found[member].as_f64().unwrap_or(0.0);
        let record = format!(
            "  {:.2} alike, success {:.0} % of {}, id {}",
            share("similarity"),
            share("success_rate") * 100.0,
            found["task_count"],
            pattern["id"].as_str().unwrap_or_default(),
        );
        let goal = table::one_line(pattern["goal"].as_str().unwrap_or_default(), 80);
        output::toned(&[(Tone::Strong, &goal), (Tone::Quiet, &record)]);
        show_plan(pattern);
    }
    output::toned(&[
        (Tone::Quiet, "because "),
        (Tone::Plain, answer["reasoning"].as_str().unwrap_or_default()),
    ]);
}

/// The steps of a pattern as the wire has it; those who are named together may work at the same time.
pub(super) fn show_plan(pattern: &Value) {
    for (step, group) in (1..).zip(pattern["parallel_groups"].as_array().into_iter().flatten()) {
        let names = group.as_array().into_iter().flatten().filter_map(Value::as_str);
        output::line(&format!("  step {step:<4} {}", names.collect::<Vec<_>>().join(", ")));
    }
}
