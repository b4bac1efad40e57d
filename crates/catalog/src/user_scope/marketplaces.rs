//! `known_marketplaces.json`: where marketplaces lie, and which of them are read in place.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use super::json_file::{Content, JsonFile};
use crate::problem::code;

/// A marketplace as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marketplace {
    /// A folder, or a marketplace.json.
    pub location: PathBuf,
    /// Whether its plugins are loaded where they lie: it is a folder of the user's, not a download.
    pub in_place: bool,
}

/// All known marketplaces, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Marketplaces(HashMap<String, Marketplace>);

impl Marketplaces {
    /// What the file says; `None` where it cannot be used.
    pub(super) fn read(file: &mut JsonFile<'_>) -> Option<Marketplaces> {
        let known = match file.read() {
            Content::Missing => return Some(Marketplaces::default()),
            Content::Unusable => return None,
            Content::Json(Value::Object(known)) => known,
            Content::Json(_) => {
                file.report(code::SETTINGS_UNUSABLE, "the registry is no JSON object".to_owned());
                return None;
            }
        };
        let mut marketplaces = HashMap::with_capacity(known.len());
        for (name, value) in known {
            if let Some(marketplace) = marketplace(&value) {
                marketplaces.insert(name, marketplace);
            } else {
                let message = format!("the marketplace {name:?} has no absolute `installLocation`");
                file.report(code::INSTALL_INVALID, message);
            }
        }
        Some(Marketplaces(marketplaces))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Marketplace> {
        self.0.get(name)
    }
}

fn marketplace(value: &Value) -> Option<Marketplace> {
    let kind = value.pointer("/source/source").and_then(Value::as_str);
    let in_place = matches!(kind, Some("directory" | "file"));
    let stated = value.get("installLocation").and_then(Value::as_str);
    let source = value.pointer("/source/path").and_then(Value::as_str).filter(|_| in_place);
    let location = PathBuf::from(stated.or(source)?);
    location.is_absolute().then_some(Marketplace { location, in_place })
}
