//! The state that the callers and the writer thread of one store share.

use std::sync::Arc;

use super::aggregate::Aggregates;
use super::open::Opened;
use super::options::StoreOptions;
use super::query_log::LogBuffer;
use super::read_pool::ReadPool;
use super::status::Status;

/// Handles to the shared parts; a clone refers to the same parts.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub options: Arc<StoreOptions>,
    pub status: Arc<Status>,
    pub aggregates: Arc<Aggregates>,
    pub logs: Arc<LogBuffer>,
    pub reads: Arc<ReadPool>,
}

impl Shared {
    /// The parts of a store that was opened with those aggregates.
    pub(super) fn new(options: StoreOptions, opened: &Opened, aggregates: Arc<Aggregates>) -> Shared {
        Shared {
            status: Arc::new(Status::new(opened)),
            aggregates,
            logs: Arc::new(LogBuffer::new(options.queue_capacity.saturating_mul(4))),
            reads: Arc::new(ReadPool::new(options.database())),
            options: Arc::new(options),
        }
    }
}
