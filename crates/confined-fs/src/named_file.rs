//! A file or folder that a user named on the command line or in a setting.
//!
//! Elsewhere it is the user's own business: links are followed, and pipes are read and written. In the project it may be
//! what somebody else planted, and is opened as our own files are.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::atomic_write::Replacing;
use crate::confined_path::{DirPath, FilePath};
use crate::file_facts::FileFacts;

/// A file that a user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    written: PathBuf,
    /// Where it lies in the project; `None` elsewhere.
    in_project: Option<FilePath>,
}

impl NamedFile {
    /// The file at `path`, seen from `project`, whose path has no links in it.
    pub fn new(project: &Path, path: &Path) -> Self {
        NamedFile { written: path.to_owned(), in_project: FilePath::below(project, path) }
    }

    /// A user's own file at `path`, seen from `project`: where the user's `home` is the project or lies in it, the file is
    /// the user's and not the project's.
    pub fn of_user(project: &Path, home: &Path, path: &Path) -> Self {
        let home = home.canonicalize().unwrap_or_else(|_| home.to_owned());
        if home.starts_with(project) {
            NamedFile { written: path.to_owned(), in_project: None }
        } else {
            NamedFile::new(project, path)
        }
    }

    /// Its path as the user wrote it.
    pub fn path(&self) -> &Path {
        &self.written
    }

    /// Whether it lies in the project.
    pub fn is_in_project(&self) -> bool {
        self.in_project.is_some()
    }

    /// Opens it to read it; outside the project, a pipe is waited for.
    pub fn open(&self) -> io::Result<File> {
        match &self.in_project {
            Some(file) => file.open(),
            None => File::open(&self.written),
        }
    }

    /// Opens it to read it where it is a regular file; a pipe is not waited for.
    pub fn open_regular(&self) -> io::Result<File> {
        self.in_its_folder()?.open()
    }

    /// Its whole text.
    pub fn read_text(&self) -> io::Result<String> {
        io::read_to_string(self.open()?)
    }

    /// What is said about the regular file; `None` where there is none, an error where something else has the name.
    pub fn regular(&self) -> io::Result<Option<FileFacts>> {
        self.in_its_folder()?.regular()
    }

    /// Whether anything has the name; a link that leads nowhere does.
    pub fn exists(&self) -> bool {
        match &self.in_project {
            Some(file) => file.exists(),
            None => self.written.symlink_metadata().is_ok(),
        }
    }

    /// Replaces its content in whole and durably; its permissions stay. Outside the project a linked file is written where
    /// it lies, and a pipe or a device is written to; in the project neither is.
    pub fn write(&self, content: &[u8]) -> io::Result<()> {
        if let Some(file) = &self.in_project {
            // An error where something else has the name, which would otherwise be replaced.
            file.regular()?;
        } else if self.written.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return OpenOptions::new().write(true).open(&self.written)?.write_all(content);
        }
        self.in_its_folder()?.write(Replacing::UsersDurably, content)
    }

    /// Creates the folders above it that are missing.
    pub fn create_folder(&self) -> io::Result<()> {
        match &self.in_project {
            Some(file) => file.dir().create().map(drop),
            None => DirBuilder::new().recursive(true).create(self.folder()),
        }
    }

    /// Removes it; of a link, the link.
    pub fn remove(&self) -> io::Result<()> {
        match &self.in_project {
            Some(file) => file.remove(),
            None => std::fs::remove_file(&self.written),
        }
    }

    /// The folder that holds its name, opened to be locked.
    pub fn open_folder(&self) -> io::Result<File> {
        match &self.in_project {
            Some(file) => Ok(file.dir().open()?.readable()?.into()),
            None => File::open(self.folder()),
        }
    }

    fn folder(&self) -> &Path {
        let folder = self.written.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(Path::new("."))
    }

    /// The file in its own folder, links followed where they are the user's own; one that leads nowhere is itself the file.
    pub fn in_its_folder(&self) -> io::Result<FilePath> {
        if let Some(file) = &self.in_project {
            return Ok(file.clone());
        }
        let path = self.written.canonicalize().or_else(|_| std::path::absolute(&self.written))?;
        match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => Ok(DirPath::from(folder).file(name)),
            _ => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
        }
    }
}

/// A folder that is only read, such as one with a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedDir {
    /// In the project or of our own making: no link is followed below its root.
    Confined(DirPath),
    /// A user's own elsewhere, where files may be links (downloads are often kept so).
    Elsewhere(PathBuf),
}

impl From<DirPath> for NamedDir {
    fn from(dir: DirPath) -> Self {
        NamedDir::Confined(dir)
    }
}

impl NamedDir {
    /// The folder at `path`, seen from `project`, whose path has no links in it.
    pub fn new(project: &Path, path: &Path) -> Self {
        let elsewhere = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        DirPath::below(project, path).map_or_else(|| NamedDir::Elsewhere(elsewhere()), NamedDir::Confined)
    }

    /// Its path, to be shown.
    pub fn path(&self) -> PathBuf {
        match self {
            NamedDir::Confined(dir) => dir.path(),
            NamedDir::Elsewhere(path) => path.clone(),
        }
    }

    /// The file at `name` below it, which may name folders.
    pub fn file(&self, name: &str) -> NamedFile {
        let in_project = match self {
            NamedDir::Confined(dir) => Some(match name.rsplit_once('/') {
                Some((below, name)) => dir.sub(below).file(name),
                None => dir.file(name),
            }),
            NamedDir::Elsewhere(_) => None,
        };
        NamedFile { written: self.path().join(name), in_project }
    }
}
