//! `installed_plugins.json`: which plugins are installed, for whom, and where.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::json_file::{Content, JsonFile};
use crate::problem::code;
use crate::sanitize::one_line;

/// The versions of the format that are known.
const VERSIONS: [u64; 2] = [1, 2];

/// A plugin of a marketplace, written `NAME@MARKETPLACE`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PluginId {
    pub name: String,
    pub marketplace: String,
}

impl PluginId {
    /// `None` unless both parts are there and are plain text.
    pub(super) fn parse(written: &str) -> Option<PluginId> {
        let (name, marketplace) = written.rsplit_once('@')?;
        let is_plain = |part: &str| !part.is_empty() && one_line(part) == part;
        (is_plain(name) && is_plain(marketplace))
            .then(|| PluginId { name: name.to_owned(), marketplace: marketplace.to_owned() })
    }
}

impl std::fmt::Display for PluginId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}@{}", self.name, self.marketplace)
    }
}

/// For whom a plugin is installed. Declared in the order in which one of several installations is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum InstallScope {
    /// For all users of the machine, by an administrator.
    Managed,
    /// For the user, in one project.
    Local,
    /// For everybody who works on one project.
    Project,
    /// For the user, in every project.
    User,
}

/// One installation of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Install {
    pub scope: InstallScope,
    /// As written.
    pub path: PathBuf,
    /// The project it is for, as written; of the scopes `project` and `local`.
    pub project: Option<PathBuf>,
}

/// All installed plugins, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Installs(pub Vec<(PluginId, Vec<Install>)>);

/// What one registry file holds.
#[derive(Debug)]
pub(super) struct Registry {
    /// The version of its format, where it states one.
    pub version: Option<u64>,
    pub installs: Installs,
}

impl Registry {
    /// What the file says: an empty registry where there is none, `None` where it cannot be used.
    pub(super) fn read(file: &mut JsonFile<'_>) -> Option<Registry> {
        match file.read() {
            Content::Missing => Some(Registry { version: None, installs: Installs::default() }),
            Content::Unusable => None,
            Content::Is(value) => Registry::parse(&value, file),
        }
    }

    fn parse(value: &Value, file: &mut JsonFile<'_>) -> Option<Registry> {
        let Some(Value::Object(plugins)) = value.get("plugins") else {
            file.report(code::SETTINGS_UNUSABLE, "the registry has no `plugins` object".to_owned());
            return None;
        };
        let version = value.get("version").and_then(Value::as_u64);
        if version.is_none_or(|version| !VERSIONS.contains(&version)) {
            let stated = value.get("version").map_or_else(|| "none".to_owned(), Value::to_string);
            let message = format!(
                "the registry states version {stated}, where 1 and 2 are known: what has a known form is read"
            );
            file.report(code::REGISTRY_VERSION, message);
        }
        let mut installs = Vec::with_capacity(plugins.len());
        for (written, value) in plugins {
            let Some(id) = PluginId::parse(written) else {
                let message = format!("{written:?} is no NAME@MARKETPLACE");
                file.report(code::INSTALL_INVALID, message);
                continue;
            };
            let entries = match value {
                Value::Array(entries) => entries.as_slice(),
                one => std::slice::from_ref(one),
            };
            let mut own = Vec::with_capacity(entries.len());
            for entry in entries {
                match entry.as_object().ok_or("it is no JSON object").and_then(install) {
                    Ok(install) => own.push(install),
                    Err(reason) => {
                        let message = format!("an installation of {id} cannot be used: {reason}");
                        file.report(code::INSTALL_INVALID, message);
                    }
                }
            }
            if !own.is_empty() {
                installs.push((id, own));
            }
        }
        Some(Registry { version, installs: Installs(installs) })
    }
}

/// One installation; `Err` is a phrase.
fn install(entry: &Map<String, Value>) -> Result<Install, &'static str> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let scope = match entry.get("scope") {
        // Version 1 knows none: it installs for the user.
        None => InstallScope::User,
        Some(scope) => match scope.as_str() {
            Some("user") => InstallScope::User,
            Some("project") => InstallScope::Project,
            Some("local") => InstallScope::Local,
            Some("managed") => InstallScope::Managed,
            _ => return Err("its `scope` is none of user, project, local and managed"),
        },
    };
    let path = text("installPath").ok_or("it has no `installPath`")?.into();
    let project: Option<PathBuf> = text("projectPath").map(PathBuf::from);
    if project.is_none() && matches!(scope, InstallScope::Project | InstallScope::Local) {
        return Err("it is for a project and names none");
    }
    Ok(Install { scope, path, project })
}
