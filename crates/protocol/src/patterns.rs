//! `getOrchestrationPattern`, `queryPattern`, `storePattern`: parameters and answers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// What `getOrchestrationPattern` takes.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalQuery {
    /// What is to be reached.
    #[validate(length(max = 500))]
    pub goal: String,
    /// How similar a stored goal must be.
    #[validate(range(min = 0.0, max = 1.0))]
    pub min_similarity: Option<f64>,
    /// The best match and alternatives, at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
    /// Only patterns whose agents are all of this plugin.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Tokens of all matches at most; the best one is given whole whatever it takes, since half a plan is none.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
}

/// What `queryPattern` takes.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternQuery {
    /// What is to be reached.
    #[validate(length(max = 500))]
    pub goal: String,
    /// How similar a stored goal must be.
    #[validate(range(min = 0.0, max = 1.0))]
    pub min_similarity: Option<f64>,
    /// Matches at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
    /// Only patterns whose agents are all of this plugin.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Tokens of all matches at most; the best one is given whole whatever it takes.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
}

/// What `storePattern` takes. The domain checks the plan itself: order, cycles, sizes.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternParams {
    /// What it is for.
    #[validate(length(max = 500))]
    pub goal: String,
    /// Who works on it, in order.
    #[validate(length(min = 1, max = 64))]
    pub agent_sequence: Vec<String>,
    /// Who waits for whom.
    #[serde(default)]
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Who works at the same time.
    #[serde(default)]
    pub parallel_groups: Vec<Vec<String>>,
}

/// A sequence of agents for a goal, as the seed's `OrchestrationPattern`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["id", "goal", "agent_sequence"]))]
pub struct OrchestrationPattern {
    /// Its id, to report a decision with.
    pub id: String,
    /// What it is for.
    pub goal: String,
    /// Who works, in order.
    pub agent_sequence: Vec<String>,
    /// Those of them that the catalog does not have: the pattern cannot be followed as it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_agents: Vec<String>,
    /// Who waits for whom.
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Who works at the same time.
    pub parallel_groups: Vec<Vec<String>>,
    /// Uses that succeeded.
    pub success_count: u32,
    /// Uses that failed.
    pub failure_count: u32,
    /// Uses that succeeded in part.
    pub partial_count: u32,
    /// Average duration of a use, milliseconds.
    pub avg_duration_ms: u64,
    /// Average tokens that a use saved.
    pub avg_tokens_saved: i64,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub updated_at: String,
}

/// A match, as the seed's `PatternMatchResult`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["pattern", "success_rate", "similarity", "task_count"]))]
pub struct PatternMatch {
    /// The plan.
    pub pattern: OrchestrationPattern,
    /// Successes as a share of its uses; 0.5 where there were none.
    pub success_rate: f64,
    /// How similar its goal is, 0 to 1.
    pub similarity: f64,
    /// Its uses.
    pub task_count: u32,
}

/// What `getOrchestrationPattern` answers: the best match, and others that come close.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["reasoning"]))]
pub struct Recommendation {
    /// The best plan.
    pub pattern: OrchestrationPattern,
    /// Successes as a share of its uses; 0.5 where there were none.
    pub success_rate: f64,
    /// How similar its goal is, 0 to 1.
    pub similarity: f64,
    /// Its uses.
    pub task_count: u32,
    /// Others that score nearly as high.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<PatternMatch>,
    /// Why it was chosen, in a sentence.
    pub reasoning: String,
    /// How good the best one is, 0 to 1.
    pub confidence: f64,
    /// Whether it was computed before.
    pub cache_hit: bool,
    /// Estimated tokens of the matches, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
    /// How tokens are estimated, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_estimator: Option<String>,
}

/// What `queryPattern` answers: all matches, best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PatternMatches {
    /// Best first.
    pub matches: Vec<PatternMatch>,
    /// Why the first was chosen, in a sentence.
    pub reasoning: String,
    /// How good the first one is, 0 to 1.
    pub confidence: f64,
    /// Whether it was computed before.
    pub cache_hit: bool,
    /// Estimated tokens of the matches, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
    /// How tokens are estimated, where the caller set a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_estimator: Option<String>,
}

/// What `storePattern` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PatternStored {
    /// The pattern's id.
    pub id: String,
    /// Whether it is new; the same goal with the same agents is stored once.
    pub created: bool,
    /// A sentence for each agent that the catalog does not have, or has several times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
