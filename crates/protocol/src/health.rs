//! `getHealth` and `GET /health`: how the service is doing.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// `getHealth` takes nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

/// How the service is doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Health {
    /// `healthy`, or `degraded`: it answers, but `reasons` says what does not work.
    pub status: Cow<'static, str>,
    /// Milliseconds since the start.
    pub uptime_ms: u64,
    /// The resident set, MiB.
    pub memory_mb: f64,
    /// The answer caches.
    pub cache: CacheHealth,
    /// The database.
    pub database: DatabaseHealth,
    /// What is indexed.
    pub indexes: IndexHealth,
    /// Where that comes from.
    pub origins: OriginHealth,
    /// The version of the running binary.
    pub version: Cow<'static, str>,
    /// Which project is answered for.
    pub project: ProjectHealth,
    /// The process.
    pub pid: u32,
    /// Files with a diagnostic.
    pub problems: usize,
    /// Counts up with every change of what is served.
    pub generation: u64,
    /// Scans since the start, the first included.
    pub scans: u64,
    /// `lexical` until the latent score is trained, then `latent`.
    pub ranking: Cow<'static, str>,
    /// The embedding model, and how many entries it has embedded.
    pub semantic: EmbeddingHealth,
    /// `on`, `off` or `degraded`.
    pub watch: Cow<'static, str>,
    /// How long the parts of the start took.
    pub timings_ms: StartTimings,
    /// Why it is degraded, or that the built-in collection is served.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// The answer caches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CacheHealth {
    /// Answers served again.
    pub hits: u64,
    /// Answers computed.
    pub misses: u64,
    /// Hits as a share of both; 0 where nothing was asked.
    pub hit_rate: f64,
}

/// The database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DatabaseHealth {
    /// Whether the last write went through.
    pub connected: bool,
    /// Its size, MiB.
    pub size_mb: f64,
    /// Whether it can be read only.
    pub read_only: bool,
    /// Rows of the query log that were lost.
    pub dropped_log_rows: u64,
}

/// How much is indexed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IndexHealth {
    /// Agents.
    pub agents: usize,
    /// Skills.
    pub skills: usize,
    /// Workflows.
    pub workflows: usize,
    /// Patterns.
    pub patterns: usize,
}

/// How many entries come from where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OriginHealth {
    /// Entries of installed plugins.
    pub installed: usize,
    /// Installed plugins that are read.
    pub plugins: usize,
    /// The user's own entries.
    pub user: usize,
    /// Entries of the project.
    pub project: usize,
    /// Entries that an administrator prescribes, those of plugins apart.
    pub managed: usize,
    /// Entries that come with the service or are registered with it.
    pub server: usize,
}

/// Which project is answered for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProjectHealth {
    /// Its folder.
    pub root: String,
    /// Its id.
    pub id: String,
}

/// The embedding model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EmbeddingHealth {
    /// What the model calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Dimensions of its vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<usize>,
    /// `none`, `loading`, `embedding`, `ready` or `failed`.
    pub state: Cow<'static, str>,
    /// Texts it has embedded.
    pub embedded: usize,
    /// Texts there are.
    pub total: usize,
}

/// Milliseconds of each part of the start; parts that run beside others are counted in full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StartTimings {
    /// Reading the folders.
    pub scan: f64,
    /// The index: loaded, or built.
    pub index: f64,
    /// The latent score: loaded, or trained. `null` until it is there.
    pub latent: Option<f64>,
}
