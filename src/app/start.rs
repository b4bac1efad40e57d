//! Bringing a project into service: the first scan, the first index, the workers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::App;
use super::backups::FIRST_LOOK;
use super::index::{self, Known, Origin, Scanned};
use super::jobs::{
    BackupJob, NeighbourJob, OutboxJob, PassageJob, PersistJob, RefreshJob, TrainingJob, WatchJob, rank_fully,
};
use super::outcome_prior::Profiles;
use super::snapshot::Snapshot;
use super::timings::Timings;
use super::workers::Workers;
use super::{latent, warm_start};
use crate::config::Config;
use catalog::{Cancellation, Catalog};
use search::Aliases;
use store::Store;

/// Decisions that come together within this time are embedded together.
const EMBED_DELAY: Duration = Duration::from_secs(3);

impl App {
    /// Scans the project, builds the indexes and starts the workers. Answers are served from then on. Call it within a
    /// runtime.
    pub fn start(config: Config, store: Store) -> Arc<App> {
        App::start_from(scan(&config, &Cancellation::default()), config, store)
    }

    /// The same from a scan that was made a moment ago.
    pub fn start_from(scanned: Scanned, config: Config, store: Store) -> Arc<App> {
        let (app, origin) = assemble(scanned, config, store);
        let app = Arc::new(app);
        let cost = app.snapshot().catalog.report();
        let is_persisted = cost.files_read + cost.manifests_read == 0 && origin == Origin::Kept;
        start_workers(&app, is_persisted);
        app
    }

    /// The same without workers, ranking by all scores at once: for a command that asks and ends.
    pub fn offline(config: Config, store: Store) -> App {
        let never = Cancellation::default();
        let (app, _) = assemble(scan(&config, &never), config, store);
        app.store().wait_until_loaded();
        app.embedding().stay_out(&app.config().paths);
        rank_fully(&app, &never);
        app.learning().index(&app.snapshot(), app.store().outcomes(), &mut Profiles::default());
        app
    }
}

fn assemble(mut scanned: Scanned, config: Config, store: Store) -> (App, Origin) {
    let began = Instant::now();
    let (index, origin) = scanned.first_index();
    let timings = Timings::new(scanned.took, began.elapsed());
    (App::assemble(config, store, Snapshot::new(1, index, scanned), timings), origin)
}

/// Registers every worker of a project and wakes those that have something to do at once.
fn start_workers(app: &Arc<App>, is_persisted: bool) {
    let (workers, signals): (&Workers, _) = (app.workers(), app.signals());
    let own = || Arc::clone(app);
    let refresh = &app.reindexing().signal;
    workers.spawn("refresh", "changed files are not indexed", refresh, RefreshJob::new(own()));
    workers.spawn("training", "ranking stays lexical", &signals.training, TrainingJob::new(own()));
    let persist = PersistJob::new(own(), is_persisted);
    workers.spawn("persist", "the next start is a cold one", &signals.persist, persist);
    let neighbours = NeighbourJob::new(own());
    workers.spawn("neighbours", "similar tasks are compared by their words", &signals.neighbours, neighbours);
    let passages = PassageJob::new(own());
    workers.spawn("embedding", "entries are not embedded", &signals.passages, passages);
    workers.spawn("backup", "no backups are made", &signals.backup, BackupJob::new(own()));
    workers.spawn("outbox", "queued decisions wait", &signals.outbox, OutboxJob::new(own()));
    workers.follow(app.store().publications(), &signals.neighbours, Duration::ZERO);
    workers.follow(app.store().publications(), &signals.passages, EMBED_DELAY);
    if app.config().reindex.watch {
        let watch = &app.file_watch().signal;
        workers.spawn("watch", "changed files are not noticed", watch, WatchJob::new(own()));
        watch.wake();
    }
    // The refresh worker has to know when its scheduled scan is due.
    for signal in [
        refresh,
        &signals.training,
        &signals.persist,
        &signals.neighbours,
        &signals.passages,
        &signals.outbox,
    ] {
        signal.wake();
    }
    signals.backup.wake_within(FIRST_LOOK);
}

/// What the configured folders hold now: the first half of a start. Files that are as they were at the last one are not
/// opened. A scan that is cancelled is incomplete.
pub fn scan(config: &Config, cancellation: &Cancellation) -> Scanned {
    std::thread::scope(|scope| {
        // The first use of the alias table reads it.
        let index = scope.spawn(|| (warm_start::index(config), Aliases::built_in().len()));
        let persisted = warm_start::catalog(config);
        let known = persisted.as_ref().map_or(Known::Nothing, Known::Kept);
        let mut scanned = index::scan(config, known, cancellation);
        // Without it the index is built.
        scanned.kept_index = index.join().ok().and_then(|(bytes, _)| bytes);
        scanned
    })
}

/// What a scan of the configured folders finds now, without a running service, and whether the built-in
/// collection stands in for missing plugins.
pub fn scan_once(config: &Config) -> (Catalog, bool) {
    let scanned = index::scan(config, Known::Nothing, &Cancellation::default());
    (scanned.catalog, scanned.embedded_default)
}

/// What would be served now, ranking by all scores, without a running service or a store.
pub fn snapshot_once(config: &Config) -> Snapshot {
    let never = Cancellation::default();
    let mut scanned = scan(config, &never);
    let (index, _) = scanned.first_index();
    let snapshot = Snapshot::new(1, index, scanned);
    match latent::load_or_train(config, &snapshot, &never) {
        Some(latent) => snapshot.with_latent(Arc::new(latent)),
        None => snapshot,
    }
}
