//! Daily backups of the database.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::app::workers::{Job, Rest, Run};

/// Time between two looks at the newest backup: a laptop that slept through a day makes its backup soon after it woke.
const LOOK_INTERVAL: Duration = Duration::from_hours(1);

/// Makes a backup where the newest one is a day old.
#[derive(Debug)]
pub(in crate::app) struct BackupJob {
    app: Arc<App>,
}

impl BackupJob {
    pub(in crate::app) fn new(app: Arc<App>) -> BackupJob {
        BackupJob { app }
    }
}

impl Job for BackupJob {
    fn run(&mut self, _: &Run) -> Rest {
        self.app.backups().back_up_if_due(self.app.store());
        Rest::at_most(LOOK_INTERVAL)
    }
}
