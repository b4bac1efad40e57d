//! Taking over decisions that clients queued on disk.

use std::sync::Arc;
use std::time::Duration;

use crate::app::Project;
use crate::app::workers::{Job, Rest, Run};

/// Time between two looks: a client whose server was slow queues as well, and may not come back.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);

/// Pause after a drain that the store interrupted: it still opens its database, or has more to write than it takes.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Drains the project's outbox.
#[derive(Debug)]
pub(in crate::app) struct OutboxJob {
    project: Arc<Project>,
}

impl OutboxJob {
    pub(in crate::app) fn new(project: Arc<Project>) -> OutboxJob {
        OutboxJob { project }
    }
}

impl Job for OutboxJob {
    fn run(&mut self, _: &Run) -> Rest {
        // A worker's thread belongs to the runtime. What is not acknowledged when the store closes stays in the outbox.
        let replayed = tokio::runtime::Handle::current().block_on(self.project.drain_outbox());
        Rest::at_most(if replayed.is_interrupted { RETRY_INTERVAL } else { LOOK_INTERVAL })
    }
}
