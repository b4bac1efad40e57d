//! `importPatterns`: taking over patterns that were learned elsewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// What `importPatterns` takes.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportParams {
    /// JSON lines as `adjutant patterns export` writes them; a larger file comes in several calls.
    #[validate(length(min = 1, max = 900_000))]
    pub lines: String,
    /// The number of the first line, for the sentences on refused ones; 1 by default.
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub first_line: Option<i64>,
}

/// What became of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Imported {
    /// Patterns that are new.
    pub created: usize,
    /// Patterns that were known, and keep their own counts.
    pub known: usize,
    /// Lines that hold no pattern.
    pub refused: usize,
    /// A sentence for each of the first refused lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl Imported {
    /// Adds what became of further lines.
    pub fn add(&mut self, more: Imported) {
        self.created += more.created;
        self.known += more.known;
        self.refused += more.refused;
        self.reasons.extend(more.reasons);
    }
}
