//! The kinds of entries on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindName {
    /// An agent.
    #[default]
    Agent,
    /// A skill.
    Skill,
    /// A workflow.
    Workflow,
}
