//! Where a folder or file of ours lies: a root that is trusted, and a path below it that is not.
//!
//! A path opens nothing by itself; each operation opens the folder anew and stays below the root
//! ([`ConfinedDir`]), so that a folder that was taken away and made again is found again.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{DirBuilder, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};

use crate::atomic_write::Replacing;
use crate::confined_dir::ConfinedDir;
use crate::file_facts::{FileFacts, FileId};

/// Says what git ignores in its folder.
const GITIGNORE: &str = ".gitignore";

/// All of it, the file itself included.
const IGNORE_ALL: &[u8] = b"*\n";

/// A folder. Links in the root's own path are followed, below it none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirPath {
    root: PathBuf,
    below: PathBuf,
}

impl<P: Into<PathBuf>> From<P> for DirPath {
    /// A folder that is a root of its own.
    fn from(root: P) -> Self {
        DirPath { root: root.into(), below: PathBuf::new() }
    }
}

impl From<&DirPath> for DirPath {
    fn from(dir: &DirPath) -> Self {
        dir.clone()
    }
}

impl fmt::Display for DirPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(formatter)
    }
}

impl DirPath {
    /// The folder that a user named: below `project`, whose path has no links in it, where it lies there, else a root of
    /// its own.
    pub fn named(project: &Path, path: &Path) -> Self {
        let elsewhere = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).into();
        DirPath::below(project, path).unwrap_or_else(elsewhere)
    }

    /// The folder at `path` where it lies below `project`.
    pub(crate) fn below(project: &Path, path: &Path) -> Option<Self> {
        below(project, path).map(|below| DirPath { root: project.to_owned(), below })
    }

    /// The folder `below` this one.
    #[must_use]
    pub fn sub(&self, below: impl AsRef<Path>) -> Self {
        DirPath { root: self.root.clone(), below: self.below.join(below) }
    }

    /// The file of that name in it.
    pub fn file(&self, name: impl Into<OsString>) -> FilePath {
        FilePath { dir: self.clone(), name: name.into() }
    }

    /// Its path, to be shown.
    pub fn path(&self) -> PathBuf {
        if self.below.as_os_str().is_empty() { self.root.clone() } else { self.root.join(&self.below) }
    }

    /// Its path with no link in it, for what can only be told a path.
    pub fn real_path(&self) -> io::Result<PathBuf> {
        let root = self.root.canonicalize()?;
        Ok(if self.below.as_os_str().is_empty() { root } else { root.join(&self.below) })
    }

    /// Opens it.
    pub fn open(&self) -> io::Result<ConfinedDir> {
        ConfinedDir::open_root(&self.root)?.sub_dir(&self.below)
    }

    /// Opens it, and makes it with mode 0700 where it is missing.
    pub fn create(&self) -> io::Result<ConfinedDir> {
        match ConfinedDir::open_root(&self.root) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(&self.root)?;
                ConfinedDir::open_root(&self.root)
            }
            opened => opened,
        }?
        .create_sub_dir(&self.below)
    }

    /// The same for a folder that no repository should hold: git ignores all that is in it, unless a `.gitignore` in it says
    /// otherwise.
    pub fn create_unversioned(&self) -> io::Result<ConfinedDir> {
        let dir = self.create()?;
        match dir.create_new(GITIGNORE.as_ref()) {
            Ok(mut file) => file.write_all(IGNORE_ALL)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Ok(dir)
    }

    /// Removes the `.gitignore` that [`DirPath::create_unversioned`] wrote, unless it was changed; whether it did.
    pub fn remove_gitignore(&self) -> io::Result<bool> {
        let file = self.file(GITIGNORE);
        let is_ours = file.read(IGNORE_ALL.len() as u64).is_ok_and(|text| text == IGNORE_ALL);
        if is_ours {
            file.remove()?;
        }
        Ok(is_ours)
    }

    /// The folder that holds it, where that is below the root.
    pub fn parent(&self) -> Option<Self> {
        let above = self.below.parent()?;
        Some(DirPath { root: self.root.clone(), below: above.to_owned() })
    }

    /// The names of all that is in it, in no order; none where it cannot be read.
    pub fn names(&self) -> Vec<OsString> {
        self.open().and_then(|dir| dir.names()).unwrap_or_default()
    }

    /// Removes it where it is empty.
    pub fn remove(&self) -> io::Result<()> {
        match (self.below.parent(), self.below.file_name()) {
            (Some(above), Some(name)) => {
                DirPath { root: self.root.clone(), below: above.to_owned() }.open()?.remove_dir(name)
            }
            _ => std::fs::remove_dir(&self.root),
        }
    }

    /// Removes it with all that is in it.
    pub fn remove_tree(&self) -> io::Result<()> {
        match (self.below.parent(), self.below.file_name()) {
            (Some(above), Some(name)) => {
                DirPath { root: self.root.clone(), below: above.to_owned() }.open()?.remove_tree(name)
            }
            _ => std::fs::remove_dir_all(&self.root),
        }
    }
}

/// `path` below `root`, links outside the root resolved; `None` where it lies elsewhere.
pub(crate) fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let mut real = PathBuf::new();
    let mut inside: Option<PathBuf> = None;
    for component in path.components() {
        match (component, &mut inside) {
            (Component::ParentDir, Some(below)) => {
                if !below.pop() {
                    inside = None;
                    root.parent().unwrap_or(root).clone_into(&mut real);
                }
            }
            (Component::ParentDir, None) => {
                real.pop();
            }
            (Component::Normal(name), Some(below)) => below.push(name),
            (Component::CurDir, _) | (_, Some(_)) => {}
            (component, None) => {
                real.push(component);
                real = real.canonicalize().unwrap_or(real);
                inside = real.strip_prefix(root).ok().map(Path::to_owned);
            }
        }
    }
    inside
}

/// A file in a [`DirPath`]: each operation is the one of [`ConfinedDir`] in the folder as it is then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath {
    dir: DirPath,
    name: OsString,
}

impl fmt::Display for FilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(formatter)
    }
}

impl FilePath {
    /// The file that a user named: below `project` where it lies there, else in a folder that is a root of its own.
    /// `None` for a path that ends in no name.
    pub(crate) fn below(project: &Path, path: &Path) -> Option<Self> {
        let below = below(project, path)?;
        let (above, name) = (below.parent()?, below.file_name()?);
        Some(DirPath { root: project.to_owned(), below: above.to_owned() }.file(name))
    }

    /// Its folder.
    pub fn dir(&self) -> &DirPath {
        &self.dir
    }

    /// Its name.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// Its path, to be shown.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join(&self.name)
    }

    /// Its path with no link in it, for what can only be told a path.
    pub fn real_path(&self) -> io::Result<PathBuf> {
        Ok(self.dir.real_path()?.join(&self.name))
    }

    /// The file beside it whose name is this one's with `suffix` behind it.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        let mut name = self.name.clone();
        name.push(suffix);
        self.dir.file(name)
    }

    /// See [`ConfinedDir::open_file`].
    pub fn open(&self) -> io::Result<File> {
        self.dir.open()?.open_file(&self.name)
    }

    /// See [`ConfinedDir::read`].
    pub fn read(&self, most: u64) -> io::Result<Vec<u8>> {
        self.dir.open()?.read(&self.name, most)
    }

    /// The same as text; an error where it is none.
    pub fn read_text(&self, most: u64) -> io::Result<String> {
        String::from_utf8(self.read(most)?).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }

    /// See [`ConfinedDir::append`].
    pub fn append(&self) -> io::Result<File> {
        self.dir.open()?.append(&self.name)
    }

    /// See [`ConfinedDir::open_or_create`].
    pub fn open_or_create(&self) -> io::Result<File> {
        self.dir.open()?.open_or_create(&self.name)
    }

    /// See [`ConfinedDir::create_new`].
    pub fn create_new(&self) -> io::Result<File> {
        self.dir.open()?.create_new(&self.name)
    }

    /// See [`ConfinedDir::create`].
    pub fn create(&self) -> io::Result<File> {
        self.dir.open()?.create(&self.name)
    }

    /// See [`ConfinedDir::replace`].
    pub fn replace(
        &self,
        how: Replacing,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.dir.open()?.replace(&self.name, how, write)
    }

    /// See [`ConfinedDir::write`].
    pub fn write(&self, how: Replacing, content: &[u8]) -> io::Result<()> {
        self.dir.open()?.write(&self.name, how, content)
    }

    /// See [`ConfinedDir::facts`].
    pub fn facts(&self) -> io::Result<FileFacts> {
        self.dir.open()?.facts(&self.name)
    }

    /// Which file has the name.
    pub fn id(&self) -> Option<FileId> {
        self.facts().ok().map(|facts| facts.id)
    }

    /// See [`ConfinedDir::regular`]; `None` also where the folder is missing.
    pub fn regular(&self) -> io::Result<Option<FileFacts>> {
        match self.dir.open() {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            opened => opened?.regular(&self.name),
        }
    }

    /// Whether there is a regular file.
    pub fn is_file(&self) -> bool {
        matches!(self.regular(), Ok(Some(_)))
    }

    /// Whether anything has the name.
    pub fn exists(&self) -> bool {
        self.facts().is_ok()
    }

    /// Renames it, in place of whatever file is there.
    pub fn rename(&self, to: &FilePath) -> io::Result<()> {
        self.dir.open()?.rename(&self.name, &to.dir.open()?, &to.name)
    }

    /// See [`ConfinedDir::remove_file`].
    pub fn remove(&self) -> io::Result<()> {
        self.dir.open()?.remove_file(&self.name)
    }
}
