//! The wire contract: what every method takes and answers, and the one table of error codes.
//!
//! The service, its Rust client and the JSON schemas that MCP clients see are made from these types; the TypeScript
//! client is compared with them by a test. A new member of an answer is added here and where it is computed.
//!
//! Types are plain data: no clock, no I/O, no business rules. Parameters refuse unknown members and declare their limits
//! with `validator`; answers pass over members they do not know and default those that are missing, so that clients and
//! services of different versions understand each other.

mod access;
mod decision;
mod definition;
pub mod envelope;
mod error_code;
mod error_object;
mod explain;
mod health;
mod import;
mod kind;
mod method;
mod metrics;
mod patterns;
mod refusal;
mod reindex;
pub mod schema;
mod scope;
mod search;

pub use access::{AccessRole, OperationClass};
pub use decision::{DecisionParams, DecisionStored, ReplacedDecision, ResultName};
pub use definition::{Definition, DefinitionQuery, DefinitionSource};
pub use error_code::{ErrorCode, UnavailableReason};
pub use error_object::{ErrorData, ErrorObject};
pub use explain::{ExplainParams, ExplainedHit, ExplainedTerm, Explanation};
pub use health::{
    CacheHealth, DatabaseHealth, EmbeddingHealth, Health, IndexHealth, NoParams, OriginHealth, ProjectHealth,
    StartTimings,
};
pub use import::{ImportParams, Imported};
pub use kind::KindName;
pub use method::{METHODS, MethodTraits};
pub use metrics::{MethodTokens, MetricsReport, PatternMetrics, Performance, QueryMetrics, TokenMetrics};
pub use patterns::{
    GoalQuery, OrchestrationPattern, PatternMatch, PatternMatches, PatternParams, PatternQuery,
    PatternStored, Recommendation,
};
pub use refusal::Refusal;
pub use reindex::ReindexReport;
pub use scope::ScopeName;
pub use search::{
    AgentQuery, AgentRow, AgentsFound, SkillQuery, SkillRow, SkillsFound, WorkflowQuery, WorkflowRow,
    WorkflowsFound,
};
