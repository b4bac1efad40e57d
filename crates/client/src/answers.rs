//! Answers as a Rust program reads them. Members that a newer server adds are passed over; those that an older one
//! does not know are empty.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What `queryAgents` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agents {
    /// Best first.
    pub agents: Vec<Agent>,
    /// Why the first were chosen.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1.
    pub confidence: f64,
}

/// One agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agent {
    /// `plugin:name`.
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
    /// The role it fills, where one was asked for.
    pub role: Option<String>,
    /// Who is asked next for that role.
    pub fallbacks: Vec<String>,
    /// How well it fits, 0 to 1.
    pub score: f64,
}

/// What `querySkills` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Skills {
    /// Best first.
    pub skills: Vec<Skill>,
    /// Why the first were chosen.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1.
    pub confidence: f64,
}

/// One skill.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Skill {
    /// `plugin:name`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its category.
    pub category: String,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// Its plugin.
    pub plugin: String,
    /// How well it fits, 0 to 1.
    pub score: f64,
}

/// What `queryWorkflows` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workflows {
    /// Best first.
    pub workflows: Vec<Workflow>,
    /// Why the first were chosen.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1.
    pub confidence: f64,
}

/// One workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workflow {
    /// `plugin:name`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it takes.
    pub arguments: String,
    /// Its steps, in order.
    pub steps: Vec<String>,
    /// The agents it names.
    pub agents: Vec<String>,
    /// Its plugin.
    pub plugin: String,
    /// How well it fits, 0 to 1.
    pub score: f64,
}

/// What `getOrchestrationPattern` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BestPattern {
    /// The plan.
    pub pattern: Pattern,
    /// Successes as a share of its uses, 0.5 where there were none.
    pub success_rate: f64,
    /// How like the goal its goal is, 0 to 1.
    pub similarity: f64,
    /// Its uses.
    pub task_count: u64,
    /// Why it was chosen.
    pub reasoning: String,
}

/// A sequence of agents for a goal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pattern {
    /// Its id, to report a decision with.
    pub id: String,
    /// What it is for.
    pub goal: String,
    /// Who works, in order.
    pub agent_sequence: Vec<String>,
    /// Who waits for whom.
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Who works at the same time.
    pub parallel_groups: Vec<Vec<String>>,
}

/// What `cacheDecision` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stored {
    /// Whether it is on disk.
    pub stored: bool,
    /// The pattern that learned from it, where one did.
    pub pattern: Option<Pattern>,
    /// What to know of it.
    pub warnings: Vec<String>,
}
