//! What is known of changes to the files that a catalog is read from.
//!
//! Only creations, content changes, renames and removals count: reading files to index them raises access events, and
//! answering those would never end.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::ModifyKind;
use notify::{Event, EventKind};

use super::reindex::Extent;
use super::workers::WakeSignal;
use catalog::WatchRoot;

/// Changes that come together within this time cause one scan.
const DEBOUNCE: Duration = Duration::from_millis(300);

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

/// Changes that were heard of, and how well they are heard of.
#[derive(Debug, Default)]
pub(super) struct FileWatch {
    state: Mutex<WatchState>,
    changes: Mutex<Extent>,
    /// Wakes the worker that watches.
    pub(super) signal: WakeSignal,
}

impl FileWatch {
    pub(super) fn state(&self) -> WatchState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, state: WatchState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Takes note of an event, as far as it concerns paths that `filter` admits.
    pub(super) fn record(&self, event: notify::Result<Event>, filter: &WatchFilter) {
        {
            let mut changes = self.changes();
            match event {
                // Events were lost.
                Err(_) => *changes = Extent::Everything,
                Ok(event) if event.need_rescan() => *changes = Extent::Everything,
                Ok(mut event) => {
                    event.paths.retain(|path| filter.admits(path));
                    if !changes_content(event.kind) || event.paths.is_empty() {
                        return;
                    }
                    changes.add(event.paths);
                }
            }
        }
        self.signal.wake_within(DEBOUNCE);
    }

    /// The changes since the last time.
    pub(super) fn take(&self) -> Extent {
        std::mem::take(&mut *self.changes())
    }

    fn changes(&self) -> MutexGuard<'_, Extent> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which paths are heard of in the folders that are watched.
#[derive(Debug)]
pub(super) struct WatchFilter {
    run_dir: PathBuf,
    roots: Vec<WatchRoot>,
}

impl WatchFilter {
    /// Nothing counts below `run_dir`, where the service writes itself; of the folders in which only some entries count,
    /// those of `roots`, no others do.
    pub(super) fn new(run_dir: PathBuf, roots: Vec<WatchRoot>) -> WatchFilter {
        WatchFilter { run_dir, roots }
    }

    fn admits(&self, path: &Path) -> bool {
        let is_busy = |root: &WatchRoot| !root.names.is_empty() && path.parent() == Some(root.path.as_path());
        !path.starts_with(&self.run_dir)
            && (!self.roots.iter().any(is_busy) || self.roots.iter().any(|root| root.covers(path)))
    }
}

/// Whether an event of this kind can change what a scan reads.
fn changes_content(kind: EventKind) -> bool {
    match kind {
        EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_) | EventKind::Other => false,
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any => true,
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;
    use crate::app::reindex::MAX_PATHS;

    fn event(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(path.into())
    }

    #[test]
    fn changes_count_and_reading_does_not() {
        let content = EventKind::Modify(ModifyKind::Data(DataChange::Content));
        let metadata = EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime));
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        let storm: Vec<_> =
            (0..=MAX_PATHS).map(|at| event(content, &format!("/p/plugins/{at}.md"))).collect();
        let cases = [
            ("a change", vec![event(content, "/p/plugins/a.md")], "one path"),
            ("a removal", vec![event(EventKind::Remove(RemoveKind::File), "/p/plugins/a.md")], "one path"),
            ("a new file", vec![event(EventKind::Create(CreateKind::File), "/p/plugins/a.md")], "one path"),
            ("the same twice", vec![event(content, "/p/a.md"), event(content, "/p/a.md")], "one path"),
            ("reading", vec![event(EventKind::Access(AccessKind::Read), "/p/plugins/a.md")], "nothing"),
            ("being looked at", vec![event(metadata, "/p/plugins/a.md")], "nothing"),
            ("our own files", vec![event(content, "/p/.claude/mcp-server/logs/x")], "nothing"),
            ("the user's settings", vec![event(content, "/u/.claude/settings.json")], "one path"),
            ("an agent of the user's", vec![event(content, "/u/.claude/agents/a.md")], "one path"),
            ("what the client does all day", vec![event(content, "/u/.claude/history.jsonl")], "nothing"),
            (
                "a file that takes its name",
                vec![
                    event(content, "/u/.claude/settings.json.1").add_path("/u/.claude/settings.json".into()),
                ],
                "one path",
            ),
            ("a queue that overflowed", vec![overflow], "everything"),
            ("a storm", storm, "everything"),
        ];
        let roots = vec![
            WatchRoot::tree("/u/.claude/agents"),
            WatchRoot::entries("/u/.claude", &["settings.json", "agents"]),
        ];
        let filter = WatchFilter::new("/p/.claude/mcp-server".into(), roots);
        for (what, events, expected) in cases {
            let watch = FileWatch::default();
            for event in events {
                watch.record(Ok(event), &filter);
            }
            let heard = match watch.take() {
                Extent::Around(paths) if paths.len() == 1 => "one path",
                Extent::Everything => "everything",
                Extent::Nothing => "nothing",
                Extent::Around(_) => "something else",
            };
            assert_eq!(heard, expected, "{what}");
            assert_eq!(watch.take(), Extent::Nothing, "{what}: once");
        }
        let watch = FileWatch::default();
        watch.record(Err(notify::Error::generic("broken")), &filter);
        assert_eq!(watch.take(), Extent::Everything);
    }
}
