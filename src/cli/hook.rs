//! `adjutant hook`: answers a hook of Claude Code. Whatever goes wrong, it prints nothing and ends with 0.

use std::io::Read;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use super::hint::{self, Row};
use super::{ask, output, running_client, small_runtime};
use crate::app::operation::Operation;
use crate::app::operations::definition::GetDefinition;
use crate::app::operations::kind_query::{QueryNames, names};
use crate::app::{self, InProcess};
use crate::config::{Config, Environment, Flags};
use crate::offload::{
    AgentBody, AgentCall, ClientState, Entry, EntryScope, HookEvent, Offloaded, Places, SessionHints,
    additional_context, is_small_talk, reason_to_stay,
};
use catalog::Kind;
use client::{Fallback, NoFallback, Options, OrchestratorClient, Source};

/// Bytes of an event that are read: a prompt may hold a pasted log.
const MAX_EVENT_BYTES: u64 = 8 << 20;

/// Time an instance has to answer all questions of a prompt, or that for an agent: one that is well takes a millisecond, and one that is stuck would have to be waited for at
/// every prompt.
const TIMEOUT: Duration = Duration::from_millis(400);

/// The name under which token usage counts hooks.
const CLIENT_NAME: &str = "claude-code-hook";

/// Rows of each kind that are looked at: those that are listed, or that the session was told of, are passed over.
const ROWS_ASKED: usize = 10;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct HookArguments {
    /// Milliseconds after which it says nothing: the client ends a hook after two seconds
    #[arg(long, value_name = "MS", default_value_t = 1_500)]
    deadline_ms: u64,
    #[command(flatten)]
    flags: Flags,
}

/// An answer, and what the session is to be remembered to have been told.
struct Answer {
    text: Value,
    told: Option<SessionHints>,
}

pub(super) fn run(arguments: &HookArguments, environment: &Environment) -> ExitCode {
    // A panic says nothing either.
    std::panic::set_hook(Box::new(|_| {}));
    let (sender, answered) = mpsc::sync_channel(1);
    let (own, environment) = (arguments.clone(), environment.clone());
    // Not waited for: what is under way at the deadline ends with the process.
    let begun = std::thread::Builder::new().name("hook".into()).spawn(move || {
        let _ = sender.send(answer(&own, &environment));
    });
    let deadline = Duration::from_millis(arguments.deadline_ms);
    if begun.is_ok()
        && let Ok(Some(Answer { text, told })) = answered.recv_timeout(deadline)
    {
        output::line_to_anybody(&text.to_string());
        // Told of it a second time is better than not at all.
        let _ = told.map(|told| told.store());
    }
    ExitCode::SUCCESS
}

/// The answer to the event on standard input; `None` where there is nothing to say, and whenever something fails.
fn answer(arguments: &HookArguments, environment: &Environment) -> Option<Answer> {
    let mut input = Vec::new();
    std::io::stdin().lock().take(MAX_EVENT_BYTES).read_to_end(&mut input).ok()?;
    let event = HookEvent::read(&input)?;
    if let Some(folder) = environment.path("CLAUDE_PROJECT_DIR") {
        // A session may begin below the project's root: it is looked for from there, as every other command does.
        std::env::set_current_dir(folder).ok()?;
    }
    let config = Config::resolve(&arguments.flags, environment).ok()?;
    let places = Places::of(&config.project);
    // Where there is no record, no settings are read.
    let offloaded = Some(Offloaded::load(&places)).filter(|offloaded| !offloaded.is_empty())?;
    match event {
        HookEvent::AgentCall(call) => {
            offloaded.may_have_agent(&call.agent).then_some(())?;
            let state = ClientState::of(&places, offloaded);
            // An agent that is unknown, listed, or denied by the user himself is none of ours.
            state.is_offloaded_agent(&call.agent).then_some(())?;
            may_stand_in(&config, &state, &call.agent).then_some(())?;
            let text = small_runtime().ok()?.block_on(rewritten(&config, &state, &call))?;
            Some(Answer { text, told: None })
        }
        HookEvent::Prompt { session, text } => {
            let told = (!is_small_talk(&text)).then(|| SessionHints::load(&places, &session)).flatten()?;
            let state = ClientState::of(&places, offloaded);
            // An instance that is there and does not answer would have to be waited for at every prompt.
            let is_running = running_client(&config).is_some();
            let client = client(&config, is_running);
            small_runtime().ok()?.block_on(async {
                let hinted = hinted(&client, &state, told, &text);
                if is_running {
                    return tokio::time::timeout(TIMEOUT, hinted).await.ok()?;
                }
                hinted.await
            })
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

/// Whether a stand-in loosens nothing of the agent as its file is now: it may have been updated since it was offloaded, and
/// an instance may not have noticed.
fn may_stand_in(config: &Config, state: &ClientState, id: &str) -> bool {
    let catalog = app::scan_quickly(&config.project);
    let mut agents = catalog.of_kind(Kind::Agent).iter();
    let agent = agents.find(|agent| agent.id == id && state.is_offloaded(&***agent));
    agent.is_some_and(|agent| reason_to_stay(agent).is_none())
}

/// The call with a stand-in for the agent.
async fn rewritten(config: &Config, state: &ClientState, call: &AgentCall) -> Option<Value> {
    let params = json!({ "kind": Kind::Agent.as_str(), "id": call.agent });
    let answered = client(config, false).call::<Value>(GetDefinition::NAME, &params).await.ok()?;
    if let Some(agent) = offloaded_agent(&answered.value, state, call) {
        return Some(call.rewritten(&agent));
    }
    // An instance may not have noticed yet what was offloaded, and serve another agent of this id.
    (answered.source != Source::Fallback).then_some(())?;
    let own = InProcess::over(config.project.clone());
    let definition = own.answer(GetDefinition::NAME, &params).await?.ok()?;
    offloaded_agent(&definition, state, call).map(|agent| call.rewritten(&agent))
}

/// The agent that a definition describes, if it is the one that was offloaded under this id.
fn offloaded_agent(definition: &Value, state: &ClientState, call: &AgentCall) -> Option<AgentBody> {
    let text = |member: &str| definition[member].as_str().unwrap_or_default();
    let scope = EntryScope::named(text("scope"))?;
    let (plugin, marketplace) = (text("plugin"), text("marketplace"));
    let installed = state.offloaded().installed_plugin(plugin, marketplace);
    let entry = Entry { kind: Kind::Agent, id: text("id"), plugin, installed, scope };
    // The client knows no aliases.
    (entry.id == call.agent && state.is_offloaded(entry)).then_some(())?;
    let tools = definition["tools"].as_array().into_iter().flatten();
    Some(AgentBody {
        id: call.agent.clone(),
        body: definition["body"].as_str()?.to_owned(),
        tools: tools.filter_map(Value::as_str).map(str::to_owned).collect(),
        model: definition["model"].as_str().map(str::to_owned),
        sha256: definition["source"]["sha256"].as_str().unwrap_or_default().to_owned(),
        changed_since_use: definition["source"]["changed_since_use"] == true,
    })
}

/// A hint of the entries that fit the prompt.
async fn hinted(
    client: &OrchestratorClient,
    state: &ClientState,
    mut told: SessionHints,
    prompt: &str,
) -> Option<Answer> {
    let context = hint::context_of(prompt);
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let QueryNames { method, text, .. } = names(kind);
        let params = json!({ text: context, "limit": ROWS_ASKED });
        match client.call::<Value>(method, &params).await {
            Ok(answered) => rows.extend(hint::rows_of(kind, &answered.value)),
            // The others would be waited for in vain.
            Err(refused) if refused.is_unavailable() => return None,
            Err(_) => {}
        }
    }
    rows.retain(|row: &Row| {
        state.is_offloaded(row.entry(state.offloaded())) && !told.has(row.kind.as_str(), &row.id)
    });
    let (text, named) = hint::hint(rows)?;
    for row in named {
        told.add(row.kind.as_str(), &row.id);
    }
    Some(Answer { text: additional_context(&text), told: Some(told) })
}
