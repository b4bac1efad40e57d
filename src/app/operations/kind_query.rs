//! The queries of each kind: what their parameters are and how a model sees them. How they are answered is in `find`.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use validator::Validate;

use crate::app::AppError;
use crate::app::cache::QueryKey;
use crate::app::canonical_text::canonical;
use crate::app::operation::{Rendering, Tool};
use catalog::Kind;
use protocol::{AgentQuery, AgentsFound, KindName, SkillQuery, SkillsFound, WorkflowQuery, WorkflowsFound};

/// Rows of an answer where the caller sets no limit.
pub const DEFAULT_LIMIT: usize = 5;

/// Rows of an answer at most; also the number tried for a token budget.
pub const MAX_LIMIT: usize = 20;

/// Estimated tokens of a tool's answer at most where the caller sets no budget.
pub(super) const TOOL_BUDGET: usize = 1_200;

/// Parameters of the query for one kind of entry, with everything that distinguishes it from the queries for others.
pub trait KindQuery: DeserializeOwned + Validate + JsonSchema + fmt::Debug + Send {
    /// The kind it looks for.
    const KIND: Kind;
    /// That kind on the wire.
    const KIND_NAME: KindName;
    /// The method's name on the wire.
    const METHOD: &'static str;
    /// A name for people.
    const TITLE: &'static str;
    /// What it does, in one sentence.
    const SENTENCE: &'static str;
    /// The parameter that describes the task.
    const TEXT: &'static str;
    /// Its MCP tool.
    const TOOL: &'static Tool;
    /// The wire type of the answer.
    type Answer: DeserializeOwned + JsonSchema;

    /// What determines the answer, apart from the state of the index.
    ///
    /// # Errors
    /// [`AppError::Invalid`] where nothing is asked for.
    fn into_key(self) -> Result<QueryKey, AppError>;
}

impl KindQuery for AgentQuery {
    const KIND: Kind = Kind::Agent;
    const KIND_NAME: KindName = KindName::Agent;
    const METHOD: &'static str = "queryAgents";
    const TITLE: &'static str = "Find agents";
    const SENTENCE: &'static str = "Rank agents for a task, a capability or a role.";
    const TEXT: &'static str = "context";
    const TOOL: &'static Tool = &Tool {
        name: "find_agents",
        position: 1,
        description: "Who can do this? Ranks {} indexed agents for a task; give context, capability or role.",
        free_text: Some(Self::TEXT),
        ..tool(Kind::Agent)
    };
    type Answer = AgentsFound;

    fn into_key(self) -> Result<QueryKey, AppError> {
        let key = QueryKey {
            capability: canonical(self.capability.as_deref()),
            role: canonical(self.role.as_deref()),
            context: canonical(self.context.as_deref()),
            plugin: canonical(self.plugin.as_deref()),
            scope: self.scope,
            ..bounds(self.limit, self.max_tokens)
        };
        if key.capability.is_none() && key.role.is_none() && key.context.is_none() {
            return Err(AppError::invalid("one of capability, role, context is required, got none"));
        }
        Ok(key)
    }
}

impl KindQuery for SkillQuery {
    const KIND: Kind = Kind::Skill;
    const KIND_NAME: KindName = KindName::Skill;
    const METHOD: &'static str = "querySkills";
    const TITLE: &'static str = "Find skills";
    const SENTENCE: &'static str = "Rank skills for a task.";
    const TEXT: &'static str = "context";
    const TOOL: &'static Tool = &Tool {
        name: "find_skills",
        position: 2,
        description: "Ranks {} indexed skills (know-how to load) for a task.",
        free_text: Some(Self::TEXT),
        ..tool(Kind::Skill)
    };
    type Answer = SkillsFound;

    fn into_key(self) -> Result<QueryKey, AppError> {
        Ok(QueryKey {
            context: Some(required(Self::TEXT, &self.context)?),
            plugin: canonical(self.plugin.as_deref()),
            scope: self.scope,
            ..bounds(self.limit, self.max_tokens)
        })
    }
}

impl KindQuery for WorkflowQuery {
    const KIND: Kind = Kind::Workflow;
    const KIND_NAME: KindName = KindName::Workflow;
    const METHOD: &'static str = "queryWorkflows";
    const TITLE: &'static str = "Find workflows";
    const SENTENCE: &'static str = "Rank workflows (commands) for a goal.";
    const TEXT: &'static str = "goal";
    const TOOL: &'static Tool = &Tool {
        name: "find_workflows",
        position: 3,
        description: "Ranks {} indexed commands (step-by-step procedures) for a goal.",
        free_text: Some(Self::TEXT),
        ..tool(Kind::Workflow)
    };
    type Answer = WorkflowsFound;

    fn into_key(self) -> Result<QueryKey, AppError> {
        Ok(QueryKey {
            context: Some(required(Self::TEXT, &self.goal)?),
            plugin: canonical(self.plugin.as_deref()),
            scope: self.scope,
            ..bounds(self.limit, self.max_tokens)
        })
    }
}

/// The names of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryNames {
    /// The kind on the wire.
    pub kind: KindName,
    /// The method on the wire.
    pub method: &'static str,
    /// The MCP tool.
    pub tool: &'static str,
    /// The parameter that describes the task.
    pub text: &'static str,
}

/// The names of the query for entries of that kind.
pub const fn names(kind: Kind) -> QueryNames {
    match kind {
        Kind::Agent => names_of::<AgentQuery>(),
        Kind::Skill => names_of::<SkillQuery>(),
        Kind::Workflow => names_of::<WorkflowQuery>(),
    }
}

const fn names_of<Q: KindQuery>() -> QueryNames {
    QueryNames { kind: Q::KIND_NAME, method: Q::METHOD, tool: Q::TOOL.name, text: Q::TEXT }
}

/// The kind of that name on the wire.
pub fn kind_of(name: KindName) -> Kind {
    // Every name is that of a kind.
    Kind::ALL.into_iter().find(|kind| names(*kind).kind == name).unwrap_or_default()
}

/// The kind that a method queries, where it queries one.
pub fn kind_of_method(method: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| names(*kind).method == method)
}

/// What the tools of all kinds have in common.
const fn tool(kind: Kind) -> Tool {
    Tool {
        name: "",
        position: 0,
        description: "",
        counted: Some(kind),
        free_text: None,
        default_budget: Some(TOOL_BUDGET),
        max_result_chars: None,
        rendering: Rendering::Rows(kind),
    }
}

/// A text that must not be blank, in canonical form.
pub(super) fn required(field: &str, text: &str) -> Result<String, AppError> {
    canonical(Some(text))
        .ok_or_else(|| AppError::invalid(format!("{field} must not be empty, got only white space")))
}

/// The bounds of a query: the rows that were asked for, else as many as a token budget may hold, else the default.
fn bounds(limit: Option<i64>, max_tokens: Option<i64>) -> QueryKey {
    let default = if max_tokens.is_some() { MAX_LIMIT } else { DEFAULT_LIMIT };
    QueryKey { limit: whole(limit).unwrap_or(default), max_tokens: whole(max_tokens), ..QueryKey::default() }
}

/// A validated number as a size.
pub(super) fn whole(number: Option<i64>) -> Option<usize> {
    number.and_then(|number| usize::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::{kind_of, kind_of_method, names};
    use catalog::Kind;

    #[test]
    fn every_kind_has_names_of_its_own() {
        for kind in Kind::ALL {
            let names = names(kind);
            assert_eq!((kind_of(names.kind), kind_of_method(names.method)), (kind, Some(kind)));
            assert_eq!(serde_json::to_value(names.kind).unwrap(), kind.as_str());
            assert_eq!(names.tool, format!("find_{}", kind.plural()));
        }
        assert_eq!(kind_of_method("queryPattern"), None);
    }
}
