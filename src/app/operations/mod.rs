//! Every operation of the service, one file a subject. Adding one is a type here and a line in [`names`]
//! and in the doors' tables.

pub mod decision;
pub mod definition;
pub mod explain;
pub mod find;
pub mod health;
pub mod patterns;
pub mod sharing;

use super::operation::Operation;

/// The names of all operations, as on the wire.
pub const fn names() -> [&'static str; 11] {
    [
        find::QueryAgents::NAME,
        find::QuerySkills::NAME,
        find::QueryWorkflows::NAME,
        patterns::GetOrchestrationPattern::NAME,
        patterns::QueryPattern::NAME,
        patterns::StorePattern::NAME,
        sharing::ImportPatterns::NAME,
        decision::CacheDecision::NAME,
        definition::GetDefinition::NAME,
        health::GetHealth::NAME,
        explain::Explain::NAME,
    ]
}
