//! Where the entries of a catalog come from: scopes on the wire, counts, and a sentence about them.

use crate::config::ProjectConfig;
use catalog::{Catalog, Definition, Scope};
use protocol::{OriginHealth, ScopeName};

/// The scope of an entry on the wire.
pub(super) fn scope_name(scope: Scope) -> ScopeName {
    match scope {
        Scope::Project => ScopeName::Project,
        Scope::User => ScopeName::User,
        Scope::Managed => ScopeName::Managed,
        Scope::Runtime | Scope::Upstream | Scope::BuiltIn => ScopeName::Server,
    }
}

/// The scope of an entry as text on the wire, unless it is offloaded.
pub(super) fn scope_text(definition: &Definition) -> &'static str {
    scope_as_text(scope_name(definition.origin.scope))
}

/// The scope of what an offload took out of the client's listing.
pub(super) const OFFLOADED: &str = "offloaded";

/// A scope as text on the wire.
pub(super) fn scope_as_text(name: ScopeName) -> &'static str {
    match name {
        ScopeName::Project => "project",
        ScopeName::User => "user",
        ScopeName::Managed => "managed",
        ScopeName::Server => "server",
        ScopeName::Offloaded => OFFLOADED,
    }
}

/// The scopes of that name; all for what is offloaded, which may be anybody's.
pub(super) fn scopes(name: ScopeName) -> &'static [Scope] {
    match name {
        ScopeName::Project => &[Scope::Project],
        ScopeName::User => &[Scope::User],
        ScopeName::Managed => &[Scope::Managed],
        ScopeName::Server => &[Scope::Runtime, Scope::Upstream, Scope::BuiltIn],
        ScopeName::Offloaded => &Scope::ALL,
    }
}

/// The marketplace of an entry's plugin, where it was installed from one.
pub(super) fn marketplace(definition: &Definition) -> Option<&str> {
    Some(definition.origin.marketplace.as_str()).filter(|marketplace| !marketplace.is_empty())
}

/// How many entries come from where.
pub fn counts(catalog: &Catalog) -> OriginHealth {
    let mut counts = OriginHealth::default();
    for definition in catalog.definitions() {
        let count = match scope_name(definition.origin.scope) {
            _ if marketplace(definition).is_some() => &mut counts.installed,
            ScopeName::Project => &mut counts.project,
            ScopeName::User => &mut counts.user,
            ScopeName::Managed => &mut counts.managed,
            ScopeName::Server | ScopeName::Offloaded => &mut counts.server,
        };
        *count += 1;
    }
    counts.plugins = catalog.plugins().iter().filter(|plugin| plugin.is_installed()).count();
    counts
}

/// The counts in a phrase: `214 entries from 27 plugins installed for you, 6 of your own, 7 of this project`.
pub fn phrase(counts: &OriginHealth) -> String {
    let OriginHealth { installed, plugins, user, project, managed, server } = *counts;
    let installed_from = format!("from {} installed for you", counted(plugins, "plugin", "plugins"));
    let parts = [
        (installed, installed_from.as_str()),
        (user, "of your own"),
        (managed, "prescribed by your administrator"),
        (project, "of this project"),
        (server, "that come with the service"),
    ];
    let mut phrases: Vec<String> = Vec::new();
    for (count, from) in parts.into_iter().filter(|(count, _)| *count > 0) {
        let is_first = phrases.is_empty();
        phrases.push(if is_first {
            format!("{} {from}", counted(count, "entry", "entries"))
        } else {
            format!("{count} {from}")
        });
    }
    if phrases.is_empty() { "no entries".to_owned() } else { phrases.join(", ") }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// The folders in which entries are looked for, as a sentence names them.
pub(super) fn places(config: &ProjectConfig) -> String {
    let mut folders = vec![format!("the project {} (plugins, .claude)", config.root.display())];
    folders.extend(config.plugin_dirs.iter().map(|dir| dir.display().to_string()));
    let folders = folders.join(", ");
    match &config.user_scope {
        Some(user) => format!("{folders}, and what Claude Code has for you in {}", user.base.display()),
        None => format!("{folders}; what you have installed is left out"),
    }
}

#[cfg(test)]
mod tests {
    use super::{OriginHealth, phrase};

    #[test]
    fn a_phrase_names_what_there_is() {
        let none = OriginHealth::default();
        let all = OriginHealth { installed: 214, plugins: 27, user: 6, project: 7, ..none };
        let cases = [
            (all, "214 entries from 27 plugins installed for you, 6 of your own, 7 of this project"),
            (OriginHealth { project: 7, ..none }, "7 entries of this project"),
            (
                OriginHealth { user: 1, managed: 2, ..none },
                "1 entry of your own, 2 prescribed by your administrator",
            ),
            (OriginHealth { installed: 1, plugins: 1, ..none }, "1 entry from 1 plugin installed for you"),
            (OriginHealth { server: 3, ..none }, "3 entries that come with the service"),
            (none, "no entries"),
        ];
        for (counts, expected) in cases {
            assert_eq!(phrase(&counts), expected);
        }
    }
}
