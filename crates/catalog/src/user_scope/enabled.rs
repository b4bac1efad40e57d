//! `enabledPlugins` of a settings file.

use std::collections::HashMap;

use serde_json::Value;

use super::json_file::{Content, JsonFile};
use crate::problem::code;

/// The plugins that one settings file switches on or off, by `NAME@MARKETPLACE`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EnabledPlugins(HashMap<String, bool>);

impl EnabledPlugins {
    /// What the file says; `None` where it cannot be used.
    pub(super) fn read(file: &mut JsonFile<'_>) -> Option<EnabledPlugins> {
        match file.read() {
            Content::Missing => Some(EnabledPlugins::default()),
            Content::Unusable => None,
            Content::Json(value) => EnabledPlugins::parse(&value, file),
        }
    }

    fn parse(value: &Value, file: &mut JsonFile<'_>) -> Option<EnabledPlugins> {
        let Value::Object(settings) = value else {
            file.report(code::SETTINGS_UNUSABLE, "the settings are no JSON object".to_owned());
            return None;
        };
        let stated = match settings.get("enabledPlugins") {
            None | Some(Value::Null) => return Some(EnabledPlugins::default()),
            Some(Value::Object(stated)) => stated,
            Some(_) => {
                file.report(code::SETTINGS_UNUSABLE, "`enabledPlugins` is no JSON object".to_owned());
                return None;
            }
        };
        let mut enabled = HashMap::with_capacity(stated.len());
        for (plugin, value) in stated {
            match value {
                Value::Bool(is_enabled) => {
                    enabled.insert(plugin.clone(), *is_enabled);
                }
                // A list of versions enables the plugin, too.
                Value::Array(versions) => {
                    enabled.insert(plugin.clone(), !versions.is_empty());
                }
                _ => {
                    let message = format!("`enabledPlugins` says neither true nor false of {plugin:?}");
                    file.report(code::INSTALL_INVALID, message);
                }
            }
        }
        Some(EnabledPlugins(enabled))
    }

    /// Whether the plugin is enabled; `None` where the file does not name it.
    pub(super) fn get(&self, plugin: &str) -> Option<bool> {
        self.0.get(plugin).copied()
    }

    /// The plugins that are enabled, in order.
    pub(super) fn enabled(&self) -> Vec<&str> {
        let mut enabled: Vec<&str> =
            self.0.iter().filter(|(_, is_enabled)| **is_enabled).map(|(plugin, _)| plugin.as_str()).collect();
        enabled.sort_unstable();
        enabled
    }
}
