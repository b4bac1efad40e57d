//! Training the latent score off the request path, and keeping it for the next start.
//!
//! The service ranks lexically until it is ready. What was trained is kept beside the database under the
//! catalog's content key, so an unchanged collection is trained once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::refresh::millis;
use super::snapshot::Snapshot;
use super::{App, MAX_ENTRIES_LEARNED};
use crate::config::Config;
use confined_fs::Replacing;
use search::LatentSpace;

/// The file, in the data directory.
const FILE: &str = "latent.bin";

/// Bytes of it that are read: twenty times what the largest collection that is learned from takes.
const MAX_BYTES: u64 = 256 << 20;

/// Says when to train; one thread does.
#[derive(Debug, Default)]
pub(super) struct LatentTrainer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requested: bool,
    stopping: bool,
}

impl LatentTrainer {
    /// The snapshot is new: train for it.
    pub(super) fn request(&self) {
        self.lock().requested = true;
        self.changed.notify_all();
    }

    /// Ends the thread after the training it may be in.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// The thread's whole life.
    pub(super) fn run(&self, app: &App) {
        while self.wait() {
            let snapshot = app.snapshot();
            // Of more entries nothing is learned.
            if !snapshot.latent_ready && snapshot.catalog.definitions().len() <= MAX_ENTRIES_LEARNED {
                rank_fully(app);
            }
        }
    }

    /// Waits for a request; `false` once the service stops.
    fn wait(&self) -> bool {
        let mut state = self.lock();
        while !state.requested && !state.stopping {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.requested = false;
        !state.stopping
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Loads or trains the score for the current snapshot and swaps it in, on the caller's thread.
pub(super) fn rank_fully(app: &App) {
    let snapshot = app.snapshot();
    let began = Instant::now();
    let latent = Arc::new(load_or_train(&app.config, &snapshot));
    app.timings.record_latent(began.elapsed());
    app.install_latent(snapshot.generation, &latent);
}

/// What was kept for the snapshot's catalog, else a new training, which is kept.
pub(super) fn load_or_train(config: &Config, snapshot: &Snapshot) -> LatentSpace {
    let file = config.paths.data_dir.file(FILE);
    let kept = file.read(MAX_BYTES).ok().and_then(|bytes| LatentSpace::from_bytes(&bytes).ok());
    if let Some(latent) = kept.filter(|latent| snapshot.index.accepts(latent)) {
        return latent;
    }
    let began = Instant::now();
    let latent = LatentSpace::train(&snapshot.catalog);
    tracing::info!(duration_ms = millis(began.elapsed()), "latent score trained");
    if let Err(error) = file.write(Replacing::Private, &latent.to_bytes()) {
        tracing::warn!(%error, "the latent score is not kept for the next start");
    }
    latent
}

impl App {
    /// Swaps it in, unless another catalog is served by now (then training was asked for again).
    fn install_latent(&self, generation: u64, latent: &Arc<LatentSpace>) {
        let frequent = self.frequent_queries();
        self.swap(|current| {
            let next = (current.generation == generation).then(|| current.with_latent(Arc::clone(latent)))?;
            self.warm(&next, &frequent);
            Some(next)
        });
    }
}
