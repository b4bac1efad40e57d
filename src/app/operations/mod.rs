//! Every operation of the service, one file a subject. Adding one is a type here and a line in [`names`] and
//! [`by_name`].

pub mod decision;
pub mod definition;
pub mod explain;
pub mod find;
pub mod health;
pub mod import;
pub mod patterns;

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
        import::ImportPatterns::NAME,
        decision::CacheDecision::NAME,
        definition::GetDefinition::NAME,
        health::GetHealth::NAME,
        explain::Explain::NAME,
    ]
}

/// What is done with an operation once its name has said which one it is.
pub trait Visitor {
    /// What comes of it.
    type Outcome;

    /// Does it.
    fn visit<O: Operation>(self) -> impl Future<Output = Self::Outcome> + Send;
}

/// The table of methods: hands the operation of that name to `visitor`; `None` where there is none.
pub async fn by_name<V: Visitor + Send>(name: &str, visitor: V) -> Option<V::Outcome> {
    Some(match name {
        find::QueryAgents::NAME => visitor.visit::<find::QueryAgents>().await,
        find::QuerySkills::NAME => visitor.visit::<find::QuerySkills>().await,
        find::QueryWorkflows::NAME => visitor.visit::<find::QueryWorkflows>().await,
        patterns::GetOrchestrationPattern::NAME => visitor.visit::<patterns::GetOrchestrationPattern>().await,
        patterns::QueryPattern::NAME => visitor.visit::<patterns::QueryPattern>().await,
        patterns::StorePattern::NAME => visitor.visit::<patterns::StorePattern>().await,
        import::ImportPatterns::NAME => visitor.visit::<import::ImportPatterns>().await,
        decision::CacheDecision::NAME => visitor.visit::<decision::CacheDecision>().await,
        definition::GetDefinition::NAME => visitor.visit::<definition::GetDefinition>().await,
        health::GetHealth::NAME => visitor.visit::<health::GetHealth>().await,
        explain::Explain::NAME => visitor.visit::<explain::Explain>().await,
        _ => return None,
    })
}
