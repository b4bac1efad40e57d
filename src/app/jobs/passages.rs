//! Loading the embedding model and embedding the entries, at low priority.

use std::sync::Arc;
use std::time::Duration;

use crate::app::Project;
use crate::app::embedding::{Inputs, PassageEmbedder};
use crate::app::workers::{Job, Rest, Run};

/// Time between two looks at the model's folder: the installer wakes a running instance, whoever copies files by hand
/// does not.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// The same while the folder is changing: the last look may have come in the middle of a copy.
const SETTLING: Duration = Duration::from_secs(3);

/// Keeps the vectors of all entries up to date.
#[derive(Debug)]
pub(in crate::app) struct PassageJob {
    project: Arc<Project>,
    embedder: PassageEmbedder,
}

impl PassageJob {
    pub(in crate::app) fn new(project: Arc<Project>) -> PassageJob {
        PassageJob { project, embedder: PassageEmbedder::default() }
    }
}

impl Job for PassageJob {
    fn run(&mut self, run: &Run) -> Rest {
        let snapshot = self.project.snapshot();
        let inputs = Inputs {
            config: self.project.config(),
            catalog: &snapshot.catalog,
            store: self.project.store(),
            run,
        };
        let is_settled = self.embedder.update(self.project.embedding(), &inputs);
        Rest::at_most(if is_settled { LOOK_INTERVAL } else { SETTLING })
    }

    fn recover(&mut self) {
        // Not tried again until the model's folder changes: the same files would crash it again.
        self.project.embedding().give_up();
    }
}
