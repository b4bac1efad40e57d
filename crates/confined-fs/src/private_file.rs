//! Files that the service keeps for itself, in folders that somebody else may have filled.
//!
//! They lie in the project, and a project may come from anywhere: a link in place of such a file must not lead out of it,
//! nor a pipe hold anybody up.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a file to read it; an error where something other than a regular file is in its place.
pub fn open(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().read(true).custom_flags(flags()).open(path)?)
}

/// The content of a file of at most `most` bytes, which are whole MiB; an error where it is larger, too.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("it is larger than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// Opens a file to write at its end, for its owner alone where it is new.
pub fn append(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(flags()).open(path)?)
}

/// Makes a new file, for its owner alone, in place of whatever is there.
pub fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Replaces a file in whole by what `write` writes, so that a reader finds the old content or the new one. Nothing is left
/// behind where that fails.
pub fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = create(&temporary).map(BufWriter::new).and_then(|mut out| {
        write(&mut out)?;
        out.flush()
    });
    let replaced = written.and_then(|()| std::fs::rename(&temporary, path));
    if replaced.is_err() {
        // What could not be written is in nobody's way but the disk's.
        let _ = std::fs::remove_file(&temporary);
    }
    replaced
}

fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

fn flags() -> i32 {
    (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    #[test]
    fn links_lead_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let (theirs, ours) = (dir.path().join("theirs"), dir.path().join("ours"));
        std::fs::write(&theirs, "theirs").unwrap();
        std::os::unix::fs::symlink(&theirs, &ours).unwrap();
        assert!(super::open(&ours).is_err() && super::append(&ours).is_err());
        super::create(&ours).unwrap().write_all(b"ours").unwrap();
        super::append(&ours).unwrap().write_all(b", too").unwrap();
        assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "theirs");
        assert_eq!(std::fs::read_to_string(&ours).unwrap(), "ours, too");
        super::replace(&ours, |out| out.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read_to_string(&ours).unwrap(), "new");
        super::replace(&ours, |_| Err(std::io::ErrorKind::Other.into())).unwrap_err();
        assert_eq!(std::fs::read_to_string(&ours).unwrap(), "new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
        assert!(super::open(&ours).is_ok() && super::open(dir.path()).is_err());
    }
}
