//! Where `up` starts an instance: on the project's own port, which it keeps from start to start, else on one that no other
//! project has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::instance::{self, Endpoint, ForeignProcess, PortOwner};

/// Ports tried after the wanted one, where that belongs to another project.
const MAX_PORTS_TRIED: u16 = 50;

/// Time that an own instance which was killed may still hold its port.
const DYING: Duration = Duration::from_secs(3);

/// Time between two looks at it.
const PAUSE: Duration = Duration::from_millis(25);

/// Where an instance could be started, or why not.
pub(super) enum PortChoice {
    /// On that port; 0 is any.
    Free(u16),
    /// It runs.
    Running(Endpoint),
    /// The project's own instance is there and does not answer.
    Frozen(Endpoint),
    /// Another program holds the port.
    Foreign(u16, ForeignProcess),
}

/// The ports that come into question.
pub(super) struct Ports<'a> {
    config: &'a Config,
    /// The port that the project had.
    own: Option<u16>,
    /// The ports that other projects had, with their folders.
    kept: BTreeMap<u16, PathBuf>,
    /// The port of an own instance that was killed.
    died: Option<u16>,
}

impl<'a> Ports<'a> {
    /// What is remembered of this project and the others.
    pub(super) fn of(config: &'a Config) -> Self {
        let records = config.records.as_ref();
        let id = &config.project.id;
        let own = records.and_then(|records| records.read(id)).and_then(|record| record.port);
        let others = records.map(|records| records.others(id)).unwrap_or_default();
        let kept = others.into_iter().filter_map(|record| Some((record.port?, record.root))).collect();
        // The files of one that was killed are removed by looking for it.
        let last = instance::endpoint(&config.project.paths);
        let is_gone = instance::running(&config.project).is_none();
        let died = last.filter(|last| is_gone && last.project.id == *id).map(|last| last.port);
        Ports { config, own, kept, died }
    }

    /// The folder of the project for which a port is kept.
    pub(super) fn kept_for(&self, port: u16) -> Option<&PathBuf> {
        self.kept.get(&port).filter(|_| self.own != Some(port))
    }

    /// The running instance, else the first port that is free, belongs to no other project and was not `lost` to somebody
    /// faster.
    pub(super) async fn choose(&self, lost: &BTreeSet<u16>) -> anyhow::Result<PortChoice> {
        let project = &self.config.project;
        let mut died = self.died;
        if instance::running(project).is_some()
            && let Some(endpoint) = instance::endpoint(&project.paths)
        {
            match instance::probe(endpoint.port).await {
                PortOwner::Adjutant(_) => return Ok(PortChoice::Running(endpoint)),
                // One that was killed may have been there still when it was looked for.
                PortOwner::Silent(_) if instance::running(project).is_some() => {
                    return Ok(PortChoice::Frozen(endpoint));
                }
                PortOwner::Silent(_) | PortOwner::None | PortOwner::Foreign(_) => died = Some(endpoint.port),
            }
        }
        let wanted = self.config.daemon.port;
        let highest = wanted.saturating_add(MAX_PORTS_TRIED - 1);
        let first = Some(wanted).filter(|wanted| *wanted != 0);
        let further = first.map(|first| first..=highest).into_iter().flatten();
        let mut seen = BTreeSet::new();
        for port in first.into_iter().chain(self.own).chain(further) {
            if !seen.insert(port) || self.kept_for(port).is_some() {
                continue;
            }
            match owner(port, died).await {
                PortOwner::None if !lost.contains(&port) => return Ok(PortChoice::Free(port)),
                PortOwner::Adjutant(Some(other)) if other.project.id == project.id => {
                    return Ok(PortChoice::Running(other.named(project)));
                }
                PortOwner::Foreign(process) | PortOwner::Silent(process) if port == wanted => {
                    return Ok(PortChoice::Foreign(port, process));
                }
                PortOwner::None | PortOwner::Adjutant(_) | PortOwner::Foreign(_) | PortOwner::Silent(_) => {}
            }
        }
        if wanted == 0 {
            return Ok(PortChoice::Free(0));
        }
        anyhow::bail!("no free port between {wanted} and {highest}")
    }
}

/// Who answers on a port. An own instance that `died` on it is waited for: the system closes its connections one by one.
async fn owner(port: u16, died: Option<u16>) -> PortOwner {
    let began = Instant::now();
    loop {
        let owner = instance::probe(port).await;
        let is_unclear = matches!(owner, PortOwner::Foreign(_) | PortOwner::Silent(_));
        if !is_unclear || died != Some(port) || began.elapsed() > DYING {
            return owner;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
