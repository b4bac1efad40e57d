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
    plugins: BTreeMap<String, BTreeMap<Level, bool>>,
    overrides: BTreeMap<String, (Level, String)>,
    /// The rules that deny, each with the levels whose files hold it.
    denied: BTreeMap<String, BTreeSet<Level>>,
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
            self.plugins.entry(id.clone()).or_default().insert(level, is_enabled);
        }
        for (id, how) in members("skillOverrides") {
            if let Some(how) = how.as_str() {
                set(&mut self.overrides, id, level, how.to_owned());
            }
        }
        let denied = value["permissions"]["deny"].as_array().into_iter().flatten();
        for rule in denied.filter_map(Value::as_str) {
            self.denied.entry(rule.to_owned()).or_default().insert(level);
        }
        Ok(())
    }

    /// Whether the plugin `name@market` is enabled, and who says so; `None` where nobody does.
    pub fn plugin(&self, id: &str) -> Option<(Level, bool)> {
        let levels = self.plugins.get(id)?;
        levels.last_key_value().map(|(level, is_enabled)| (*level, *is_enabled))
    }

    /// Whether the plugin would be enabled if the files of these levels had the value beside them in place of theirs;
    /// `None` where nobody would say.
    pub fn plugin_with(&self, id: &str, instead: &[(Level, Option<bool>)]) -> Option<bool> {
        let mut levels = self.plugins.get(id).cloned().unwrap_or_default();
        for (level, value) in instead {
            match value {
                Some(value) => levels.insert(*level, *value),
                None => levels.remove(level),
            };
        }
        levels.last_key_value().map(|(_, is_enabled)| *is_enabled)
    }

    /// Whether the agent is denied.
    pub fn denies_agent(&self, id: &str) -> bool {
        self.denies_agent_beside(id, None)
    }

    /// Whether the agent is denied by anything but the rule `Agent(id)` in the file of `level`.
    pub fn denies_agent_beside(&self, id: &str, level: Option<Level>) -> bool {
        let mut rules = AGENT_TOOLS.iter().flat_map(|tool| [(*tool).to_owned(), format!("{tool}({id})")]);
        let ours = format!("Agent({id})");
        let is_denied = |rule: String| {
            let mut levels = self.denied.get(&rule).into_iter().flatten();
            levels.any(|found| rule != ours || Some(*found) != level)
        };
        rules.any(is_denied)
    }

    /// Whether the model may not call the skill or command, as a rule says: `Skill`, `Skill(id)` or `Skill(start:*)`.
    pub fn denies_skill(&self, id: &str) -> bool {
        self.denied.keys().any(|rule| {
            rule == "Skill"
                || rule.strip_prefix("Skill(").and_then(|rest| rest.strip_suffix(')')).is_some_and(|named| {
                    named == id || named.strip_suffix('*').is_some_and(|start| id.starts_with(start))
                })
        })
    }

    /// Whether the user's or the project's skill or command is hidden from the model.
    pub fn hides_skill(&self, id: &str) -> bool {
        self.denied.contains_key("Skill")
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
