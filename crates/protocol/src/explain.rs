//! `explain`: the parts of a score.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::{KindName, ScopeName};

/// What `explain` takes: a query of any kind. Lengths count Unicode characters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainParams {
    /// agent, skill or workflow; agent by default.
    pub kind: Option<KindName>,
    /// A capability tag.
    #[validate(length(max = 100))]
    pub capability: Option<String>,
    /// A role of the registry.
    #[validate(length(max = 50))]
    pub role: Option<String>,
    /// The task or goal in the caller's words.
    #[validate(length(max = 500))]
    pub context: Option<String>,
    /// Only this plugin's entries.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Only entries of this scope.
    pub scope: Option<ScopeName>,
    /// Rows at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
}

/// An answer, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Explanation {
    /// Why the first were chosen, in a sentence.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1.
    pub confidence: f32,
    /// Words of the request that neither the collection nor the aliases know.
    pub unknown: Vec<String>,
    /// Best first.
    pub hits: Vec<ExplainedHit>,
    /// Near misses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

/// One row, taken apart: the parts add up to the score, but for its bounds of 0 and 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExplainedHit {
    /// `plugin:name`, or a bare name of the project's own.
    pub id: String,
    /// The score, 0 to 1.
    pub score: f32,
    /// The words of the request.
    pub terms: Vec<ExplainedTerm>,
    /// Latent similarity, learned from the collection.
    pub latent: f32,
    /// Similarity by the embedding model.
    pub semantic: f32,
    /// The intent the request states.
    pub need: f32,
    /// The capability asked for.
    pub capability: f32,
    /// The name.
    pub name: f32,
    /// The role asked for.
    pub role: f32,
    /// The model asked for.
    pub model: f32,
    /// Outcomes of similar tasks.
    pub outcomes: f32,
    /// Those outcomes in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// What one term contributes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExplainedTerm {
    /// The term that matched.
    pub term: String,
    /// The word of the request it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Its part of the score.
    pub share: f32,
    /// How that divides over the fields it occurs in.
    pub fields: IndexMap<String, f64>,
}
