//! What the client's settings files say together about what is listed.

use std::collections::BTreeMap;

use crate::file_settings::FileSettings;

/// Whose settings a file holds. Declared in order of precedence, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The user's, for all projects.
    User,
    /// The project's, which its repository shares.
    Project,
    /// The user's for the project.
    Local,
    /// An administrator's, for all users of the machine.
    Managed,
}

impl Level {
    /// All of them, the highest precedence first.
    pub const HIGHEST_FIRST: [Level; 4] = [Level::Managed, Level::Local, Level::Project, Level::User];
}

/// The settings of all files that concern the client's listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientSettings {
    files: BTreeMap<Level, FileSettings>,
}

/// Names under which the tool that runs agents is denied.
const AGENT_TOOLS: [&str; 2] = ["Agent", "Task"];

/// Values of a skill's override with which the model does not see it.
const HIDDEN: [&str; 2] = ["user-invocable-only", "off"];

impl ClientSettings {
    /// Adds a file. What files of a higher level say counts, in whatever order they are added.
    pub fn add(&mut self, level: Level, file: FileSettings) {
        self.files.insert(level, file);
    }

    /// What the file of that level says; `None` where there is none.
    pub fn file(&self, level: Level) -> Option<&FileSettings> {
        self.files.get(&level)
    }

    /// The files, those of the highest precedence first.
    pub fn files(&self) -> impl Iterator<Item = (Level, &FileSettings)> {
        self.files.iter().rev().map(|(level, file)| (*level, file))
    }

    /// Whether the plugin `name@market` is enabled, and who says so; `None` where nobody does.
    pub fn plugin(&self, id: &str) -> Option<(Level, bool)> {
        self.files().find_map(|(level, file)| Some((level, file.plugin(id)?)))
    }

    /// Whether the plugin would be enabled if the files of these levels had the value beside them in place of theirs;
    /// `None` where nobody would say.
    pub fn plugin_with(&self, id: &str, instead: &[(Level, Option<bool>)]) -> Option<bool> {
        let replaced = |level: Level| instead.iter().rfind(|(of, _)| *of == level).map(|(_, value)| *value);
        Level::HIGHEST_FIRST
            .into_iter()
            .find_map(|level| replaced(level).unwrap_or_else(|| self.file(level)?.plugin(id)))
    }

    /// Whether some file switches all hooks off.
    pub fn disables_hooks(&self) -> bool {
        self.files().any(|(_, file)| file.disables_hooks())
    }

    /// Whether the agent is denied.
    pub fn denies_agent(&self, id: &str) -> bool {
        self.denies_agent_beside(id, &[])
    }

    /// Whether the agent is denied by anything but the rule `Agent(id)` in the files of these levels.
    pub fn denies_agent_beside(&self, id: &str, levels: &[Level]) -> bool {
        let mut rules = AGENT_TOOLS.iter().flat_map(|tool| [(*tool).to_owned(), format!("{tool}({id})")]);
        let ours = format!("Agent({id})");
        rules.any(|rule| {
            self.files().any(|(found, file)| file.denies(&rule) && (rule != ours || !levels.contains(&found)))
        })
    }

    /// Whether the model may not call the skill or command, as a rule says: `Skill`, `Skill(id)` or `Skill(start:*)`.
    pub fn denies_skill(&self, id: &str) -> bool {
        self.files().flat_map(|(_, file)| file.denied()).any(|rule| {
            rule == "Skill"
                || rule.strip_prefix("Skill(").and_then(|rest| rest.strip_suffix(')')).is_some_and(|named| {
                    named == id || named.strip_suffix('*').is_some_and(|start| id.starts_with(start))
                })
        })
    }

    /// Whether the user's or the project's skill or command is hidden from the model.
    pub fn hides_skill(&self, id: &str) -> bool {
        self.files().any(|(_, file)| file.denies("Skill"))
            || self.skill_override(id).is_some_and(|(_, how)| HIDDEN.contains(&how))
    }

    /// How the user's or the project's skill or command is listed, where that is said, and who says so.
    pub fn skill_override(&self, id: &str) -> Option<(Level, &str)> {
        self.files().find_map(|(level, file)| Some((level, file.skill_override(id)?)))
    }
}
