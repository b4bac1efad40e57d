//! Opening files that must lie beneath a root, whatever links, pipes or races are in the way.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::confined_path::below;

/// What tells one version of a file from the next without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Nanoseconds since 1970, which 64 bits count until 2262.
    modified: i64,
    /// Nanoseconds since 1970; catches a write that sets the modification time back.
    changed: i64,
}

/// Why a file was not read.
#[derive(Debug)]
pub enum ReadError {
    /// It was there when the folder was listed, and is no longer.
    Vanished,
    /// A link or `..` on the way leads out of the root.
    Escape,
    /// A pipe, socket, device or folder, or a symbolic link.
    NotRegular,
    /// Larger than the limit.
    TooLarge,
    /// Permissions, or the disk.
    Unreadable(io::Error),
}

impl ReadError {
    /// What happened, for a message.
    pub fn phrase(&self) -> String {
        match self {
            ReadError::Vanished => "it vanished while it was read".to_owned(),
            ReadError::Escape => "a link leads out of the root".to_owned(),
            ReadError::NotRegular => "it is a link, a folder, a pipe, a socket or a device".to_owned(),
            ReadError::TooLarge => "it is larger than the limit".to_owned(),
            ReadError::Unreadable(error) => error.kind().to_string(),
        }
    }
}

/// A folder that every path of a scan stays beneath.
#[derive(Debug)]
pub struct ScanRoot {
    path: PathBuf,
    dir: OwnedFd,
}

impl ScanRoot {
    /// Opens `path`, a folder; links in `path` itself are followed, since the user named it.
    pub fn open(path: &Path) -> io::Result<ScanRoot> {
        let path = path.canonicalize()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(&path, flags, Mode::empty())?;
        Ok(ScanRoot { path, dir })
    }

    /// Opens a folder that a user named. One that is named in `project` must lie there once links are followed; an error
    /// of the kind [`io::ErrorKind::InvalidInput`] where it does not.
    pub fn open_named(project: &Path, path: &Path) -> io::Result<ScanRoot> {
        let root = ScanRoot::open(path)?;
        let project = project.canonicalize()?;
        if below(&project, path).is_some() && !root.path.starts_with(&project) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a link leads out of the project"));
        }
        Ok(root)
    }

    /// Its absolute path, free of links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The stamp of the file at `relative`, a link not followed; `None` when there is none.
    pub fn stamp(&self, relative: &Path) -> Option<Stamp> {
        rustix::fs::statat(&self.dir, relative, AtFlags::SYMLINK_NOFOLLOW).ok().map(|stat| Stamp::of(&stat))
    }

    /// The bytes of the regular file at `relative`, at most `cap` of them, and the stamp of what was read.
    pub fn read(&self, relative: &Path, cap: usize) -> Result<(Vec<u8>, Stamp), ReadError> {
        let fd = self.open_beneath(relative)?;
        let stat = rustix::fs::fstat(&fd).map_err(|errno| ReadError::Unreadable(errno.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(ReadError::NotRegular);
        }
        let stamp = Stamp::of(&stat);
        let size = usize::try_from(stamp.size).unwrap_or(usize::MAX);
        if size > cap {
            return Err(ReadError::TooLarge);
        }
        let mut bytes = Vec::with_capacity(size + 1);
        // The file may grow while it is read, so the size just seen bounds nothing.
        let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
        File::from(fd).take(limit).read_to_end(&mut bytes).map_err(ReadError::Unreadable)?;
        if bytes.len() > cap { Err(ReadError::TooLarge) } else { Ok((bytes, stamp)) }
    }

    /// The names in the folder at `relative`, in no order. Links on the way and in its place count, as far as they stay
    /// beneath the root.
    pub fn names(&self, relative: &Path) -> io::Result<Vec<OsString>> {
        let fd = self.open_folder(relative)?;
        let names = Dir::new(fd)?.filter_map(|entry| {
            let name = entry.ok()?.file_name().to_bytes().to_vec();
            (name != b"." && name != b"..").then(|| OsString::from_vec(name))
        });
        Ok(names.collect())
    }

    fn open_folder(&self, relative: &Path) -> io::Result<OwnedFd> {
        const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
        let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
        #[cfg(target_os = "linux")]
        for _ in 0..8 {
            let resolve = rustix::fs::ResolveFlags::BENEATH | rustix::fs::ResolveFlags::NO_MAGICLINKS;
            match rustix::fs::openat2(&self.dir, relative, FOLDER, Mode::empty(), resolve) {
                Ok(fd) => return Ok(fd),
                Err(Errno::AGAIN) => {}
                Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => break,
                Err(errno) => return Err(errno.into()),
            }
        }
        let real = self.path.join(relative).canonicalize()?;
        let inside = real.strip_prefix(&self.path).map_err(|_| Errno::XDEV)?;
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        Ok(rustix::fs::openat(&self.dir, inside, FOLDER | OFlags::NOFOLLOW, Mode::empty())?)
    }

    #[cfg(target_os = "linux")]
    fn open_beneath(&self, relative: &Path) -> Result<OwnedFd, ReadError> {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        // A concurrent rename makes the kernel give up with EAGAIN rather than answer wrongly.
        for _ in 0..8 {
            match rustix::fs::openat2(&self.dir, relative, OPEN, Mode::empty(), resolve) {
                Ok(fd) => return Ok(fd),
                Err(Errno::AGAIN) => {}
                Err(Errno::XDEV) => return Err(ReadError::Escape),
                // Old kernels and some sandboxes do not know the call.
                Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => break,
                Err(errno) => return Err(refused(errno)),
            }
        }
        self.open_checked(relative)
    }

    #[cfg(not(target_os = "linux"))]
    fn open_beneath(&self, relative: &Path) -> Result<OwnedFd, ReadError> {
        self.open_checked(relative)
    }

    /// Without the kernel's help: resolve, compare by components, open, and make sure that it is the same file.
    fn open_checked(&self, relative: &Path) -> Result<OwnedFd, ReadError> {
        let joined = self.path.join(relative);
        let (Some(parent), Some(name)) = (joined.parent(), joined.file_name()) else {
            return Err(ReadError::Escape);
        };
        let parent = parent.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::Vanished,
            _ => ReadError::Unreadable(error),
        })?;
        let Ok(inside) = parent.strip_prefix(&self.path) else { return Err(ReadError::Escape) };
        let fd = rustix::fs::openat(&self.dir, inside.join(name), OPEN, Mode::empty()).map_err(refused)?;
        let opened = rustix::fs::fstat(&fd).map_err(refused)?;
        let named = rustix::fs::lstat(parent.join(name)).map_err(refused)?;
        let same = opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
        let still_inside = parent.canonicalize().is_ok_and(|again| again == parent);
        if same && still_inside { Ok(fd) } else { Err(ReadError::Escape) }
    }
}

/// No link as the last component, no waiting for the other end of a pipe.
const OPEN: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

fn refused(errno: Errno) -> ReadError {
    match errno {
        Errno::NOENT | Errno::NOTDIR => ReadError::Vanished,
        Errno::LOOP | Errno::NXIO => ReadError::NotRegular,
        _ => ReadError::Unreadable(errno.into()),
    }
}

impl Stamp {
    /// Its numbers, to be kept.
    pub fn numbers(self) -> (u64, u64, u64, i64, i64) {
        (self.device, self.inode, self.size, self.modified, self.changed)
    }

    /// The stamp of which these are the [`Stamp::numbers`].
    pub fn of_numbers((device, inode, size, modified, changed): (u64, u64, u64, i64, i64)) -> Stamp {
        Stamp { device, inode, size, modified, changed }
    }

    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::unnecessary_cast,
        reason = "the fields of `stat` differ in type between platforms"
    )]
    fn of(stat: &Stat) -> Stamp {
        // A file that claims to be from another age still has a stamp, which is compared and no more.
        let nanoseconds = |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
        Stamp {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
            modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadError, ScanRoot};
    use std::os::unix::fs::symlink;
    use std::path::Path;

    #[test]
    fn only_regular_files_beneath_the_root_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("root");
        std::fs::create_dir_all(inside.join("sub")).unwrap();
        std::fs::write(dir.path().join("secret"), "no").unwrap();
        std::fs::write(inside.join("sub/a"), "12345").unwrap();
        symlink("../secret", inside.join("link")).unwrap();
        symlink("..", inside.join("up")).unwrap();
        symlink("sub", inside.join("alias")).unwrap();
        let root = ScanRoot::open(&inside).unwrap();
        for open in [ScanRoot::open_beneath, ScanRoot::open_checked] {
            assert!(open(&root, Path::new("sub/a")).is_ok());
            assert!(open(&root, Path::new("alias/a")).is_ok());
            assert!(matches!(open(&root, Path::new("up/secret")), Err(ReadError::Escape)));
            assert!(matches!(open(&root, Path::new("../secret")), Err(ReadError::Escape)));
            assert!(matches!(open(&root, Path::new("link")), Err(ReadError::NotRegular)));
            assert!(matches!(open(&root, Path::new("gone")), Err(ReadError::Vanished)));
        }
        for folder in ["sub", "alias"] {
            assert_eq!(root.names(Path::new(folder)).unwrap(), ["a"], "{folder}");
        }
        assert_eq!(root.names(Path::new("")).unwrap().len(), 4);
        assert!(root.names(Path::new("up")).is_err() && root.names(Path::new("sub/a")).is_err());
        assert_eq!(root.read(Path::new("sub/a"), 5).unwrap().0, b"12345");
        assert!(matches!(root.read(Path::new("sub/a"), 4), Err(ReadError::TooLarge)));
        assert!(matches!(root.read(Path::new("sub"), 4), Err(ReadError::NotRegular)));
    }

    #[test]
    fn a_folder_named_in_the_project_stays_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("project");
        std::fs::create_dir_all(project.join("real")).unwrap();
        std::fs::create_dir(dir.path().join("outside")).unwrap();
        symlink("real", project.join("alias")).unwrap();
        symlink("../outside", project.join("out")).unwrap();
        symlink("outside", dir.path().join("users")).unwrap();
        for (path, is_open) in [("project", true), ("project/real", true), ("project/alias", true)]
            .into_iter()
            .chain([("users", true), ("outside", true), ("project/out", false), ("project/none", false)])
        {
            assert_eq!(ScanRoot::open_named(&project, &dir.path().join(path)).is_ok(), is_open, "{path}");
        }
    }

    /// The kernel's own files say that they have no bytes, and have some: like a file that grows after it was looked at.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_grows_while_it_is_read_is_bounded() {
        let root = ScanRoot::open(Path::new("/proc/self")).unwrap();
        assert_eq!(root.stamp(Path::new("status")).map(|stamp| stamp.size), Some(0));
        assert!(matches!(root.read(Path::new("status"), 10), Err(ReadError::TooLarge)));
        assert!(!root.read(Path::new("status"), 1 << 20).unwrap().0.is_empty());
    }

    /// Whatever comes to stand at a path between listing and opening: no hang, and nothing from outside.
    #[test]
    fn a_path_that_will_not_stand_still_leads_nowhere_else() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        use std::sync::atomic::{AtomicBool, Ordering};
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("root");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(dir.path().join("secret"), "secret").unwrap();
        let root = ScanRoot::open(&inside).unwrap();
        let (path, done) = (inside.join("a"), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for turn in (0..5).cycle() {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path));
                    match turn {
                        0 => std::fs::write(&path, "plain").unwrap(),
                        1 => mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap(),
                        2 => symlink("../secret", &path).unwrap(),
                        3 => std::fs::create_dir(&path).unwrap(),
                        _ => {}
                    }
                }
            });
            // As often as it takes to meet the file now and then; on a busy machine that may be never.
            for _ in 0..5_000 {
                if let Ok((bytes, _)) = root.read(Path::new("a"), 100) {
                    assert!(bytes.is_empty() || bytes == b"plain", "{bytes:?}");
                }
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}
