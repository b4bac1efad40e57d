//! The store's errors, by what the caller can do about them.

use std::path::PathBuf;

use super::disk_full;

/// Why an operation failed. Cloned when one failed commit answers many callers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Stop the other process, or use another directory.
    #[error("{} is used by another process{}", path.display(), pid.map(|pid| format!(" ({pid})")).unwrap_or_default())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The process id of its owner, if it could be read.
        pid: Option<u32>,
    },
    /// Correct the input: a sentence for each problem.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// Name an existing pattern, or none.
    #[error("there is no pattern with the id `{0}`")]
    UnknownPattern(String),
    /// Choose another task id, or send the description that is stored to correct that task's outcome.
    #[error("task_id {task_id:?} names another task already: {stored:?}")]
    OtherTask {
        /// The id.
        task_id: String,
        /// The description stored under it.
        stored: String,
    },
    /// Nothing can be written until the process is restarted; the reason.
    #[error("the database is read-only: {0}")]
    ReadOnly(String),
    /// Retry later: the write queue is full.
    #[error("too many writes are waiting for the database")]
    Overloaded,
    /// Retry once there is room: the disk is full, or a quota used up; the system's or SQLite's words.
    #[error("the disk is full: {0}")]
    DiskFull(String),
    /// Retry later: the disk or the database failed; the reason.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The store was closed.
    #[error("the database is closed")]
    Closed,
}

impl StoreError {
    /// What became of a call that the disk or the database failed; `why` is for the log.
    pub(super) fn failed(is_disk_full: bool, why: String) -> StoreError {
        if is_disk_full { StoreError::DiskFull(why) } else { StoreError::Unavailable(why) }
    }

    /// The same for an operation on a file that is named.
    pub(super) fn failed_at(path: &impl std::fmt::Display, error: &std::io::Error) -> StoreError {
        StoreError::failed(disk_full::is_cause(error), format!("{path}: {error}"))
    }

    /// The error for a client: a sentence without paths or details of the machine.
    pub fn kind(&self) -> &'static str {
        match self {
            StoreError::Locked { .. } => "another process of this project holds its memory",
            StoreError::Invalid(_) => "what was sent is not valid",
            StoreError::UnknownPattern(_) => "there is no such pattern",
            StoreError::OtherTask { .. } => "the task id names another task",
            StoreError::ReadOnly(_) => "the memory is read-only; GET /health says why",
            StoreError::Overloaded => "too much waits for the disk already; try again in a moment",
            StoreError::DiskFull(_) => "the disk is full; try again once there is room",
            StoreError::Unavailable(_) => "the disk or the database fails; try again later",
            StoreError::Closed => "the service is stopping",
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::failed(disk_full::is_cause_of(&error), error.to_string())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        StoreError::failed(disk_full::is_cause(&error), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::StoreError;

    #[test]
    fn a_full_disk_and_a_used_up_quota_are_told_apart_from_a_disk_that_fails() {
        for (errno, is_full) in
            [(Errno::NOSPC, true), (Errno::DQUOT, true), (Errno::IO, false), (Errno::FBIG, false)]
        {
            let error = StoreError::from(std::io::Error::from(errno));
            assert_eq!(matches!(error, StoreError::DiskFull(_)), is_full, "{errno}: {error}");
        }
    }
}
