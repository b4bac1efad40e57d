//! An open folder as a capability: what is done through it stays in it, whatever links or pipes lie there.
//!
//! Every folder below a root is opened on its own, from the folder above it and with `O_NOFOLLOW`, and every file by its
//! bare name in an open folder. A link in place of either is refused, also one that is swapped in at the same moment:
//! what was opened stays what it was. Hard links are not told apart, since neither a clone nor an archive can bring one
//! that names a file outside.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use crate::file_facts::{FileFacts, FileKind};

/// Files are their owner's alone.
pub(crate) const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// No link as the last component, no waiting for the other end of a pipe.
const CAREFUL: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A handle to find things from; nothing is read through it.
#[cfg(target_os = "linux")]
const FIND: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const FIND: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// What lies in a file's or folder's place and is not used; the kind of the error it makes is
/// [`io::ErrorKind::InvalidInput`].
#[derive(Debug)]
struct Refused(&'static str, OsString);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused(what, name) = self;
        write!(formatter, "{} is {what}", name.display())
    }
}

impl std::error::Error for Refused {}

const LINK: &str = "a symbolic link, which is not followed here";
const NOT_REGULAR: &str = "not a regular file";
const NOT_A_NAME: &str = "not the name of a file";

fn refused(what: &'static str, name: &OsStr) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, Refused(what, name.to_owned()))
}

/// `name`, which must be one component of a path and no `..`.
fn bare(name: &OsStr) -> io::Result<&OsStr> {
    let mut components = Path::new(name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(only)), None) if only == name => Ok(name),
        _ => Err(refused(NOT_A_NAME, name)),
    }
}

/// An open folder. Names are bare names in it.
#[derive(Debug)]
pub struct ConfinedDir(OwnedFd);

impl ConfinedDir {
    /// Opens a root. Links in `path` itself are followed: whoever names a root means what it leads to.
    pub fn open_root(path: &Path) -> io::Result<Self> {
        Ok(ConfinedDir(rustix::fs::open(path, FIND, Mode::empty())?))
    }

    /// Opens the folder `below` this one, one component after the other.
    pub fn sub_dir(&self, below: &Path) -> io::Result<Self> {
        self.descend(below, ConfinedDir::open_dir)
    }

    /// The same, creating the folders that are missing with mode 0700.
    pub fn create_sub_dir(&self, below: &Path) -> io::Result<Self> {
        self.descend(below, |parent, name| match parent.open_dir(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
                    // Somebody else was faster.
                    Ok(()) | Err(Errno::EXIST) => parent.open_dir(name),
                    Err(errno) => Err(errno.into()),
                }
            }
            opened => opened,
        })
    }

    fn descend(
        &self,
        below: &Path,
        step: impl Fn(&ConfinedDir, &OsStr) -> io::Result<ConfinedDir>,
    ) -> io::Result<Self> {
        let mut dir = None;
        for component in below.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(name) => dir = Some(step(dir.as_ref().unwrap_or(self), name)?),
                _ => return Err(refused(NOT_A_NAME, below.as_os_str())),
            }
        }
        dir.map_or_else(|| Ok(ConfinedDir(self.0.try_clone()?)), Ok)
    }

    fn open_dir(&self, name: &OsStr) -> io::Result<ConfinedDir> {
        match rustix::fs::openat(self, bare(name)?, FIND | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(ConfinedDir(fd)),
            Err(Errno::NOTDIR | Errno::LOOP) if self.is_link(name) => Err(refused(LINK, name)),
            Err(errno) => Err(errno.into()),
        }
    }

    fn is_link(&self, name: &OsStr) -> bool {
        self.facts(name).is_ok_and(|facts| facts.kind == FileKind::Link)
    }

    /// Opens a regular file to read it.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        self.open_with(name, OFlags::RDONLY)
    }

    /// The content of a file of at most `most` bytes, which are whole MiB; an error where it is larger, too.
    pub fn read(&self, name: &OsStr, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open_file(name)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            let why = format!("it is larger than {} MiB", most >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        Ok(bytes)
    }

    /// Opens a file to write at its end, for its owner alone where it is new.
    pub fn append(&self, name: &OsStr) -> io::Result<File> {
        self.open_with(name, OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE)
    }

    /// Opens a file to read and write it, for its owner alone where it is new; what it holds stays.
    pub fn open_or_create(&self, name: &OsStr) -> io::Result<File> {
        self.open_with(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Creates a file for its owner alone; an error of the kind [`io::ErrorKind::AlreadyExists`] where anything is in its
    /// place, links included.
    pub fn create_new(&self, name: &OsStr) -> io::Result<File> {
        self.create_new_with(name, PRIVATE)
    }

    pub(crate) fn create_new_with(&self, name: &OsStr, mode: Mode) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | CAREFUL;
        Ok(rustix::fs::openat(self, bare(name)?, flags, mode)?.into())
    }

    /// Creates a file for its owner alone in place of whatever is there but a folder.
    pub fn create(&self, name: &OsStr) -> io::Result<File> {
        self.remove_file_if_any(name)?;
        self.create_new(name)
    }

    fn open_with(&self, name: &OsStr, flags: OFlags) -> io::Result<File> {
        let file: File = match rustix::fs::openat(self, bare(name)?, flags | CAREFUL, PRIVATE) {
            Ok(fd) => fd.into(),
            Err(Errno::LOOP | Errno::MLINK) if self.is_link(name) => return Err(refused(LINK, name)),
            Err(Errno::NXIO | Errno::ISDIR) => return Err(refused(NOT_REGULAR, name)),
            Err(errno) => return Err(errno.into()),
        };
        if file.metadata()?.is_file() { Ok(file) } else { Err(refused(NOT_REGULAR, name)) }
    }

    /// What is said about `name` without opening it; a link is not followed.
    pub fn facts(&self, name: &OsStr) -> io::Result<FileFacts> {
        Ok(FileFacts::of(&rustix::fs::statat(self, bare(name)?, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// The facts of a regular file, `None` where nothing is in its place; an error where something else is.
    pub fn regular(&self, name: &OsStr) -> io::Result<Option<FileFacts>> {
        match self.facts(name) {
            Ok(facts) if facts.kind == FileKind::Regular => Ok(Some(facts)),
            Ok(facts) if facts.kind == FileKind::Link => Err(refused(LINK, name)),
            Ok(_) => Err(refused(NOT_REGULAR, name)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Renames `name` to `new_name` in `to`, in place of whatever file is there; a link is renamed, not followed.
    pub fn rename(&self, name: &OsStr, to: &ConfinedDir, new_name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(self, bare(name)?, to, bare(new_name)?)?)
    }

    /// Removes a file; of a link, the link.
    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self, bare(name)?, AtFlags::empty())?)
    }

    /// The same where there may be none.
    pub fn remove_file_if_any(&self, name: &OsStr) -> io::Result<()> {
        match self.remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes an empty folder.
    pub fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self, bare(name)?, AtFlags::REMOVEDIR)?)
    }

    /// Removes a folder with all that is in it; of a link in its place or in it, the link.
    pub fn remove_tree(&self, name: &OsStr) -> io::Result<()> {
        let dir = match self.open_dir(name) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            Err(_) => return self.remove_file(name),
        };
        for name in dir.names()? {
            match dir.facts(&name)?.kind {
                FileKind::Folder => dir.remove_tree(&name)?,
                _ => dir.remove_file(&name)?,
            }
        }
        self.remove_dir(name)
    }

    /// The names of all that is in the folder, in no order.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        use std::os::unix::ffi::OsStringExt;
        let mut names = Vec::new();
        for entry in Dir::new(self.readable()?)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// Waits until what was created, renamed or removed in the folder is on disk.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(self.readable()?)?)
    }

    /// The folder opened to be read or locked.
    pub(crate) fn readable(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(self, ".", flags, Mode::empty())?)
    }
}

impl AsFd for ConfinedDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
