//! The folder of an outbox: queueing, claiming and limits.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use confined_fs::{ConfinedDir, DirPath, FilePath};
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
    folder: DirPath,
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

/// Where a project keeps it.
const FOLDER: &str = ".claude/mcp-server/outbox";

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
    /// The queue in that folder, which is made when it is needed. Links in a path that is given are followed.
    pub fn new(folder: impl Into<DirPath>) -> Self {
        Outbox { folder: folder.into() }
    }

    /// The queue of the project at `root`. No link in the project is followed.
    pub fn of_project(root: &Path) -> Self {
        Outbox { folder: DirPath::from(root).sub(FOLDER) }
    }

    /// Where it is.
    pub fn folder(&self) -> PathBuf {
        self.folder.path()
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
        let failed = |source| OutboxError::Failed { path: self.folder(), source };
        let folder = self.folder.create().map_err(failed)?;
        let (files, bytes) = self.fill();
        let content = params.to_string();
        if files >= MAX_FILES || bytes + content.len() as u64 > MAX_BYTES {
            return Err(OutboxError::Full(files));
        }
        let name = new_name(decided_at_ms);
        let temporary = format!("{name}.tmp");
        let written = write_synced(&folder, temporary.as_ref(), content.as_bytes())
            .and_then(|()| folder.rename(temporary.as_ref(), &folder, name.as_ref()));
        if let Err(error) = written {
            let _ = folder.remove_file(temporary.as_ref());
            return Err(failed(error));
        }
        // The name itself is on disk once the folder is; where a system cannot do that, the content still is.
        let _ = folder.sync();
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
                        && self.folder.file(&file).rename(&self.folder.file(name)).is_ok() =>
                {
                    names.push(name.to_owned());
                }
                FileKind::Claimed(..) => is_somebody_elses = true,
                FileKind::Unfinished if is_older(&self.folder.file(&file), UNFINISHED_AGE) => {
                    let _ = self.folder.file(&file).remove();
                }
                _ => {}
            }
        }
        if is_somebody_elses { None } else { self.claim(names.into_iter().min()?) }
    }

    fn claim(&self, name: String) -> Option<Claimed> {
        let original = self.folder.file(name);
        let file = original.with_suffix(&format!(".claimed-{}", now_ms()));
        original.rename(&file).ok()?;
        Some(Claimed { file, original })
    }

    fn files(&self) -> impl Iterator<Item = String> {
        self.folder.names().into_iter().filter_map(|name| name.into_string().ok())
    }

    /// How many files there are, and how many bytes they have.
    fn fill(&self) -> (usize, u64) {
        let Ok(folder) = self.folder.open() else { return (0, 0) };
        let names = folder.names().unwrap_or_default();
        let sizes = names.iter().map(|name| folder.facts(name).map_or(0, |facts| facts.bytes));
        sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size))
    }
}

/// Whether a claim is so old that its owner must be gone. A claim of the future is of a clock that was set back.
fn is_abandoned(since_ms: u64) -> bool {
    now_ms().abs_diff(since_ms) > u64::try_from(CLAIM_AGE.as_millis()).unwrap_or(u64::MAX)
}

fn is_older(file: &FilePath, age: Duration) -> bool {
    let facts = file.facts();
    facts.is_ok_and(|facts| facts.modified.elapsed().is_ok_and(|elapsed| elapsed > age))
}

fn write_synced(folder: &ConfinedDir, name: &OsStr, content: &[u8]) -> io::Result<()> {
    let mut file = folder.create_new(name)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A decision that this process alone may send now. Where it is dropped without a word, the claim runs out.
#[derive(Debug)]
pub struct Claimed {
    file: FilePath,
    original: FilePath,
}

impl Claimed {
    /// The params object, with `decided_at_ms` as the file's name says it, unless it has one of its own.
    ///
    /// # Errors
    /// A sentence saying why the file holds none.
    pub fn read(&self) -> Result<Value, String> {
        let content = self.file.read(MAX_DECISION_BYTES);
        let content = content.map_err(|error| format!("the file cannot be read: {error}"))?;
        let params: Value = serde_json::from_slice(&content)
            .map_err(|error| format!("the file does not hold a decision: {error}"))?;
        if !params.is_object() {
            return Err("the file does not hold an object".to_owned());
        }
        let name = self.original.name().to_str().unwrap_or_default();
        Ok(match file_name::decided_at_ms(name) {
            Some(decided_at_ms) => with_decision_time(params, decided_at_ms),
            None => params,
        })
    }

    /// It is stored: the file is removed.
    pub fn acknowledge(self) {
        // Taken back by somebody meanwhile, it will be sent again, which does no harm.
        let _ = self.file.remove();
    }

    /// It is wrong: the file is kept under another name, to look at.
    pub fn refuse(self) {
        let _ = self.file.rename(&self.original.with_suffix(".refused"));
    }

    /// It could not be sent: it waits again, in its place.
    pub fn give_back(self) {
        let _ = self.file.rename(&self.original);
    }
}
