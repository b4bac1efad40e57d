//! Synthetic entries as files, through the service: its starts, its memory, its answers, and a file that changes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use adjutant_bench::subject::SEED;
use adjutant_bench::synthetic::{Entries, Entry};
use adjutant_bench::{asked, subject};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files;
use crate::collection::Collection;
use crate::echo::Echo;
use crate::http::{Connection, Request};
use crate::load::{self, Latency, Rounds, Sides};
use crate::process::Resident;
use crate::product::{Product, Recipe, UNLIMITED};
use crate::{interrupt, queries, report, scenario};

/// The setting that lets the service read more files than it does by default.
const LIMIT_SETTING: &str = "MCP_MAX_FILES";

/// Uncached queries: counted in blocks, as elsewhere.
const UNCACHED: Rounds = Rounds { blocks: 10, per_block: 50 };

/// Entries that queries are made of: the first ones, which are as good as any.
const ASKED_FROM: usize = 5_000;

/// Changes of one file, of which the median counts.
const CHANGES: usize = 5;

/// Time after which the latent score is not waited for.
const TRAINING_PATIENCE: Duration = Duration::from_mins(2);

/// Time until a changed file has to be served.
const CHANGE_PATIENCE: Duration = Duration::from_mins(2);

/// Time between two looks for a changed answer.
const POLL: Duration = Duration::from_millis(1);

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
    pub(crate) idle: Option<Resident>,
    pub(crate) used: Option<Resident>,
    pub(crate) uncached: Latency,
    /// Milliseconds from writing one file to its new words being found.
    pub(crate) change_ms: f64,
    /// Milliseconds of a re-index that is asked for after one file changed, as the caller sees it.
    pub(crate) reindex_ms: f64,
}

/// Measures the service over `size` files, which are gone afterwards.
pub(crate) fn measure(binary: &Path, size: usize) -> anyhow::Result<Measured> {
    report::progress(&format!("writing {size} files"));
    let folder = tempfile::Builder::new().prefix("adjutant-bench-").tempdir()?;
    files::write(folder.path(), size)?;
    let reading = Collection::at(folder.path())?.read()?;
    let limit = size.to_string();
    let settings = [UNLIMITED, (LIMIT_SETTING, limit.as_str())];
    let recipe = Recipe { binary, collection: folder.path(), settings: &settings };
    let data_dir = tempfile::tempdir()?;

    report::progress(&format!("cold start over {size} files"));
    let product = recipe.start(data_dir.path())?;
    let cold = product.started_in;
    let trained = wait_until_trained(&product)?;
    let indexed = product.health()?.indexes.agents;
    std::thread::sleep(REST);
    let idle = product.resident();
    // Asked here first, so that they are still new to the instance that is measured.
    let asked = queries_of(size.min(ASKED_FROM))?;
    let exchanges = scenario::record(product.port, asked, 1)?;
    product.stop()?;

    report::progress(&format!("warm start over {size} files"));
    let product = recipe.start(data_dir.path())?;
    let warm = product.started_in;
    wait_until_trained(&product)?;
    let echo = Echo::start(&[&exchanges])?;
    let sides = Sides { product: product.port, echo: echo.port };
    let rounds = Rounds { per_block: exchanges.len() / (UNCACHED.blocks + 1), ..UNCACHED };
    let uncached = load::latency("uncached", sides, &exchanges, rounds)?;
    let used = product.resident();
    report::progress(&format!("one changed file of {size}"));
    let (change_ms, reindex_ms) = changes(&product, folder.path())?;
    product.stop()?;
    Ok(Measured {
        files: size,
        indexed,
        reading_ms: millis(reading),
        cold_ms: millis(cold),
        warm_ms: millis(warm),
        trained_ms: trained.map(millis),
        idle,
        used,
        uncached,
        change_ms,
        reindex_ms,
    })
}

fn queries_of(entries: usize) -> anyhow::Result<Vec<Request>> {
    let catalog = subject::catalog(entries, Path::new(""))?;
    let asked = asked::queries(catalog.definitions(), UNCACHED.requests())?;
    Ok(asked.iter().map(|context| queries::agents(context)).collect())
}

/// How long the latent score took from now on; `None` where it takes too long.
fn wait_until_trained(product: &Product) -> anyhow::Result<Option<Duration>> {
    let began = Instant::now();
    while product.health()?.ranking != "latent" {
        if began.elapsed() > TRAINING_PATIENCE {
            return Ok(None);
        }
        interrupt::check()?;
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(Some(began.elapsed()))
}

/// The median time until a changed file is served, noticed by itself, and that of a re-index that is asked for.
fn changes(product: &Product, root: &Path) -> anyhow::Result<(f64, f64)> {
    let entries: Vec<Entry> = Entries::of(SEED).take(2 * CHANGES).collect();
    let mut connection = Connection::open(product.port)?;
    let (mut noticed, mut asked) = (Vec::new(), Vec::new());
    for (at, entry) in entries.iter().enumerate() {
        // A word that nothing else holds, and that no repair takes for another.
        let word = format!("zyqv{}xj", ["ab", "cd", "ef", "gh", "ik", "lm", "no", "pq", "rs", "tu"][at % 10]);
        let changed = Entry { description: format!("{} {word}", entry.description), ..entry.clone() };
        let began = Instant::now();
        fs::write(files::path_of(root, at, entry), files::text_of(&changed))?;
        let times = if at % 2 == 0 { &mut noticed } else { &mut asked };
        if at % 2 == 1 {
            let report = connection.exchange(&Request::post_to("/reindex", &[], ""))?;
            anyhow::ensure!(report.status == 200, "a re-index is refused with {}", report.status);
        }
        wait_until_found(&mut connection, &word, &entry.name).with_context(|| format!("change {at}"))?;
        times.push(began.elapsed());
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        millis(times[times.len() / 2])
    };
    Ok((median(&mut noticed), median(&mut asked)))
}

fn wait_until_found(connection: &mut Connection, word: &str, name: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    let request = queries::agents(word);
    loop {
        let answer: Value = serde_json::from_slice(connection.exchange(&request)?.body)?;
        let first = answer["result"]["agents"][0]["id"].as_str().unwrap_or_default();
        if first.ends_with(name) {
            return Ok(());
        }
        interrupt::check()?;
        anyhow::ensure!(began.elapsed() < CHANGE_PATIENCE, "a changed file is not served: {answer}");
        std::thread::sleep(POLL);
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
