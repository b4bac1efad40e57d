//! The service itself: one façade over catalog, search, patterns and store, with every operation once.
//!
//! Doors call [`operation::Operation`]s on an [`App`]. A request takes one [`Snapshot`] and keeps it to its
//! end; nothing it does waits for a scan, a training or the disk, except writes that are acknowledged.

mod backups;
pub mod cache;
mod cache_warming;
pub mod content_pins;
mod embedding;
mod error;
pub mod eval;
pub mod hit_view;
mod in_process;
mod index;
mod json;
mod latent;
pub mod operation;
pub mod operations;
mod outbox_drain;
mod outcome_prior;
mod refresh;
pub mod search_response;
mod snapshot;
mod timings;
pub mod tokens;
mod warm_start;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::watch as watch_channel;

pub use error::AppError;
pub use in_process::InProcess;
pub use index::Scanned;
pub use refresh::ReindexReport;
pub use search::latent::MAX_ENTRIES as MAX_ENTRIES_LEARNED;
pub use snapshot::Snapshot;
pub use watch::WatchState;

use crate::config::Config;
use crate::telemetry::metrics::Metrics;
use backups::BackupKeeper;
use cache::Caches;
use catalog::Catalog;
use embedding::Embedding;
use index::Origin;
use latent::LatentTrainer;
use outbox_drain::OutboxDrain;
use outcome_prior::NeighbourIndexer;
use refresh::Refresher;
use search::Aliases;
use store::Store;
use timings::Timings;
use warm_start::SnapshotPersister;

/// Time that what waits to be written has once the service stops.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// One instance of the service, shared by all doors.
#[derive(Debug)]
pub struct App {
    config: Config,
    store: Store,
    metrics: Metrics,
    caches: Caches,
    /// Readers load it; only [`App::swap`] stores.
    snapshot: ArcSwap<Snapshot>,
    /// Says which generation serves, to whoever waits for the next one.
    generations: watch_channel::Sender<u64>,
    /// Held while a new snapshot is derived from the current one, so that no swap is lost. Never held by readers.
    swapping: Mutex<()>,
    refresher: Refresher,
    backups: BackupKeeper,
    outbox_drain: OutboxDrain,
    trainer: LatentTrainer,
    persister: SnapshotPersister,
    neighbours: NeighbourIndexer,
    embedding: Embedding,
    watching: watch::Watching,
    pins: content_pins::ContentPins,
    started: Instant,
    timings: Timings,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl App {
    /// Scans the project, builds the indexes and starts the background threads. Answers are served from then on.
    pub fn start(config: Config, store: Store) -> Arc<App> {
        App::start_from(scan(&config), config, store)
    }

    /// The same from a scan that was made a moment ago.
    pub fn start_from(scanned: Scanned, config: Config, store: Store) -> Arc<App> {
        let (app, origin) = App::assemble(scanned, config, store);
        let app = Arc::new(app);
        app.spawn("refresh", |app| app.refresher.run(app, app.config.reindex.every));
        app.spawn("latent", |app| app.trainer.run(app));
        app.spawn("persist", |app| app.persister.run(app));
        app.spawn("neighbours", |app| app.neighbours.run(app));
        app.spawn("embedding", |app| app.embedding.run(app));
        app.spawn("backup", |app| app.backups.run(&app.store));
        app.spawn("outbox", |app| app.outbox_drain.run(app));
        if app.config.reindex.watch {
            let ear = app.watching.listen();
            app.spawn("watch", move |app| watch::run(app, &ear));
        }
        app.trainer.request();
        app.neighbours.request();
        let cost = app.snapshot().catalog.report();
        app.persister.request(cost.files_read + cost.manifests_read == 0 && origin == Origin::Kept);
        app
    }

    /// The same without background threads, ranking by all scores at once: for a command that asks and ends.
    pub fn offline(config: Config, store: Store) -> App {
        let (app, _) = App::assemble(scan(&config), config, store);
        app.store.wait_until_settled();
        app.embedding.stay_out(&app.config);
        latent::rank_fully(&app);
        app.index_neighbours_now();
        app
    }

    fn assemble(mut scanned: Scanned, config: Config, store: Store) -> (App, Origin) {
        let began = Instant::now();
        let (index, origin) = scanned.first_index();
        let timings = Timings::new(scanned.took, began.elapsed());
        let snapshot = Snapshot::new(1, index, scanned);
        let app = App {
            metrics: Metrics::new(&operations::names()),
            caches: Caches::new(&config.cache),
            snapshot: ArcSwap::from_pointee(snapshot),
            generations: watch_channel::Sender::new(1),
            swapping: Mutex::default(),
            refresher: Refresher::default(),
            backups: BackupKeeper::default(),
            outbox_drain: OutboxDrain::default(),
            trainer: LatentTrainer::default(),
            persister: SnapshotPersister::default(),
            neighbours: NeighbourIndexer::default(),
            embedding: Embedding::default(),
            watching: watch::Watching::default(),
            pins: content_pins::ContentPins::load(&config.paths.data_dir),
            started: Instant::now(),
            timings,
            threads: Mutex::default(),
            config,
            store,
        };
        app.refresher.count_first();
        (app, origin)
    }

    /// The current state of the world; take it once a request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The generation that serves, and word of every later one; a slow reader sees the newest only.
    pub fn generations(&self) -> watch_channel::Receiver<u64> {
        self.generations.subscribe()
    }

    /// What was measured since start.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How this instance is configured.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is remembered.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Ends the background threads and closes the store: everything acknowledged is on disk when this returns.
    pub fn shut_down(&self) {
        self.refresher.stop();
        self.trainer.stop();
        self.persister.stop();
        self.neighbours.stop();
        self.embedding.stop();
        self.watching.stop();
        self.backups.stop();
        self.outbox_drain.stop();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A panic in it was logged by the panic hook.
            let _ = thread.join();
        }
        if !self.store.close(CLOSE_PATIENCE) {
            tracing::warn!("the store did not close in time; what was acknowledged is on disk");
        }
    }

    /// Where the built-in collection is served and nothing is remembered yet, takes over its sample patterns, so
    /// that every method has something to answer.
    pub async fn adopt_sample_patterns(&self) {
        if !self.snapshot().embedded_default || !self.store.book().is_empty() {
            return;
        }
        let Some(lines) = index::sample_patterns(&self.config) else { return };
        if let Err(error) = self.store.import_patterns(&lines, 1).await {
            tracing::warn!(%error, "the sample patterns were not taken over");
        }
    }

    /// Puts a newly scanned catalog in service.
    fn publish(&self, scanned: Scanned) {
        let index = scanned.next_index(&self.snapshot().index);
        self.swap(|current| Some(Snapshot::new(current.generation + 1, index, scanned).after(current)));
        self.trainer.request();
        self.persister.request(false);
        self.embedding.look();
    }

    /// Replaces the snapshot by what `next` makes of the current one, unless it makes nothing.
    fn swap(&self, next: impl FnOnce(&Snapshot) -> Option<Snapshot>) {
        let swapping = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = next(&self.snapshot.load()) {
            let generation = snapshot.generation;
            self.snapshot.store(Arc::new(snapshot));
            self.generations.send_replace(generation);
        }
        drop(swapping);
        self.watching.snapshot_swapped();
        self.neighbours.request();
    }

    /// Runs `work` on a thread of its own until [`App::shut_down`].
    fn spawn(self: &Arc<Self>, name: &str, work: impl FnOnce(&App) + Send + 'static) {
        let app = Arc::clone(self);
        match std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&app)) {
            Ok(thread) => self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread),
            Err(error) => tracing::error!(thread = name, %error, "a background thread could not be started"),
        }
    }
}

/// What the configured folders hold now: the first half of a start. Files that are as they were at the last one are not
/// opened.
pub fn scan(config: &Config) -> Scanned {
    std::thread::scope(|scope| {
        // The first use of the alias table reads it.
        let index = scope.spawn(|| (warm_start::index(config), Aliases::built_in().len()));
        let kept = warm_start::catalog(config);
        let mut scanned =
            index::scan(config, kept.as_ref().map_or(index::Known::Nothing, index::Known::Kept));
        // Without it the index is built.
        scanned.kept_index = index.join().ok().and_then(|(bytes, _)| bytes);
        scanned
    })
}

/// What a scan of the configured folders finds now, without a running service, and whether the built-in
/// collection stands in for missing plugins.
pub fn scan_once(config: &Config) -> (Catalog, bool) {
    let Scanned { catalog, embedded_default, .. } = index::scan(config, index::Known::Nothing);
    (catalog, embedded_default)
}

/// What would be served now, ranking by all scores, without a running service or a store.
pub fn snapshot_once(config: &Config) -> Snapshot {
    let mut scanned = scan(config);
    let (index, _) = scanned.first_index();
    let snapshot = Snapshot::new(1, index, scanned);
    let latent = Arc::new(latent::load_or_train(config, &snapshot));
    snapshot.with_latent(latent)
}
