//! The agents that Claude Code brings along, which no file defines.

/// Their names, in lower case.
const BUILT_IN_AGENTS: [&str; 4] = ["general-purpose", "explore", "plan", "claude"];

/// Whether Claude Code has an agent of this name without any plugin; letter case does not matter.
pub fn is_built_in_agent(name: &str) -> bool {
    BUILT_IN_AGENTS.iter().any(|known| name.eq_ignore_ascii_case(known))
}
