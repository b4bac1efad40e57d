//! What an offload needs to know of an entry, from a definition or from a row of an answer.

use std::borrow::Cow;

use catalog::{Definition, Kind};

/// An entry of the catalog, as far as settings of the client concern it.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its id, as the client lists it.
    pub id: &'a str,
    /// Its plugin's name in ids; empty where it belongs to none.
    pub plugin: &'a str,
    /// Its plugin as settings name it, `name@market`; `None` where it was not installed.
    pub installed: Option<Cow<'a, str>>,
}

impl<'a> From<&'a Definition> for Entry<'a> {
    fn from(definition: &'a Definition) -> Self {
        let Definition { kind, id, plugin, origin, .. } = definition;
        Entry { kind: *kind, id, plugin, installed: origin.installed_plugin().map(Cow::from) }
    }
}
