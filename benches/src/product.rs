//! The product as its user runs it: the binary, a project, a data directory of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Deserialize;
use tempfile::TempDir;

use crate::http::{Connection, Request};
use crate::interrupt;
use crate::process::{Process, Resident};

/// Time between two looks for the first healthy answer.
const POLL: Duration = Duration::from_micros(300);

/// Time a start, or a training, may take before the run fails.
const PATIENCE: Duration = Duration::from_mins(10);

/// Time an end may take.
const END_PATIENCE: Duration = Duration::from_secs(30);

/// What to start, and over what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe<'a> {
    pub(crate) binary: &'a Path,
    /// The project whose plugins are indexed.
    pub(crate) collection: &'a Path,
    /// The settings it is told, and no others.
    pub(crate) settings: &'a [(&'a str, &'a str)],
}

/// A running instance.
#[derive(Debug)]
pub(crate) struct Product {
    process: Process,
    pub(crate) port: u16,
    /// From before the process was spawned to the first `GET /health` answered with 200.
    pub(crate) started_in: Duration,
}

/// What `endpoint.json` says.
#[derive(Deserialize)]
struct Endpoint {
    port: u16,
    pid: u32,
}

/// What `GET /health` says, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(crate) struct Health {
    pub(crate) ranking: String,
    pub(crate) indexes: Indexes,
    /// Milliseconds of the parts of its start, where it tells them.
    #[serde(default)]
    pub(crate) timings_ms: BTreeMap<String, Option<f64>>,
}

/// How much is indexed.
#[derive(Debug, Deserialize)]
pub(crate) struct Indexes {
    pub(crate) agents: usize,
    pub(crate) skills: usize,
    pub(crate) workflows: usize,
}

impl Recipe<'_> {
    /// Starts an instance on a free port and waits for its first healthy answer.
    ///
    /// It sees no environment but its settings, so that nobody else's are measured.
    pub(crate) fn start(&self, data_dir: &Path) -> anyhow::Result<Product> {
        let mut command = Command::new(self.binary);
        command.arg("serve").args(["--port", "0"]);
        command.arg("--root").arg(self.collection).arg("--data-dir").arg(data_dir);
        command.env_clear().envs(self.settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null());
        let began = Instant::now();
        let mut process = Process::start(&mut command)?;
        let (mut port, mut connection) = (None, None);
        loop {
            if port.is_none() {
                port = read_port(data_dir, process.id());
            }
            if connection.is_none() {
                connection = port.and_then(|port| Connection::open(port).ok());
            }
            if let (Some(port), Some(open)) = (port, &mut connection) {
                match open.exchange(&Request::get("/health")) {
                    Ok(answer) if answer.status == 200 => {
                        return Ok(Product { process, port, started_in: began.elapsed() });
                    }
                    Ok(_) => {}
                    Err(_) => connection = None,
                }
            }
            process.ensure_running().context("the product ended before its first healthy answer")?;
            anyhow::ensure!(began.elapsed() < PATIENCE, "no healthy answer came");
            interrupt::check()?;
            std::thread::sleep(POLL);
        }
    }

    /// The same in a fresh data directory, once the latent score takes part in the ranking.
    pub(crate) fn start_settled(&self) -> anyhow::Result<(Product, TempDir)> {
        let data_dir = tempfile::tempdir()?;
        let product = self.start(data_dir.path())?;
        product.wait_until_trained()?;
        Ok((product, data_dir))
    }
}

/// The port in the endpoint file, where this process has written it.
fn read_port(data_dir: &Path, pid: u32) -> Option<u16> {
    let bytes = std::fs::read(data_dir.join("endpoint.json")).ok()?;
    let endpoint: Endpoint = serde_json::from_slice(&bytes).ok()?;
    (endpoint.pid == pid).then_some(endpoint.port)
}

impl Product {
    /// Its current health.
    pub(crate) fn health(&self) -> anyhow::Result<Health> {
        let mut connection = Connection::open(self.port)?;
        let answer = connection.exchange(&Request::get("/health"))?;
        serde_json::from_slice(answer.body).context("the health cannot be read")
    }

    /// Waits until the latent score is trained.
    pub(crate) fn wait_until_trained(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.health()?.ranking != "latent" {
            anyhow::ensure!(began.elapsed() < PATIENCE, "the latent score was not trained in time");
            interrupt::check()?;
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its resident memory, where the system says.
    pub(crate) fn resident(&self) -> Option<Resident> {
        self.process.resident()
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(self) -> anyhow::Result<()> {
        self.process.kill()
    }

    /// Ends it as its user would.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        self.process.terminate(END_PATIENCE).context("the product does not stop")
    }
}
