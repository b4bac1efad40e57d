//! The keys that an offload writes.

use serde::{Deserialize, Serialize};

use crate::json_span::Shape;

/// A setting that takes one thing out of the client's listing, or allows our tools.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingKey {
    /// `enabledPlugins {"name@market": false}`: none of the plugin is loaded.
    Plugin(String),
    /// `permissions.deny ["Agent(id)"]`: the agent is not listed.
    Agent(String),
    /// `skillOverrides {"id": "user-invocable-only"}`: the skill or command is not listed, and `/id` works.
    Skill(String),
    /// `permissions.allow ["rule"]`: a tool is called without a question.
    Allow(String),
}

/// Where a key stands: in a container of one of the settings.
pub(crate) struct Place<'a> {
    /// The names of the members that lead to the container.
    pub path: &'static [&'static str],
    pub shape: Shape,
    /// The member's key; `None` for an element of an array.
    pub member: Option<&'a str>,
}

impl SettingKey {
    pub(crate) fn place(&self) -> Place<'_> {
        let object = |path, member| Place { path, shape: Shape::Object, member: Some(member) };
        let array = |path| Place { path, shape: Shape::Array, member: None };
        match self {
            SettingKey::Plugin(id) => object(&["enabledPlugins"], id),
            SettingKey::Skill(id) => object(&["skillOverrides"], id),
            SettingKey::Agent(_) => array(&["permissions", "deny"]),
            SettingKey::Allow(_) => array(&["permissions", "allow"]),
        }
    }

    /// The value that is written, as JSON: of the member, or the element itself.
    pub(crate) fn value(&self) -> String {
        match self {
            SettingKey::Plugin(_) => "false".to_owned(),
            SettingKey::Skill(_) => quoted("user-invocable-only"),
            SettingKey::Agent(id) => quoted(&format!("Agent({id})")),
            SettingKey::Allow(rule) => quoted(rule),
        }
    }

    /// As people are told of it: `enabledPlugins "web@market"`.
    pub fn shown(&self) -> String {
        match self {
            SettingKey::Plugin(id) => format!("enabledPlugins {}", quoted(id)),
            SettingKey::Skill(id) => format!("skillOverrides {}", quoted(id)),
            SettingKey::Agent(_) => format!("permissions.deny {}", self.value()),
            SettingKey::Allow(_) => format!("permissions.allow {}", self.value()),
        }
    }
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
