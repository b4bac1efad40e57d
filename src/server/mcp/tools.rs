//! The tools: operations as a model sees them. A tool is added where its operation is: `Operation::TOOL` in
//! `app/operations/<subject>.rs`.
//!
//! What a client shows a model at start is names and the server's instructions; descriptions and input schemas follow
//! when the model looks for a tool. Every character here costs every client that connects.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::render;
use crate::app::authorization::Principal;
use crate::app::operation::{self, Operation, Output, Rendering};
use crate::app::operations::{Method, Visitor};
use crate::app::{AppError, Project, Snapshot};
use protocol::{ErrorCode, OperationClass};

/// An operation that is a tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) method: Method,
    pub(super) tool: &'static operation::Tool,
}

/// All tools, in the order a task uses them.
static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let tools = Method::ALL.into_iter().filter_map(|method| Some(Entry { method, tool: method.tool()? }));
    let mut all: Vec<Entry> = tools.collect();
    all.sort_by_key(|entry| entry.tool.position);
    all
});

/// Input and output schemas, generated once.
static SCHEMAS: LazyLock<BTreeMap<Method, [Arc<JsonObject>; 2]>> = LazyLock::new(|| {
    let schemas = |entry: &Entry| {
        let Entry { method, .. } = *entry;
        (method, [Arc::new(method.input_schema()), Arc::new(method.output_schema())])
    };
    ALL.iter().map(schemas).collect()
});

/// All tools, in the order a task uses them.
pub(super) fn all() -> &'static [Entry] {
    &ALL
}

/// The tool of that name.
pub(super) fn named(name: &str) -> Option<Entry> {
    ALL.iter().find(|entry| entry.tool.name == name).copied()
}

/// All tools as a client lists them.
pub(super) fn list(snapshot: &Snapshot) -> Vec<Tool> {
    ALL.iter().map(|entry| entry.listed(snapshot)).collect()
}

impl Entry {
    /// Whether it changes anything.
    pub(super) fn writes(self) -> bool {
        self.method.class() == OperationClass::Write
    }

    fn listed(self, snapshot: &Snapshot) -> Tool {
        let Entry { method, tool } = self;
        let description: Cow<'static, str> = match tool.counted {
            Some(kind) => tool.description.replace("{}", &snapshot.count(kind).to_string()).into(),
            None => tool.description.into(),
        };
        let annotations = ToolAnnotations::with_title(method.title())
            .read_only(!self.writes())
            .destructive(false)
            .idempotent(true)
            .open_world(false);
        let [input, output] = SCHEMAS.get(&method).cloned().unwrap_or_default();
        let listed = Tool::new(tool.name, description, input)
            .with_title(method.title())
            .with_raw_output_schema(output)
            .with_annotations(annotations);
        let Some(max) = tool.max_result_chars else { return listed };
        // What Claude Code cuts an answer at, in characters: nothing that keeps to the budget.
        let mut meta = MetaObject::new();
        meta.insert("anthropic/maxResultSizeChars".into(), max.into());
        listed.with_meta(meta)
    }
}

/// A tool's result: something to read, for a model and for a program.
pub(super) struct Called {
    /// For a model.
    pub(super) text: String,
    /// For a program, byte for byte what `POST /` writes; absent where the call failed.
    pub(super) structured: Option<String>,
}

impl Called {
    /// A failure that the model can act on.
    pub(super) fn failed(text: String) -> Self {
        Called { text, structured: None }
    }

    /// Whether the call failed.
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

/// Calls a tool. What the caller can act on is a result it can read; only an unknown tool and a fault of ours are errors
/// of the protocol.
pub(super) async fn call(
    project: &Project,
    principal: &Principal,
    name: &str,
    arguments: &JsonObject,
) -> Result<Called, ErrorData> {
    let Some(entry) = named(name) else {
        project.metrics().record_error(ErrorCode::InvalidParams.code());
        return Err(unknown_tool(name));
    };
    let arguments = with_defaults(entry.tool, arguments);
    // A map of JSON values can be written.
    let params = serde_json::to_string(&*arguments).unwrap_or_default();
    let rendering = entry.tool.rendering;
    let answer = entry.method.visit(Run { project, principal, params: &params, rendering }).await;
    called(entry.tool, principal, answer)
}

fn unknown_tool(name: &str) -> ErrorData {
    let shown: String = name.chars().take(64).collect();
    let known: Vec<&str> = ALL.iter().map(|entry| entry.tool.name).collect();
    let known = known.join(", ");
    ErrorData::invalid_params(format!("there is no tool {shown:?}; the tools are {known}"), None)
}

/// An answer in both forms.
struct Written {
    text: String,
    json: String,
}

/// One call, whose operation is looked for.
struct Run<'a> {
    project: &'a Project,
    principal: &'a Principal,
    params: &'a str,
    rendering: Rendering,
}

impl Visitor for Run<'_> {
    type Outcome = Result<Written, AppError>;

    async fn visit<O: Operation>(self) -> Self::Outcome {
        let output = self.project.execute::<O>(self.principal, Some(self.params)).await?;
        Ok(written(self.rendering, &output)?)
    }
}

/// Writes an answer in both forms. The text is rendered from what was written, once for an answer that is cached.
fn written<O: Output>(rendering: Rendering, output: &O) -> anyhow::Result<Written> {
    let mut json = Vec::with_capacity(output.size());
    output.write(&mut json)?;
    let json = String::from_utf8(json)?;
    let cached = output.shown();
    if let Some(text) = cached.and_then(OnceLock::get) {
        return Ok(Written { text: text.to_string(), json });
    }
    let text = render::text_of(rendering, &serde_json::from_str(&json)?);
    if let Some(cached) = cached {
        // Another call may have rendered the same text meanwhile.
        let _ = cached.set(text.as_str().into());
    }
    Ok(Written { text, json })
}

/// The arguments with the tool's own budget and limit, where the caller sets no budget.
fn with_defaults<'a>(tool: &operation::Tool, arguments: &'a JsonObject) -> Cow<'a, JsonObject> {
    let is_absent = |name: &str| arguments.get(name).is_none_or(Value::is_null);
    let Some(budget) = tool.default_budget.filter(|_| is_absent("max_tokens")) else {
        return Cow::Borrowed(arguments);
    };
    let mut completed = arguments.clone();
    completed.insert("max_tokens".into(), budget.into());
    if let Some(limit) = tool.default_limit.filter(|_| is_absent("limit")) {
        completed.insert("limit".into(), limit.into());
    }
    Cow::Owned(completed)
}

fn called(
    tool: &operation::Tool,
    principal: &Principal,
    answer: Result<Written, AppError>,
) -> Result<Called, ErrorData> {
    match answer {
        Ok(Written { text, json }) => Ok(Called { text, structured: Some(json) }),
        Err(AppError::NotFound { message, suggestions }) => {
            let value = nothing_found(tool.rendering, &message, &suggestions);
            let text = render::text_of(tool.rendering, &value);
            Ok(Called { text, structured: Some(value.to_string()) })
        }
        Err(AppError::Invalid(sentences)) => {
            Ok(Called::failed(format!("Wrong arguments: {}.", sentences.join("; "))))
        }
        Err(error @ AppError::Forbidden { .. }) => Ok(Called::failed(format!("Not allowed: {error}."))),
        Err(error @ (AppError::Conflict { .. } | AppError::NotStored(_))) => {
            Ok(Called::failed(format!("Not stored: {error}.")))
        }
        Err(error @ AppError::Unavailable { .. }) => Ok(Called::failed(format!("Not available: {error}."))),
        Err(AppError::Internal(_)) => {
            let data = json!({ "correlation_id": principal.correlation_id });
            Err(ErrorData::internal_error("Internal error", Some(data)))
        }
    }
}

/// The answer of a tool that found nothing, in the form of its schema.
fn nothing_found(rendering: Rendering, message: &str, suggestions: &[String]) -> Value {
    let mut answer = JsonObject::new();
    if let Rendering::Rows(kind) = rendering {
        answer.insert(kind.plural().into(), json!([]));
        answer.insert("confidence".into(), json!(0));
    }
    answer.insert("reasoning".into(), message.into());
    answer.insert("suggestions".into(), suggestions.into());
    Value::Object(answer)
}
