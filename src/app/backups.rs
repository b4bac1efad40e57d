//! Daily backups of what is remembered.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::Store;

/// How old the newest backup may become.
const BACKUP_AGE: Duration = Duration::from_hours(24);

/// Time between two looks at it: a laptop that slept through a day makes its backup soon after it woke.
const LOOK_INTERVAL: Duration = Duration::from_hours(1);

/// Time from the start to the first look, so that a backup is in nobody's way then.
const FIRST_LOOK: Duration = Duration::from_mins(1);

/// Sees to it that there is a backup of the last day.
#[derive(Debug, Default)]
pub(super) struct BackupKeeper {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    /// Why there is no backup of the last day, where one was tried.
    problem: Option<String>,
}

impl BackupKeeper {
    /// The thread's whole life.
    pub(super) fn run(&self, store: &Store) {
        let mut pause = FIRST_LOOK;
        while self.wait(pause) {
            self.look(store);
            pause = LOOK_INTERVAL;
        }
    }

    /// Makes a backup where one is due.
    fn look(&self, store: &Store) {
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
        self.lock().problem = problem;
    }

    /// Why the last daily backup failed, where it did.
    pub(super) fn problem(&self) -> Option<String> {
        self.lock().problem.clone()
    }

    /// Ends the thread after the backup it may be in.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// Waits; `false` once the service stops.
    fn wait(&self, pause: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), pause, |state| !state.stopping);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::StoreOptions;

    #[test]
    fn a_backup_is_made_once_a_day_and_a_failure_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::new(folder.path());
        let store = Store::open(options.clone()).unwrap();
        let keeper = BackupKeeper::default();
        keeper.look(&store);
        keeper.look(&store);
        assert_eq!((Store::backups(&options).len(), keeper.problem()), (1, None));
        // A file in the folder's place keeps the next from being made.
        std::fs::remove_dir_all(folder.path().join("backups")).unwrap();
        std::fs::write(folder.path().join("backups"), "").unwrap();
        keeper.look(&store);
        assert!(keeper.problem().is_some_and(|problem| problem.contains("backup failed")));
        std::fs::remove_file(folder.path().join("backups")).unwrap();
        keeper.look(&store);
        assert_eq!((Store::backups(&options).len(), keeper.problem()), (1, None));
    }

    #[test]
    fn it_ends_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let keeper = BackupKeeper::default();
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| keeper.run(&store));
            keeper.stop();
            thread.join().unwrap();
        });
    }
}
