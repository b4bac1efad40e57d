//! What an offload needs to know of an entry, from a definition or from a row of an answer.

use std::borrow::Cow;

use catalog::{Definition, Kind, Scope};

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
    /// Whose it is.
    pub scope: EntryScope,
}

/// Whose an entry is, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryScope {
    /// It is an entry of that scope.
    Known(Scope),
    /// A service says that it is the one that was offloaded.
    Offloaded,
}

impl EntryScope {
    /// As answers name it; `None` for a name that is not known.
    pub fn named(name: &str) -> Option<EntryScope> {
        Some(match name {
            "offloaded" => EntryScope::Offloaded,
            "managed" => EntryScope::Known(Scope::Managed),
            "project" => EntryScope::Known(Scope::Project),
            "user" => EntryScope::Known(Scope::User),
            "server" => EntryScope::Known(Scope::BuiltIn),
            _ => return None,
        })
    }
}

impl Entry<'_> {
    /// Where it comes from, as a record says it: its plugin `name@market`, else its scope; `None` for an entry of a plugin
    /// that was not installed, which nobody offloads.
    pub fn source(&self) -> Option<&str> {
        match (&self.installed, self.scope) {
            (Some(plugin), _) => Some(plugin),
            (None, EntryScope::Known(scope)) if self.plugin.is_empty() => Some(scope_name(scope)),
            (None, _) => None,
        }
    }

    /// Whether it comes from where the record says: `name@market`, or a scope.
    pub(super) fn is_from(&self, source: &str) -> bool {
        let is_own = self.installed.is_none() && self.plugin.is_empty();
        self.source() == Some(source) || is_own && self.scope == EntryScope::Offloaded
    }
}

/// A scope as records name it.
fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Managed => "managed",
        Scope::Project => "project",
        Scope::User => "user",
        Scope::Runtime | Scope::Upstream | Scope::BuiltIn => "server",
    }
}

impl<'a> From<&'a Definition> for Entry<'a> {
    fn from(definition: &'a Definition) -> Self {
        let Definition { kind, id, plugin, origin, .. } = definition;
        let scope = EntryScope::Known(origin.scope);
        Entry { kind: *kind, id, plugin, installed: origin.installed_plugin().map(Cow::from), scope }
    }
}
