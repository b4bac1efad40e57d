//! Diagnostics: what is wrong with a file, and what was done about it. [`CODES`] lists every code.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One diagnostic of a scan. The file it names may still be in the catalog: `action` says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file or folder: relative to the root it was found under, absolute beyond the project and the folders that were
    /// named.
    pub path: Arc<Path>,
    /// The line, counted from 1, if the problem is in a single line.
    pub line: Option<usize>,
    /// A stable machine-readable code, such as `frontmatter_repaired`; see [`CODES`].
    pub code: &'static str,
    /// What is wrong: a sentence without a final full stop.
    pub message: Arc<str>,
    /// What was done about it: `kept`, `repaired` or `skipped`.
    pub action: &'static str,
}

/// How much a [`Problem`] matters to the owner of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Note,
    /// The client loses something that the catalog kept, or a file is not what it seems.
    Warning,
    /// Something is missing from the catalog.
    Error,
}

impl Problem {
    /// A problem with the whole of `path`.
    pub fn new(
        path: impl Into<PathBuf>,
        code: &'static str,
        action: &'static str,
        message: impl Into<String>,
    ) -> Problem {
        Problem { path: path.into().into(), line: None, code, message: message.into().into(), action }
    }

    /// The same with its path below `root`, unless that is empty.
    pub(super) fn beneath(&self, root: &Path) -> Problem {
        if root.as_os_str().is_empty() {
            return self.clone();
        }
        Problem { path: root.join(&self.path).into(), ..self.clone() }
    }

    /// Its severity, which follows from its code.
    pub fn severity(&self) -> Severity {
        CODES.iter().find(|entry| entry.0 == self.code).map_or(Severity::Error, |entry| entry.1)
    }
}

/// `path` with control characters and invalid UTF-8 escaped, fit for a message.
pub(super) fn shown(path: &Path) -> String {
    path.as_os_str().to_string_lossy().chars().fold(String::new(), |mut out, c| {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}

/// The codes as constants, so that a misspelt code does not compile.
pub mod code {
    macro_rules! codes {
        ($($(#[$doc:meta])* $name:ident = $text:literal, $severity:ident, $meaning:literal;)+) => {
            $(#[doc = $meaning] pub const $name: &str = $text;)+
            /// Code, severity and meaning of everything a scan can report.
            pub const CODES: &[(&str, super::Severity, &str)] =
                &[$(($text, super::Severity::$severity, $meaning)),+];
        };
    }

    codes! {
        ALIAS_INVALID = "alias_invalid", Warning,
            "An entry of the project's alias file cannot be used; the others are.";
        FRONTMATTER_MISSING = "frontmatter_missing", Note,
            "The file has no front matter: name from the file name, description from its first heading and paragraph.";
        FRONTMATTER_UNCLOSED = "frontmatter_unclosed", Warning,
            "No `---` line closes the front matter: the fields at the top were read; Claude Code reads none of them.";
        FRONTMATTER_NOT_FIRST = "frontmatter_not_first", Warning,
            "Blank lines stand before the front matter: it was read; Claude Code reads none of it.";
        FRONTMATTER_REPAIRED = "frontmatter_repaired", Note,
            "The front matter is not YAML until plain values are quoted, as Claude Code does too.";
        FRONTMATTER_CRLF = "frontmatter_crlf", Warning,
            "The front matter is YAML only once plain values are quoted, which Claude Code does not do in lines that end in CR LF: \
             it loses every field.";
        FRONTMATTER_SALVAGED = "frontmatter_salvaged", Warning,
            "The front matter is not YAML even after quoting: read line by line; Claude Code loses every field.";
        FRONTMATTER_TOO_LARGE = "frontmatter_too_large", Warning,
            "The front matter is larger than the limit: only its first lines were read, line by line.";
        FRONTMATTER_TOO_COMPLEX = "frontmatter_too_complex", Warning,
            "The front matter nests too deep or uses too many aliases for a YAML engine: read line by line.";
        FRONTMATTER_RULE_IN_VALUE = "frontmatter_rule_in_value", Warning,
            "A value holds `---`, where Claude Code ends the front matter: it loses what follows.";
        NAME_NOT_TEXT = "name_not_text", Note,
            "The name is a number, a list or another YAML value: taken as text, as Claude Code does.";
        NAME_MISSING = "name_missing", Note, "The agent states no name: its file name serves.";
        DESCRIPTION_MISSING = "description_missing", Warning,
            "No description is stated: the first heading and paragraph serve.";
        DESCRIPTION_CUT_BY_CLIENT = "description_cut_by_client", Note,
            "The description is longer than what Claude Code's listing shows.";
        NEVER_SHOWN_BY_CLIENT = "never_shown_by_client", Warning,
            "Claude Code never shows the model a command or skill that states no description, or that says the model may not run it.";
        LISTING_OVER_BUDGET = "listing_over_budget", Warning,
            "All descriptions of skills and commands exceed what Claude Code lists: it lists some by name only.";
        NOT_LOADED_BY_CLIENT = "not_loaded_by_client", Warning,
            "Claude Code does not load an entry from here: kept all the same, without a claim to an id that it does load.";
        DUPLICATE_ID = "duplicate_id", Warning,
            "Several files have this id, of which Claude Code keeps one: the others are found under an id with their path.";
        IDENTICAL_COPY = "identical_copy", Note,
            "The same id with the same content was found in another place: one is kept.";
        SHADOWED_ID = "shadowed_id", Note,
            "A layer of higher precedence has this id: its entry serves, this one is left out.";
        README_SKIPPED = "readme_skipped", Note, "A README without front matter is no entry.";
        FILE_EMPTY = "file_empty", Note, "The file is empty: kept under its file name.";
        FILE_TOO_LARGE = "file_too_large", Error, "The file is larger than the limit.";
        FILE_UNREADABLE = "file_unreadable", Error, "The file or folder cannot be read.";
        FILE_NOT_REGULAR = "file_not_regular", Warning, "A pipe, socket or device has the name of an entry.";
        TEXT_NOT_UTF8 = "text_not_utf8", Warning, "The file is not UTF-8: bytes that are not became U+FFFD.";
        HIDDEN_TEXT = "hidden_text", Warning,
            "The file holds characters that no reader sees and a model reads: they were left out.";
        SUSPICIOUS_INSTRUCTION = "suspicious_instruction", Warning,
            "The description gives orders to the model that reads it, or hides markup: kept as it is, so look at it.";
        ENCODED_TEXT = "encoded_text", Warning,
            "The description holds encoded data that no reader can judge: kept as it is, so look at it.";
        PATH_NOT_CLEAN = "path_not_clean", Note,
            "The path holds control characters or is not UTF-8: the id is written without them.";
        SKIPPED_ESCAPE = "skipped_escape", Warning, "A symbolic link or path leads out of the root.";
        SKIPPED_SYMLINK = "skipped_symlink", Note, "Claude Code does not follow this symbolic link, nor does the scan.";
        LIMIT_FILES = "limit_files", Error, "There are more entries than the limit: the rest is not read.";
        LIMIT_FOLDERS = "limit_folders", Warning,
            "There are more folders than the limit: plugins are not looked for in the rest.";
        LIMIT_DEPTH = "limit_depth", Warning, "Folders are nested deeper than the limit.";
        PLUGINS_MISSING = "plugins_missing", Note, "There is no plugin and no `.claude` entry under this root.";
        ROOT_UNREADABLE = "root_unreadable", Error, "The root is not a folder or cannot be read.";
        MANIFEST_REJECTED = "manifest_rejected", Warning,
            "Claude Code rejects the manifest and with it the whole plugin: its entries are kept all the same.";
        MARKETPLACE_INVALID = "marketplace_invalid", Warning,
            "The marketplace.json, or one plugin of it, cannot be used as it is written.";
        COMPONENT_REFUSED = "component_refused", Warning,
            "A component path leads out of the plugin, or names what Claude Code does not take there.";
        COMPONENT_MISSING = "component_missing", Note,
            "A component path of the manifest does not exist, or a plugin of the marketplace is not where it says.";
        COMPONENT_UNLISTED = "component_unlisted", Warning,
            "The plugin has a part that its manifest or marketplace does not list where it lists others: it is not indexed.";
        PLUGIN_NOT_CACHED = "plugin-not-cached", Warning,
            "A plugin is installed or enabled, and its folder is not there: Claude Code does not load it either.";
        PLUGIN_NAME_TAKEN = "plugin-name-taken", Warning,
            "Plugins of two marketplaces have one name: the ids of the later one have `@MARKETPLACE` behind it.";
        PLUGIN_PATH_REFUSED = "plugin_path_refused", Warning,
            "A plugin is said to lie outside of the client's plugins and of its marketplace: it is not read.";
        CACHE_NAMED = "cache_named", Note,
            "A folder that was named is the client's cache, which holds old versions: what is installed is read instead.";
        SETTINGS_UNUSABLE = "settings_unusable", Warning,
            "A settings file or a registry of the client cannot be used: what it said before counts, else nothing.";
        SETTINGS_LINKED = "settings_linked", Note,
            "A settings file or a registry of the client is a link: changes of its target are noticed late.";
        REGISTRY_VERSION = "registry_version", Warning,
            "The registry of installed plugins has an unknown version: what has a known form is read.";
        INSTALL_INVALID = "install_invalid", Warning,
            "One entry of the client's settings or registries cannot be used: the others are.";
        PLUGIN_DISABLED = "plugin_disabled", Note, "The plugin says `defaultEnabled: false`: its entries are kept.";
        ROLES_INVALID = "roles_invalid", Error, "The role registry, or one role of it, cannot be used.";
        ROLE_UNRESOLVED = "role_unresolved", Warning, "A role names an agent that the catalog does not hold.";
        ROLE_AMBIGUOUS = "role_ambiguous", Warning, "A role names an agent by a bare name that several carry.";
    }
}

pub use code::CODES;
