//! Word of changes to the files that say which process serves a project, or which asks for its store.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::config::Paths;

/// A watch over the PID file, the endpoint file and the handover request of a project, for as long as it exists.
#[derive(Debug)]
pub struct RunFilesWatch {
    _watcher: RecommendedWatcher,
}

impl RunFilesWatch {
    /// Calls `changed`, on a thread of its own, whenever one of the files changes or word may have been lost. What they say
    /// is to be read from them: this is a hint and no more.
    ///
    /// # Errors
    /// Where a folder is missing or cannot be watched.
    pub fn start(paths: &Paths, changed: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let files = [paths.pid_file(), paths.endpoint_file(), paths.handover_file()].map(|file| file.path());
        let names: BTreeSet<_> =
            files.iter().filter_map(|file| file.file_name()).map(OsStr::to_owned).collect();
        let heard = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| !concerns(&event, &names)) {
                return;
            }
            changed();
        };
        // A planted link must not make it walk elsewhere.
        let settings = notify::Config::default().with_follow_symlinks(false);
        let mut watcher = RecommendedWatcher::new(heard, settings)?;
        let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        for folder in folders {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
        }
        Ok(RunFilesWatch { _watcher: watcher })
    }
}

/// Whether one of the files may have changed. Reading them raises events, too, and answering those would never end.
fn concerns(event: &Event, names: &BTreeSet<OsString>) -> bool {
    let is_named = |path: &PathBuf| path.file_name().is_some_and(|name| names.contains(name));
    event.need_rescan() || (!event.kind.is_access() && event.paths.iter().any(is_named))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::RunFilesWatch;
    use crate::config::{Config, Environment, Flags};
    use crate::instance::HandoverRequest;

    #[test]
    fn a_handover_request_is_heard_of_and_looking_at_it_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let flags = Flags { root: Some(dir.path().to_owned()), ..Flags::default() };
        let paths = Config::resolve(&flags, &Environment::default()).unwrap().project.paths;
        let (heard, word) = channel();
        assert!(RunFilesWatch::start(&paths, || {}).is_err(), "its folders are missing");
        paths.data_dir.create().unwrap();
        paths.run_dir.create().unwrap();
        let watch = RunFilesWatch::start(&paths, move || heard.send(()).unwrap()).unwrap();
        let request = HandoverRequest::for_store(&paths).unwrap();
        word.recv_timeout(Duration::from_secs(20)).unwrap();
        for _ in 0..100 {
            assert!(HandoverRequest::is_pending(&paths));
        }
        drop(request);
        drop(watch);
        let steps = word.iter().count();
        assert!(steps < 20, "{steps} changes, although it was written once and removed once");
    }
}
