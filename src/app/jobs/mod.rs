//! What the background workers of a project do, one file a job.

mod backup;
mod neighbours;
mod outbox;
mod passages;
mod persist;
mod refresh;
mod training;
mod watch;

pub(super) use backup::BackupJob;
pub(super) use neighbours::NeighbourJob;
pub(super) use outbox::OutboxJob;
pub(super) use passages::PassageJob;
pub(super) use persist::PersistJob;
pub(super) use refresh::RefreshJob;
pub(super) use training::{TrainingJob, rank_fully};
pub(super) use watch::WatchJob;
