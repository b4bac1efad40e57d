//! `adjutant history export` and `import`: decisions as a file of JSON lines.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::entry_json::as_json;
use crate::app::authorization::{Principal, Transport};
use crate::app::operation::Operation;
use crate::app::operations::decision::CacheDecision;
use crate::app::{AppError, Project};
use crate::cli::ask::CLIENT_NAME;
use crate::cli::patterns::import_export::{read_lines, write_lines};
use crate::cli::{exit, output, running_client, small_runtime, store_access};
use crate::config::Config;
use crate::telemetry::token_usage::ClientName;
use confined_fs::NamedFile;
use store::HistoryEntry;

/// What a line must say, and may, for a decision to be recorded again; who learned from it is found anew. With its time, a
/// decision of an older export does not replace its correction.
const MEMBERS: [&str; 7] =
    ["task_id", "task_description", "agents_used", "result", "duration_ms", "tokens_saved", "decided_at_ms"];

/// Reasons of refusals that are told.
const MAX_REASONS: usize = 20;

/// What became of the lines.
#[derive(Default)]
struct Taken {
    recorded: usize,
    /// Decisions that later ones on the same tasks have superseded.
    superseded: usize,
    refused: usize,
    reasons: Vec<String>,
}

pub(super) fn export(
    config: &Config,
    history: &[HistoryEntry],
    file: &Path,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let lines: String =
        history.iter().rev().fold(String::new(), |lines, entry| lines + &as_json(entry).to_string() + "\n");
    let file = NamedFile::new(&config.project.root, file);
    write_lines(lines.as_bytes(), history.len(), "decisions", &file, json)
}

pub(super) fn import(config: &Config, file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let lines = read_lines(&config.project.root, file).with_context(|| file.display().to_string())?;
    let taken = take_over(config, &lines)?;
    if json {
        let Taken { recorded, superseded, refused, reasons } = &taken;
        let told =
            json!({ "recorded": recorded, "superseded": superseded, "refused": refused, "reasons": reasons });
        output::line(&format!("{told:#}"));
    } else {
        output::line(&format!("{} recorded, {} refused", taken.recorded, taken.refused));
        if taken.superseded > 0 {
            output::hint(&format!("{} superseded by later decisions on the same tasks", taken.superseded));
        }
        taken.reasons.iter().for_each(|reason| output::error(reason));
    }
    Ok(if taken.refused == 0 { ExitCode::SUCCESS } else { exit::NOTHING_FOUND.into() })
}

/// Through the running instance, which owns the memory; else straight into it.
fn take_over(config: &Config, lines: &str) -> anyhow::Result<Taken> {
    let runtime = small_runtime()?;
    let mut taken = Taken::default();
    if let Some((client, _)) = running_client(config) {
        for (number, line) in numbered(lines) {
            let answer = match params_of(line) {
                Ok(params) => {
                    let reply = runtime.block_on(client.call(CacheDecision::NAME, &params))?.body;
                    let refusal = || format!("{}", reply["error"]["data"]["validation_errors"]);
                    reply.get("result").map(|stored| stored["stored"] == true).ok_or_else(refusal)
                }
                Err(why) => Err(why),
            };
            taken.add(number, answer);
        }
        return Ok(taken);
    }
    let project = Project::offline(config.project.clone(), store_access::for_session(config)?);
    let client = ClientName::new(CLIENT_NAME);
    let principal = Principal::local(client, "command line".to_owned(), Transport::CommandLine);
    for (number, line) in numbered(lines) {
        let recorded = params_of(line).and_then(|params| {
            let params = params.to_string();
            let stored = runtime.block_on(project.execute::<CacheDecision>(&principal, Some(&params)));
            stored.map(|answer| answer.stored).map_err(|error| why(&error))
        });
        taken.add(number, recorded);
    }
    project.shut_down();
    Ok(taken)
}

fn numbered(lines: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(lines.lines()).filter(|(_, line)| !line.trim().is_empty())
}

/// The params of a line, without what is only told.
fn params_of(line: &str) -> Result<Value, String> {
    let whole: Map<String, Value> =
        serde_json::from_str(line).map_err(|_| "the line does not hold a JSON object".to_owned())?;
    let kept = whole.into_iter().filter(|(name, value)| MEMBERS.contains(&name.as_str()) && !value.is_null());
    Ok(Value::Object(kept.collect()))
}

fn why(error: &AppError) -> String {
    match error {
        AppError::Invalid(sentences) => sentences.join("; "),
        other => other.to_string(),
    }
}

impl Taken {
    /// Counts a line: whether it was recorded rather than superseded, or why it was refused.
    fn add(&mut self, number: usize, answer: Result<bool, String>) {
        match answer {
            Ok(true) => self.recorded += 1,
            Ok(false) => self.superseded += 1,
            Err(why) => {
                self.refused += 1;
                if self.reasons.len() < MAX_REASONS {
                    self.reasons.push(format!("line {number}: {why}"));
                }
            }
        }
    }
}
