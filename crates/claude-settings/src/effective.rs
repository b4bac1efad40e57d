//! What the client's settings files say together about what is listed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::error::SettingsError;

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

/// The settings of all files that concern the client's listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientSettings {
    plugins: BTreeMap<String, (Level, bool)>,
    overrides: BTreeMap<String, (Level, String)>,
    denied: BTreeSet<String>,
}

/// Names under which the tool that runs agents is denied.
const AGENT_TOOLS: [&str; 2] = ["Agent", "Task"];

/// Values of a skill's override with which the model does not see it.
const HIDDEN: [&str; 2] = ["user-invocable-only", "off"];

impl ClientSettings {
    /// Adds a file. What files of a higher level say counts, in whatever order they are added.
    ///
    /// # Errors
    /// [`SettingsError::NotJson`] where it is none: the client does not read it either.
    pub fn add(&mut self, level: Level, text: &str) -> Result<(), SettingsError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| SettingsError::NotJson(error.to_string()))?;
        let members = |name: &str| value[name].as_object().into_iter().flatten();
        for (id, is_enabled) in members("enabledPlugins") {
            // A list names versions, of which one is loaded.
            let is_enabled = is_enabled.as_bool().unwrap_or(!is_enabled.is_null());
            set(&mut self.plugins, id, level, is_enabled);
        }
        for (id, how) in members("skillOverrides") {
            if let Some(how) = how.as_str() {
                set(&mut self.overrides, id, level, how.to_owned());
            }
        }
        let denied = value["permissions"]["deny"].as_array().into_iter().flatten();
        self.denied.extend(denied.filter_map(Value::as_str).map(str::to_owned));
        Ok(())
    }

    /// Whether the plugin `name@market` is enabled, and who says so; `None` where nobody does.
    pub fn plugin(&self, id: &str) -> Option<(Level, bool)> {
        self.plugins.get(id).copied()
    }

    /// Whether the agent is denied.
    pub fn denies_agent(&self, id: &str) -> bool {
        AGENT_TOOLS
            .iter()
            .any(|tool| self.denied.contains(*tool) || self.denied.contains(&format!("{tool}({id})")))
    }

    /// Whether the user's or the project's skill or command is hidden from the model.
    pub fn hides_skill(&self, id: &str) -> bool {
        self.denied.contains("Skill")
            || self.overrides.get(id).is_some_and(|(_, how)| HIDDEN.contains(&how.as_str()))
    }

    /// How the user's or the project's skill or command is listed, where that is said, and who says so.
    pub fn skill_override(&self, id: &str) -> Option<(Level, &str)> {
        self.overrides.get(id).map(|(level, how)| (*level, how.as_str()))
    }
}

fn set<T>(map: &mut BTreeMap<String, (Level, T)>, id: &str, level: Level, value: T) {
    if map.get(id).is_none_or(|(known, _)| *known <= level) {
        map.insert(id.to_owned(), (level, value));
    }
}
