//! Bringing a project into service: the first scan, the first index, the workers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Project;
use super::backups::FIRST_LOOK;
use super::cache_warming::warm;
use super::catalog_sources::Known;
use super::frequent_queries::frequent_queries;
use super::index::{self, Origin, Scanned};
use super::jobs::{
    BackupJob, NeighbourJob, OutboxJob, PassageJob, PersistJob, RefreshJob, TrainingJob, WatchJob, rank_fully,
};
use super::operations::Method;
use super::outcome_prior::Profiles;
use super::snapshot::Snapshot;
use super::timings::Timings;
use super::workers::{Job, WakeSignal};
use super::{latent, warm_start};
use crate::config::ProjectConfig;
use crate::telemetry::metrics::Metrics;
use catalog::{Cancellation, Catalog};
use search::Aliases;
use store::Store;

/// Decisions that come together within this time are embedded together.
const EMBED_DELAY: Duration = Duration::from_secs(3);

impl Project {
    /// Scans the project, builds the indexes and starts the workers. Answers are served from then on. Call it within a
    /// runtime.
    pub fn start(config: ProjectConfig, store: Store) -> Arc<Project> {
        Project::start_from(scan(&config, &Cancellation::default()), config, store)
    }

    /// The same from a scan that was made a moment ago.
    pub fn start_from(scanned: Scanned, config: ProjectConfig, store: Store) -> Arc<Project> {
        let (project, origin) = assemble(scanned, config, store);
        let project = Arc::new(project);
        let cost = project.snapshot().catalog.report();
        let is_persisted = cost.files_read + cost.manifests_read == 0 && origin == Origin::Persisted;
        start_workers(&project, is_persisted);
        project
    }

    /// The same without workers, ranking by all scores at once: for a command that asks and ends.
    pub fn offline(config: ProjectConfig, store: Store) -> Project {
        let never = Cancellation::default();
        let (project, _) = assemble(scan(&config, &never), config, store);
        project.store().wait_until_loaded();
        project.embedding().stay_out(&project.config().paths);
        rank_fully(&project, &never);
        let snapshot = project.snapshot();
        // What was learned is part of an answer: those that were cached before it count no more.
        if project.learning().index(&snapshot, project.store().outcomes(), &mut Profiles::default()) {
            warm(&project, &snapshot, &frequent_queries(project.store()));
        }
        project
    }
}

fn assemble(mut scanned: Scanned, config: ProjectConfig, store: Store) -> (Project, Origin) {
    let began = Instant::now();
    let (index, origin) = scanned.first_index();
    let timings = Timings::new(scanned.took, began.elapsed());
    // A re-index takes as long as its files do, which its report says: among the latencies of calls it would hide theirs.
    let metrics = Metrics::new(&Method::rpc_names());
    (Project::assemble(config, store, metrics, Snapshot::new(1, index, scanned), timings), origin)
}

/// A worker of a project, ready to be started.
struct Registration<'a> {
    name: &'static str,
    /// What does not happen while it is down.
    without: &'static str,
    signal: &'a WakeSignal,
    /// When it runs first, counted from the start.
    first: Duration,
    job: Box<dyn Job>,
}

/// Every worker of a project. `is_persisted` where the next start finds the catalog that serves.
fn registrations(project: &Arc<Project>, is_persisted: bool) -> Vec<Registration<'_>> {
    let signals = project.signals();
    let own = || Arc::clone(project);
    let at_once =
        |name, without, signal, job| Registration { name, without, signal, first: Duration::ZERO, job };
    let mut all = vec![
        at_once(
            "refresh",
            "changed files are not indexed",
            &project.reindexing().signal,
            Box::new(RefreshJob::new(own())) as Box<dyn Job>,
        ),
        at_once("training", "ranking stays lexical", &signals.training, Box::new(TrainingJob::new(own()))),
        at_once(
            "persist",
            "the next start is a cold one",
            &signals.persist,
            Box::new(PersistJob::new(own(), is_persisted)),
        ),
        at_once(
            "neighbours",
            "similar tasks are compared by their words",
            &signals.neighbours,
            Box::new(NeighbourJob::new(own())),
        ),
        at_once("embedding", "entries are not embedded", &signals.passages, Box::new(PassageJob::new(own()))),
        at_once("outbox", "queued decisions wait", &signals.outbox, Box::new(OutboxJob::new(own()))),
    ];
    let backup = at_once("backup", "no backups are made", &signals.backup, Box::new(BackupJob::new(own())));
    all.push(Registration { first: FIRST_LOOK, ..backup });
    if project.config().reindex.watch {
        let signal = &project.file_watch().signal;
        all.push(at_once("watch", "changed files are not noticed", signal, Box::new(WatchJob::new(own()))));
    }
    all
}

/// Starts every worker of a project.
fn start_workers(project: &Arc<Project>, is_persisted: bool) {
    let workers = project.workers();
    for Registration { name, without, signal, first, job } in registrations(project, is_persisted) {
        workers.spawn(name, without, signal, job);
        signal.wake_within(first);
    }
    workers.follow(project.store().publications(), &project.signals().neighbours, Duration::ZERO);
    workers.follow(project.store().publications(), &project.signals().passages, EMBED_DELAY);
}

/// What the configured folders hold now: the first half of a start. Files that are as they were at the last one are not
/// opened. A scan that is cancelled is incomplete.
pub fn scan(config: &ProjectConfig, cancellation: &Cancellation) -> Scanned {
    std::thread::scope(|scope| {
        // The first use of the alias table reads it.
        let index = scope.spawn(|| (warm_start::index(config), Aliases::built_in().len()));
        let persisted = warm_start::catalog(config);
        let known = persisted.as_ref().map_or(Known::Nothing, Known::Persisted);
        let mut scanned = index::scan(config, known, cancellation);
        // Without it the index is built.
        scanned.persisted_index = index.join().ok().and_then(|(bytes, _)| bytes);
        scanned
    })
}

/// What a scan of the configured folders finds now, without a running service, and whether the built-in
/// collection stands in for missing plugins.
pub fn scan_once(config: &ProjectConfig) -> (Catalog, bool) {
    let scanned = index::scan(config, Known::Nothing, &Cancellation::default());
    (scanned.catalog, scanned.embedded_default)
}

/// The same where files that did not change since the last start are not read again.
pub fn scan_quickly(config: &ProjectConfig) -> Catalog {
    scan(config, &Cancellation::default()).catalog
}

/// What would be served now, ranking by all scores, without a running service or a store.
pub fn snapshot_once(config: &ProjectConfig) -> Snapshot {
    let never = Cancellation::default();
    let mut scanned = scan(config, &never);
    let (index, _) = scanned.first_index();
    let snapshot = Snapshot::new(1, index, scanned);
    match latent::load_or_train(config, &snapshot, &never) {
        Some(latent) => snapshot.with_latent(Arc::new(latent)),
        None => snapshot,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::mpsc::{Receiver, channel};

    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    use super::*;
    use crate::app::workers::{Rest, Run};
    use crate::config::{Config, Environment, Flags};
    use store::StoreOptions;

    /// A worker's own job, whose first run panics and whose second one waits until the test goes on.
    struct Poisoned {
        name: &'static str,
        job: Box<dyn Job>,
        runs: u32,
        started: UnboundedSender<&'static str>,
        gate: Receiver<()>,
    }

    impl Job for Poisoned {
        fn run(&mut self, run: &Run) -> Rest {
            self.runs += 1;
            assert!(self.runs > 1, "poisoned");
            if self.runs == 2 {
                self.started.send(self.name).unwrap();
                // Opens when the test drops its end.
                let _ = self.gate.recv();
            }
            self.job.run(run)
        }

        fn recover(&mut self) {
            self.job.recover();
        }
    }

    fn project() -> (tempfile::TempDir, ProjectConfig) {
        let folder = tempfile::tempdir().unwrap();
        let agents = folder.path().join("plugins/web/agents");
        std::fs::create_dir_all(&agents).unwrap();
        std::fs::write(agents.join("react.md"), "---\nname: react\ndescription: Builds pages.\n---\n")
            .unwrap();
        let flags = Flags { root: Some(folder.path().to_owned()), ..Flags::default() };
        let config = Config::resolve(&flags, &Environment::default()).unwrap();
        (folder, config.project)
    }

    #[tokio::test]
    async fn every_worker_survives_a_panic_and_health_says_so_meanwhile() {
        let (_folder, config) = project();
        let store = Store::open(StoreOptions::new(config.paths.data_dir.clone())).unwrap();
        let (project, _) = assemble(scan(&config, &Cancellation::default()), config, store);
        let project = Arc::new(project);
        let (started, mut second_runs) = unbounded_channel();
        let mut gates = Vec::new();
        let mut names = BTreeSet::new();
        for Registration { name, without, signal, job, .. } in registrations(&project, false) {
            let (open, gate) = channel();
            gates.push(open);
            names.insert(name);
            let poisoned = Poisoned { name, job, runs: 0, started: started.clone(), gate };
            project.workers().spawn(name, without, signal, poisoned);
            signal.wake();
        }
        assert_eq!(names.len(), 8);
        let mut restarted = BTreeSet::new();
        while restarted.len() < names.len() {
            restarted.insert(second_runs.recv().await.unwrap());
        }
        let health = project.health();
        assert_eq!(health.status, "degraded");
        for name in &names {
            let sentence = format!("the {name} worker crashed once");
            assert!(health.reasons.iter().any(|reason| reason.contains(&sentence)), "{name}: {health:?}");
        }
        assert_eq!(health.watch, "degraded");
        drop(gates);
        let recovered = async {
            while project.health().status != "healthy" || project.health().watch != "on" {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), recovered).await.expect("all workers recover");
        assert_eq!(project.health().reasons, Vec::<String>::new());
        // What each of them is for still happens.
        let report = project.reindex().await.unwrap();
        assert_eq!(report.unchanged, 1);
        project.shut_down();
    }

    /// The refresh worker's job, whose first scan panics once it has begun.
    struct PanicsInScan {
        project: Arc<Project>,
        job: RefreshJob,
        scans: u32,
    }

    impl Job for PanicsInScan {
        fn run(&mut self, run: &Run) -> Rest {
            self.scans += 1;
            if self.scans == 1 {
                self.project.reindexing().begin(false);
                panic!("on purpose, for a test");
            }
            self.job.run(run)
        }

        fn recover(&mut self) {
            self.job.recover();
        }
    }

    #[tokio::test]
    async fn files_whose_scan_panicked_are_read_after_a_pause_and_health_is_not_green_before() {
        let (folder, config) = project();
        let store = Store::open(StoreOptions::new(config.paths.data_dir.clone())).unwrap();
        let (project, _) = assemble(scan(&config, &Cancellation::default()), config, store);
        let project = Arc::new(project);
        let vue = folder.path().join("plugins/web/agents/vue.md");
        std::fs::write(vue, "---\nname: vue\ndescription: Builds pages, too.\n---\n").unwrap();
        let job = RefreshJob::new(Arc::clone(&project));
        let job = PanicsInScan { project: Arc::clone(&project), job, scans: 0 };
        project.workers().spawn(
            "refresh",
            "changed files are not indexed",
            &project.reindexing().signal,
            job,
        );
        let is_down = || project.health().reasons.iter().any(|reason| reason.contains("refresh worker"));
        // A watch that lost track of what changed.
        project.reindexing().touch();
        let settled = async {
            while !is_down() {
                tokio::task::yield_now().await;
            }
            while is_down() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), settled).await.expect("it is restarted");
        assert_eq!(project.snapshot().count(catalog::Kind::Agent), 2, "the change was read");
        project.shut_down();
    }
}
