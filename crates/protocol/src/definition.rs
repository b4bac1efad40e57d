//! `getDefinition`: one entry whole.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::KindName;

/// What `getDefinition` takes.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefinitionQuery {
    /// agent, skill or workflow.
    pub kind: KindName,
    /// `plugin:name`, an alias, or a bare name where it is unique.
    #[validate(length(min = 1, max = 1_000))]
    #[schemars(extend("x-model" = "plugin:name"))]
    pub id: String,
    /// Tokens of the whole answer at most: the body is cut where they run out, and the answer says so.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
}

/// All that is known of one entry; a service writes it from borrowed texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = []))]
pub struct Definition<'a> {
    /// agent, skill or workflow.
    pub kind: Cow<'a, str>,
    /// `plugin:name`, or a bare name of the project's or the user's own.
    pub id: Cow<'a, str>,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its plugin.
    pub plugin: Cow<'a, str>,
    /// Where it comes from: project, user, managed or server.
    pub scope: Cow<'a, str>,
    /// The marketplace its plugin was installed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<Cow<'a, str>>,
    /// Other names it goes by.
    pub aliases: Cow<'a, [String]>,
    /// What it is for.
    pub description: Cow<'a, str>,
    /// When to use it, where the file says so.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub when_to_use: Cow<'a, str>,
    /// The model it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Cow<'a, str>>,
    /// The tools it may use.
    pub tools: Cow<'a, [String]>,
    /// Its category.
    pub category: Cow<'a, str>,
    /// Its keywords.
    pub keywords: Cow<'a, [String]>,
    /// What it can do.
    pub capabilities: Cow<'a, [String]>,
    /// The arguments it takes.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub arguments: Cow<'a, str>,
    /// Its steps, in order.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub steps: Cow<'a, [String]>,
    /// The agents it names.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub agents: Cow<'a, [String]>,
    /// `user_only`, `model_only` or `nobody`: who may run it in Claude Code, where its file restricts that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<Cow<'a, str>>,
    /// Where it comes from.
    pub source: DefinitionSource<'a>,
    /// The instructions themselves.
    pub body: Cow<'a, str>,
    /// Whether a token budget cut the body.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub body_is_cut: bool,
    /// Estimated tokens of the answer, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
    /// How tokens are estimated, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_estimator: Option<Cow<'a, str>>,
}

/// Where a definition comes from, so that a reader can judge it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = []))]
pub struct DefinitionSource<'a> {
    /// The file: relative to the project, absolute elsewhere.
    pub path: Cow<'a, str>,
    /// Of its content.
    pub sha256: Cow<'a, str>,
    /// Whether it was handed out before with another content.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub changed_since_use: bool,
}
