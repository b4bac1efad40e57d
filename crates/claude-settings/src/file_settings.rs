//! What one settings file says about the client's listing. Nothing else reads these members, so that nobody reads an odd
//! value in another way.
//!
//! The client takes a file whole or not at all: one value that it does not expect, also a `null`, and nothing in the file
//! counts, denials included (seen with 2.1.332).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::error::SettingsError;

/// What one settings file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSettings {
    plugins: BTreeMap<String, bool>,
    overrides: BTreeMap<String, String>,
    denied: BTreeSet<String>,
    allowed: BTreeSet<String>,
    disables_hooks: bool,
}

/// How a skill or command may be listed.
const LISTED: [&str; 4] = ["on", "name-only", "user-invocable-only", "off"];

impl FileSettings {
    /// What the content of a file says. A byte order mark is passed over, and of a member that is there twice the last one
    /// counts, as in the client.
    ///
    /// # Errors
    /// Where the client would not take the file: [`SettingsError::NotJson`] where it is not one JSON object, and
    /// [`SettingsError::Shape`] where a member holds something else than it should.
    pub fn parse(content: &[u8]) -> Result<FileSettings, SettingsError> {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let value: Value =
            serde_json::from_slice(content).map_err(|error| SettingsError::NotJson(error.to_string()))?;
        let Value::Object(settings) = value else {
            return Err(SettingsError::NotJson("it holds another value".to_owned()));
        };
        let object = |name: &str| member(&settings, name, name, "an object", Value::as_object);
        let denied = match object("permissions")? {
            Some(rules) => member(rules, "deny", "permissions.deny", "a list", Value::as_array)?,
            None => None,
        };
        let allowed = settings.get("permissions").and_then(|rules| rules.get("allow")?.as_array());
        Ok(FileSettings {
            plugins: plugins(object("enabledPlugins")?)?,
            overrides: overrides(object("skillOverrides")?)?,
            // What is no text among the rules is passed over.
            denied: denied.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            allowed: allowed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            disables_hooks: settings.get("disableAllHooks").and_then(Value::as_bool).unwrap_or_default(),
        })
    }

    /// Whether the plugin `name@market` is enabled; `None` where the file does not name it.
    pub fn plugin(&self, id: &str) -> Option<bool> {
        self.plugins.get(id).copied()
    }

    /// The plugins that are enabled, in order.
    pub fn enabled_plugins(&self) -> impl Iterator<Item = &str> {
        self.plugins.iter().filter(|(_, is_enabled)| **is_enabled).map(|(plugin, _)| plugin.as_str())
    }

    /// The plugins that are switched off, in order.
    pub fn disabled_plugins(&self) -> impl Iterator<Item = &str> {
        self.plugins.iter().filter(|(_, is_enabled)| !**is_enabled).map(|(plugin, _)| plugin.as_str())
    }

    /// Whether the file switches all hooks off.
    pub(crate) fn disables_hooks(&self) -> bool {
        self.disables_hooks
    }

    /// How the skill or command is listed, where the file says so.
    pub(crate) fn skill_override(&self, id: &str) -> Option<&str> {
        self.overrides.get(id).map(String::as_str)
    }

    /// Whether the file has the rule among those that deny.
    pub(crate) fn denies(&self, rule: &str) -> bool {
        self.denied.contains(rule)
    }

    /// Whether the file has the rule among those that allow.
    pub fn allows(&self, rule: &str) -> bool {
        self.allowed.contains(rule)
    }

    /// The rules that deny.
    pub(crate) fn denied(&self) -> impl Iterator<Item = &str> {
        self.denied.iter().map(String::as_str)
    }
}

/// The member `name`, shown as `path`; `None` where it is missing.
fn member<'a, T: ?Sized>(
    object: &'a Map<String, Value>,
    name: &str,
    path: &str,
    what: &'static str,
    read: impl Fn(&'a Value) -> Option<&'a T>,
) -> Result<Option<&'a T>, SettingsError> {
    let Some(value) = object.get(name) else { return Ok(None) };
    read(value).map(Some).ok_or_else(|| SettingsError::Shape(path.to_owned(), what))
}

fn plugins(stated: Option<&Map<String, Value>>) -> Result<BTreeMap<String, bool>, SettingsError> {
    let plugin = |(id, value): (&String, &Value)| match value {
        Value::Bool(is_enabled) => Ok((id.clone(), *is_enabled)),
        // A list of versions is taken, and enables nothing.
        Value::Array(_) => Ok((id.clone(), false)),
        _ => Err(SettingsError::Shape(format!("enabledPlugins.{id}"), "true or false")),
    };
    stated.into_iter().flatten().map(plugin).collect()
}

fn overrides(stated: Option<&Map<String, Value>>) -> Result<BTreeMap<String, String>, SettingsError> {
    let listed = |(id, value): (&String, &Value)| match value.as_str() {
        Some(how) if LISTED.contains(&how) => Ok((id.clone(), how.to_owned())),
        _ => Err(SettingsError::Shape(format!("skillOverrides.{id}"), "a way to list it")),
    };
    stated.into_iter().flatten().map(listed).collect()
}
