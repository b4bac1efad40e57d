//! What concerns one project.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use confined_fs::DirPath;
use sha2::{Digest, Sha256};

use super::{CacheTtl, ConfigError, Environment, Flags, Memory, Paths, Reindex, UserScope};

/// Entries of a scan at most where nothing is said: twenty times the largest known collection, and what two seconds index.
const DEFAULT_MAX_FILES: usize = 50_000;

/// The configuration of one project.
#[derive(Debug, Clone)]
pub struct ProjectConfig {
    /// The absolute path of the project's folder.
    pub root: PathBuf,
    /// The first 12 hex digits of the SHA-256 of `root`: stable and safe in names.
    pub id: String,
    /// Further plugin folders, in the order given.
    pub plugin_dirs: Vec<PathBuf>,
    /// The user's folders; `None` where what the user has is left out.
    pub user_scope: Option<UserScope>,
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
    /// What is stored, how long and how much.
    pub memory: Memory,
}

impl ProjectConfig {
    pub(super) fn resolve(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let root = flags.root.clone().or_else(|| environment.path("MCP_ROOT")).unwrap_or_else(|| ".".into());
        let root = absolute(&root)?;
        let data_dir = flags.data_dir.clone().or_else(|| environment.path("MCP_DATA_DIR"));
        let paths = Paths::resolve(&root, data_dir, environment.path("MCP_LOG_DIR"))
            .with_model(&root, environment.path("MCP_MODEL_DIR"));
        let mut plugin_dirs = flags.plugins.clone();
        if plugin_dirs.is_empty() {
            plugin_dirs = environment.paths("MCP_PLUGINS");
        }
        let max_files = match flags.max_files {
            Some(max_files) => Some(max_files),
            None => environment.parsed("MCP_MAX_FILES", "a number of files, at least 1")?,
        };
        Ok(ProjectConfig {
            id: id(&root),
            root,
            plugin_dirs,
            user_scope: UserScope::resolve(flags.no_user_scope, environment)?,
            paths,
            cache: CacheTtl::resolve(environment)?,
            reindex: Reindex::resolve(flags.no_watch, environment)?,
            max_files: max_files.map_or(DEFAULT_MAX_FILES, |max_files: NonZeroU32| max_files.get() as usize),
            command_prompts: environment.switch("MCP_COMMAND_PROMPTS")?.unwrap_or(false),
            memory: Memory::resolve(environment)?,
        })
    }

    /// The project's folder, below which no link is followed.
    pub fn dir(&self) -> DirPath {
        DirPath::from(&self.root)
    }
}

/// The folder at `root`, free of links.
fn absolute(root: &Path) -> Result<PathBuf, ConfigError> {
    let failed = |source| ConfigError::Root { path: root.to_owned(), source };
    let absolute = root.canonicalize().map_err(failed)?;
    if absolute.is_dir() { Ok(absolute) } else { Err(failed(std::io::ErrorKind::NotADirectory.into())) }
}

/// What a project is called in names of files and services.
fn id(root: &Path) -> String {
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    hex(&digest[..6])
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
