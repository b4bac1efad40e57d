//! What a file system says about a file without opening it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Mode, Stat};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device.
    Special,
}

/// Which file it is: two names of one file have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

/// What is said about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// What it is.
    pub kind: FileKind,
    /// Which one it is.
    pub id: FileId,
    /// Its size.
    pub bytes: u64,
    /// When its content was changed last.
    pub modified: SystemTime,
    pub(crate) permissions: Mode,
}

impl FileFacts {
    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        clippy::unnecessary_cast,
        reason = "the fields of `stat` differ in type between platforms"
    )]
    pub(crate) fn of(stat: &Stat) -> FileFacts {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => FileKind::Regular,
            FileType::Directory => FileKind::Folder,
            FileType::Symlink => FileKind::Link,
            _ => FileKind::Special,
        };
        // A time before 1970 is as good as 1970 here.
        let since = Duration::new(stat.st_mtime.max(0) as u64, stat.st_mtime_nsec as u32);
        FileFacts {
            kind,
            id: FileId { device: stat.st_dev as u64, inode: stat.st_ino as u64 },
            bytes: stat.st_size as u64,
            modified: UNIX_EPOCH + since,
            permissions: Mode::from_raw_mode(stat.st_mode),
        }
    }

    /// Whether its owner took the permission to write it away.
    pub fn is_read_only(&self) -> bool {
        !self.permissions.contains(Mode::WUSR)
    }
}

impl FileId {
    /// Of what lies at `path`; links on the way to it are followed, itself is not.
    pub fn at(path: &std::path::Path) -> std::io::Result<FileId> {
        path.symlink_metadata().map(|metadata| FileId::of(&metadata))
    }

    /// Of an open file or what `std` says about one.
    pub fn of(metadata: &std::fs::Metadata) -> FileId {
        use std::os::unix::fs::MetadataExt;
        FileId { device: metadata.dev(), inode: metadata.ino() }
    }
}
