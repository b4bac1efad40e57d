//! `cacheDecision`: what was done, and how it went.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::OrchestrationPattern;

/// What `cacheDecision` takes.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionParams {
    /// The caller's name for the task; sent again with the same description it corrects what was sent before.
    #[validate(length(min = 1, max = 200))]
    pub task_id: String,
    /// What was to be done.
    #[validate(length(max = 2000))]
    pub task_description: String,
    /// Who worked on it, in order.
    #[validate(length(min = 1, max = 64))]
    pub agents_used: Vec<String>,
    /// success, failure or partial.
    pub result: ResultName,
    /// How long it took.
    #[validate(range(min = 0, max = 2_592_000_000_i64))]
    pub duration_ms: Option<i64>,
    /// What it saved; negative where it cost more than carrying everything.
    #[validate(range(min = -1_000_000_000, max = 1_000_000_000))]
    pub tokens_saved: Option<i64>,
    /// The pattern that was followed.
    #[validate(length(min = 1, max = 200))]
    #[schemars(extend("x-model" = "The pattern followed"))]
    pub pattern_id: Option<String>,
    /// Who waited for whom.
    #[serde(default)]
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Who worked at the same time.
    #[serde(default)]
    pub parallel_groups: Vec<Vec<String>>,
    /// When it was made, in milliseconds since 1970, UTC; on arrival where it is left out. A decision that was made before
    /// the one in effect changes nothing.
    #[validate(range(min = 0, max = 9_999_999_999_999_i64))]
    #[schemars(extend("x-model" = false))]
    pub decided_at_ms: Option<i64>,
}

/// How a task went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResultName {
    /// It worked.
    Success,
    /// It did not.
    Failure,
    /// It worked in part.
    Partial,
}

/// What `cacheDecision` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["stored"]))]
pub struct DecisionStored {
    /// Whether it is on disk and in effect; false where a decision on the same task that was made later is stored already.
    pub stored: bool,
    /// The pattern that learned from the decision in effect; `null` where none matched and the result founds none.
    #[schemars(extend("x-nullable" = true))]
    pub pattern: Option<OrchestrationPattern>,
    /// The decision on the same task that it replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedDecision>,
    /// A sentence for each agent that the catalog does not have, or has several times, and where it is not stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A decision that a later one on the same task replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReplacedDecision {
    /// Who had worked on it, in order.
    pub agents_used: Vec<String>,
    /// success, failure or partial; absent where it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// When it was made, RFC 3339, UTC; absent where that is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
}
