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
use serde_json::json;

use super::arguments::Arguments;
use super::render;
use crate::app::authorization::Principal;
use crate::app::operation::{self, Cost, Operation, Output, Shown};
use crate::app::operations::{Method, Visitor};
use crate::app::{AppError, Project, Snapshot, tokens};
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

/// Input schemas, generated once.
static SCHEMAS: LazyLock<BTreeMap<Method, Arc<JsonObject>>> = LazyLock::new(|| {
    let schema = |entry: &Entry| (entry.method, Arc::new(entry.method.input_schema()));
    ALL.iter().map(schema).collect()
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

    /// The JSON schema of its arguments.
    pub(super) fn input_schema(self) -> Arc<JsonObject> {
        SCHEMAS.get(&self.method).cloned().unwrap_or_default()
    }

    /// What a model passed, as the operation takes it.
    pub(super) fn take(self, arguments: &JsonObject) -> Arguments<'_> {
        Arguments::of(self.tool, &self.input_schema(), arguments)
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
        let listed = Tool::new(tool.name, description, self.input_schema())
            .with_title(method.title())
            .with_annotations(annotations);
        let Some(max) = tool.max_result_chars else { return listed };
        // What Claude Code cuts an answer at, in characters: nothing that keeps to the budget.
        let mut meta = MetaObject::new();
        meta.insert("anthropic/maxResultSizeChars".into(), max.into());
        listed.with_meta(meta)
    }
}

/// A tool's result: a text for a model. There is no structured content, since clients show a model that in place of the
/// text, at three times the tokens; a program asks `POST /`.
pub(super) struct Called {
    /// The text.
    pub(super) text: String,
    /// Whether the call failed in a way that the model can act on.
    pub(super) is_error: bool,
}

impl Called {
    fn answered(text: String) -> Self {
        Called { text, is_error: false }
    }

    fn failed(text: String) -> Self {
        Called { text, is_error: true }
    }
}

impl From<Called> for CallToolResult {
    fn from(Called { text, is_error }: Called) -> Self {
        let content = vec![ContentBlock::text(text)];
        if is_error { CallToolResult::error(content) } else { CallToolResult::success(content) }
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
    let taken = entry.take(arguments);
    // A map of JSON values can be written.
    let params = serde_json::to_string(&*taken.params).unwrap_or_default();
    let note = taken.note().unwrap_or_default();
    let budget = taken.budget.map(|budget| budget.saturating_sub(tokens::estimate(&note)));
    let call = Call { project, principal, params: &params, tool: entry.tool, budget, note: &note };
    let called = called(entry.tool, principal, entry.method.visit(call).await)?;
    Ok(Called { text: note + &called.text, ..called })
}

fn unknown_tool(name: &str) -> ErrorData {
    let shown: String = name.chars().take(64).collect();
    let known: Vec<&str> = ALL.iter().map(|entry| entry.tool.name).collect();
    let known = known.join(", ");
    ErrorData::invalid_params(format!("there is no tool {shown:?}; the tools are {known}"), None)
}

/// One call, whose operation is looked for.
struct Call<'a> {
    project: &'a Project,
    principal: &'a Principal,
    params: &'a str,
    tool: &'static operation::Tool,
    /// Estimated tokens of the answer at most, where the caller sets a bound.
    budget: Option<usize>,
    /// What is said before the answer.
    note: &'a str,
}

impl Visitor for Call<'_> {
    type Outcome = Result<String, AppError>;

    async fn visit<O: Operation>(self) -> Self::Outcome {
        let output = self.project.execute::<O>(self.principal, Some(self.params)).await?;
        let shown = self.shown(&output)?;
        if let Some(Cost { spared, .. }) = output.cost() {
            let usage = self.project.metrics().tokens();
            let told = tokens::estimate(self.note) + shown.tokens;
            usage.record(&self.principal.client, O::NAME, told, spared);
        }
        Ok(shown.text.into_string())
    }
}

impl Call<'_> {
    /// The answer as a model reads it, rendered once where the answer is cached and its length is not bounded by the caller.
    fn shown<O: Output>(&self, output: &O) -> anyhow::Result<Shown> {
        let cache = output.shown().filter(|_| self.budget.is_none());
        if let Some(shown) = cache.and_then(OnceLock::get) {
            return Ok(shown.clone());
        }
        let answer = serde_json::to_value(output)?;
        let budget = self.budget.or(self.tool.default_budget);
        let text = render::text_of(self.tool.rendering, &answer, budget);
        let shown = Shown { tokens: tokens::estimate(&text), text: text.into_boxed_str() };
        if let Some(cache) = cache {
            // Another call may have rendered the same text meanwhile.
            let _ = cache.set(shown.clone());
        }
        Ok(shown)
    }
}

fn called(
    tool: &operation::Tool,
    principal: &Principal,
    answer: Result<String, AppError>,
) -> Result<Called, ErrorData> {
    match answer {
        Ok(text) => Ok(Called::answered(text)),
        Err(AppError::NotFound { message, suggestions }) => {
            Ok(Called::answered(render::nothing_found(tool.rendering, &message, &suggestions)))
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
