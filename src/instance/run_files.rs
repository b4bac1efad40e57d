//! The files that say which process serves a project: its PID file and its endpoint file.

use std::io;

use serde::{Deserialize, Serialize};

use super::process::Process;
use crate::config::{Paths, ProjectConfig};
use confined_fs::Replacing;

/// Bytes of such a file that are read.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// Where a running instance listens, as written beside its PID file for scripts and clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The address of the JSON-RPC endpoint.
    pub url: String,
    /// Its port.
    pub port: u16,
    /// The process.
    pub pid: u32,
    /// The project it answers for.
    pub project: ProjectName,
}

/// A project as `/health` and the endpoint file name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectName {
    /// Its folder.
    pub root: String,
    /// Its id.
    pub id: String,
}

impl Endpoint {
    /// The endpoint of this process.
    pub fn of_this_process(config: &ProjectConfig, port: u16) -> Self {
        Endpoint {
            url: format!("http://127.0.0.1:{port}/"),
            port,
            pid: std::process::id(),
            project: ProjectName { root: config.root.display().to_string(), id: config.id.clone() },
        }
    }
}

/// Writes the files that say this process serves the project.
///
/// # Errors
/// Where the folder cannot be written.
pub fn announce(paths: &Paths, endpoint: &Endpoint) -> io::Result<()> {
    paths.run_dir.create()?;
    let process = Process::of_this_process();
    paths.pid_file().write(Replacing::Private, process.to_pid_file().as_bytes())?;
    paths.endpoint_file().write(Replacing::Private, serde_json::to_string_pretty(endpoint)?.as_bytes())
}

/// Removes the files again, where they still are this process's own.
pub fn withdraw(paths: &Paths) {
    if recorded(paths).is_some_and(|process| process == Process::of_this_process()) {
        remove(paths);
    }
}

/// The process that serves this project, as its files say: alive, the very one, and of this project. Files of a
/// process that is gone are removed; those of another project (copied along, or of a shared data directory) are left.
pub fn running(config: &ProjectConfig) -> Option<Process> {
    let process = recorded(&config.paths)?;
    if !process.is_alive() {
        remove(&config.paths);
        return None;
    }
    let named = endpoint(&config.paths).is_some_and(|endpoint| endpoint.project.id == config.id);
    named.then_some(process)
}

/// The endpoint file's content, where there is one that can be read.
pub fn endpoint(paths: &Paths) -> Option<Endpoint> {
    serde_json::from_slice(&paths.endpoint_file().read(MAX_BYTES).ok()?).ok()
}

fn recorded(paths: &Paths) -> Option<Process> {
    Process::from_pid_file(&paths.pid_file().read_text(MAX_BYTES).ok()?)
}

fn remove(paths: &Paths) {
    for file in [paths.pid_file(), paths.endpoint_file()] {
        // Gone already is as good.
        let _ = file.remove();
    }
}
