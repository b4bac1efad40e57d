//! Daily backups of what is remembered.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::Store;

/// How old the newest backup may become.
const BACKUP_AGE: Duration = Duration::from_hours(24);

/// Time from the start to the first look, so that a backup does not slow the start down.
pub(super) const FIRST_LOOK: Duration = Duration::from_mins(1);

/// Sees to it that there is a backup of the last day.
#[derive(Debug, Default)]
pub(super) struct DailyBackup {
    /// Why there is none, where one was tried.
    problem: Mutex<Option<String>>,
}

impl DailyBackup {
    /// Makes a backup where one is due. Blocks.
    pub(super) fn back_up_if_due(&self, store: &Store) {
        if store.status().read_only {
            return;
        }
        let problem = match store.backup_if_older(BACKUP_AGE) {
            Ok(None) => None,
            Ok(Some(backup)) => {
                tracing::info!(path = %backup.path.display(), bytes = backup.bytes, "backup made");
                None
            }
            Err(error) => {
                tracing::error!(%error, "the daily backup failed");
                Some(format!("the daily backup failed: {error}"))
            }
        };
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// Why the last daily backup failed, where it did.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::StoreOptions;

    #[test]
    fn a_backup_is_made_once_a_day_and_a_failure_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::new(folder.path());
        let store = Store::open(options.clone()).unwrap();
        let backup = DailyBackup::default();
        backup.back_up_if_due(&store);
        backup.back_up_if_due(&store);
        assert_eq!((Store::backups(&options).len(), backup.problem()), (1, None));
        // A file in the folder's place keeps the next from being made.
        std::fs::remove_dir_all(folder.path().join("backups")).unwrap();
        std::fs::write(folder.path().join("backups"), "").unwrap();
        backup.back_up_if_due(&store);
        assert!(backup.problem().is_some_and(|problem| problem.contains("backup failed")));
        std::fs::remove_file(folder.path().join("backups")).unwrap();
        backup.back_up_if_due(&store);
        assert_eq!((Store::backups(&options).len(), backup.problem()), (1, None));
    }
}
