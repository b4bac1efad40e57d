//! The folder `.claude/mcp-server` of a project: ignored by git, and of one project alone.
//!
//! `.claude` is committed and copied from project to project. What is remembered in it is of one project: the folder says
//! which, and a copy of it is set aside before anything is stored, and not read before that.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{ProjectConfig, STATE_DIR};
use confined_fs::{DirPath, FilePath, Replacing};

/// Says whose folder it is.
const OWNER_FILE: &str = "project.json";

/// Bytes of it that are read; a usual one has 100.
const MAX_BYTES: u64 = 1 << 16;

/// The folder that holds the state folder.
const CLAUDE: &str = ".claude";

/// The state folder's name in it.
const NAME: &str = "mcp-server";

/// What a copy is called that was set aside, before the name of the project that it was copied from.
const ASIDE: &str = "mcp-server.copied-from-";

/// Whose folder it is.
#[derive(Debug, Serialize, Deserialize)]
struct Owner {
    root: PathBuf,
}

/// A copy of another project's folder that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The project that it was copied from.
    pub of: PathBuf,
    /// Where it is now.
    pub to: PathBuf,
}

/// Makes the project's state folder ready to be written: it exists, git ignores it, and it is this project's. Does nothing
/// where the project keeps its state elsewhere.
///
/// # Errors
/// Where it cannot be written.
pub fn prepare_state(config: &ProjectConfig) -> io::Result<Option<SetAside>> {
    if !keeps_state_in_project(config) {
        return Ok(None);
    }
    let aside = copied_from(config).map(|of| set_aside(config, of)).transpose()?;
    let own = &config.paths.run_dir;
    own.create_unversioned()?;
    let file = owner_file(own);
    if owner(&file).is_none_or(|owner| owner.root != config.root) {
        let text = serde_json::to_string_pretty(&Owner { root: config.root.clone() })?;
        file.write(Replacing::Private, format!("{text}\n").as_bytes())?;
    }
    Ok(aside)
}

/// The project that the state in this one was copied from, where it is a copy. A project that was moved is none: the folder
/// that it names is not there any more.
pub fn copied_from(config: &ProjectConfig) -> Option<PathBuf> {
    if !keeps_state_in_project(config) {
        return None;
    }
    let named = owner(&owner_file(&config.paths.run_dir))?.root;
    if named == config.root || !named.is_absolute() {
        return None;
    }
    let original = DirPath::from(&*named).sub(STATE_DIR);
    let is_there = owner(&owner_file(&original)).is_some_and(|owner| owner.root == named);
    // One folder by two paths is no copy.
    let is_same = owner_file(&original).id() == owner_file(&config.paths.run_dir).id();
    (is_there && !is_same).then_some(named)
}

/// Removes what [`prepare_state`] made, but for the folder itself, and the copies that were set aside; what was removed.
///
/// # Errors
/// Where a copy cannot be removed.
pub fn remove_state_marks(config: &ProjectConfig) -> io::Result<Vec<String>> {
    let mut removed = Vec::new();
    if !keeps_state_in_project(config) {
        return Ok(removed);
    }
    let own = &config.paths.run_dir;
    let file = owner_file(own);
    if file.is_file() && file.remove().is_ok() {
        removed.push(file.to_string());
    }
    if own.remove_gitignore().unwrap_or(false) {
        removed.push(format!("{own}/.gitignore"));
    }
    let above = DirPath::from(&config.root).sub(CLAUDE);
    let is_copy = |name: &OsString| name.to_str().is_some_and(|name| name.starts_with(ASIDE));
    for name in above.names().into_iter().filter(is_copy) {
        let copy = above.sub(&name);
        // A link of that name is nobody's copy.
        if copy.open().is_ok() {
            copy.remove_tree()?;
            removed.push(copy.to_string());
        }
    }
    Ok(removed)
}

fn keeps_state_in_project(config: &ProjectConfig) -> bool {
    config.paths.run_dir == DirPath::from(&config.root).sub(STATE_DIR)
}

fn owner_file(state: &DirPath) -> FilePath {
    state.file(OWNER_FILE)
}

fn owner(file: &FilePath) -> Option<Owner> {
    serde_json::from_slice(&file.read(MAX_BYTES).ok()?).ok()
}

/// Renames the copied folder to a name that nobody reads.
fn set_aside(config: &ProjectConfig, of: PathBuf) -> io::Result<SetAside> {
    let above = DirPath::from(&config.root).sub(CLAUDE);
    let folder = above.open()?;
    let origin = of.file_name().unwrap_or_default();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 1..100 {
        let name = aside_name(Path::new(origin), number);
        match folder.rename(NAME.as_ref(), &folder, &name) {
            Ok(()) => return Ok(SetAside { of, to: above.path().join(name) }),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn aside_name(origin: &Path, number: usize) -> OsString {
    let mut name = OsString::from(ASIDE);
    name.push(origin);
    if number > 1 {
        name.push(format!("-{number}"));
    }
    name
}
