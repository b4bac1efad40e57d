//! The directory of an outbox: enqueueing, claims and limits.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use confined_fs::{ConfinedDir, DirPath, FilePath};
use serde_json::Value;

use super::file_name::{self, FileKind, decision_time, new_name, now_ms};
use super::params::with_decision_time;

/// The most files in a directory: a day of an orchestrator that makes seven decisions a minute.
pub const MAX_FILES: usize = 10_000;

/// The most bytes in a directory.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The age at which a claim is abandoned: some hundred times as long as sending takes.
pub const CLAIM_AGE: Duration = Duration::from_mins(1);

/// The queue of decisions of one project.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: DirPath,
}

/// Why a decision could not be queued.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// [`MAX_FILES`] or [`MAX_BYTES`] is reached.
    #[error("{} decisions wait already, which is the most", .0)]
    Full(usize),
    /// The directory cannot be written.
    #[error("{path}: {source}", path = .path.display())]
    Failed {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The largest decision that is read: as much as a server accepts in a request.
const MAX_DECISION_BYTES: u64 = 1024 * 1024;

/// Its path within a project.
const FOLDER: &str = ".claude/mcp-server/outbox";

/// The age at which an unfinished file is removed.
const UNFINISHED_AGE: Duration = Duration::from_hours(1);

/// How full an outbox is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Queued decisions, claimed ones included.
    pub decisions: usize,
    /// Rejected decisions, which are kept for inspection.
    pub refused: usize,
    /// The size of all files.
    pub bytes: u64,
}

impl Outbox {
    /// The outbox in that directory, which is created when it is needed. Links in the path are followed.
    pub fn new(folder: impl Into<DirPath>) -> Self {
        Outbox { folder: folder.into() }
    }

    /// The outbox of the project at `root`. No link within the project is followed.
    pub fn of_project(root: &Path) -> Self {
        Outbox { folder: DirPath::from(root).sub(FOLDER) }
    }

    /// The project's state folder, where the outbox lies in one.
    fn state_folder(&self) -> Option<DirPath> {
        let path = self.folder.path();
        if path.ends_with(FOLDER) { self.folder.parent() } else { None }
    }

    /// Its directory.
    pub fn folder(&self) -> PathBuf {
        self.folder.path()
    }

    /// Enqueues a decision that is made now. It is durable when this returns.
    ///
    /// # Errors
    /// If the outbox is full or cannot be written; nothing is left behind then.
    pub fn put(&self, params: &Value) -> Result<(), OutboxError> {
        self.put_decided(params, decision_time())
    }

    /// Enqueues a decision that was made at that [`decision_time`].
    ///
    /// # Errors
    /// As [`Outbox::put`].
    pub fn put_decided(&self, params: &Value, decided_at_ms: u64) -> Result<(), OutboxError> {
        let failed = |source| OutboxError::Failed { path: self.folder(), source };
        if let Some(state) = self.state_folder() {
            state.create_unversioned().map_err(failed)?;
        }
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
        // Makes the rename durable; where directories cannot be synced, the content still is.
        let _ = folder.sync();
        Ok(())
    }

    /// How full it is.
    pub fn status(&self) -> OutboxStatus {
        let mut status = OutboxStatus { bytes: self.fill().1, ..OutboxStatus::default() };
        for file in self.files() {
            match FileKind::of(&file) {
                FileKind::Queued | FileKind::Claimed(..) => status.decisions += 1,
                FileKind::Refused => status.refused += 1,
                FileKind::Unfinished | FileKind::Foreign => {}
            }
        }
        status
    }

    /// Whether no decision is queued or claimed. Faster than [`Outbox::status`].
    pub fn is_empty(&self) -> bool {
        !self.files().any(|file| matches!(FileKind::of(&file), FileKind::Queued | FileKind::Claimed(..)))
    }

    /// Claims the oldest queued decision; `None` if there is none, or while another process holds a claim, so that decisions
    /// arrive in the order in which they were made. Abandoned claims are taken over.
    pub fn claim_oldest(&self) -> Option<Claim> {
        let mut names = Vec::new();
        let mut is_claimed_elsewhere = false;
        for file in self.files() {
            match FileKind::of(&file) {
                FileKind::Queued => names.push(file),
                // Another process may take it over first.
                FileKind::Claimed(since, name)
                    if is_abandoned(since)
                        && self.folder.file(&file).rename(&self.folder.file(name)).is_ok() =>
                {
                    names.push(name.to_owned());
                }
                FileKind::Claimed(..) => is_claimed_elsewhere = true,
                FileKind::Unfinished if is_older(&self.folder.file(&file), UNFINISHED_AGE) => {
                    let _ = self.folder.file(&file).remove();
                }
                _ => {}
            }
        }
        if is_claimed_elsewhere { None } else { self.claim(names.into_iter().min()?) }
    }

    fn claim(&self, name: String) -> Option<Claim> {
        let original = self.folder.file(name);
        let file = original.with_suffix(&format!(".claimed-{}", now_ms()));
        original.rename(&file).ok()?;
        Some(Claim { file, original })
    }

    fn files(&self) -> impl Iterator<Item = String> {
        self.folder.names().into_iter().filter_map(|name| name.into_string().ok())
    }

    /// The number of files and their size in bytes.
    fn fill(&self) -> (usize, u64) {
        let Ok(folder) = self.folder.open() else { return (0, 0) };
        let names = folder.names().unwrap_or_default();
        let sizes = names.iter().map(|name| folder.facts(name).map_or(0, |facts| facts.bytes));
        sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size))
    }
}

/// Whether a claim is so old that its owner must have ended. A claim in the future comes from a clock that was set back.
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

/// A claimed decision, which this process alone may send. If it is dropped, the claim expires.
#[derive(Debug)]
pub struct Claim {
    file: FilePath,
    original: FilePath,
}

impl Claim {
    /// The params object, with `decided_at_ms` from the file's name unless it has one.
    ///
    /// # Errors
    /// A sentence that says why the file does not hold a decision.
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

    /// The decision is settled: its file is removed.
    pub fn acknowledge(self) {
        // If the claim was taken over it is sent again, which is idempotent.
        let _ = self.file.remove();
    }

    /// The decision is invalid: its file is kept under another name, for inspection.
    pub fn reject(self) {
        let _ = self.file.rename(&self.original.with_suffix(".refused"));
    }

    /// The decision could not be sent: it is queued again, in its place.
    pub fn release(self) {
        let _ = self.file.rename(&self.original);
    }
}
