//! What concerns one project.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use confined_fs::DirPath;
use sha2::{Digest, Sha256};

use super::layers::Layers;
use super::{CacheTtl, ConfigError, Environment, Memory, Paths, Reindex, Source, UserScope, setting};

/// Entries of a scan at most where nothing is said: twenty times the largest known collection, and what two seconds index.
const DEFAULT_MAX_FILES: usize = 50_000;

/// The configuration of one project.
#[derive(Debug, Clone)]
pub struct ProjectConfig {
    /// The absolute path of the project's folder.
    pub root: PathBuf,
    /// The first 12 hex digits of the SHA-256 of `root`: stable and safe in names.
    pub id: String,
    /// Its name in addresses, which no other project of the user has.
    pub name: String,
    /// Further plugin folders, in the order given.
    pub plugin_dirs: Vec<PathBuf>,
    /// The user's folders; `None` where what the user has is left out.
    pub user_scope: Option<UserScope>,
    /// The same folders, also where what is in them is left out: settings are read and written there.
    pub client: Option<UserScope>,
    /// Where files are kept.
    pub paths: Paths,
    /// How long answers are cached.
    pub cache: CacheTtl,
    /// When the catalog is read again.
    pub reindex: Reindex,
    /// Entries of a scan at most.
    pub max_files: usize,
    /// Whether commands are offered as MCP prompts. Unless it is said, those are that an offload took out of the client's
    /// menu: the client offers the others itself.
    pub command_prompts: Option<bool>,
    /// What is stored, how long and how much.
    pub memory: Memory,
}

impl ProjectConfig {
    /// The project at `root`, an absolute path free of links.
    pub(super) fn resolve(
        root: PathBuf,
        name: String,
        layers: &Layers,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let id = Self::id_of(&root);
        // Of all projects, each has a folder of its own in the one that the user's file names.
        let place = |setting| {
            let of_all = layers.given(setting).is_some_and(|given| given.source == Source::UserFile);
            layers.path(setting).map(|path| if of_all { path.join(&id) } else { path })
        };
        let paths = Paths::resolve(&root, place(setting::DATA_DIR), place(setting::LOG_DIR))
            .with_model(&root, layers.path(setting::MODEL_DIR));
        let max_files: Option<NonZeroU32> = layers.parsed(setting::MAX_FILES)?;
        Ok(ProjectConfig {
            plugin_dirs: layers.paths(setting::PLUGINS),
            user_scope: UserScope::resolve(layers, environment)?,
            client: UserScope::of(environment),
            paths,
            cache: CacheTtl::resolve(layers)?,
            reindex: Reindex::resolve(layers)?,
            max_files: max_files.map_or(DEFAULT_MAX_FILES, |max_files| max_files.get() as usize),
            command_prompts: layers.switch(setting::COMMAND_PROMPTS)?,
            memory: Memory::resolve(layers)?,
            id,
            name,
            root,
        })
    }

    /// What a project is called in names of files and services.
    pub(super) fn id_of(root: &Path) -> String {
        let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
        hex(&digest[..6])
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
