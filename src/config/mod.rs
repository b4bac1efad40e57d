//! What the user decided, resolved once at start: flags over environment over defaults.
//!
//! This is the only module that reads the environment. Everything else takes a [`Config`] or a part of it.

pub mod access;
mod raw;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use confined_fs::{DirPath, FilePath, NamedDir};
use sha2::{Digest, Sha256};

pub use access::{Access, Token};
pub use raw::{Environment, Flags};

/// The port a client tries first.
pub const DEFAULT_PORT: u16 = 3700;

/// The longest time a setting may hold, in seconds: a year. Longer ones overflow somebody's clock.
const MAX_SECONDS: u64 = 31_536_000;

/// Where an instance keeps its files, below the project's root.
const DEFAULT_RUN_DIR: &str = ".claude/mcp-server";

/// The installed embedding model, in the data directory.
pub const MODEL_DIR: &str = "model";

/// Entries of a scan at most where nothing is said: twenty times the largest known collection, and what two seconds index.
const DEFAULT_MAX_FILES: usize = 50_000;

/// The resolved configuration of one instance.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which project is served.
    pub project: Project,
    /// Further plugin folders, in the order given.
    pub plugin_dirs: Vec<PathBuf>,
    /// The loopback port; 0 takes any free one.
    pub port: u16,
    /// Where files are kept.
    pub paths: Paths,
    /// How long answers are cached.
    pub cache: CacheTtl,
    /// When the catalog is read again.
    pub reindex: Reindex,
    /// Entries of a scan at most.
    pub max_files: usize,
    /// Whether commands are offered as MCP prompts: off, since clients that load plugins offer them already.
    pub command_prompts: bool,
    /// The least severe level that is logged.
    pub log_level: tracing::Level,
    /// What is remembered, how long and how much.
    pub memory: Memory,
    /// Whether a server that crashes is started again.
    pub auto_restart: bool,
    /// Who may ask.
    pub access: Access,
}

/// What is remembered, how long and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Whether outcomes of past tasks take part in the ranking.
    pub learning: bool,
    /// Whether queries are logged to the database.
    pub query_log: bool,
    /// Evidence weighs half as much after this long; `None` never forgets.
    pub half_life: Option<Duration>,
    /// Above this many bytes of the database the query log is pruned, oldest first.
    pub soft_limit_bytes: u64,
    /// Above this many bytes the query log takes no more rows.
    pub hard_limit_bytes: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            learning: true,
            query_log: true,
            half_life: Some(Duration::from_hours(90 * 24)),
            soft_limit_bytes: 100 * MEGABYTE,
            hard_limit_bytes: 500 * MEGABYTE,
        }
    }
}

/// Bytes of a megabyte, as disks count.
const MEGABYTE: u64 = 1_000_000;

/// The project an instance answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The absolute path of the project's folder.
    pub root: PathBuf,
    /// The first 12 hex digits of the SHA-256 of `root`: stable and safe in names.
    pub id: String,
}

/// Where an instance keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The database and its backups.
    pub data_dir: DirPath,
    /// `mcp.pid` and `endpoint.json`.
    pub run_dir: DirPath,
    /// The log files.
    pub log_dir: DirPath,
    /// Decisions that clients queued while no instance ran: below the project's root wherever the rest is kept, since
    /// who queues them knows the project and no more.
    pub outbox_dir: DirPath,
    /// The embedding model, where there is one.
    pub model_dir: NamedDir,
    /// Whether `model_dir` was given, so that it must hold a model.
    pub model_given: bool,
}

/// How long an answer may be served again. A re-index or a write that concerns it ends it at once anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheTtl {
    /// Agents.
    pub agents: Duration,
    /// Orchestration patterns.
    pub patterns: Duration,
    /// Skills.
    pub skills: Duration,
    /// Workflows.
    pub workflows: Duration,
}

impl Default for CacheTtl {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        CacheTtl {
            agents: seconds(300),
            patterns: seconds(600),
            skills: seconds(300),
            workflows: seconds(300),
        }
    }
}

/// When the catalog is read again without being asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reindex {
    /// The time between two scheduled scans.
    pub every: Duration,
    /// Whether changes of files are watched for.
    pub watch: bool,
}

impl Default for Reindex {
    fn default() -> Self {
        Reindex { every: Duration::from_hours(1), watch: true }
    }
}

/// Why a configuration cannot be used; the text says which setting and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value of the environment that cannot be read.
    #[error("{name} is {value:?}; it must be {expected}")]
    Value {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// The project's folder cannot be used.
    #[error("the project's folder {path:?} cannot be used: {source}", path = .path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The token cannot be used. Neither names what it holds.
    #[error("the token in {place} cannot be used: {why}")]
    Token {
        /// The variable or the file.
        place: String,
        /// Why.
        why: String,
    },
    /// An address that others reach, and no token.
    #[error(
        "{address} can be reached by others, which needs a token: set MCP_TOKEN, or write one into {file:?}",
        file = .file.display()
    )]
    Unguarded {
        /// The address.
        address: std::net::IpAddr,
        /// Where a token is looked for.
        file: PathBuf,
    },
}

impl Config {
    /// Resolves flags over environment over defaults.
    ///
    /// # Errors
    /// Where a value cannot be read or the project's folder does not exist.
    pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let root = flags.root.clone().or_else(|| environment.path("MCP_ROOT")).unwrap_or_else(|| ".".into());
        let project = Project::at(&root)?;
        let given_data_dir = flags.data_dir.clone().or_else(|| environment.path("MCP_DATA_DIR"));
        let given_model_dir = environment.path("MCP_MODEL_DIR");
        let paths = Paths::resolve(&project.root, given_data_dir, environment.path("MCP_LOG_DIR"))
            .with_model(&project.root, given_model_dir);
        let access = Access::resolve(flags, environment, &project, &paths)?;
        let port = match flags.port {
            Some(port) => Some(port),
            None => environment.parsed("MCP_PORT", "a port number")?,
        };
        let mut plugin_dirs = flags.plugins.clone();
        if plugin_dirs.is_empty() {
            plugin_dirs = environment.paths("MCP_PLUGINS");
        }
        let mut reindex = Reindex::default();
        if let Some(seconds) = environment.parsed::<u64>("MCP_REINDEX_INTERVAL", "a number of seconds")? {
            reindex.every = Duration::from_secs(seconds.clamp(1, MAX_SECONDS));
        }
        reindex.watch = !flags.no_watch && environment.switch("MCP_WATCH")?.unwrap_or(true);
        let max_files = match flags.max_files {
            Some(max_files) => Some(max_files),
            None => environment.parsed("MCP_MAX_FILES", "a number of files, at least 1")?,
        };
        Ok(Config {
            project,
            plugin_dirs,
            max_files: max_files.map_or(DEFAULT_MAX_FILES, |max_files: NonZeroU32| max_files.get() as usize),
            port: port.unwrap_or(DEFAULT_PORT),
            paths,
            cache: CacheTtl::resolve(environment)?,
            reindex,
            command_prompts: environment.switch("MCP_COMMAND_PROMPTS")?.unwrap_or(false),
            log_level: environment
                .parsed("MCP_LOG_LEVEL", "one of error, warn, info, debug, trace")?
                .unwrap_or(tracing::Level::INFO),
            memory: Memory::resolve(environment)?,
            access,
            auto_restart: environment.switch("MCP_AUTO_RESTART")?.unwrap_or(false),
        })
    }
}

impl Project {
    /// The project whose folder is `root`, made absolute.
    ///
    /// # Errors
    /// Where the folder does not exist or is no folder.
    pub fn at(root: &Path) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::Root { path: root.to_owned(), source };
        let root = root.canonicalize().map_err(failed)?;
        if !root.is_dir() {
            return Err(failed(std::io::ErrorKind::NotADirectory.into()));
        }
        let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
        let id = hex(&digest[..6]);
        Ok(Project { root, id })
    }

    /// The project's folder, below which no link is followed.
    pub fn dir(&self) -> DirPath {
        DirPath::from(&self.root)
    }
}

/// Lower-case hex.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Paths {
    /// With no data directory given, everything is under the project's `.claude/mcp-server`; with one given,
    /// everything is in it, so that two instances with two data directories share nothing.
    fn resolve(root: &Path, data_dir: Option<PathBuf>, log_dir: Option<PathBuf>) -> Self {
        let own = DirPath::from(root).sub(DEFAULT_RUN_DIR);
        let outbox_dir = own.sub("outbox");
        let (run_dir, data_dir) = match data_dir {
            Some(given) => {
                let given = DirPath::named(root, &given);
                (given.clone(), given)
            }
            None => (own.clone(), own.sub("data")),
        };
        let log_dir = log_dir.map_or_else(|| run_dir.sub("logs"), |given| DirPath::named(root, &given));
        let model_dir = data_dir.sub(MODEL_DIR).into();
        Paths { data_dir, run_dir, log_dir, outbox_dir, model_dir, model_given: false }
    }

    fn with_model(mut self, root: &Path, given: Option<PathBuf>) -> Self {
        if let Some(given) = given {
            self.model_dir = NamedDir::new(root, &given);
            self.model_given = true;
        }
        self
    }

    /// Where `adjutant model install` puts a model.
    pub fn installed_model(&self) -> DirPath {
        self.data_dir.sub(MODEL_DIR)
    }

    /// Holds the process id and start time of the running instance.
    pub fn pid_file(&self) -> FilePath {
        self.run_dir.file("mcp.pid")
    }

    /// Names the process that starts a crashed instance again.
    pub fn supervisor_file(&self) -> FilePath {
        self.run_dir.file("supervisor.pid")
    }

    /// Names the process that wishes for the project's memory.
    pub fn wish_file(&self) -> FilePath {
        self.data_dir.file("mcp.wish")
    }

    /// Says where the running instance listens.
    pub fn endpoint_file(&self) -> FilePath {
        self.run_dir.file("endpoint.json")
    }
}

impl CacheTtl {
    fn resolve(environment: &Environment) -> Result<Self, ConfigError> {
        let Some(seconds) = environment.parsed::<u64>("MCP_CACHE_TTL", "a number of seconds")? else {
            return Ok(CacheTtl::default());
        };
        let all = Duration::from_secs(seconds.min(MAX_SECONDS));
        Ok(CacheTtl { agents: all, patterns: all, skills: all, workflows: all })
    }
}

impl Memory {
    fn resolve(environment: &Environment) -> Result<Self, ConfigError> {
        const LIMIT: &str = "a number of megabytes, at least 1";
        let mut memory = Memory::default();
        memory.learning = environment.switch("MCP_LEARNING")?.unwrap_or(memory.learning);
        memory.query_log = environment.switch("MCP_QUERY_LOG")?.unwrap_or(memory.query_log);
        if let Some(days) =
            environment.parsed::<u32>("MCP_HALF_LIFE_DAYS", "a number of days, 0 to never forget")?
        {
            memory.half_life = (days > 0).then(|| Duration::from_hours(u64::from(days) * 24));
        }
        let megabytes = |name| -> Result<Option<u64>, ConfigError> {
            let limit: Option<NonZeroU32> = environment.parsed(name, LIMIT)?;
            Ok(limit.map(|limit| u64::from(limit.get()) * MEGABYTE))
        };
        if let Some(soft) = megabytes("MCP_DB_SOFT_LIMIT_MB")? {
            memory.soft_limit_bytes = soft;
        }
        // A hard limit below the soft one would stop the log before it is pruned.
        let hard = megabytes("MCP_DB_HARD_LIMIT_MB")?.unwrap_or(memory.hard_limit_bytes);
        memory.hard_limit_bytes = hard.max(memory.soft_limit_bytes);
        Ok(memory)
    }
}
