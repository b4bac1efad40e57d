//! What MCP costs a client's model: the texts that a client puts before it.

use rmcp::model::{JsonObject, Tool};

use super::{local_handler, tools};
use crate::app::authorization::{Principal, Transport};
use crate::app::{Project, Snapshot};
use crate::telemetry::token_usage::ClientName;

/// What a client that looks for tools puts before a model at start: the instructions and the tools' names.
pub fn at_start(snapshot: &Snapshot) -> String {
    let names: Vec<&str> = tools::all().iter().map(|entry| entry.tool.name).collect();
    format!("{}\n{}", local_handler::instructions(&snapshot.catalog.counts()), names.join("\n"))
}

/// The tools as they are put before a model once it looks for them, or at start where the client has no tool search:
/// name, description and input schema of each.
pub fn schemas(snapshot: &Snapshot) -> Vec<(String, String)> {
    tools::list(snapshot).iter().map(|tool| (tool.name.to_string(), shown(tool))).collect()
}

fn shown(tool: &Tool) -> String {
    let description = tool.description.as_deref().unwrap_or_default();
    let schema = serde_json::to_string(&tool.input_schema).unwrap_or_default();
    format!("{}: {description} {schema}", tool.name)
}

/// The answer of a tool as a model reads it; `None` where the call fails.
pub async fn answer(project: &Project, tool: &str, arguments: &JsonObject) -> Option<String> {
    let principal = Principal::local(ClientName::new("cost"), "cost".to_owned(), Transport::Mcp);
    let called = tools::call(project, &principal, tool, arguments).await.ok()?;
    (!called.is_error).then_some(called.text)
}
