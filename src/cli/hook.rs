//! `adjutant hook`: answers a hook of Claude Code. Whatever goes wrong, it prints nothing and ends with 0.

use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::hint::{self, Row};
use super::{ask, output, running_client, small_runtime};
use crate::app::InProcess;
use crate::app::operation::Operation;
use crate::app::operations::definition::GetDefinition;
use crate::app::operations::kind_query::{QueryNames, names};
use crate::config::{Config, Environment, Flags};
use crate::offload::{
    AgentBody, AgentCall, ClientState, HookEvent, Places, SessionHints, additional_context, is_small_talk,
};
use catalog::Kind;
use client::{NoFallback, Options, OrchestratorClient};

/// Bytes of an event that are read: a prompt may hold a pasted log.
const MAX_EVENT_BYTES: u64 = 8 << 20;

/// Time an instance has to answer: one that is well takes a millisecond, one under load longer, and the client ends a hook
/// after two seconds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The name under which token usage counts hooks.
const CLIENT_NAME: &str = "claude-code-hook";

/// Rows of each kind that are looked at: those that are listed, or that the session was told of, are passed over.
const ROWS_ASKED: usize = 10;

#[derive(Debug, clap::Args)]
pub(super) struct HookArguments {
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &HookArguments, environment: &Environment) -> ExitCode {
    if let Some(answer) = answer(arguments, environment) {
        output::line_to_anybody(&answer.to_string());
    }
    ExitCode::SUCCESS
}

/// The answer to the event on standard input; `None` where there is nothing to say, and whenever something fails.
fn answer(arguments: &HookArguments, environment: &Environment) -> Option<Value> {
    let mut input = Vec::new();
    std::io::stdin().lock().take(MAX_EVENT_BYTES).read_to_end(&mut input).ok()?;
    let event = HookEvent::read(&input)?;
    let mut flags = arguments.flags.clone();
    flags.root =
        flags.root.or_else(|| environment.path("MCP_ROOT")).or(environment.path("CLAUDE_PROJECT_DIR"));
    let config = Config::resolve(&flags, environment).ok()?;
    let places = Places::of(&config.project);
    let state = ClientState::load(&places);
    match event {
        HookEvent::AgentCall(call) => {
            // An agent that is unknown, listed, or denied by the user himself is none of ours.
            state.is_offloaded_agent(&call.agent).then_some(())?;
            small_runtime().ok()?.block_on(rewritten(&client(&config, false), &call))
        }
        HookEvent::Prompt { session, text } => {
            let says_nothing = state.offloaded().is_empty() || is_small_talk(&text);
            let told = (!says_nothing).then(|| SessionHints::load(&places, &session)).flatten()?;
            // An instance that is there and does not answer would have to be waited for at every prompt.
            let client = client(&config, running_client(&config).is_some());
            small_runtime().ok()?.block_on(hinted(&client, &state, told, &text))
        }
    }
}

/// A client of the project's instance. What answers without one is an index of this process, unless `instance_only`.
fn client(config: &Config, instance_only: bool) -> OrchestratorClient {
    let options = Options { timeout: TIMEOUT, name: CLIENT_NAME.to_owned(), ..ask::options(config) };
    if instance_only {
        return OrchestratorClient::new(options, NoFallback);
    }
    OrchestratorClient::new(options, InProcess::over(config.project.clone()))
}

/// The call with a stand-in for the agent.
async fn rewritten(client: &OrchestratorClient, call: &AgentCall) -> Option<Value> {
    let params = json!({ "kind": Kind::Agent.as_str(), "id": call.agent });
    let definition = client.call::<Value>(GetDefinition::NAME, &params).await.ok()?.value;
    // The client knows no aliases.
    (definition["id"] == *call.agent).then_some(())?;
    let tools = definition["tools"].as_array().into_iter().flatten();
    let agent = AgentBody {
        id: call.agent.clone(),
        body: definition["body"].as_str()?.to_owned(),
        tools: tools.filter_map(Value::as_str).map(str::to_owned).collect(),
        model: definition["model"].as_str().map(str::to_owned),
    };
    Some(call.rewritten(&agent))
}

/// A hint of the entries that fit the prompt.
async fn hinted(
    client: &OrchestratorClient,
    state: &ClientState,
    mut told: SessionHints,
    prompt: &str,
) -> Option<Value> {
    let context = hint::context_of(prompt);
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let QueryNames { method, text, .. } = names(kind);
        let params = json!({ text: context, "limit": ROWS_ASKED });
        let Ok(answered) = client.call::<Value>(method, &params).await else { continue };
        rows.extend(hint::rows_of(kind, &answered.value));
    }
    rows.retain(|row: &Row| {
        state.is_offloaded(row.entry(state.offloaded())) && !told.has(row.kind.as_str(), &row.id)
    });
    let (text, named) = hint::hint(rows)?;
    for row in named {
        told.add(row.kind.as_str(), &row.id);
    }
    // Told of it a second time is better than not at all.
    let _ = told.store();
    Some(additional_context(&text))
}
