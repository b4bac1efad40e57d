//! The files that say which process serves a project: its PID file and its endpoint file.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::process::Process;
use crate::config::{Config, Paths, ProjectConfig};
use confined_fs::Replacing;

/// Bytes of such a file that are read.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// Where a running instance listens, as written beside its PID file for scripts and clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The address of the JSON-RPC endpoint.
    pub url: String,
    /// The same under the project's name, which no other project answers.
    #[serde(default)]
    pub base: String,
    /// Its port.
    pub port: u16,
    /// The process.
    pub pid: u32,
    /// The project it answers for.
    pub project: ProjectName,
    /// The settings that it was started with, by key, where they are not the defaults; `None` where that is
    /// not known.
    #[serde(default)]
    pub settings: Option<BTreeMap<String, String>>,
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
    /// The endpoint of a process.
    pub(super) fn new(port: u16, pid: u32, project: ProjectName) -> Self {
        let url = format!("http://127.0.0.1:{port}/");
        Endpoint { base: url.clone(), url, port, pid, project, settings: None }
    }

    /// The endpoint of this process.
    pub fn of_this_process(config: &Config, port: u16) -> Self {
        let project = &config.project;
        let name = ProjectName { root: project.root.display().to_string(), id: project.id.clone() };
        let endpoint = Endpoint::new(port, std::process::id(), name).named(project);
        Endpoint { settings: Some(config.comparable()), ..endpoint }
    }

    /// The same with the address under the project's name.
    #[must_use]
    pub fn named(self, project: &ProjectConfig) -> Self {
        Endpoint { base: format!("{}p/{}/", self.url, project.name), ..self }
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
