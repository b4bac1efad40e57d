//! Settings as the user gave them, not yet resolved.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// The flags that `serve`, and every command that asks a running instance, understand.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Project and instance")]
pub struct Flags {
    /// The project to index (default: the one that the current folder lies in; also `MCP_ROOT`)
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
pub struct Environment(BTreeMap<String, OsString>);

/// The names alone: some values are secret.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The process's environment: `MCP_*`, `ADJUTANT_*`, and what says where the user's folders and programs are and how the
    /// allocator works.
    pub fn of_process() -> Self {
        let wanted = |name: &str| {
            name.starts_with("MCP_")
                || name.starts_with("ADJUTANT_")
                || matches!(
                    name,
                    "HOME"
                        | "XDG_CONFIG_HOME"
                        | "XDG_STATE_HOME"
                        | "CLAUDE_CONFIG_DIR"
                        | "CLAUDE_PROJECT_DIR"
                        | "CLAUDE_CODE_PLUGIN_CACHE_DIR"
                        | "CODEX_HOME"
                        | "MALLOC_ARENA_MAX"
                        | "PATH"
                        | "CARGO_HOME"
                        | "CARGO_TARGET_DIR"
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

    /// What a variable holds.
    pub(super) fn value(&self, name: &str) -> Option<OsString> {
        self.0.get(name).cloned()
    }

    /// A variable that holds several paths, separated as `PATH` is.
    pub fn paths(&self, name: &str) -> Vec<PathBuf> {
        let paths = self.0.get(name).into_iter().flat_map(std::env::split_paths);
        // A colon at an end, which PATH allows.
        paths.filter(|path| !path.as_os_str().is_empty()).collect()
    }
}
