//! `queryAgents`, `querySkills`, `queryWorkflows`: parameters, rows and answers.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::ScopeName;

/// What `queryAgents` takes. Lengths count Unicode characters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = context_first)]
pub struct AgentQuery {
    /// A capability tag, exact or nearly so.
    #[validate(length(max = 100))]
    pub capability: Option<String>,
    /// A role of the registry; its primary and fallbacks are answered first.
    #[validate(length(max = 50))]
    pub role: Option<String>,
    /// The task in the caller's words.
    #[validate(length(max = 500))]
    #[schemars(extend("x-model" = "The task in a sentence"))]
    pub context: Option<String>,
    /// Rows at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
    /// Only this plugin's agents.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Only agents of this scope.
    pub scope: Option<ScopeName>,
    /// Tokens of all rows at most.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
}

/// A model reads members in order, and mostly has a task to describe.
fn context_first(schema: &mut Schema) {
    move_to_front(schema, &["context"]);
}

/// What rows of every kind have stands before what is of one kind.
fn shared_first(schema: &mut Schema) {
    move_to_front(
        schema,
        &["id", "name", "description", "plugin", "scope", "marketplace", "score", "copies"],
    );
}

fn move_to_front(schema: &mut Schema, names: &[&str]) {
    let Some(properties) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) else {
        return;
    };
    for (place, name) in names.iter().enumerate() {
        if let Some(property) = properties.shift_remove(*name) {
            properties.shift_insert(place, (*name).to_owned(), property);
        }
    }
}

/// What `querySkills` takes. Lengths count Unicode characters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillQuery {
    /// The task in the caller's words.
    #[validate(length(max = 500))]
    pub context: String,
    /// Rows at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
    /// Only this plugin's skills.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Only skills of this scope.
    pub scope: Option<ScopeName>,
    /// Tokens of all rows at most.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
}

/// What `queryWorkflows` takes. Lengths count Unicode characters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowQuery {
    /// What is to be reached, in the caller's words.
    #[validate(length(max = 500))]
    pub goal: String,
    /// Rows at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
    /// Only this plugin's workflows.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Only workflows of this scope.
    pub scope: Option<ScopeName>,
    /// Tokens of all rows at most.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
}

/// What `queryAgents` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["agents", "reasoning", "confidence"]))]
pub struct AgentsFound {
    /// Best first.
    pub agents: Vec<AgentRow>,
    /// Why the first were chosen, in a sentence.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1, comparable between queries.
    pub confidence: f64,
    /// Whether it was computed before.
    pub cache_hit: bool,
    /// Estimated tokens of the rows, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// How tokens are estimated, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_estimator: Option<String>,
}

/// One agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["id", "name", "description", "plugin", "score"]), transform = shared_first)]
pub struct AgentRow {
    /// `plugin:name`, or a bare name of the project's or the user's own.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The model it asks for.
    pub model: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Its plugin.
    pub plugin: String,
    /// Where it comes from: project, user, managed or server.
    pub scope: String,
    /// The marketplace its plugin was installed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<String>,
    /// The role it fills, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Who is asked next for that role.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// Ids of the same agent in other plugins; `id (scope)` of one that this one precedes under its id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// How well it fits, 0 to 1.
    pub score: f64,
}

/// What `querySkills` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["skills", "reasoning", "confidence"]))]
pub struct SkillsFound {
    /// Best first.
    pub skills: Vec<SkillRow>,
    /// Why the first were chosen, in a sentence.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1, comparable between queries.
    pub confidence: f64,
    /// Whether it was computed before.
    pub cache_hit: bool,
    /// Estimated tokens of the rows, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// How tokens are estimated, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_estimator: Option<String>,
}

/// One skill.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["id", "name", "description", "plugin", "score"]), transform = shared_first)]
pub struct SkillRow {
    /// `plugin:name`, or a bare name of the project's or the user's own.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Its plugin.
    pub plugin: String,
    /// Where it comes from: project, user, managed or server.
    pub scope: String,
    /// The marketplace its plugin was installed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<String>,
    /// `user_only`, `model_only` or `nobody`: who may run it in Claude Code, where its file restricts that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<String>,
    /// Ids of the same skill in other plugins; `id (scope)` of one that this one precedes under its id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// How well it fits, 0 to 1.
    pub score: f64,
}

/// What `queryWorkflows` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["workflows", "reasoning", "confidence"]))]
pub struct WorkflowsFound {
    /// Best first.
    pub workflows: Vec<WorkflowRow>,
    /// Why the first were chosen, in a sentence.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1, comparable between queries.
    pub confidence: f64,
    /// Whether it was computed before.
    pub cache_hit: bool,
    /// Estimated tokens of the rows, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// How tokens are estimated, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_estimator: Option<String>,
}

/// One workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["id", "name", "description", "plugin", "score"]), transform = shared_first)]
pub struct WorkflowRow {
    /// `plugin:name`, or a bare name of the project's or the user's own.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The arguments it takes.
    pub arguments: String,
    /// Its steps, in order.
    pub steps: Vec<String>,
    /// The agents it names.
    pub agents: Vec<String>,
    /// Its plugin.
    pub plugin: String,
    /// Where it comes from: project, user, managed or server.
    pub scope: String,
    /// The marketplace its plugin was installed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<String>,
    /// `user_only`, `model_only` or `nobody`: who may run it in Claude Code, where its file restricts that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<String>,
    /// Ids of the same workflow in other plugins; `id (scope)` of one that this one precedes under its id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// How well it fits, 0 to 1.
    pub score: f64,
}
