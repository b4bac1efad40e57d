//! One role of a registry, and the agents that fill it.

/// One role and who fills it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name, as written: `frontend_developer`.
    pub name: String,
    /// Who is asked first.
    pub primary: RoleAgent,
    /// Who is asked next, in order.
    pub fallbacks: Vec<RoleAgent>,
    /// What the role is good at.
    pub capabilities: Vec<String>,
    /// The model the role suggests, as written.
    pub model: Option<String>,
    /// When to ask for it.
    pub use_when: String,
}

/// An agent as a role refers to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleAgent {
    /// As written: `plugin:name` or a bare name.
    pub reference: String,
    /// The id of the agent it resolves to; `None` where the catalog holds none.
    pub id: Option<String>,
}
