//! Asking whatever listens on a port what it is.

use std::time::Duration;

use client::{Client, ClientError, FailureKind};

use super::port_owner::process_on_port;
use super::run_files::{Endpoint, ProjectName};

/// Time limit of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Who answers on a port.
#[derive(Debug)]
pub enum PortOwner {
    /// Nobody.
    None,
    /// An Adjutant, and the project it answers for; `None` while it starts or stops.
    Adjutant(Option<Endpoint>),
    /// Something else; the text names it as well as can be.
    Foreign(ForeignProcess),
    /// A process that did not answer, which may be an Adjutant; the text names it as well as can be.
    Silent(ForeignProcess),
}

/// Asks whoever listens on `port` who it is; no token is said, since it may be anybody.
pub async fn probe(port: u16) -> PortOwner {
    let reply = match Client::new(port, PROBE_TIMEOUT).get("/health").await {
        Ok(reply) => reply,
        Err(ClientError::Refused(_)) => return PortOwner::None,
        Err(error) if error.kind() == FailureKind::Foreign => {
            return PortOwner::Foreign(ForeignProcess::on(port, &error.to_string()));
        }
        Err(error) => return PortOwner::Silent(ForeignProcess::silent(port, &error.to_string())),
    };
    let health = reply.body;
    let project: Option<ProjectName> = serde_json::from_value(health["project"].clone()).ok();
    let pid = health["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    if reply.status == 401 && health["service"] == "adjutant" {
        return guarded(port, pid, &health);
    }
    match (project, pid) {
        (Some(project), Some(pid)) => PortOwner::Adjutant(Some(Endpoint::new(port, pid, project))),
        _ if reply.status == 503 && matches!(health["status"].as_str(), Some("starting" | "stopping")) => {
            PortOwner::Adjutant(None)
        }
        _ => PortOwner::Foreign(ForeignProcess::on(port, "it answers /health, but not as an Adjutant does")),
    }
}

/// An instance that says its process and its project's id and no more, since no token was said to it.
fn guarded(port: u16, pid: Option<u32>, health: &serde_json::Value) -> PortOwner {
    let (Some(id), Some(pid)) = (health["project"]["id"].as_str(), pid) else {
        return PortOwner::Adjutant(None);
    };
    let project = ProjectName { root: "one that asks for a token".to_owned(), id: id.to_owned() };
    PortOwner::Adjutant(Some(Endpoint::new(port, pid, project)))
}

/// A program on a port that is not known to be an Adjutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignProcess(String);

impl ForeignProcess {
    /// The program on `port`, named as well as the system allows; `why` says how it was found not to be an Adjutant.
    fn on(port: u16, why: &str) -> Self {
        ForeignProcess::named(port, "another program", why)
    }

    /// The program on `port` that did not answer, for the reason `why`.
    fn silent(port: u16, why: &str) -> Self {
        ForeignProcess::named(port, "a program that does not answer", why)
    }

    fn named(port: u16, otherwise: &str, why: &str) -> Self {
        let process = process_on_port(port);
        ForeignProcess(format!("{} ({why})", process.as_deref().unwrap_or(otherwise)))
    }
}

impl std::fmt::Display for ForeignProcess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}
