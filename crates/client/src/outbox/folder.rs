//! The folder of an outbox: queueing, claiming and limits.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use serde_json::Value;

use super::file_name::{self, FileKind, decision_time, new_name, now_ms};
use super::params::with_decision_time;

/// Files a folder holds at most: a day of an orchestrator that makes seven decisions a minute.
pub const MAX_FILES: usize = 10_000;

/// Bytes a folder holds at most.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Age at which a claim counts as abandoned: some hundred times what sending takes.
pub const CLAIM_AGE: Duration = Duration::from_mins(1);

/// The decisions of one project that wait.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

/// Why a decision could not be queued.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// [`MAX_FILES`] or [`MAX_BYTES`] are reached.
    #[error("{} decisions wait already, which is the most", .0)]
    Full(usize),
    /// The folder cannot be written to.
    #[error("{path}: {source}", path = .path.display())]
    Failed {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Bytes of one decision that are read: as much as a server reads of a request.
const MAX_DECISION_BYTES: u64 = 1024 * 1024;

/// Age at which a file that was begun and never finished is removed.
const UNFINISHED_AGE: Duration = Duration::from_hours(1);

/// What is in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Decisions that wait, those being sent included.
    pub decisions: usize,
    /// Decisions that were refused and are kept to look at.
    pub refused: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

impl Outbox {
    /// The queue in that folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Outbox { folder: folder.into() }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Queues a decision that is made now: when this returns it is on disk.
    ///
    /// # Errors
    /// Where the queue is full or cannot be written to; nothing is left behind then.
    pub fn put(&self, params: &Value) -> Result<(), OutboxError> {
        self.put_decided(params, decision_time())
    }

    /// Queues a decision that was made at that [`decision_time`].
    ///
    /// # Errors
    /// As [`Outbox::put`].
    pub fn put_decided(&self, params: &Value, decided_at_ms: u64) -> Result<(), OutboxError> {
        let failed = |source| OutboxError::Failed { path: self.folder.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        let (files, bytes) = self.fill();
        let content = params.to_string();
        if files >= MAX_FILES || bytes + content.len() as u64 > MAX_BYTES {
            return Err(OutboxError::Full(files));
        }
        let name = new_name(decided_at_ms);
        let temporary = self.folder.join(format!("{name}.tmp"));
        let written = write_synced(&temporary, content.as_bytes())
            .and_then(|()| std::fs::rename(&temporary, self.folder.join(&name)));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&temporary);
            return Err(failed(error));
        }
        // The name itself is on disk once the folder is; where a system cannot do that, the content still is.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// What is in the queue.
    pub fn status(&self) -> OutboxStatus {
        let mut status = OutboxStatus { bytes: self.fill().1, ..OutboxStatus::default() };
        for file in self.files() {
            match FileKind::of(&file) {
                FileKind::Waiting | FileKind::Claimed(..) => status.decisions += 1,
                FileKind::Refused => status.refused += 1,
                FileKind::Unfinished | FileKind::Strange => {}
            }
        }
        status
    }

    /// Whether there is anything to send or to take back. Quicker than [`Outbox::status`].
    pub fn is_empty(&self) -> bool {
        !self.files().any(|file| matches!(FileKind::of(&file), FileKind::Waiting | FileKind::Claimed(..)))
    }

    /// Claims the oldest decision that waits; `None` where there is none, and while somebody else holds a claim: of two
    /// decisions on one task the later must arrive last.
    pub fn claim_oldest(&self) -> Option<Claimed> {
        let mut names = Vec::new();
        let mut is_somebody_elses = false;
        for file in self.files() {
            match FileKind::of(&file) {
                FileKind::Waiting => names.push(file),
                // Somebody else may be faster, and have it then.
                FileKind::Claimed(since, name)
                    if is_abandoned(since)
                        && std::fs::rename(self.folder.join(&file), self.folder.join(name)).is_ok() =>
                {
                    names.push(name.to_owned());
                }
                FileKind::Claimed(..) => is_somebody_elses = true,
                FileKind::Unfinished if is_older(&self.folder.join(&file), UNFINISHED_AGE) => {
                    let _ = std::fs::remove_file(self.folder.join(&file));
                }
                _ => {}
            }
        }
        if is_somebody_elses { None } else { self.claim(names.into_iter().min()?) }
    }

    fn claim(&self, name: String) -> Option<Claimed> {
        let path = self.folder.join(format!("{name}.claimed-{}", now_ms()));
        let original = self.folder.join(name);
        std::fs::rename(&original, &path).ok()?;
        Some(Claimed { path, original })
    }

    fn files(&self) -> impl Iterator<Item = String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok())
    }

    /// How many files there are, and how many bytes they have.
    fn fill(&self) -> (usize, u64) {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let sizes = entries.map(|entry| entry.metadata().map_or(0, |metadata| metadata.len()));
        sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size))
    }
}

/// Whether a claim is so old that its owner must be gone. A claim of the future is of a clock that was set back.
fn is_abandoned(since_ms: u64) -> bool {
    now_ms().abs_diff(since_ms) > u64::try_from(CLAIM_AGE.as_millis()).unwrap_or(u64::MAX)
}

fn is_older(path: &Path, age: Duration) -> bool {
    let changed = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|elapsed| elapsed > age))
}

fn write_synced(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A decision that this process alone may send now. Where it is dropped without a word, the claim runs out.
#[derive(Debug)]
pub struct Claimed {
    path: PathBuf,
    original: PathBuf,
}

impl Claimed {
    /// The params object, with `decided_at_ms` as the file's name says it, unless it has one of its own.
    ///
    /// # Errors
    /// A sentence saying why the file holds none.
    pub fn read(&self) -> Result<Value, String> {
        let content =
            read_bounded(&self.path).map_err(|error| format!("the file cannot be read: {error}"))?;
        let params: Value = serde_json::from_slice(&content)
            .map_err(|error| format!("the file does not hold a decision: {error}"))?;
        if !params.is_object() {
            return Err("the file does not hold an object".to_owned());
        }
        let name = self.original.file_name().and_then(OsStr::to_str).unwrap_or_default();
        Ok(match file_name::decided_at_ms(name) {
            Some(decided_at_ms) => with_decision_time(params, decided_at_ms),
            None => params,
        })
    }

    /// It is stored: the file is removed.
    pub fn acknowledge(self) {
        // Taken back by somebody meanwhile, it will be sent again, which does no harm.
        let _ = std::fs::remove_file(&self.path);
    }

    /// It is wrong: the file is kept under another name, to look at.
    pub fn refuse(self) {
        let mut name = self.original.into_os_string();
        name.push(".refused");
        let _ = std::fs::rename(&self.path, name);
    }

    /// It could not be sent: it waits again, in its place.
    pub fn give_back(self) {
        let _ = std::fs::rename(&self.path, &self.original);
    }
}

/// The content of a regular file of at most [`MAX_DECISION_BYTES`]; links are not followed and pipes not waited for.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let careful = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(careful).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut content = Vec::new();
    file.take(MAX_DECISION_BYTES + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_DECISION_BYTES {
        return Err(Error::new(ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(content)
}
