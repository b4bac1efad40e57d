//! Engines in process, each over each size in a child of its own, so that none inherits another's memory or caches.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use adjutant_bench::engine::{Contender, Engine, Plain, TOP};
use adjutant_bench::reference::{Formula, Reference};
use adjutant_bench::{collection_queries, subject};
use anyhow::Context;
use catalog::Catalog;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::load::Percentiles;
use crate::process::Process;
use crate::report::{counted, figure};
use crate::{interrupt, report};

/// Queries that are timed at most, and before anything counts.
const QUERIES: usize = 1_000;
const UNCOUNTED: usize = 50;

/// Time after which an engine is asked no more, unless it answered fewer than the least.
const BUDGET: Duration = Duration::from_secs(10);
const LEAST_QUERIES: usize = 100;

/// Queries that are held against the plain formula, and of a large collection, where working it out takes minutes.
const JUDGED: usize = 200;
const JUDGED_OF_LARGE: usize = 100;
const LARGE: usize = 500_000;

/// Time a child may take: beyond what a million entries take any engine.
const PATIENCE: Duration = Duration::from_mins(20);

/// Searches from [`LARGE`] on where one takes long: those that count at least, and those before.
const LEAST_OF_LARGE: usize = 20;
const UNCOUNTED_OF_LARGE: usize = 10;

/// Entries beyond which the latent score is not trained in process: it takes minutes, and the service is measured anyway.
const MOST_SERVED: usize = 20_000;

#[derive(Debug, clap::Args)]
pub(crate) struct EngineArguments {
    engine: Contender,
    size: usize,
    collection: PathBuf,
}

/// What one engine did over one size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) timed: Timed,
    /// Not weighed are engines that others are compared with, over a large collection: that would build it once more.
    pub(crate) weight: Option<Weight>,
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Timed {
    pub(crate) engine: Contender,
    pub(crate) entries: usize,
    pub(crate) build_ms: f64,
    pub(crate) searches: usize,
    pub(crate) times: Percentiles,
    pub(crate) judged: Option<Judged>,
}

/// How answers compare with the formula's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// The formula that most answers are equal to.
    pub(crate) formula: Formula,
    pub(crate) equal: usize,
    pub(crate) different: usize,
    pub(crate) skipped: usize,
    /// Share of rows that the whole formula has among its best, too.
    pub(crate) shared: f64,
}

/// Bytes, as the child that counts allocations says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Weight {
    pub(crate) entries: usize,
    /// Of the text that is searched.
    pub(crate) text: usize,
    /// Of the catalog: the text and what holds it.
    pub(crate) catalog: usize,
    /// Of the index, beyond the catalog.
    pub(crate) index: usize,
}

impl Measured {
    /// Bytes of the index an entry, where it was weighed.
    pub(crate) fn bytes_an_entry(&self) -> Option<f64> {
        self.weight.as_ref().map(|weight| number(weight.index) / number(weight.entries))
    }

    /// Answers that were not the formula's.
    pub(crate) fn different(&self) -> usize {
        self.timed.judged.as_ref().map_or(0, |judged| judged.different)
    }
}

/// Measures every engine over one size, and adds each that succeeds; the first failure is told at the end.
pub(crate) fn measure(size: usize, collection: &Path, into: &mut Vec<Measured>) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    for contender in Contender::ALL {
        if contender == Contender::Served && size > MOST_SERVED {
            continue;
        }
        match one(contender, size, collection) {
            Ok(measured) => into.push(measured),
            Err(error) => outcome = outcome.and(Err(error)),
        }
        interrupt::check()?;
    }
    outcome
}

/// Measures one engine, in children of this process.
fn one(contender: Contender, size: usize, collection: &Path) -> anyhow::Result<Measured> {
    let this = std::env::current_exe()?;
    let about = format!("{contender} over {} entries", counted(size));
    report::progress(&about);
    let asked = |mut command: Command| {
        command.args([contender.as_str(), &size.to_string()]).arg(collection);
        command
    };
    let mut timing = Command::new(&this);
    timing.arg("engine");
    let timed: Timed = said_by(&mut asked(timing)).with_context(|| about.clone())?;
    report::progress(&format!(
        "{about}: built in {} s, p50 {} µs",
        figure(timed.build_ms / 1e3),
        figure(timed.times.p50)
    ));
    let is_weighed = contender == Contender::Adjutant || size < LARGE;
    let heap = this.with_file_name("adjutant-bench-heap");
    let weigh = || said_by(&mut asked(Command::new(&heap))).with_context(|| format!("the weight of {about}"));
    Ok(Measured { timed, weight: is_weighed.then(weigh).transpose()? })
}

/// Runs a child and reads what it says, which is less than a pipe holds.
fn said_by<T: DeserializeOwned>(command: &mut Command) -> anyhow::Result<T> {
    let mut process = Process::start(command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let mut output = process.child().stdout.take().context("no pipe from the child")?;
    let began = Instant::now();
    while process.is_running()? {
        interrupt::check()?;
        anyhow::ensure!(began.elapsed() < PATIENCE, "the child did not end in time");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut text = String::new();
    output.read_to_string(&mut text)?;
    serde_json::from_str(&text).context("the child failed, or said something else")
}

/// The child's whole life: builds, searches, judges, and says so in a line of JSON.
pub(crate) fn engine(arguments: &EngineArguments) -> anyhow::Result<()> {
    let catalog = subject::catalog(arguments.size, &arguments.collection)?;
    let queries = collection_queries::queries(catalog.definitions(), QUERIES + UNCOUNTED)?;
    let began = Instant::now();
    let mut engine = arguments.engine.build(&catalog)?;
    let build_ms = began.elapsed().as_secs_f64() * 1e3;
    let least = if arguments.size < LARGE {
        (UNCOUNTED, LEAST_QUERIES)
    } else {
        (UNCOUNTED_OF_LARGE, LEAST_OF_LARGE)
    };
    let mut times = search(&mut *engine, &queries, least)?;
    drop(engine);
    let judged = if arguments.size < LARGE { JUDGED } else { JUDGED_OF_LARGE };
    let judged = (arguments.engine == Contender::Adjutant).then(|| judge(&catalog, &queries[..judged]));
    let told = Timed {
        engine: arguments.engine,
        entries: catalog.definitions().len(),
        build_ms,
        searches: times.len(),
        times: Percentiles::of(&mut times),
        judged,
    };
    report::line(&serde_json::to_string(&told)?);
    Ok(())
}

/// Holds answers of the product against the formula.
fn judge(catalog: &Catalog, queries: &[String]) -> Judged {
    let index = Plain::of(catalog);
    let mut reference = Reference::of(catalog.definitions(), queries);
    let judged = |(at, query): (usize, &String)| reference.judge(at, &index.rows(query));
    let verdicts: Vec<_> = queries.iter().enumerate().filter_map(judged).collect();
    let equal = [0, 1].map(|at| verdicts.iter().filter(|verdict| verdict.equal[at]).count());
    let at = usize::from(equal[1] > equal[0]);
    let shared: usize = verdicts.iter().map(|verdict| verdict.shared).sum();
    Judged {
        formula: Formula::ALL[at],
        equal: equal[at],
        different: verdicts.len() - equal[at],
        skipped: queries.len() - verdicts.len(),
        shared: ratio(shared, verdicts.len() * TOP),
    }
}

/// `part` of `whole`; 0 of nothing.
fn ratio(part: usize, whole: usize) -> f64 {
    number(part) / number(whole.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "bytes beyond 2^53 do not occur")]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}

/// The time of every search that counts, after `uncounted` ones; as many as the time allows, but the `least`.
fn search(
    engine: &mut dyn Engine,
    queries: &[String],
    (uncounted, least): (usize, usize),
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(queries.len());
    let mut rows = 0;
    for query in &queries[..uncounted] {
        rows += engine.search(query)?;
    }
    let began = Instant::now();
    for query in &queries[uncounted..] {
        let asked = Instant::now();
        rows += engine.search(query)?;
        times.push(asked.elapsed());
        if began.elapsed() > BUDGET && times.len() >= least {
            break;
        }
    }
    anyhow::ensure!(rows > times.len(), "hardly anything was found");
    Ok(times)
}
