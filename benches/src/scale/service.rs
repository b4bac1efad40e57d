//! Synthetic entries as files, through the service: its starts, its memory, its answers.

use std::path::Path;
use std::time::{Duration, Instant};

use adjutant_bench::{collection_queries, subject};
use anyhow::Context;
use search::latent::MAX_ENTRIES;
use serde::{Deserialize, Serialize};

use super::change::{self, Changed};
use super::files;
use crate::collection::Collection;
use crate::echo::Echo;
use crate::http::Request;
use crate::load::{self, Latency, Rounds, Sides};
use crate::process::Resident;
use crate::product::{Product, Recipe, UNLIMITED};
use crate::report::counted;
use crate::{interrupt, queries, report, scenario};

/// The setting that lets the service read more files than it does by default.
const LIMIT_SETTING: &str = "MCP_MAX_FILES";

/// Uncached queries: counted in blocks, as elsewhere.
const UNCACHED: Rounds = Rounds { blocks: 10, per_block: 50 };

/// Entries that queries are made of: the first ones, which are as good as any.
const ASKED_FROM: usize = 5_000;

/// Bytes of disk that a file of an entry takes, with its share of folders and of what the service keeps.
const BYTES_A_FILE: u64 = 8 * 1024;

/// Time after which the latent score is not waited for.
const TRAINING_PATIENCE: Duration = Duration::from_mins(2);

/// How long an instance rests before its memory is read.
const REST: Duration = Duration::from_secs(1);

/// What the service did over one size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Files written, and entries the service says it has indexed.
    pub(crate) files: usize,
    pub(crate) indexed: usize,
    /// Milliseconds for merely reading the files.
    pub(crate) reading_ms: f64,
    /// Milliseconds from spawn to the first healthy answer, in a fresh data directory, and in one that was used.
    pub(crate) cold_ms: f64,
    pub(crate) warm_ms: f64,
    /// Milliseconds from the first healthy answer to the latent score; `None` where that took too long.
    pub(crate) trained_ms: Option<f64>,
    /// After the cold and after the warm start, and after the queries.
    pub(crate) idle: Option<Resident>,
    pub(crate) warm_idle: Option<Resident>,
    pub(crate) used: Option<Resident>,
    pub(crate) uncached: Latency,
    /// One changed file.
    pub(crate) changed: Changed,
}

/// Measures the service over `size` files, which are gone afterwards.
pub(crate) fn measure(binary: &Path, size: usize) -> anyhow::Result<Measured> {
    let named = counted(size);
    let mut folder = tempfile::Builder::new();
    let folder = folder.prefix("adjutant-bench-").tempdir()?;
    let free = rustix::fs::statvfs(folder.path())?;
    let needed = size as u64 * BYTES_A_FILE;
    anyhow::ensure!(
        free.f_bavail.saturating_mul(free.f_frsize) > needed,
        "{named} files need {} MB on the disk of {}",
        needed / 1_000_000,
        folder.path().display()
    );
    report::progress(&format!("writing {named} files"));
    let data_dir = tempfile::tempdir()?;
    let written = files::write(folder.path(), size);
    let measured = written.and_then(|()| {
        let limit = size.to_string();
        let settings = [UNLIMITED, (LIMIT_SETTING, limit.as_str())];
        over(&Recipe { binary, collection: folder.path(), settings: &settings }, size, data_dir.path())
    });
    report::progress(&format!("removing {named} files"));
    folder.close()?;
    data_dir.close()?;
    measured.with_context(|| format!("the service over {named} files"))
}

fn over(recipe: &Recipe<'_>, size: usize, data_dir: &Path) -> anyhow::Result<Measured> {
    let named = counted(size);
    let files = Collection::at(recipe.collection)?;
    // Once for the system's cache: what is measured is not the disk.
    files.read()?;
    let reading = files.read()?;
    drop(files);

    report::progress(&format!("cold start over {named} files"));
    let product = recipe.start(data_dir)?;
    let cold = product.started_in;
    let trained = wait_until_trained(&product)?;
    let indexed = product.health()?.indexes.agents;
    std::thread::sleep(REST);
    let idle = product.resident();
    // Asked here first, so that they are still new to the instance that is measured.
    let asked = queries_of(size.min(ASKED_FROM))?;
    let exchanges = scenario::record(product.port, asked, 1)?;
    product.stop()?;

    report::progress(&format!("warm start over {named} files"));
    let product = recipe.start(data_dir)?;
    let warm = product.started_in;
    wait_until_trained(&product)?;
    std::thread::sleep(REST);
    let warm_idle = product.resident();
    let echo = Echo::start(&[&exchanges])?;
    let sides = Sides { product: product.port, echo: echo.port };
    let uncached = load::latency("uncached", sides, &exchanges, UNCACHED.within(exchanges.len()))?;
    let used = product.resident();
    report::progress(&format!("one changed file of {named}"));
    let changed = change::measure(&product, recipe.collection, data_dir)?;
    product.stop()?;
    Ok(Measured {
        files: size,
        indexed,
        reading_ms: millis(reading),
        cold_ms: millis(cold),
        warm_ms: millis(warm),
        trained_ms: trained.map(millis),
        idle,
        warm_idle,
        used,
        uncached,
        changed,
    })
}

fn queries_of(entries: usize) -> anyhow::Result<Vec<Request>> {
    let catalog = subject::catalog(entries, Path::new(""))?;
    let asked = collection_queries::queries(catalog.definitions(), UNCACHED.requests())?;
    Ok(asked.iter().map(|context| queries::agents(context)).collect())
}

/// How long the latent score took from now on; `None` where it takes too long, or so many entries have none.
fn wait_until_trained(product: &Product) -> anyhow::Result<Option<Duration>> {
    let began = Instant::now();
    loop {
        let health = product.health()?;
        if health.ranking == "latent" {
            return Ok(Some(began.elapsed()));
        }
        if health.indexes.agents > MAX_ENTRIES || began.elapsed() > TRAINING_PATIENCE {
            return Ok(None);
        }
        interrupt::check()?;
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
