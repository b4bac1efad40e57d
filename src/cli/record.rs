//! `adjutant record`: what was done, and how it went. Never lost: where nobody can store it now, it waits on disk.

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::ask::{CLIENT_NAME, options};
use super::output::{self, Tone};
use super::{exit, prepare_state, running_client, small_runtime, store_options};
use crate::app::authorization::{Principal, Transport};
use crate::app::operations::decision::CacheDecision;
use crate::app::params::read_params;
use crate::app::{AppError, Project};
use crate::config::{Config, Environment, Flags};
use crate::telemetry::token_usage::ClientName;
use client::outbox::{self, Outbox};
use client::{CallError, NoFallback, OrchestratorClient, Recorded};
use protocol::{ErrorCode, OrchestrationPattern};
use store::{Store, StoreError};

/// Characters of a pattern's id that are shown; `adjutant patterns show` takes as many.
const ID_CHARS: usize = 8;

/// How a task went.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ResultArgument {
    /// It worked
    Success,
    /// It did not
    Failure,
    /// It worked in part
    Partial,
}

#[derive(Debug, clap::Args)]
pub(super) struct RecordArguments {
    /// Your name for the task; recorded again it corrects what was recorded before
    #[arg(long, value_name = "ID")]
    task_id: String,
    /// What was to be done
    #[arg(long, value_name = "TEXT")]
    description: String,
    /// Who worked on it, in order, separated by commas
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', required = true)]
    agents: Vec<String>,
    /// How it went
    #[arg(long, value_enum)]
    result: ResultArgument,
    /// The pattern that was followed
    #[arg(long, value_name = "ID")]
    pattern_id: Option<String>,
    /// How long it took, in milliseconds
    #[arg(long, value_name = "N")]
    duration_ms: Option<i64>,
    /// The tokens it saved; negative where it cost more
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    tokens_saved: Option<i64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

impl RecordArguments {
    fn params(&self) -> Value {
        let agents: Vec<&str> = self.agents.iter().map(|agent| agent.trim()).collect();
        let result = match self.result {
            ResultArgument::Success => "success",
            ResultArgument::Failure => "failure",
            ResultArgument::Partial => "partial",
        };
        let mut params = json!({
            "task_id": self.task_id,
            "task_description": self.description,
            "agents_used": agents,
            "result": result,
        });
        let given = [
            ("pattern_id", self.pattern_id.as_ref().map(|id| json!(id))),
            ("duration_ms", self.duration_ms.map(Value::from)),
            ("tokens_saved", self.tokens_saved.map(Value::from)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                params[name] = value;
            }
        }
        params
    }
}

pub(super) fn run(arguments: &RecordArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let params = arguments.params();
    let decided_at_ms = outbox::decision_time();
    // Checked before it may be queued, so that what waits is never refused for its form.
    let recorded = match read_params::<CacheDecision>(Some(&params.to_string())) {
        Err(AppError::Invalid(details)) => Recorded::Refused(invalid(details)),
        _ if running_client(&config).is_some() => {
            let client = OrchestratorClient::new(options(&config), NoFallback);
            let recorded = small_runtime()?.block_on(client.cache_decision(&params));
            let refused = client.outage().and_then(|outage| outage.known_code());
            if matches!(recorded, Recorded::Queued(_)) && refused == Some(ErrorCode::Unauthenticated) {
                // It is safe, and somebody has to do something all the same.
                output::error("the running instance does not accept the token of this command");
                tell(&recorded, arguments.json);
                return Ok(exit::FAILED.into());
            }
            recorded
        }
        _ => without_instance(&config, &params, decided_at_ms)?,
    };
    Ok(tell(&recorded, arguments.json))
}

fn invalid(details: Vec<String>) -> CallError {
    CallError { code: CallError::INVALID, message: "the decision is not valid".to_owned(), details }
}

/// Straight into the memory, after what waits; into the queue where another process holds it.
fn without_instance(config: &Config, params: &Value, decided_at_ms: u64) -> anyhow::Result<Recorded> {
    prepare_state(config);
    let outbox = Outbox::new(&config.project.paths.outbox_dir);
    let queue = |why: &str| match outbox.put_decided(params, decided_at_ms) {
        Ok(()) => Recorded::Queued(why.to_owned()),
        Err(error) => Recorded::Lost(format!("{why}, and it cannot be queued: {error}")),
    };
    let store = match Store::open(store_options(config)) {
        Ok(store) => store,
        Err(locked @ StoreError::Locked { .. }) => return Ok(queue(locked.kind())),
        Err(error) => return Err(error.into()),
    };
    let status = store.status();
    if status.read_only {
        let why = status.degraded.unwrap_or_else(|| "the memory is read-only".to_owned());
        return Ok(queue(&why));
    }
    let _progress = output::progress("reading the project's files");
    let project = Project::offline(config.project.clone(), store);
    let recorded = small_runtime()?.block_on(async {
        project.drain_outbox().await;
        let client = ClientName::new(CLIENT_NAME);
        let principal = Principal::local(client, "command line".to_owned(), Transport::CommandLine);
        project.execute::<CacheDecision>(&principal, Some(&params.to_string())).await
    });
    project.shut_down();
    match recorded {
        Ok(stored) => Ok(Recorded::Stored(Box::new(stored))),
        Err(AppError::Invalid(details)) => Ok(Recorded::Refused(invalid(details))),
        Err(error @ AppError::Conflict { .. }) => Ok(Recorded::Refused(CallError {
            code: error.code().code().into(),
            message: error.to_string(),
            details: Vec::new(),
        })),
        Err(error) => {
            tracing::warn!(%error, "the decision is queued");
            Ok(queue(&error.to_string()))
        }
    }
}

/// What a script needs of a pattern that learned.
fn plan_of(pattern: &OrchestrationPattern) -> Value {
    let OrchestrationPattern { id, goal, agent_sequence, dependencies, parallel_groups, .. } = pattern;
    json!({
        "id": id, "goal": goal, "agent_sequence": agent_sequence,
        "dependencies": dependencies, "parallel_groups": parallel_groups,
    })
}

fn tell(recorded: &Recorded, as_json: bool) -> ExitCode {
    let (state, code) = match recorded {
        Recorded::Stored(stored) if !stored.stored => ("superseded", ExitCode::SUCCESS),
        Recorded::Stored(_) => ("stored", ExitCode::SUCCESS),
        Recorded::Queued(_) => ("queued", ExitCode::SUCCESS),
        Recorded::Refused(_) => ("refused", exit::NOTHING_FOUND.into()),
        Recorded::Lost(_) => ("lost", exit::FAILED.into()),
    };
    if as_json {
        let pattern = match recorded {
            Recorded::Stored(stored) => stored.pattern.as_ref().map(plan_of),
            _ => None,
        };
        let details = match recorded {
            Recorded::Stored(stored) => stored.warnings.clone(),
            Recorded::Refused(refusal) => refusal.details.clone(),
            Recorded::Lost(why) | Recorded::Queued(why) => vec![why.clone()],
        };
        output::line(&format!("{:#}", json!({ "state": state, "pattern": pattern, "details": details })));
        return code;
    }
    match recorded {
        Recorded::Stored(stored) if !stored.stored => {
            output::toned(&[(Tone::Warning, "superseded")]);
            stored.warnings.iter().for_each(|warning| output::hint(warning));
        }
        Recorded::Stored(stored) => {
            let id =
                stored.pattern.as_ref().map(|pattern| pattern.id.chars().take(ID_CHARS).collect::<String>());
            let learned = id.map(|id| format!("; the pattern {id} learned from it"));
            output::toned(&[(Tone::Good, "stored"), (Tone::Plain, &learned.unwrap_or_default())]);
            if let Some(replaced) = &stored.replaced {
                let result = replaced.result.as_deref().unwrap_or("an outcome");
                output::hint(&format!("it replaces {result} by {}", replaced.agents_used.join(", ")));
            }
            stored.warnings.iter().for_each(|warning| output::hint(warning));
        }
        Recorded::Queued(why) => {
            output::toned(&[
                (Tone::Warning, "queued"),
                (Tone::Plain, ": it is stored once an instance can take it"),
            ]);
            output::hint(why);
        }
        Recorded::Refused(refusal) => {
            output::error(&refusal.message);
            refusal.details.iter().for_each(|detail| output::hint(detail));
        }
        Recorded::Lost(why) => output::error(&format!("neither stored nor queued: {why}")),
    }
    code
}
