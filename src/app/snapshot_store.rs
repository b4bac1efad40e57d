//! Which snapshot serves.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::snapshot::Snapshot;

/// The snapshot that serves. Reading it takes no lock.
#[derive(Debug)]
pub(super) struct SnapshotStore {
    current: ArcSwap<Snapshot>,
    generations: watch::Sender<u64>,
    /// Held while a new snapshot is derived from the current one, so that no swap is lost. Never held by readers.
    swapping: Mutex<()>,
}

impl SnapshotStore {
    pub(super) fn new(first: Snapshot) -> SnapshotStore {
        SnapshotStore {
            generations: watch::Sender::new(first.generation),
            current: ArcSwap::from_pointee(first),
            swapping: Mutex::default(),
        }
    }

    /// The snapshot that serves; take it once a request.
    pub(super) fn load(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// The generation that serves, and every later one as it comes.
    pub(super) fn generations(&self) -> watch::Receiver<u64> {
        self.generations.subscribe()
    }

    /// Replaces the snapshot by what `next` makes of the current one, unless it makes nothing.
    pub(super) fn swap(&self, next: impl FnOnce(&Snapshot) -> Option<Snapshot>) {
        let _swapping = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = next(&self.current.load()) {
            let generation = snapshot.generation;
            self.current.store(Arc::new(snapshot));
            self.generations.send_replace(generation);
        }
    }
}
