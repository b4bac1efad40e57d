//! The projects that one process serves.
//!
//! Today there is one, and it is there from start to end. What the process has once (configuration, the threads that its
//! workers run on) stands beside it, so that a second one changes nothing for the first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::index::Scanned;
use super::project::Project;
use crate::config::{DaemonConfig, ProjectConfig};
use store::Store;

/// One process with its projects.
#[derive(Debug)]
pub struct Daemon {
    config: DaemonConfig,
    /// Those in service, in the order in which they were opened. Requests do not come this way: a transport holds the
    /// project it serves.
    projects: Mutex<Vec<Arc<Project>>>,
}

impl Daemon {
    /// A process without a project.
    pub fn new(config: DaemonConfig) -> Daemon {
        Daemon { config, projects: Mutex::default() }
    }

    /// How the process is configured.
    pub fn config(&self) -> &DaemonConfig {
        &self.config
    }

    /// Brings a project into service, from a scan that was made a moment ago. Blocks while the indexes are built; call it
    /// within a runtime.
    pub fn open(&self, scanned: Scanned, config: ProjectConfig, store: Store) -> Arc<Project> {
        let project = Project::start_from(scanned, config, store);
        self.projects().push(Arc::clone(&project));
        project
    }

    /// Takes all projects out of service: everything acknowledged is on disk when this returns.
    pub fn shut_down(&self) {
        let projects = std::mem::take(&mut *self.projects());
        for project in projects {
            project.shut_down();
        }
    }

    fn projects(&self) -> MutexGuard<'_, Vec<Arc<Project>>> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
