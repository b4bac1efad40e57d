//! What a stand-in does otherwise than the agent it stands in for.
//!
//! A call names a type, a task and a model: what else a definition says of its agent does not travel. Where that would take
//! a limit away or break the agent, it stays listed; where only comfort is lost, that is said.

use catalog::Definition;

/// Tools with which an agent only reads: those of the stand-in that reads.
const READING: [&str; 3] = ["Read", "Grep", "Glob"];

/// The tool that can do what the others do.
const SHELL: &str = "Bash";

/// Modes of permission in which the client asks for no more than it would for a stand-in.
const LENIENT_MODES: [&str; 4] = ["default", "acceptEdits", "bypassPermissions", "auto"];

/// Which stand-in does what an agent would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StandIn {
    /// It has the tools that read, and no others.
    Reader,
    /// It has all tools.
    Specialist,
}

impl StandIn {
    /// That for an agent with these tools; without any it has all.
    pub(super) fn of(tools: &[String]) -> StandIn {
        let is_bounded = is_bounded(tools);
        let only_reads = is_bounded && tools.iter().all(|tool| READING.contains(&tool.as_str()));
        if only_reads { StandIn::Reader } else { StandIn::Specialist }
    }

    /// Its id.
    pub(super) fn id(self) -> &'static str {
        match self {
            StandIn::Reader => "adjutant:reader",
            StandIn::Specialist => "adjutant:specialist",
        }
    }
}

/// Whether a list of tools leaves any out.
pub(super) fn is_bounded(tools: &[String]) -> bool {
    !tools.is_empty() && !tools.iter().any(|tool| tool == "*")
}

/// Why the agent has to stay listed, a clause; `None` where a stand-in loosens nothing and breaks nothing.
pub fn reason_to_stay(agent: &Definition) -> Option<String> {
    let stated = agent.run_settings.iter().find_map(|setting| {
        let (name, value) = setting.split_once(": ").unwrap_or((setting, ""));
        let reason = match name {
            "disallowedTools" => "it forbids tools, and a stand-in would have them",
            "permissionMode" if !LENIENT_MODES.contains(&value) => {
                return Some(format!("its permission mode is {value}, and a stand-in's is the session's"));
            }
            "hooks" => "it has hooks of its own, which a stand-in has not",
            "mcpServers" => "it has MCP servers of its own, which a stand-in has not",
            "memory" => "it has a memory of its own, which a stand-in has not",
            "isolation" => "it works in isolation, and a stand-in works in the session's folder",
            _ => return None,
        };
        Some(reason.to_owned())
    });
    let is_looser = is_bounded(&agent.tools)
        && StandIn::of(&agent.tools) == StandIn::Specialist
        && !agent.tools.iter().any(|tool| tool == SHELL);
    stated.or_else(|| is_looser.then(|| format!("it may not use {SHELL}, and its stand-in could")))
}

/// What a stand-in lacks or may beyond the agent, without loosening or breaking it: clauses.
pub(super) fn losses(agent: &Definition) -> Vec<&'static str> {
    let mut losses: Vec<&'static str> = Vec::new();
    for setting in &agent.run_settings {
        losses.push(match setting.split_once(": ").map_or(setting.as_str(), |(name, _)| name) {
            "maxTurns" => "its turns are not counted",
            "skills" => "its skills are not loaded at its start",
            "background" if setting == "background: true" => {
                "it runs in the background only if the call says so"
            }
            "permissionMode" if setting != "permissionMode: default" => {
                "permissions are asked as in the session"
            }
            _ => continue,
        });
    }
    if is_bounded(&agent.tools) && StandIn::of(&agent.tools) == StandIn::Specialist {
        losses.push("its stand-in has all tools, and is told which of them to use");
    }
    losses
}

#[cfg(test)]
mod tests {
    use super::{StandIn, losses, reason_to_stay};
    use catalog::Definition;

    fn agent(tools: &[&str], run_settings: &[&str]) -> Definition {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Definition { tools: own(tools), run_settings: own(run_settings), ..Definition::default() }
    }

    #[test]
    fn what_loosens_or_breaks_stays_and_what_only_lacks_comfort_is_said() {
        // Tools, settings, whether it stays, how much is said.
        let table: [(&[&str], &[&str], bool, usize); 20] = [
            (&[], &[], false, 0),
            (&["*"], &[], false, 0),
            (&["Read", "Grep"], &[], false, 0),
            (&["Read", "Edit", "Bash"], &[], false, 1),
            (&["Read", "Edit"], &[], true, 1),
            (&["Read", "WebFetch"], &[], true, 1),
            (&["Bash(git:*)"], &[], true, 1),
            (&["bash"], &[], true, 1),
            (&[], &["disallowedTools"], true, 0),
            (&["Read"], &["hooks"], true, 0),
            (&[], &["mcpServers"], true, 0),
            (&[], &["memory"], true, 0),
            (&[], &["isolation: worktree"], true, 0),
            (&[], &["permissionMode: plan"], true, 1),
            (&[], &["permissionMode: dontAsk"], true, 1),
            (&[], &["permissionMode: newer"], true, 1),
            (&[], &["permissionMode: acceptEdits"], false, 1),
            (&[], &["permissionMode: default"], false, 0),
            (&[], &["maxTurns", "skills", "background: true"], false, 3),
            (&[], &["background: false"], false, 0),
        ];
        for (tools, settings, stays, said) in table {
            let agent = agent(tools, settings);
            assert_eq!(reason_to_stay(&agent).is_some(), stays, "{tools:?} {settings:?}");
            assert_eq!(losses(&agent).len(), said, "{tools:?} {settings:?}");
        }
    }

    #[test]
    fn the_reader_stands_in_for_those_that_only_read() {
        let table: [(&[&str], StandIn); 5] = [
            (&[], StandIn::Specialist),
            (&["*", "Read"], StandIn::Specialist),
            (&["Read", "Grep", "Glob"], StandIn::Reader),
            (&["Glob"], StandIn::Reader),
            (&["Read", "read"], StandIn::Specialist),
        ];
        for (tools, stand_in) in table {
            assert_eq!(StandIn::of(&agent(tools, &[]).tools), stand_in, "{tools:?}");
        }
    }
}
