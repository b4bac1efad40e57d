//! A full disk: how it is told apart from one that fails, whichever call ran into it.
//!
//! A write that finds no space fails with [`StoreError::DiskFull`](super::StoreError::DiskFull), and nothing of its
//! transaction is stored. The writer keeps its connection and checkpoints, which may free space (`recovery.rs`), the status
//! is degraded, and a check every few seconds finds out when there is room again; clients get a retry time of ten
//! seconds. How large the database itself may grow is in `size_limits.rs`.

use std::io::{self, Write};

use confined_fs::DirPath;
use rusqlite::ErrorCode;

/// Room that is tried for where SQLite does not say why a write failed: some pages of a database.
const PROBE_BYTES: usize = 32 * 1024;

/// The file that [`is_full`] writes and removes.
const PROBE_FILE: &str = "mcp.db.probe";

/// Whether the system says that there is no space left, or that a quota is used up.
pub(super) fn is_cause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether SQLite says so.
pub(super) fn is_cause_of(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Whether `folder` takes no more data: for failures of SQLite that hide the system's reason, as those of a used-up quota
/// and of the shared memory beside a write-ahead log do.
pub(super) fn is_full(folder: &DirPath) -> bool {
    let probe = folder.file(PROBE_FILE);
    let written = probe.create().and_then(|mut file| {
        file.write_all(&vec![0; PROBE_BYTES])?;
        file.sync_data()
    });
    let _ = probe.remove();
    written.is_err_and(|error| is_cause(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_room_is_not_full_and_nothing_is_left_in_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_full(&DirPath::from(folder.path())));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
