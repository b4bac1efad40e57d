//! Watching the files a catalog is read from.
//!
//! Only creations, content changes, renames and removals count: reading files to index them raises access
//! events, and answering those would never end. A queue that overflowed means "scan everything", which is what
//! a scan does anyway. Where watching is not to be had the scheduled scan remains, and `/health` says so.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

use super::App;
use super::refresh::MAX_PATHS;

/// Changes that come together within this time cause one scan.
const DEBOUNCE: Duration = Duration::from_millis(300);

/// Time between two looks at the files where they are not watched: an unchanged collection costs some 10 ms.
const POLL: Duration = Duration::from_secs(30);

/// How the watch is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WatchState {
    /// Not wanted.
    #[default]
    Off,
    /// Changes are noticed.
    On,
    /// Changes are noticed by looking, every half a minute; the text says why.
    Degraded(String),
}

/// What the watching thread is told.
#[derive(Debug, Clone)]
enum Signal {
    /// Something a scan reads may be different.
    FilesChanged,
    /// What stands at these paths is different.
    PathsChanged(Vec<PathBuf>),
    /// Another catalog is served: other folders may have to be watched.
    SnapshotSwapped,
    /// The service stops.
    Stop,
}

/// What the thread and the rest share.
#[derive(Debug, Default)]
pub(super) struct Watching {
    state: Mutex<WatchState>,
    signals: Mutex<Option<Sender<Signal>>>,
}

impl Watching {
    pub(super) fn state(&self) -> WatchState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn stop(&self) {
        self.signal(Signal::Stop);
    }

    pub(super) fn snapshot_swapped(&self) {
        self.signal(Signal::SnapshotSwapped);
    }

    /// Makes the thread's ear, before the thread runs, so that no signal is lost.
    pub(super) fn listen(&self) -> Ear {
        let (sender, receiver) = channel();
        *self.signals.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender.clone());
        Ear { sender, receiver }
    }

    fn signal(&self, signal: Signal) {
        if let Some(sender) = &*self.signals.lock().unwrap_or_else(PoisonError::into_inner) {
            // The thread is gone only after it was told to stop.
            let _ = sender.send(signal);
        }
    }

    fn set(&self, state: WatchState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// Where the watching thread hears its signals.
#[derive(Debug)]
pub(super) struct Ear {
    sender: Sender<Signal>,
    receiver: Receiver<Signal>,
}

/// A folder that is watched: its path, whether what is below it counts as well, and which folder it is (device and
/// inode), since another may come to stand at the same path.
type Watched = BTreeSet<(PathBuf, bool, (u64, u64))>;

type Watcher = Debouncer<RecommendedWatcher, RecommendedCache>;

/// The thread's whole life.
pub(super) fn run(app: &App, ear: &Ear) {
    let sender = ear.sender.clone();
    let run_dir = app.config.paths.run_dir.path();
    let heard = move |result: DebounceEventResult| {
        if let Some(signal) = signal_of(result, &run_dir) {
            // The receiver is gone only while the service stops.
            let _ = sender.send(signal);
        }
    };
    let mut watcher = match new_debouncer(DEBOUNCE, None, heard) {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!(%error, "files are not watched");
            app.watching.set(WatchState::Degraded(format!("files are not watched: {error}")));
            poll(app, ear);
            return;
        }
    };
    let mut covered = Watched::new();
    app.watching.set(align(&mut watcher, &mut covered, folders(app)));
    app.look_again();
    while let Some(signal) = ear.next(app.watching.state() != WatchState::On) {
        if matches!(signal, Signal::Stop) {
            return;
        }
        // Watched first and looked at then, so that nothing falls between.
        let before = covered.clone();
        app.watching.set(align(&mut watcher, &mut covered, folders(app)));
        let has_new = !covered.is_subset(&before);
        match signal {
            Signal::PathsChanged(paths) if !has_new => app.refresher.touch_paths(paths),
            Signal::FilesChanged | Signal::PathsChanged(_) => app.refresher.touch(),
            Signal::SnapshotSwapped if has_new => app.look_again(),
            Signal::SnapshotSwapped | Signal::Stop => {}
        }
    }
}

/// The thread's life where there is no watcher to be had: it looks now and then.
fn poll(app: &App, ear: &Ear) {
    while let Some(signal) = ear.next(true) {
        match signal {
            Signal::FilesChanged | Signal::PathsChanged(_) => app.refresher.touch(),
            Signal::SnapshotSwapped => {}
            Signal::Stop => return,
        }
    }
}

impl Ear {
    /// What is heard next; where files have to be looked at, that they may be different once nothing was heard for a while.
    fn next(&self, has_to_look: bool) -> Option<Signal> {
        if !has_to_look {
            return self.receiver.recv().ok();
        }
        match self.receiver.recv_timeout(POLL) {
            Err(RecvTimeoutError::Timeout) => Some(Signal::FilesChanged),
            heard => heard.ok(),
        }
    }
}

/// What the thread is told of events, if anything.
fn signal_of(result: DebounceEventResult, run_dir: &Path) -> Option<Signal> {
    let Ok(events) = result else { return Some(Signal::FilesChanged) };
    if events.iter().any(|event| event.need_rescan()) {
        return Some(Signal::FilesChanged);
    }
    let concerning = events.iter().filter(|event| concerns_catalog(event, run_dir));
    let paths: BTreeSet<&PathBuf> = concerning.flat_map(|event| &event.paths).collect();
    match paths.len() {
        0 => None,
        1..=MAX_PATHS => Some(Signal::PathsChanged(paths.into_iter().cloned().collect())),
        _ => Some(Signal::FilesChanged),
    }
}

/// Whether an event can change what a scan reads.
fn concerns_catalog(event: &notify_debouncer_full::DebouncedEvent, run_dir: &Path) -> bool {
    let kind_counts = match event.kind {
        EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_) | EventKind::Other => false,
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any => true,
    };
    kind_counts && event.paths.iter().any(|path| !path.starts_with(run_dir))
}

/// The folders to watch for the catalog now served.
fn folders(app: &App) -> Watched {
    let root = &app.config.project.root;
    let mut folders: BTreeSet<(PathBuf, bool)> =
        [(root.clone(), false), (root.join(".claude"), false)].into();
    for own in ["agents", "skills", "commands"] {
        folders.insert((root.join(".claude").join(own), true));
    }
    folders.insert((root.join("plugins"), true));
    folders.insert((root.join(".claude-plugin"), true));
    for dir in &app.config.plugin_dirs {
        // Free of links, as the catalog knows it.
        folders.insert((dir.canonicalize().unwrap_or_else(|_| dir.clone()), true));
    }
    for plugin in app.snapshot().catalog.plugins() {
        // A plugin of a further folder is covered by that folder, whatever its own path is relative to.
        let plugin_root = root.join(&plugin.root);
        let is_covered = folders.iter().any(|(folder, below)| *below && plugin_root.starts_with(folder));
        // A plugin that is the project itself is watched by its component folders: below it may lie anything.
        if plugin_root == *root {
            for component in ["agents", "skills", "commands"] {
                folders.insert((root.join(component), true));
            }
        } else if !is_covered {
            folders.insert((plugin_root, true));
        }
    }
    let identified = folders.into_iter().filter_map(|(folder, below)| {
        let metadata = std::fs::metadata(&folder).ok().filter(std::fs::Metadata::is_dir)?;
        Some((folder, below, (metadata.dev(), metadata.ino())))
    });
    identified.collect()
}

/// Watches what is wanted and no more; says how that went.
fn align(watcher: &mut Watcher, covered: &mut Watched, wanted: Watched) -> WatchState {
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use notify::event::{AccessKind, CreateKind, DataChange, Event, Flag, MetadataKind, RemoveKind};
    use notify_debouncer_full::DebouncedEvent;

    use super::*;

    fn event(kind: EventKind, path: &str) -> DebouncedEvent {
        DebouncedEvent::new(Event::new(kind).add_path(path.into()), Instant::now())
    }

    #[test]
    fn changes_count_and_reading_does_not() {
        let content = EventKind::Modify(ModifyKind::Data(DataChange::Content));
        let metadata = EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime));
        let overflow =
            DebouncedEvent::new(Event::new(EventKind::Other).set_flag(Flag::Rescan), Instant::now());
        let storm: Vec<_> =
            (0..=MAX_PATHS).map(|at| event(content, &format!("/p/plugins/{at}.md"))).collect();
        let cases = [
            ("a change", vec![event(content, "/p/plugins/a.md")], "one path"),
            ("a removal", vec![event(EventKind::Remove(RemoveKind::File), "/p/plugins/a.md")], "one path"),
            ("a new file", vec![event(EventKind::Create(CreateKind::File), "/p/plugins/a.md")], "one path"),
            ("reading", vec![event(EventKind::Access(AccessKind::Read), "/p/plugins/a.md")], "nothing"),
            ("being looked at", vec![event(metadata, "/p/plugins/a.md")], "nothing"),
            ("our own files", vec![event(content, "/p/.claude/mcp-server/logs/x")], "nothing"),
            ("a queue that overflowed", vec![overflow], "everything"),
            ("a storm", storm, "everything"),
        ];
        for (what, events, expected) in cases {
            let heard = match signal_of(Ok(events), Path::new("/p/.claude/mcp-server")) {
                Some(Signal::PathsChanged(paths)) if paths.len() == 1 => "one path",
                Some(Signal::FilesChanged) => "everything",
                None => "nothing",
                Some(_) => "something else",
            };
            assert_eq!(heard, expected, "{what}");
        }
        let broken = signal_of(Err(vec![notify::Error::generic("broken")]), Path::new("/p"));
        assert!(matches!(broken, Some(Signal::FilesChanged)));
    }
}
