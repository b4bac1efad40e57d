//! One run: everything measured, in order, and what comes out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::collection::Collection;
use crate::echo::Echo;
use crate::http::Request;
use crate::load::{self, Blocks, Exchange, Latency, Rounds, Sides, Throughput};
use crate::mcp;
use crate::operations::{self, CACHED, RequestSet, TOOL_CALLS, UNCACHED};
use crate::process::Resident;
use crate::product::{Indexes, Recipe, UNLIMITED};
use crate::queries::Contexts;
use crate::report;
use crate::scenario::{self, Scenario};
use crate::shell::{self, Shell};
use crate::starts::{self, Parts, Spread, Starts};

/// Contexts that are asked again and again.
const REPEATED: usize = 40;

/// Connections the mixed queries come over.
const MIXED_CONNECTIONS: usize = 8;

/// Connections that throughput is measured over.
const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// Queries that come round where nothing is cached.
const ROUND: usize = 1_000;

/// How long an instance rests before its memory is read.
const REST: Duration = Duration::from_secs(1);

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    starts: usize,
    cached: Rounds,
    uncached: Rounds,
    writing: Rounds,
    throughput: Blocks,
    mixed: usize,
}

impl Plan {
    /// For figures to keep.
    pub(crate) const FULL: Plan = Plan {
        starts: 10,
        cached: Rounds { blocks: 20, per_block: 500 },
        uncached: Rounds { blocks: 20, per_block: 200 },
        writing: Rounds { blocks: 10, per_block: 50 },
        throughput: (6, Duration::from_millis(500)),
        mixed: 100_000,
    };

    /// For a first look.
    pub(crate) const QUICK: Plan = Plan {
        starts: 3,
        cached: Rounds { blocks: 5, per_block: 200 },
        uncached: Rounds { blocks: 5, per_block: 100 },
        writing: Rounds { blocks: 5, per_block: 20 },
        throughput: (2, Duration::from_millis(250)),
        mixed: 100_000,
    };

    /// For a test of the bench itself: no figure of it means anything.
    pub(crate) const TINY: Plan = Plan {
        starts: 1,
        cached: Rounds { blocks: 2, per_block: 10 },
        uncached: Rounds { blocks: 2, per_block: 10 },
        writing: Rounds { blocks: 2, per_block: 5 },
        throughput: (1, Duration::from_millis(50)),
        mixed: 200,
    };
}

/// Everything measured, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) collection: Indexed,
    pub(crate) starts: Starts,
    #[serde(default)]
    pub(crate) parts: Option<Parts>,
    pub(crate) memory: Memory,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) throughputs: Vec<Throughput>,
    /// Uncached queries with the query log on (`product`) and off (`echo`).
    pub(crate) logging: Option<Latency>,
    pub(crate) stdio: Option<Stdio>,
    #[serde(default)]
    pub(crate) shell: Vec<Shell>,
}

/// From the start of `adjutant mcp` to its answers, where no instance runs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stdio {
    pub(crate) introduction: Spread,
    pub(crate) answer: Spread,
}

/// What the product has indexed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Indexed {
    pub(crate) name: String,
    pub(crate) agents: usize,
    pub(crate) skills: usize,
    pub(crate) workflows: usize,
    pub(crate) files: usize,
}

/// Resident memory; `None` where the system does not say.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// After the start, the latent score trained.
    pub(crate) idle: Option<Resident>,
    /// After `queries` mixed queries.
    pub(crate) used: Option<Resident>,
    pub(crate) queries: usize,
    /// The echo server after the whole run; what it was told to answer counts.
    pub(crate) echo: Option<Resident>,
}

/// Requests with their answers, under the name of their row.
struct Recorded {
    name: String,
    exchanges: Vec<Exchange>,
}

impl Recorded {
    fn requests(&self, most: usize) -> Vec<Request> {
        self.exchanges.iter().take(most).map(|exchange| exchange.request.clone()).collect()
    }
}

/// What was found out on an instance that is gone: its memory, and answers to what the next one is asked first.
struct First {
    indexes: Indexes,
    idle: Option<Resident>,
    used: Option<Resident>,
    fresh: Vec<Recorded>,
    writing: Vec<Recorded>,
}

/// Measures everything.
pub(crate) fn run(recipe: &Recipe<'_>, plan: Plan) -> anyhow::Result<Run> {
    let collection = Collection::at(recipe.collection)?;
    let mut contexts = Contexts::of(collection.descriptions()?);
    let repeated = contexts.take(REPEATED)?;

    report::progress("starts");
    let starts = starts::starts(recipe, &collection, plan.starts)?;
    let parts = Some(starts::parts(recipe, plan.starts)?);
    report::progress("memory");
    let first = first(recipe, &repeated, &mut contexts, plan)?;

    report::progress("latency");
    let (product, data_dir) = recipe.start_settled()?;
    let scenario = Scenario::begin(product.port, repeated)?;
    let steady = record(product.port, operations::steady(&scenario, product.port)?, 3)?;
    anyhow::ensure!(has_all(&steady), "a method has no match in this collection");
    let known: Vec<&[Exchange]> = [&first.fresh, &steady, &first.writing]
        .into_iter()
        .flatten()
        .map(|recorded| recorded.exchanges.as_slice())
        .collect();
    let echo = Echo::start(&known)?;
    let sides = Sides { product: product.port, echo: echo.port };
    let mut latencies = latencies(sides, &steady, plan.cached)?;
    latencies.extend(self::latencies(sides, &first.fresh, plan.uncached)?);

    report::progress("throughput");
    let mut throughputs = Vec::new();
    for name in [CACHED, TOOL_CALLS[0]] {
        throughputs.extend(flow(sides, find(&steady, name)?, plan.throughput)?);
    }
    let forgetful = Recipe { settings: &[UNLIMITED, ("MCP_CACHE_TTL", "0")], ..*recipe };
    let (uncaching, _uncaching_dir) = forgetful.start_settled()?;
    let uncached = Sides { product: uncaching.port, ..sides };
    throughputs.extend(flow(uncached, find(&first.fresh, UNCACHED)?, plan.throughput)?);
    uncaching.stop()?;

    report::progress("writing");
    for mut written in self::latencies(sides, &first.writing, plan.writing)? {
        // An answer names what was written, which differs from the recorded one.
        written.differing = 0;
        latencies.push(written);
    }
    report::progress("command line");
    let shell = shell::measure(recipe, &scenario, data_dir.path(), plan.starts)?;
    let memory = Memory { idle: first.idle, used: first.used, queries: plan.mixed, echo: echo.resident() };
    product.stop()?;

    report::progress("query log");
    let uncached = &find(&first.fresh, UNCACHED)?.exchanges;
    let logging = Some(logging(recipe, uncached, plan.uncached.within(uncached.len()))?);
    report::progress("standard input");
    let stdio = Some(stdio(recipe, scenario.context(), plan.starts)?);
    let collection = indexed(recipe, &first.indexes, &collection);
    Ok(Run { collection, starts, parts, memory, latencies, throughputs, logging, stdio, shell })
}

/// The instance whose memory is measured; what is new to the next one is asked here first.
fn first(
    recipe: &Recipe<'_>,
    repeated: &[String],
    contexts: &mut Contexts,
    plan: Plan,
) -> anyhow::Result<First> {
    let (product, _data_dir) = recipe.start_settled()?;
    let indexes = product.health()?.indexes;
    std::thread::sleep(REST);
    let idle = product.resident();
    let scenario = Scenario::begin(product.port, repeated.to_vec())?;
    scenario.ask_mixed(product.port, MIXED_CONNECTIONS, &contexts.take(plan.mixed)?)?;
    let used = product.resident();
    let fresh = operations::fresh(&scenario, contexts, plan.uncached.requests())?;
    let fresh = record(product.port, fresh, 1)?;
    let writing = record(product.port, operations::writing(&scenario, plan.writing.requests()), 1)?;
    product.stop()?;
    Ok(First { indexes, idle, used, fresh, writing })
}

fn record(port: u16, asked: Vec<RequestSet>, times: usize) -> anyhow::Result<Vec<Recorded>> {
    let recorded = asked.into_iter().map(|RequestSet { name, requests }| {
        Ok(Recorded { name, exchanges: scenario::record(port, requests, times)? })
    });
    recorded.collect()
}

fn has_all(recorded: &[Recorded]) -> bool {
    recorded.iter().all(|recorded| !recorded.exchanges.is_empty())
}

fn find<'r>(all: &'r [Recorded], name: &str) -> anyhow::Result<&'r Recorded> {
    let found = all.iter().find(|recorded| recorded.name == name);
    found.ok_or_else(|| anyhow::anyhow!("{name} was not asked"))
}

fn latencies(sides: Sides, all: &[Recorded], rounds: Rounds) -> anyhow::Result<Vec<Latency>> {
    let asked = all.iter().filter(|recorded| !recorded.exchanges.is_empty());
    let measured = asked.map(|Recorded { name, exchanges }| {
        // What comes round is the same each time; of what is new there may be less, where some had no match.
        let rounds = if exchanges.len() > 1 { rounds.within(exchanges.len()) } else { rounds };
        load::latency(name, sides, exchanges, rounds)
    });
    measured.collect()
}

fn flow(sides: Sides, asked: &Recorded, blocks: Blocks) -> anyhow::Result<Vec<Throughput>> {
    let requests = asked.requests(ROUND);
    let over = |connections| load::throughput(&asked.name, sides, &requests, connections, blocks);
    CONNECTIONS.into_iter().map(over).collect()
}

fn indexed(recipe: &Recipe<'_>, indexes: &Indexes, collection: &Collection) -> Indexed {
    let name = recipe.collection.file_name().unwrap_or(recipe.collection.as_os_str());
    Indexed {
        name: name.to_string_lossy().into_owned(),
        agents: indexes.agents,
        skills: indexes.skills,
        workflows: indexes.workflows,
        files: collection.files.len(),
    }
}

/// Two fresh instances, one that logs queries and one that does not, asked the same.
fn logging(recipe: &Recipe<'_>, uncached: &[Exchange], rounds: Rounds) -> anyhow::Result<Latency> {
    let (on, _on_dir) = recipe.start_settled()?;
    let silent = Recipe { settings: &[UNLIMITED, ("MCP_QUERY_LOG", "off")], ..*recipe };
    let (off, _off_dir) = silent.start_settled()?;
    let sides = Sides { product: on.port, echo: off.port };
    let measured = load::latency("uncached queries, log on / off", sides, uncached, rounds)?;
    on.stop()?;
    off.stop()?;
    Ok(measured)
}

fn stdio(recipe: &Recipe<'_>, context: &str, count: usize) -> anyhow::Result<Stdio> {
    let waits: Vec<_> =
        (0..count).map(|_| mcp::over_stdio(recipe, context)).collect::<anyhow::Result<_>>()?;
    Ok(Stdio {
        introduction: Spread::of(waits.iter().map(|waits| waits.introduction).collect()),
        answer: Spread::of(waits.iter().map(|waits| waits.answer).collect()),
    })
}
