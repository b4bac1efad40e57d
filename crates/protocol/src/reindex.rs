//! `POST /reindex`: what reading the files again changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a re-index did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReindexReport {
    /// Definitions that are new.
    pub added: usize,
    /// Definitions whose content is another.
    pub changed: usize,
    /// Definitions whose files are gone.
    pub removed: usize,
    /// Definitions that stayed as they were.
    pub unchanged: usize,
    /// Diagnostics of all files.
    pub problems: usize,
    /// The snapshot that serves from now on.
    pub generation: u64,
    /// Milliseconds from start to swap.
    pub duration_ms: f64,
}
