//! Settings as the user gave them, not yet resolved.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use super::ConfigError;

/// The flags that `serve`, and every command that asks a running instance, understand.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Project and instance")]
pub struct Flags {
    /// The project to index (default: the current folder; also `MCP_ROOT`)
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// A further folder of plugins, or a plugin; may be repeated (also `MCP_PLUGINS`, separated as PATH is)
    #[arg(long, value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    /// The loopback port (default: 3700; also `MCP_PORT`)
    #[arg(long)]
    pub port: Option<u16>,
    /// A further address to listen on, which needs a token (default: loopback only; also `MCP_BIND`)
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
    /// Where database, logs and process files are kept (default: .claude/mcp-server in the project; also `MCP_DATA_DIR`)
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Agents, skills and commands that are read at most (default: 50000; also `MCP_MAX_FILES`)
    #[arg(long, value_name = "N")]
    pub max_files: Option<NonZeroU32>,
    /// Leave out what is installed for you and your own agents, skills and commands (also `MCP_USER_SCOPE=off`)
    #[arg(long)]
    pub no_user_scope: bool,
    /// Do not watch the files for changes (also `MCP_WATCH=off`)
    #[arg(long)]
    pub no_watch: bool,
}

/// The environment variables that settings are read from, taken once.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, std::ffi::OsString>);

/// The names alone: some values are secret.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The process's environment: `MCP_*`, `ADJUTANT_*`, and what says where the user's folders are and how the allocator
    /// works.
    pub fn of_process() -> Self {
        let wanted = |name: &str| {
            name.starts_with("MCP_")
                || name.starts_with("ADJUTANT_")
                || matches!(
                    name,
                    "HOME"
                        | "XDG_CONFIG_HOME"
                        | "CLAUDE_CONFIG_DIR"
                        | "CLAUDE_PROJECT_DIR"
                        | "CLAUDE_CODE_PLUGIN_CACHE_DIR"
                        | "MALLOC_ARENA_MAX"
                )
        };
        let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Environment(named.filter(|(name, value)| wanted(name) && !value.is_empty()).collect())
    }

    /// An environment that holds exactly these.
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect())
    }

    /// A variable that holds a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(name).map(PathBuf::from)
    }

    /// A variable that holds a secret, which no error repeats.
    pub(super) fn secret(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// A variable that holds several paths, separated as `PATH` is.
    pub fn paths(&self, name: &str) -> Vec<PathBuf> {
        self.0.get(name).map(|value| std::env::split_paths(value).collect()).unwrap_or_default()
    }

    /// Whether a switch is on, which it is where nothing or nonsense is said of it.
    pub fn is_on(&self, name: &'static str) -> bool {
        self.switch(name).ok().flatten().unwrap_or(true)
    }

    /// A variable that holds a value of type `T`.
    pub(super) fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(raw) = self.0.get(name) else { return Ok(None) };
        let text = raw.to_string_lossy();
        let unreadable = || ConfigError::Value { name, value: text.clone().into_owned(), expected };
        text.trim().parse().map(Some).map_err(|_| unreadable())
    }

    /// A variable that is on or off.
    pub(super) fn switch(&self, name: &'static str) -> Result<Option<bool>, ConfigError> {
        let Some(raw) = self.0.get(name) else { return Ok(None) };
        match raw.to_string_lossy().trim().to_lowercase().as_str() {
            "1" | "on" | "true" | "yes" => Ok(Some(true)),
            "0" | "off" | "false" | "no" => Ok(Some(false)),
            other => Err(ConfigError::Value { name, value: other.into(), expected: "on or off" }),
        }
    }
}
