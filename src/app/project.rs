//! One project in service: its state, in parts that each own what they guard.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::backups::DailyBackup;
use super::cache::{Caches, QueryKey};
use super::content_pins::ContentPins;
use super::embedding::{Embedding, SemanticScores};
use super::error::AppError;
use super::file_watch::FileWatch;
use super::index::{Scanned, sample_patterns};
use super::outcome_prior::{LearningVersion, NeighbourIndexer, OutcomePrior};
use super::reindex::{NoReport, ReindexQueue};
use super::snapshot::Snapshot;
use super::snapshot_store::SnapshotStore;
use super::timings::Timings;
use super::workers::{WakeSignal, Workers};
use crate::config::ProjectConfig;
use crate::telemetry::metrics::Metrics;
use catalog::Kind;
use protocol::{ReindexReport, UnavailableReason};
use store::Store;

/// Time that what waits to be written has once the service stops.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// Time that background work has to notice that it is cancelled before the store closes: most of it does at once, and a
/// reader that is gone by then need not be interrupted.
const GRACE: Duration = Duration::from_millis(250);

/// Time that the rest of it has afterwards. What has not ended by then ends with the process.
const JOIN_DEADLINE: Duration = Duration::from_millis(750);

/// One project in service, shared by all transports.
#[derive(Debug)]
pub struct Project {
    pub(super) config: ProjectConfig,
    pub(super) store: Store,
    pub(super) metrics: Metrics,
    pub(super) caches: Caches,
    pub(super) embedding: Embedding,
    pub(super) pins: ContentPins,
    pub(super) started: Instant,
    pub(super) timings: Timings,
    snapshots: SnapshotStore,
    learning: NeighbourIndexer,
    background: Background,
}

/// The background workers and what is handed to them.
#[derive(Debug, Default)]
struct Background {
    workers: Workers,
    reindexing: ReindexQueue,
    file_watch: FileWatch,
    backups: DailyBackup,
    signals: Signals,
}

/// Wakes the workers that have no queue of their own.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) training: WakeSignal,
    pub(super) persist: WakeSignal,
    pub(super) neighbours: WakeSignal,
    pub(super) passages: WakeSignal,
    pub(super) backup: WakeSignal,
    pub(super) outbox: WakeSignal,
}

impl Project {
    /// The project with its first snapshot and no worker yet.
    pub(super) fn assemble(
        config: ProjectConfig,
        store: Store,
        metrics: Metrics,
        snapshot: Snapshot,
        timings: Timings,
    ) -> Project {
        let background = Background::default();
        background.reindexing.count_first();
        Project {
            metrics,
            caches: Caches::new(&config.cache),
            snapshots: SnapshotStore::new(snapshot),
            learning: NeighbourIndexer::new(&config.memory),
            embedding: Embedding::default(),
            pins: ContentPins::load(&config.paths.data_dir),
            started: Instant::now(),
            timings,
            background,
            config,
            store,
        }
    }

    /// The current state of the world; take it once a request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.load()
    }

    /// The generation that serves, and every later one as it comes; a slow reader sees only the newest.
    pub fn generations(&self) -> watch::Receiver<u64> {
        self.snapshots.generations()
    }

    /// What was measured since start.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How this project is configured.
    pub fn config(&self) -> &ProjectConfig {
        &self.config
    }

    /// Whether commands are offered as MCP prompts: as the user decided, else where an offload took anything out.
    pub fn offers_commands(&self) -> bool {
        self.config.command_prompts.unwrap_or_else(|| !self.snapshot().client.offloaded().is_empty())
    }

    /// Patterns, decisions and queries.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Asks for a scan of everything that begins after this call, and waits for its report.
    ///
    /// # Errors
    /// [`AppError::Unavailable`] once the service stops, or where the scan failed.
    pub async fn reindex(&self) -> Result<ReindexReport, AppError> {
        self.background.reindexing.request().await.map_err(|why| {
            let (reason, sentence) = match why {
                NoReport::Stopping => (UnavailableReason::Stopping, "the service is stopping"),
                NoReport::Failed => {
                    (UnavailableReason::ScanFailed, "the scan failed; GET /health and the log say more")
                }
            };
            AppError::Unavailable { reason, sentence }
        })
    }

    /// Where the built-in collection is served and nothing is stored yet, imports its sample patterns, so that every
    /// method has something to answer.
    pub async fn adopt_sample_patterns(&self) {
        if !self.snapshot().embedded_default || !self.store.patterns().is_empty() {
            return;
        }
        let Some(lines) = sample_patterns(&self.config) else { return };
        if let Err(error) = self.store.import_patterns(&lines, 1).await {
            tracing::warn!(%error, "the sample patterns were not imported");
        }
    }

    /// Cancels the background work and closes the store: everything acknowledged is on disk when this returns. Background
    /// work that does not notice in time is left behind.
    pub fn shut_down(&self) {
        self.background.reindexing.close();
        self.background.workers.stop();
        self.embedding.stop();
        self.background.workers.join(GRACE);
        // Whatever still runs: nothing may keep the store from being closed in order.
        if !self.store.close(CLOSE_PATIENCE) {
            tracing::warn!("the store did not close in time; what was acknowledged is on disk");
        }
        let late = self.background.workers.join(JOIN_DEADLINE);
        if !late.is_empty() {
            tracing::warn!(workers = late.join(", "), "background work was left behind");
        }
    }

    /// Puts a newly scanned catalog in service.
    pub(super) fn publish(&self, scanned: Scanned) {
        let index = scanned.next_index(&self.snapshot().index);
        self.swap(|current| Some(Snapshot::new(current.generation + 1, index, scanned).after(current)));
        self.background.signals.training.wake();
    }

    /// Replaces the snapshot by what `next` makes of the current one, unless it makes nothing.
    pub(super) fn swap(&self, next: impl FnOnce(&Snapshot) -> Option<Snapshot>) {
        self.snapshots.swap(next);
        let Background { file_watch, signals, .. } = &self.background;
        file_watch.signal.wake();
        signals.persist.wake();
        signals.neighbours.wake();
        signals.passages.wake();
    }

    /// What the model says of a request, within its time budget.
    pub(super) async fn semantic_scores(
        &self,
        snapshot: &Snapshot,
        kind: Kind,
        key: &QueryKey,
    ) -> SemanticScores {
        self.embedding.scores(snapshot, kind, key.capability.as_deref(), key.context.as_deref()).await
    }

    /// The state of what was learned about entries of a kind; constant where nothing is.
    pub(super) fn learning_version(&self, kind: Kind) -> LearningVersion {
        self.learning.version(kind, &self.store)
    }

    /// What similar tasks say for a query; `None` where learning is off, nothing is known, or the query is for another
    /// kind than agents.
    pub(super) fn outcome_prior(&self, kind: Kind, key: &QueryKey) -> Option<OutcomePrior> {
        self.learning.prior(kind, key.context.as_deref().or(key.capability.as_deref()), &self.store)
    }

    pub(super) fn learning(&self) -> &NeighbourIndexer {
        &self.learning
    }

    pub(super) fn embedding(&self) -> &Embedding {
        &self.embedding
    }

    pub(super) fn timings(&self) -> &Timings {
        &self.timings
    }

    pub(super) fn workers(&self) -> &Workers {
        &self.background.workers
    }

    pub(super) fn reindexing(&self) -> &ReindexQueue {
        &self.background.reindexing
    }

    pub(super) fn file_watch(&self) -> &FileWatch {
        &self.background.file_watch
    }

    pub(super) fn backups(&self) -> &DailyBackup {
        &self.background.backups
    }

    pub(super) fn signals(&self) -> &Signals {
        &self.background.signals
    }
}
