//! Replacing a file so that a reader finds the old content or the new one, never a part of either.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;

use crate::confined_dir::{ConfinedDir, PRIVATE};
use crate::file_facts::FileKind;
use crate::temporary;

/// How a file is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacing {
    /// For its owner alone. After a loss of power the file may be cut off or empty, which whoever reads it must notice.
    Private,
    /// For its owner alone, and on disk with its name before this returns.
    PrivateDurably,
    /// The same for a file of the user's: its permissions stay, and a new one has those that the user's umask leaves.
    UsersDurably,
}

impl ConfinedDir {
    /// Replaces a file in whole by what `write` writes: into a temporary file beside it, which is then renamed. A link in
    /// its place is replaced, not followed. Nothing is left behind where it fails.
    pub fn replace(
        &self,
        name: &OsStr,
        how: Replacing,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let (temporary, file) = self.temporary(name, how)?;
        let replaced = self.fill(name, how, file, write).and_then(|file| {
            self.rename(&temporary, self, name)?;
            // Locked up to here, so that nobody takes the temporary file for one that was left behind.
            drop(file);
            if how == Replacing::Private { Ok(()) } else { self.sync() }
        });
        if replaced.is_err() {
            // What could not be written is in nobody's way but the disk's.
            let _ = self.remove_file(&temporary);
        }
        replaced
    }

    fn fill(
        &self,
        name: &OsStr,
        how: Replacing,
        file: File,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<File> {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        if how == Replacing::UsersDurably
            && let Ok(before) = self.facts(name)
            && before.kind == FileKind::Regular
        {
            rustix::fs::fchmod(&file, before.permissions)?;
        }
        if how != Replacing::Private {
            file.sync_all()?;
        }
        Ok(file)
    }

    /// A new temporary file for `name`, locked as long as it is open.
    fn temporary(&self, name: &OsStr, how: Replacing) -> io::Result<(OsString, File)> {
        let mode = match how {
            Replacing::Private | Replacing::PrivateDurably => PRIVATE,
            // The umask takes away what the user does not grant.
            Replacing::UsersDurably => Mode::from_raw_mode(0o666),
        };
        loop {
            let temporary = temporary::name_for(name);
            let file = match self.create_new_with(&temporary, mode) {
                // Left by a process with the same id, on another day or in another container.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                created => created?,
            };
            // Where a file system knows no locks, the process id in the name speaks for the file.
            let is_swept = flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK)
                || file.metadata()?.nlink() == 0;
            if !is_swept {
                return Ok((temporary, file));
            }
        }
    }

    /// Replaces a file in whole by `content`.
    pub fn write(&self, name: &OsStr, how: Replacing, content: &[u8]) -> io::Result<()> {
        self.replace(name, how, |out| out.write_all(content))
    }
}
