//! The lock file of a data directory, which one process owns at a time.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::StoreError;
use confined_fs::{FileId, FilePath};

/// A held lock; released when it is dropped, or by the kernel when the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// Whether the last owner ended without [`Lock::mark_clean`].
    pub unclean: bool,
}

/// Acquires the lock without waiting.
///
/// # Errors
/// [`StoreError::Locked`] if it is held, [`StoreError::DiskFull`] if there is no room for its owner's id,
/// [`StoreError::ReadOnly`] if the file cannot be created or written.
pub(super) fn take(path: &FilePath) -> Result<Lock, StoreError> {
    let lock = take_unsynced(path)?;
    lock.sync().map_err(|error| cannot(path, &error))?;
    Ok(lock)
}

/// The same without waiting for the disk: the owner calls [`Lock::sync`] before it changes existing data.
///
/// # Errors
/// As [`take`].
pub(super) fn take_unsynced(path: &FilePath) -> Result<Lock, StoreError> {
    let failed = |error: std::io::Error| cannot(path, &error);
    let mut file = path.open_or_create().map_err(failed)?;
    let held = flock(&file, FlockOperation::NonBlockingLockExclusive);
    let mut owner = String::new();
    let read = (&mut file).take(32).read_to_string(&mut owner);
    match held {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            return Err(StoreError::Locked { path: path.path(), pid: owner.trim().parse().ok() });
        }
        Err(error) => return Err(failed(error.into())),
    }
    let unclean = !matches!(read, Ok(0));
    let mut lock = Lock { file, unclean };
    if !lock.is_at(path) {
        // Its former owner removed it between opening and locking: another process may hold the next one.
        return Err(StoreError::Locked { path: path.path(), pid: None });
    }
    lock.write(&format!("{}\n", std::process::id())).map_err(failed)?;
    Ok(lock)
}

/// Why the lock could not be taken: without room it can be later, else not by this process.
fn cannot(path: &FilePath, error: &std::io::Error) -> StoreError {
    match StoreError::failed_at(path, error) {
        StoreError::Unavailable(why) => StoreError::ReadOnly(why),
        full => full,
    }
}

impl Lock {
    /// Whether the path still names the locked file.
    pub(super) fn is_at(&self, path: &FilePath) -> bool {
        let held = self.file.metadata().ok().map(|metadata| FileId::of(&metadata));
        let there = path.id();
        held == there
    }

    /// Marks the stop as clean.
    pub(super) fn mark_clean(&mut self) -> std::io::Result<()> {
        self.write("")?;
        self.sync()
    }

    /// Syncs the owner's process id to disk, so that the next start knows of it even after a power loss.
    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.file.sync_data()
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())
    }
}
