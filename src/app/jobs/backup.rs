//! Daily backups of the database.

use std::sync::Arc;
use std::time::Duration;

use crate::app::Project;
use crate::app::workers::{Job, Rest, Run};

/// Time between two looks at the newest backup: a laptop that slept through a day makes its backup soon after it woke.
const LOOK_INTERVAL: Duration = Duration::from_hours(1);

/// Makes a backup where the newest one is a day old.
#[derive(Debug)]
pub(in crate::app) struct BackupJob {
    project: Arc<Project>,
}

impl BackupJob {
    pub(in crate::app) fn new(project: Arc<Project>) -> BackupJob {
        BackupJob { project }
    }
}

impl Job for BackupJob {
    fn run(&mut self, _: &Run) -> Rest {
        self.project.backups().back_up_if_due(self.project.store());
        Rest::at_most(LOOK_INTERVAL)
    }
}
