//! Every setting: its names as a flag, a variable and a key of a configuration file, what it holds, and what a project's
//! own file may say of it.
//!
//! A project may be a freshly cloned repository. What its file says must neither reach outside the project nor loosen what
//! protects the user and the machine; each setting has the rule and the reason.

use std::net::IpAddr;
use std::num::NonZeroU32;

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name in configuration files and in `adjutant config show`.
    pub key: &'static str,
    /// Its environment variable, if it has one.
    pub variable: Option<&'static str>,
    /// Its flag, if it has one.
    pub flag: Option<&'static str>,
    /// What it holds.
    pub form: Form,
    /// The same in words, as the end of "it must be …".
    pub expected: &'static str,
    /// What holds where nothing is said.
    pub default: &'static str,
    /// Which files may say it.
    pub in_files: InFiles,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A text for which this is true.
    Text(fn(&str) -> bool),
    /// On or off.
    Switch,
    /// A path.
    Path,
    /// Several paths.
    Paths,
}

/// Which files may say a setting.
#[derive(Debug, Clone, Copy)]
pub enum InFiles {
    /// The user's and the project's.
    Both,
    /// The user's, and the project's with paths that lie in the project.
    BelowProject,
    /// The user's; the project's with values for which this is true, for the reason given.
    ProjectIf(fn(&str) -> bool, &'static str),
    /// The project's alone, for the reason given.
    ProjectOnly(&'static str),
    /// The user's alone, for the reason given.
    UserOnly(&'static str),
    /// None, for the reason given.
    Nowhere(&'static str),
}

/// Whether a text says off.
fn is_off(text: &str) -> bool {
    switch(text) == Some(false)
}

/// What a text says of a switch.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "1" | "on" | "true" | "yes" => Some(true),
        "0" | "off" | "false" | "no" => Some(false),
        _ => None,
    }
}

fn is<T: std::str::FromStr>(text: &str) -> bool {
    text.trim().parse::<T>().is_ok()
}

/// Whether a text is a port that no system service has.
fn is_unprivileged(text: &str) -> bool {
    text.trim().parse().is_ok_and(|port: u16| port == 0 || port >= 1024)
}

/// Characters of a project's name at most.
const NAME_CHARS: usize = 64;

/// Whether a text can stand in an address as a project's name.
pub(super) fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    (1..=NAME_CHARS).contains(&text.len())
        && text.chars().all(is_plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

const OUTSIDE: &str = "it names a place outside the project";
const PROTECTS: &str = "it limits what a project may take of this machine";
const SWITCH: &str = "on or off";

macro_rules! settings {
    ($($name:ident = $setting:expr;)*) => {
        $(pub(super) const $name: &Setting = &$setting;)*
        /// All settings, in the order in which they are shown.
        pub const SETTINGS: &[&Setting] = &[$($name),*];
    };
}

settings! {
    ROOT = Setting {
        key: "root", variable: Some("MCP_ROOT"), flag: Some("--root"),
        form: Form::Path, expected: "a folder", default: "the enclosing project, else the current folder",
        in_files: InFiles::BelowProject,
    };
    NAME = Setting {
        key: "name", variable: None, flag: None,
        form: Form::Text(is_name), expected: "1 to 64 lower-case letters, digits, `-`, `_` or `.`",
        default: "the folder's name",
        in_files: InFiles::ProjectOnly("no two projects share a name"),
    };
    PLUGINS = Setting {
        key: "plugins", variable: Some("MCP_PLUGINS"), flag: Some("--plugins"),
        form: Form::Paths, expected: "a folder or a list of folders", default: "–",
        in_files: InFiles::BelowProject,
    };
    PORT = Setting {
        key: "port", variable: Some("MCP_PORT"), flag: Some("--port"),
        form: Form::Text(is::<u16>), expected: "a port number", default: "3700",
        in_files: InFiles::ProjectIf(is_unprivileged, "ports below 1024 belong to the system"),
    };
    BIND = Setting {
        key: "bind", variable: Some("MCP_BIND"), flag: Some("--bind"),
        form: Form::Text(is::<IpAddr>), expected: "an address such as 127.0.0.1 or 192.168.1.5", default: "–",
        in_files: InFiles::UserOnly("it lets other machines in"),
    };
    DATA_DIR = Setting {
        key: "data-dir", variable: Some("MCP_DATA_DIR"), flag: Some("--data-dir"),
        form: Form::Path, expected: "a folder", default: ".claude/mcp-server/data",
        in_files: InFiles::UserOnly(OUTSIDE),
    };
    MAX_FILES = Setting {
        key: "max-files", variable: Some("MCP_MAX_FILES"), flag: Some("--max-files"),
        form: Form::Text(is::<NonZeroU32>), expected: "a number of files, at least 1", default: "50000",
        in_files: InFiles::UserOnly(PROTECTS),
    };
    USER_SCOPE = Setting {
        key: "user-scope", variable: Some("MCP_USER_SCOPE"), flag: Some("--no-user-scope"),
        form: Form::Switch, expected: SWITCH, default: "on",
        in_files: InFiles::ProjectIf(is_off, "a project may leave out what you have, and not take it in"),
    };
    WATCH = Setting {
        key: "watch", variable: Some("MCP_WATCH"), flag: Some("--no-watch"),
        form: Form::Switch, expected: SWITCH, default: "on", in_files: InFiles::Both,
    };
    REGISTER = Setting {
        key: "register", variable: Some("ADJUTANT_REGISTER"), flag: Some("--register"),
        form: Form::Switch, expected: SWITCH, default: "off",
        in_files: InFiles::UserOnly("it writes into your home folder"),
    };
    REINDEX_INTERVAL = Setting {
        key: "reindex-interval", variable: Some("MCP_REINDEX_INTERVAL"), flag: None,
        form: Form::Text(is::<u64>), expected: "a number of seconds", default: "3600", in_files: InFiles::Both,
    };
    CACHE_TTL = Setting {
        key: "cache-ttl", variable: Some("MCP_CACHE_TTL"), flag: None,
        form: Form::Text(is::<u64>), expected: "a number of seconds", default: "300 (patterns: 600)",
        in_files: InFiles::Both,
    };
    LOG_DIR = Setting {
        key: "log-dir", variable: Some("MCP_LOG_DIR"), flag: None,
        form: Form::Path, expected: "a folder", default: ".claude/mcp-server/logs",
        in_files: InFiles::UserOnly(OUTSIDE),
    };
    LOG_LEVEL = Setting {
        key: "log-level", variable: Some("MCP_LOG_LEVEL"), flag: None,
        form: Form::Text(is::<tracing::Level>), expected: "one of error, warn, info, debug, trace",
        default: "info", in_files: InFiles::Both,
    };
    AUTO_RESTART = Setting {
        key: "auto-restart", variable: Some("MCP_AUTO_RESTART"), flag: None,
        form: Form::Switch, expected: SWITCH, default: "off", in_files: InFiles::Both,
    };
    COMMAND_PROMPTS = Setting {
        key: "command-prompts", variable: Some("MCP_COMMAND_PROMPTS"), flag: None,
        form: Form::Switch, expected: SWITCH, default: "what is offloaded", in_files: InFiles::Both,
    };
    MODEL_DIR = Setting {
        key: "model-dir", variable: Some("MCP_MODEL_DIR"), flag: None,
        form: Form::Path, expected: "a folder", default: "model in the data directory",
        in_files: InFiles::UserOnly(OUTSIDE),
    };
    LEARNING = Setting {
        key: "learning", variable: Some("MCP_LEARNING"), flag: None,
        form: Form::Switch, expected: SWITCH, default: "on", in_files: InFiles::Both,
    };
    HALF_LIFE_DAYS = Setting {
        key: "half-life-days", variable: Some("MCP_HALF_LIFE_DAYS"), flag: None,
        form: Form::Text(is::<u32>), expected: "a number of days, 0 to never forget", default: "90",
        in_files: InFiles::Both,
    };
    QUERY_LOG = Setting {
        key: "query-log", variable: Some("MCP_QUERY_LOG"), flag: None,
        form: Form::Switch, expected: SWITCH, default: "on",
        in_files: InFiles::ProjectIf(is_off, "a project may keep less of what you ask, and not more"),
    };
    DB_SOFT_LIMIT_MB = Setting {
        key: "db-soft-limit-mb", variable: Some("MCP_DB_SOFT_LIMIT_MB"), flag: None,
        form: Form::Text(is::<NonZeroU32>), expected: "a number of megabytes, at least 1", default: "100",
        in_files: InFiles::UserOnly(PROTECTS),
    };
    DB_HARD_LIMIT_MB = Setting {
        key: "db-hard-limit-mb", variable: Some("MCP_DB_HARD_LIMIT_MB"), flag: None,
        form: Form::Text(is::<NonZeroU32>), expected: "a number of megabytes, at least 1", default: "500",
        in_files: InFiles::UserOnly(PROTECTS),
    };
    TOKEN = Setting {
        key: "token", variable: Some("MCP_TOKEN"), flag: None,
        form: Form::Text(|_| true), expected: "a secret", default: "the file `token` beside the PID file",
        in_files: InFiles::Nowhere("a secret stands in a file of its own, which `token-file` names"),
    };
    TOKEN_FILE = Setting {
        key: "token-file", variable: Some("MCP_TOKEN_FILE"), flag: None,
        form: Form::Path, expected: "a file", default: "–",
        in_files: InFiles::UserOnly("it decides who may ask"),
    };
    RATE_LIMIT = Setting {
        key: "rate-limit", variable: Some("MCP_RATE_LIMIT"), flag: None,
        form: Form::Text(is::<u32>), expected: "a number of requests a second, 0 for no limit", default: "20000",
        in_files: InFiles::UserOnly(PROTECTS),
    };
}

impl Setting {
    /// Whether its value is never shown, stored or repeated.
    pub fn is_secret(&self) -> bool {
        self.key == TOKEN.key
    }

    /// The setting that a file calls `name`: its key, in which `_` is as good as `-`.
    pub(super) fn named(name: &str) -> Option<&'static Setting> {
        let key = name.replace('_', "-");
        SETTINGS.iter().copied().find(|setting| setting.key == key)
    }

    /// The key that `name` is probably a slip of.
    pub(super) fn nearest(name: &str) -> Option<&'static str> {
        let name = name.replace('_', "-").to_lowercase();
        let bare = name.strip_prefix("mcp-").unwrap_or(&name);
        let distance = |key: &&str| strsim::damerau_levenshtein(bare, key);
        let nearest = SETTINGS.iter().map(|setting| setting.key).min_by_key(distance)?;
        let is_near = distance(&nearest) <= (nearest.len() / 3).max(1);
        let contains = |key: &&str| bare.len() >= 4 && (key.contains(bare) || bare.contains(*key));
        is_near.then_some(nearest).or_else(|| SETTINGS.iter().map(|setting| setting.key).find(contains))
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, SETTINGS, Setting, is_name, switch};

    #[test]
    fn a_slip_leads_to_the_key_that_was_meant() {
        let cases = [
            ("plugin", Some("plugins")),
            ("prot", Some("port")),
            ("datadir", Some("data-dir")),
            ("MCP_PORT", Some("port")),
            ("scope", Some("user-scope")),
            ("max_file", Some("max-files")),
            ("colour-scheme", None),
            ("", None),
        ];
        for (name, key) in cases {
            assert_eq!(Setting::nearest(name), key, "{name}");
        }
        assert_eq!(Setting::named("max_files").map(|setting| setting.key), Some("max-files"));
    }

    #[test]
    fn the_table_agrees_with_itself() {
        for setting in SETTINGS {
            assert!(is_name(setting.key), "{}", setting.key);
            assert!(Setting::named(setting.key).is_some_and(|found| found.key == setting.key));
            if let Some(variable) = setting.variable {
                let key = variable.split_once('_').unwrap().1.to_lowercase().replace('_', "-");
                assert_eq!(key, setting.key);
            }
            // What it is where nobody says follows from something else: described, and no value.
            let is_derived = setting.key == "command-prompts";
            if matches!(setting.form, Form::Switch) {
                assert_eq!(switch(setting.default).is_none(), is_derived, "{}", setting.key);
            }
        }
    }
}
