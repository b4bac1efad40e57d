//! What one settings file says about the client's listing. Nothing else reads these members, so that nobody reads an odd
//! value in another way.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::error::SettingsError;

/// What one settings file says. Members that are missing or `null` say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// `enabledPlugins`; `None` where it has another shape.
    plugins: Option<BTreeMap<String, bool>>,
    /// `skillOverrides`; `None` where it has another shape.
    overrides: Option<BTreeMap<String, String>>,
    /// `permissions.deny`; `None` where it has another shape.
    denied: Option<BTreeSet<String>>,
    unusable: Vec<String>,
    odd: Vec<String>,
}

/// What is read of an object's member.
enum Member<'a, T: ?Sized> {
    Missing,
    Is(&'a T),
    Other,
}

impl FileSettings {
    /// What the content of a file says. A byte order mark is passed over, and of a member that is there twice the last one
    /// counts, as in the client. A member of another shape says nothing, the others count.
    ///
    /// # Errors
    /// [`SettingsError::NotJson`] where it is not one JSON object: the client does not read it either.
    pub fn parse(content: &[u8]) -> Result<FileSettings, SettingsError> {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let value: Value =
            serde_json::from_slice(content).map_err(|error| SettingsError::NotJson(error.to_string()))?;
        let Value::Object(settings) = value else {
            return Err(SettingsError::NotJson("it holds another value".to_owned()));
        };
        let mut file = FileSettings::default();
        file.plugins = file.object(&settings, "enabledPlugins").map(|stated| file.read_plugins(&stated));
        file.overrides = file.object(&settings, "skillOverrides").map(|stated| file.read_overrides(&stated));
        file.denied = file.object(&settings, "permissions").and_then(|rules| file.read_denied(&rules));
        Ok(file)
    }

    /// The object `name`, empty where it is missing; `None` where something else is there, which is noted.
    fn object(&mut self, settings: &Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
        match member(settings, name, Value::as_object) {
            Member::Missing => Some(Map::new()),
            Member::Is(object) => Some(object.clone()),
            Member::Other => {
                self.unusable.push(format!("`{name}` is no JSON object"));
                None
            }
        }
    }

    fn read_plugins(&mut self, stated: &Map<String, Value>) -> BTreeMap<String, bool> {
        let mut plugins = BTreeMap::new();
        for (id, value) in stated {
            let is_enabled = match value {
                Value::Bool(is_enabled) => *is_enabled,
                // It names versions, of which one is loaded.
                Value::Array(versions) => !versions.is_empty(),
                _ => {
                    self.odd.push(format!("`enabledPlugins` says neither true nor false of {id:?}"));
                    continue;
                }
            };
            plugins.insert(id.clone(), is_enabled);
        }
        plugins
    }

    fn read_overrides(&mut self, stated: &Map<String, Value>) -> BTreeMap<String, String> {
        let mut overrides = BTreeMap::new();
        for (id, value) in stated {
            if let Some(how) = value.as_str() {
                overrides.insert(id.clone(), how.to_owned());
            } else {
                self.odd.push(format!("`skillOverrides` holds no text for {id:?}"));
            }
        }
        overrides
    }

    fn read_denied(&mut self, rules: &Map<String, Value>) -> Option<BTreeSet<String>> {
        let denied = match member(rules, "deny", Value::as_array) {
            Member::Missing => return Some(BTreeSet::new()),
            Member::Is(denied) => denied,
            Member::Other => {
                self.unusable.push("`permissions.deny` is no list".to_owned());
                return None;
            }
        };
        if denied.iter().any(|rule| !rule.is_string()) {
            self.odd.push("`permissions.deny` holds something else than texts".to_owned());
        }
        Some(denied.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The same where a member that cannot be used says what it said in `last`.
    #[must_use]
    pub fn or_last(self, last: &FileSettings) -> FileSettings {
        FileSettings {
            plugins: self.plugins.or_else(|| last.plugins.clone()),
            overrides: self.overrides.or_else(|| last.overrides.clone()),
            denied: self.denied.or_else(|| last.denied.clone()),
            ..self
        }
    }

    /// Members that cannot be used, each a clause.
    pub fn unusable(&self) -> &[String] {
        &self.unusable
    }

    /// Values within a member that say nothing, each a clause.
    pub fn odd(&self) -> &[String] {
        &self.odd
    }

    /// Whether the plugin `name@market` is enabled; `None` where the file does not name it.
    pub fn plugin(&self, id: &str) -> Option<bool> {
        self.plugins.as_ref()?.get(id).copied()
    }

    /// The plugins that are enabled, in order.
    pub fn enabled_plugins(&self) -> impl Iterator<Item = &str> {
        let stated = self.plugins.iter().flatten();
        stated.filter(|(_, is_enabled)| **is_enabled).map(|(plugin, _)| plugin.as_str())
    }

    /// How the skill or command is listed, where the file says so.
    pub(crate) fn skill_override(&self, id: &str) -> Option<&str> {
        self.overrides.as_ref()?.get(id).map(String::as_str)
    }

    /// Whether the file has the rule among those that deny.
    pub(crate) fn denies(&self, rule: &str) -> bool {
        self.denied.as_ref().is_some_and(|denied| denied.contains(rule))
    }

    /// The rules that deny.
    pub(crate) fn denied(&self) -> impl Iterator<Item = &str> {
        self.denied.iter().flatten().map(String::as_str)
    }
}

fn member<'a, T: ?Sized>(
    object: &'a Map<String, Value>,
    name: &str,
    read: impl Fn(&'a Value) -> Option<&'a T>,
) -> Member<'a, T> {
    match object.get(name) {
        None | Some(Value::Null) => Member::Missing,
        Some(value) => read(value).map_or(Member::Other, Member::Is),
    }
}
