//! Which process serves a project: its PID file, its endpoint file, and who holds a port.

mod holder;
mod process;
mod supervision;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use holder::holder_of_port;
pub use process::Process;
pub use supervision::{Supervision, supervisor};

use crate::config::{Config, Paths};
use client::{Client, ClientError};

/// How long a probe waits for somebody else's answer.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Where a running instance listens, as written beside its PID file for scripts and clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The address of the JSON-RPC door.
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
    pub fn of_this_process(config: &Config, port: u16) -> Self {
        Endpoint {
            url: format!("http://127.0.0.1:{port}/"),
            port,
            pid: std::process::id(),
            project: ProjectName {
                root: config.project.root.display().to_string(),
                id: config.project.id.clone(),
            },
        }
    }
}

/// Writes the files that say this process serves the project.
///
/// # Errors
/// Where the folder cannot be written.
pub fn announce(paths: &Paths, endpoint: &Endpoint) -> io::Result<()> {
    std::fs::create_dir_all(&paths.run_dir)?;
    let process = Process::of_this_process();
    write_whole(&paths.pid_file(), process.to_pid_file().as_bytes())?;
    write_whole(&paths.endpoint_file(), serde_json::to_string_pretty(endpoint)?.as_bytes())
}

/// Removes the files again, where they still are this process's own.
pub fn withdraw(paths: &Paths) {
    if recorded(paths).is_some_and(|process| process == Process::of_this_process()) {
        remove(paths);
    }
}

/// The process that serves this project, as its files say: alive, the very one, and of this project. Files of a
/// process that is gone are removed; those of another project (copied along, or of a shared data directory) are left.
pub fn running(config: &Config) -> Option<Process> {
    let process = recorded(&config.paths)?;
    if !process.is_alive() {
        remove(&config.paths);
        return None;
    }
    let named = endpoint(&config.paths).is_some_and(|endpoint| endpoint.project.id == config.project.id);
    named.then_some(process)
}

/// The endpoint file's content, where there is one that can be read.
pub fn endpoint(paths: &Paths) -> Option<Endpoint> {
    serde_json::from_slice(&std::fs::read(paths.endpoint_file()).ok()?).ok()
}

/// The wish of a starting instance for the project's memory, withdrawn when this is dropped.
#[derive(Debug)]
pub struct Wish(PathBuf);

impl Wish {
    /// States the wish.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn for_memory(paths: &Paths) -> io::Result<Self> {
        let file = paths.wish_file();
        std::fs::write(&file, Process::of_this_process().to_pid_file())?;
        Ok(Wish(file))
    }

    /// Whether an instance that is alive wishes for the memory.
    pub fn is_stated(paths: &Paths) -> bool {
        let stated = std::fs::read_to_string(paths.wish_file()).ok();
        stated.and_then(|text| Process::from_pid_file(&text)).is_some_and(|process| process.is_alive())
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn recorded(paths: &Paths) -> Option<Process> {
    Process::from_pid_file(&std::fs::read_to_string(paths.pid_file()).ok()?)
}

fn remove(paths: &Paths) {
    for file in [paths.pid_file(), paths.endpoint_file()] {
        // Gone already is as good.
        let _ = std::fs::remove_file(file);
    }
}

/// Writes a file so that a reader sees the old content or the new one, never a part; its permissions stay.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&temporary, content)?;
    if let Ok(before) = std::fs::metadata(path) {
        std::fs::set_permissions(&temporary, before.permissions())?;
    }
    std::fs::rename(&temporary, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

/// Who answers on a port.
#[derive(Debug)]
pub enum Occupant {
    /// Nobody.
    Nobody,
    /// An Adjutant, and the project it answers for; `None` while it starts or stops.
    Adjutant(Option<Endpoint>),
    /// Something else; the text names it as well as can be.
    Stranger(String),
}

/// Asks whoever listens on `port` who it is; no token is said, since it may be anybody.
pub async fn probe(port: u16) -> Occupant {
    let reply = match Client::new(port, PROBE_TIMEOUT).get("/health").await {
        Ok(reply) => reply,
        Err(ClientError::Refused(_)) => return Occupant::Nobody,
        Err(error) => return Occupant::Stranger(named_stranger(port, &error.to_string())),
    };
    let health = reply.body;
    let project: Option<ProjectName> = serde_json::from_value(health["project"].clone()).ok();
    let pid = health["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    if reply.status == 401 && health["service"] == "adjutant" {
        return guarded(port, pid, &health);
    }
    match (project, pid) {
        (Some(project), Some(pid)) => Occupant::Adjutant(Some(Endpoint {
            url: format!("http://127.0.0.1:{port}/"),
            port,
            pid,
            project,
        })),
        _ if reply.status == 503 && matches!(health["status"].as_str(), Some("starting" | "stopping")) => {
            Occupant::Adjutant(None)
        }
        _ => Occupant::Stranger(named_stranger(port, "it answers /health, but not as an Adjutant does")),
    }
}

/// An instance that says its process and its project's id and no more, since no token was said to it.
fn guarded(port: u16, pid: Option<u32>, health: &serde_json::Value) -> Occupant {
    let (Some(id), Some(pid)) = (health["project"]["id"].as_str(), pid) else {
        return Occupant::Adjutant(None);
    };
    let project = ProjectName { root: "one that asks for a token".to_owned(), id: id.to_owned() };
    Occupant::Adjutant(Some(Endpoint { url: format!("http://127.0.0.1:{port}/"), port, pid, project }))
}

fn named_stranger(port: u16, why: &str) -> String {
    match holder_of_port(port) {
        Some(holder) => format!("{holder} ({why})"),
        None => format!("another program ({why})"),
    }
}
