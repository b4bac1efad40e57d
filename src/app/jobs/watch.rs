//! Watching the folders that a catalog is read from.
//!
//! A queue that overflowed means "scan everything". Where watching is not to be had the files are looked at every half
//! minute, and `/health` says so.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::refresh::compare_with_files;
use crate::app::Project;
use crate::app::catalog_sources::CatalogSources;
use crate::app::file_watch::{WatchFilter, WatchState};
use crate::app::reindex::Extent;
use crate::app::workers::{Job, Rest, Run};

/// Time between two looks at the files where they are not watched: an unchanged collection costs some 10 ms.
const POLL: Duration = Duration::from_secs(30);

/// A folder that is watched: its path, whether what is below it counts as well, and which folder it is (device and
/// inode), since another may come to stand at the same path.
type Watched = BTreeSet<(PathBuf, bool, (u64, u64))>;

/// Watches what the serving catalog was read from and hands changes to the refresh worker.
#[derive(Debug)]
pub(in crate::app) struct WatchJob {
    project: Arc<Project>,
    watcher: Option<RecommendedWatcher>,
    covered: Watched,
    /// When the files were last known to be what is served, or looked at.
    looked: Instant,
}

impl WatchJob {
    pub(in crate::app) fn new(project: Arc<Project>) -> WatchJob {
        WatchJob { project, watcher: None, covered: Watched::new(), looked: Instant::now() }
    }

    /// A watcher whose events reach the project's queue of changes.
    fn start(project: &Arc<Project>) -> notify::Result<RecommendedWatcher> {
        let config = project.config();
        let roots = CatalogSources::new(config).watch_roots(None);
        let filter = WatchFilter::new(config.paths.run_dir.path(), roots);
        let watched = Arc::downgrade(project);
        // A planted link must not make it walk through folders outside of the project.
        let settings = notify::Config::default().with_follow_symlinks(false);
        let record = move |event| {
            if let Some(project) = watched.upgrade() {
                project.file_watch().record(event, &filter);
            }
        };
        RecommendedWatcher::new(record, settings)
    }

    /// Has everything scanned where nothing was heard for so long.
    fn poll(&mut self) -> Rest {
        if self.looked.elapsed() >= POLL {
            self.looked = Instant::now();
            self.project.reindexing().touch();
        }
        Rest::at_most(POLL.saturating_sub(self.looked.elapsed()))
    }
}

impl Job for WatchJob {
    fn run(&mut self, run: &Run) -> Rest {
        let project = Arc::clone(&self.project);
        let is_new = self.watcher.is_none();
        if is_new {
            match WatchJob::start(&project) {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => {
                    tracing::warn!(%error, "files are not watched");
                    project.file_watch().set(WatchState::Degraded(format!("files are not watched: {error}")));
                    return self.poll();
                }
            }
        }
        let Some(watcher) = &mut self.watcher else { return Rest::UNTIL_WOKEN };
        // Watched first and looked at then, so that nothing falls between.
        let changes = project.file_watch().take();
        let before = self.covered.clone();
        let state = align(watcher, &mut self.covered, folders(&project));
        let has_new = !self.covered.is_subset(&before);
        let is_complete = state == WatchState::On;
        project.file_watch().set(state);
        match changes {
            Extent::Around(paths) if !has_new => project.reindexing().touch_paths(paths),
            Extent::Around(_) | Extent::Everything => project.reindexing().touch(),
            Extent::Nothing if has_new || is_new => compare_with_files(&project, run.cancellation()),
            Extent::Nothing => {}
        }
        if is_complete {
            self.looked = Instant::now();
            return Rest::UNTIL_WOKEN;
        }
        self.poll()
    }

    fn recover(&mut self) {
        self.watcher = None;
        self.covered.clear();
        let why = "files are not watched: the watch crashed and is restarted".to_owned();
        self.project.file_watch().set(WatchState::Degraded(why));
    }
}

/// Whether a folder of the project lies in it for real: a link may lead to another place of the project and no further.
fn is_inside(project: &Path, folder: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    !folder.starts_with(project)
        || real(project).zip(real(folder)).is_some_and(|(project, folder)| folder.starts_with(project))
}

/// The folders to watch for the catalog that serves.
fn folders(project: &Project) -> Watched {
    // The project's own aliases lie in one of them, too.
    let roots = CatalogSources::new(project.config()).watch_roots(Some(&project.snapshot().catalog));
    let base = &project.config().root;
    let identified = roots.into_iter().filter(|root| is_inside(base, &root.path)).filter_map(|root| {
        let metadata = std::fs::metadata(&root.path).ok().filter(std::fs::Metadata::is_dir)?;
        Some((root.path, root.recursive, (metadata.dev(), metadata.ino())))
    });
    identified.collect()
}

/// Watches what is wanted and nothing else; says how that went.
fn align(watcher: &mut RecommendedWatcher, covered: &mut Watched, wanted: Watched) -> WatchState {
    let gone: Vec<_> = covered.difference(&wanted).cloned().collect();
    for folder in gone {
        // A folder that is gone is not watched any more.
        let _ = watcher.unwatch(&folder.0);
        covered.remove(&folder);
    }
    let mut state = WatchState::On;
    for folder in wanted {
        if covered.contains(&folder) {
            continue;
        }
        let mode = if folder.1 { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        match watcher.watch(&folder.0, mode) {
            Ok(()) => {
                covered.insert(folder);
            }
            // Tried again with the next change or scan.
            Err(error) => {
                tracing::warn!(%error, "a folder is not watched");
                state = WatchState::Degraded(format!("some folders are not watched: {error}"));
            }
        }
    }
    state
}
