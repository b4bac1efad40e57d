//! `known_marketplaces.json`: where marketplaces lie, and which of them are read in place.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::json_file::{Content, JsonFile};
use super::places::MARKETPLACES;
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
pub struct Marketplaces {
    /// `None` for one whose entry cannot be used.
    known: HashMap<String, Option<Marketplace>>,
    /// Whether the registry could not be read, and nothing is known from before: there may be any.
    is_unknown: bool,
}

/// What is known of where a marketplace lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketplaceLocation<'a> {
    /// The registry was read and does not name it.
    Undeclared,
    /// A folder, or a marketplace.json.
    At(&'a Path),
    /// The registry, or what it says of this marketplace, cannot be used.
    Unknown,
}

impl Marketplaces {
    /// What the registry at `plugins`, the folder in which the client keeps plugins, says; seen from `project`.
    pub fn open(plugins: &Path, project: &Path) -> Marketplaces {
        let registry = plugins.join(MARKETPLACES);
        Marketplaces::read(&mut JsonFile::new(&registry, project), None)
    }

    /// What the file says. Where it cannot be used, what it said in `last` counts.
    pub(super) fn read(file: &mut JsonFile<'_>, last: Option<&Marketplaces>) -> Marketplaces {
        let unknown = || Marketplaces { is_unknown: true, ..Marketplaces::default() };
        let stated = match file.read() {
            Content::Missing => return Marketplaces::default(),
            Content::Unusable => return last.cloned().unwrap_or_else(unknown),
            Content::Is(Value::Object(stated)) => stated,
            Content::Is(_) => {
                file.report(code::SETTINGS_UNUSABLE, "the registry is no JSON object".to_owned());
                return last.cloned().unwrap_or_else(unknown);
            }
        };
        let mut known = HashMap::with_capacity(stated.len());
        for (name, value) in stated {
            let marketplace = marketplace(&value);
            if marketplace.is_none() {
                let message = format!("the marketplace {name:?} has no absolute `installLocation`");
                file.report(code::INSTALL_INVALID, message);
            }
            known.insert(name, marketplace);
        }
        Marketplaces { known, is_unknown: false }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Marketplace> {
        self.known.get(name)?.as_ref()
    }

    /// Where the marketplace lies.
    pub fn location(&self, name: &str) -> MarketplaceLocation<'_> {
        match self.known.get(name) {
            Some(Some(marketplace)) => MarketplaceLocation::At(&marketplace.location),
            None if !self.is_unknown => MarketplaceLocation::Undeclared,
            Some(None) | None => MarketplaceLocation::Unknown,
        }
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
