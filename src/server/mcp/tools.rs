//! The tools: one line a tool in [`ALL`], each the door to one operation.
//!
//! What a client shows a model at start is names and the server's instructions; descriptions and input schemas
//! follow when the model looks for a tool. Every character here is paid for by whoever connects, so the words
//! say what is behind the tool in numbers and nothing else.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use futures_util::FutureExt;
use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::Value;
use tracing::{Instrument, Span};

use super::{render, schemas};
use crate::app::operation::{CallContext, Operation, Output, read_params};
use crate::app::operations::{decision, definition, find, patterns};
use crate::app::{App, AppError, Snapshot};
use crate::server::correlation::span_of;
use crate::telemetry::call_log::LoggedCall;
use catalog::Kind;

/// Estimated tokens of the rows of an answer where the caller sets no budget of its own. With what surrounds
/// them, and a client that shows a model both forms of an answer, it stays below 2,000.
pub(super) const DEFAULT_BUDGET: usize = 1_200;

/// The same for a whole definition, below the 25,000 at which Claude Code cuts. The longest body of a real collection
/// has 13,000.
pub(super) const DEFINITION_BUDGET: usize = 20_000;

/// One tool.
pub(super) struct Entry {
    pub(super) name: &'static str,
    title: &'static str,
    /// `{}` is replaced by the number of entries of `counted`.
    description: &'static str,
    counted: Option<Kind>,
    writes: bool,
    input: fn() -> JsonObject,
    output: fn() -> JsonObject,
}

/// All tools, in the order a task uses them.
pub(super) const ALL: [Entry; 6] = [
    Entry {
        name: "find_agents",
        title: "Find agents",
        description: "Who can do this? Ranks {} indexed agents for a task; give context, capability or role.",
        counted: Some(Kind::Agent),
        writes: false,
        input: schemas::agent_query,
        output: schemas::agents_found,
    },
    Entry {
        name: "find_skills",
        title: "Find skills",
        description: "Ranks {} indexed skills (know-how to load) for a task.",
        counted: Some(Kind::Skill),
        writes: false,
        input: schemas::skill_query,
        output: schemas::skills_found,
    },
    Entry {
        name: "find_workflows",
        title: "Find workflows",
        description: "Ranks {} indexed commands (step-by-step procedures) for a goal.",
        counted: Some(Kind::Workflow),
        writes: false,
        input: schemas::workflow_query,
        output: schemas::workflows_found,
    },
    Entry {
        name: "get_definition",
        title: "Get a definition",
        description: "Loads one entry whole: its instructions, tools and model.",
        counted: None,
        writes: false,
        input: schemas::definition_query,
        output: schemas::definition,
    },
    Entry {
        name: "recommend_pattern",
        title: "Recommend a pattern",
        description: "The sequence of agents that worked best for goals like this one, with its record.",
        counted: None,
        writes: false,
        input: schemas::goal_query,
        output: schemas::recommendation,
    },
    Entry {
        name: "record_outcome",
        title: "Record an outcome",
        description: "Stores who worked on a task and how it went, so that recommendations learn. \
                      The same task_id again corrects it.",
        counted: None,
        writes: true,
        input: schemas::decision,
        output: schemas::decision_stored,
    },
];

/// All tools as a client lists them.
pub(super) fn list(snapshot: &Snapshot) -> Vec<Tool> {
    ALL.iter().map(|entry| entry.tool(snapshot)).collect()
}

/// Whether there is a tool of that name.
pub(super) fn is_known(name: &str) -> bool {
    ALL.iter().any(|entry| entry.name == name)
}

/// Whether a tool changes what is remembered.
pub(super) fn writes(name: &str) -> bool {
    ALL.iter().any(|entry| entry.name == name && entry.writes)
}

impl Entry {
    fn tool(&self, snapshot: &Snapshot) -> Tool {
        let description: Cow<'static, str> = match self.counted {
            Some(kind) => self.description.replace("{}", &snapshot.count(kind).to_string()).into(),
            None => self.description.into(),
        };
        let annotations = ToolAnnotations::with_title(self.title)
            .read_only(!self.writes)
            .destructive(false)
            .idempotent(true)
            .open_world(false);
        let tool = Tool::new(self.name, description, Arc::new((self.input)()))
            .with_title(self.title)
            .with_raw_output_schema(Arc::new((self.output)()))
            .with_annotations(annotations);
        if self.name != "get_definition" {
            return tool;
        }
        // What Claude Code cuts an answer at, in characters: nothing that keeps to the budget.
        let mut meta = MetaObject::new();
        meta.insert("anthropic/maxResultSizeChars".into(), (DEFINITION_BUDGET * 5).into());
        tool.with_meta(meta)
    }
}

/// What a call gave: something to read, for a model and for a program.
pub(super) struct Called {
    /// For a model.
    pub(super) text: String,
    /// For a program, digit for digit what `POST /` writes; absent where the caller has to mend its arguments.
    pub(super) structured: Option<String>,
}

impl Called {
    /// Whether the caller has to mend its arguments.
    pub(super) fn is_error(&self) -> bool {
        self.structured.is_none()
    }
}

impl From<Called> for CallToolResult {
    fn from(called: Called) -> Self {
        let content = vec![ContentBlock::text(called.text)];
        let Some(structured) = called.structured else { return CallToolResult::error(content) };
        let mut result = CallToolResult::success(content);
        // Read back, since a value made in memory would widen its numbers. What was written by us can be read.
        result.structured_content = serde_json::from_str(&structured).ok();
        result
    }
}

/// Calls a tool. What the caller can mend is a result it can read; only an unknown tool and a fault of ours are
/// errors of the protocol.
pub(super) async fn call(
    app: &App,
    context: &CallContext,
    name: &str,
    arguments: &JsonObject,
) -> Result<Called, ErrorData> {
    let began = Instant::now();
    let Some(entry) = ALL.iter().find(|entry| entry.name == name) else {
        app.metrics().record_error(UNKNOWN_TOOL);
        return Err(unknown_tool(name));
    };
    let span = if entry.writes { span_of(context) } else { Span::none() };
    let running = run(app, context, entry.name, arguments).instrument(span);
    let outcome = std::panic::AssertUnwindSafe(running).catch_unwind().await;
    let ran = outcome.unwrap_or_else(|_| {
        app.metrics().record_panic();
        tracing::error!(correlation_id = context.correlation_id, tool = entry.name, "a handler panicked");
        Ran { method: entry.name, cache_hit: None, answer: Err(AppError::Internal(anyhow::anyhow!("panic"))) }
    });
    let took = began.elapsed();
    app.metrics().record_call(ran.method, took, ran.cache_hit);
    let error_code = ran.answer.as_ref().err().map(code_of);
    if let Some(code) = error_code {
        app.metrics().record_error(code);
    }
    app.metrics().call_log().write(&LoggedCall {
        correlation_id: &context.correlation_id,
        tool: Some(entry.name),
        method: ran.method,
        took,
        cache_hit: ran.cache_hit,
        error_code,
    });
    called(entry, context, ran.answer)
}

const UNKNOWN_TOOL: i32 = -32602;

fn unknown_tool(name: &str) -> ErrorData {
    let shown: String = name.chars().take(64).collect();
    let known = ALL.map(|entry| entry.name).join(", ");
    ErrorData::invalid_params(format!("there is no tool {shown:?}; the tools are {known}"), None)
}

/// The code the same failure has at `POST /`.
fn code_of(error: &AppError) -> i32 {
    match error {
        AppError::Invalid(_) => -32602,
        AppError::NotFound { .. } => -32004,
        AppError::NotStored(_) | AppError::Internal(_) => -32603,
    }
}

/// An answer in both forms.
struct Written {
    text: String,
    json: String,
}

/// What running an operation gave.
struct Ran {
    method: &'static str,
    cache_hit: Option<bool>,
    answer: Result<Written, AppError>,
}

/// The table: one line a tool.
async fn run(app: &App, context: &CallContext, name: &str, arguments: &JsonObject) -> Ran {
    match name {
        "find_agents" => run_operation::<find::QueryAgents>(app, context, name, &budgeted(arguments)).await,
        "find_skills" => run_operation::<find::QuerySkills>(app, context, name, &budgeted(arguments)).await,
        "find_workflows" => {
            run_operation::<find::QueryWorkflows>(app, context, name, &budgeted(arguments)).await
        }
        "get_definition" => {
            let arguments = within(arguments, DEFINITION_BUDGET);
            run_operation::<definition::GetDefinition>(app, context, name, &arguments).await
        }
        "recommend_pattern" => {
            let arguments = within(arguments, DEFAULT_BUDGET);
            run_operation::<patterns::GetOrchestrationPattern>(app, context, name, &arguments).await
        }
        _ => run_operation::<decision::CacheDecision>(app, context, name, arguments).await,
    }
}

/// Reads the arguments, runs the operation, writes its output.
async fn run_operation<O: Operation>(
    app: &App,
    context: &CallContext,
    tool: &str,
    arguments: &JsonObject,
) -> Ran {
    let mut cache_hit = None;
    let answer = async {
        let raw = serde_json::to_string(arguments).map_err(anyhow::Error::from)?;
        let output = O::run(app, context, read_params::<O>(Some(&raw))?).await?;
        cache_hit = output.cache_hit();
        Ok(written(tool, &output)?)
    }
    .await;
    Ran { method: O::NAME, cache_hit, answer }
}

/// Writes an answer in both forms. The text is made from what was written, once for an answer that is kept.
fn written<O: Output>(tool: &str, output: &O) -> anyhow::Result<Written> {
    let mut json = Vec::with_capacity(output.size());
    output.write(&mut json)?;
    let json = String::from_utf8(json)?;
    let kept = output.shown();
    if let Some(text) = kept.and_then(OnceLock::get) {
        return Ok(Written { text: text.to_string(), json });
    }
    let text = render::of(tool, &serde_json::from_str(&json)?);
    if let Some(kept) = kept {
        // Another call may have made the same text meanwhile.
        let _ = kept.set(text.as_str().into());
    }
    Ok(Written { text, json })
}

/// The arguments of a query with the default budget and limit, where the caller sets no budget.
fn budgeted(arguments: &JsonObject) -> Cow<'_, JsonObject> {
    let mut arguments = within(arguments, DEFAULT_BUDGET);
    if let Cow::Owned(arguments) = &mut arguments
        && is_absent(arguments, "limit")
    {
        arguments.insert("limit".into(), find::DEFAULT_LIMIT.into());
    }
    arguments
}

/// The arguments with this budget, where the caller sets none.
fn within(arguments: &JsonObject, budget: usize) -> Cow<'_, JsonObject> {
    if !is_absent(arguments, "max_tokens") {
        return Cow::Borrowed(arguments);
    }
    let mut arguments = arguments.clone();
    arguments.insert("max_tokens".into(), budget.into());
    Cow::Owned(arguments)
}

fn is_absent(arguments: &JsonObject, name: &str) -> bool {
    arguments.get(name).is_none_or(Value::is_null)
}

fn called(
    entry: &Entry,
    context: &CallContext,
    answer: Result<Written, AppError>,
) -> Result<Called, ErrorData> {
    match answer {
        Ok(Written { text, json }) => Ok(Called { text, structured: Some(json) }),
        Err(AppError::NotFound { message, suggestions }) => {
            let value = schemas::nothing_found(entry.name, &message, &suggestions);
            let text = render::of(entry.name, &value);
            Ok(Called { text, structured: Some(value.to_string()) })
        }
        Err(AppError::Invalid(sentences)) => {
            let text = format!("Wrong arguments: {}.", sentences.join("; "));
            Ok(Called { text, structured: None })
        }
        Err(AppError::NotStored(cause)) => {
            tracing::error!(correlation_id = context.correlation_id, error = %cause, "not stored");
            Ok(Called { text: format!("Not stored: {}.", cause.kind()), structured: None })
        }
        Err(AppError::Internal(cause)) => {
            tracing::error!(
                correlation_id = context.correlation_id,
                error = format!("{cause:#}"),
                "operation failed"
            );
            let data = serde_json::json!({ "correlation_id": context.correlation_id });
            Err(ErrorData::internal_error("Internal error", Some(data)))
        }
    }
}
