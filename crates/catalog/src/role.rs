//! One role of a registry, and its agents.

/// One role and the agents that fill it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name, as written: `frontend_developer`.
    pub name: String,
    /// The agent to use first.
    pub primary: RoleAgent,
    /// The agents to use next, in order.
    pub fallbacks: Vec<RoleAgent>,
    /// The capabilities of the role.
    pub capabilities: Vec<String>,
    /// The model the role suggests, as written.
    pub model: Option<String>,
    /// When to use it.
    pub use_when: String,
}

/// A role's reference to an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleAgent {
    /// As written: `plugin:name` or a bare name.
    pub reference: String,
    /// The id of the agent that it resolves to; `None` if the catalog has none.
    pub id: Option<String>,
}
