//! One run: everything measured, in order, and what comes out.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::collection::Collection;
use crate::echo::Echo;
use crate::load::{self, Exchange, Latency, Rounds, Sides, Throughput};
use crate::machine::Machine;
use crate::mcp;
use crate::process::Resident;
use crate::product::Recipe;
use crate::queries::{self, Contexts};
use crate::report;
use crate::scenario::{self, Scenario};

/// Contexts that are asked again and again.
const REPEATED: usize = 40;

/// Connections the mixed queries come over.
const MIXED_CONNECTIONS: usize = 8;

/// How long an instance rests before its memory is read.
const REST: Duration = Duration::from_secs(1);

/// The name of the row whose queries are never repeated.
pub(crate) const UNCACHED: &str = "queryAgents, uncached";

/// The names of the tool calls, which are compared with [`CACHED`].
pub(crate) const TOOL_CALLS: [&str; 2] =
    ["find_agents over /mcp, 2026-07-28", "find_agents over /mcp, 2025-11-25"];

/// The name of the row whose query is always the same.
pub(crate) const CACHED: &str = "queryAgents, cached";

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    starts: usize,
    cached: Rounds,
    uncached: Rounds,
    throughput: (usize, Duration),
    mixed: usize,
}

impl Plan {
    /// For figures to keep.
    pub(crate) const FULL: Plan = Plan {
        starts: 10,
        cached: Rounds { blocks: 20, per_block: 500 },
        uncached: Rounds { blocks: 20, per_block: 200 },
        throughput: (6, Duration::from_millis(500)),
        mixed: 10_000,
    };

    /// For a first look.
    pub(crate) const QUICK: Plan = Plan {
        starts: 3,
        cached: Rounds { blocks: 5, per_block: 200 },
        uncached: Rounds { blocks: 5, per_block: 100 },
        throughput: (2, Duration::from_millis(250)),
        mixed: 2_000,
    };
}

/// Everything measured, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) machine: Machine,
    pub(crate) collection: Indexed,
    pub(crate) starts: Starts,
    pub(crate) memory: Memory,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) throughputs: Vec<Throughput>,
    /// Uncached queries with the query log on (`product`) and off (`echo`).
    pub(crate) logging: Option<Latency>,
    pub(crate) stdio: Option<Stdio>,
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

/// From spawn to the first healthy answer, beside what bounds it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Starts {
    /// In a fresh data directory.
    pub(crate) cold: Spread,
    /// In one that was used and left in order.
    pub(crate) warm: Spread,
    /// An echo server that knows nothing.
    pub(crate) echo: Spread,
    /// Merely reading the same files.
    pub(crate) reading: Spread,
}

/// Several measurements of one time, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
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

impl Spread {
    fn of(mut times: Vec<Duration>) -> Spread {
        times.sort_unstable();
        let at = |index: usize| times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        Spread { median: at(times.len() / 2), least: at(0), most: at(times.len().saturating_sub(1)) }
    }

    /// The spread of what `measure` says, `count` times.
    fn over(count: usize, mut measure: impl FnMut() -> anyhow::Result<Duration>) -> anyhow::Result<Spread> {
        Ok(Spread::of((0..count).map(|_| measure()).collect::<Result<_, _>>()?))
    }
}

/// Measures everything.
pub(crate) fn run(project: &Path, recipe: &Recipe<'_>, plan: Plan) -> anyhow::Result<Run> {
    let machine = Machine::here(project);
    let collection = Collection::at(recipe.collection)?;
    let mut contexts = Contexts::of(collection.descriptions()?);
    let repeated = contexts.take(REPEATED)?;

    report::progress("starts");
    let starts = starts(recipe, &collection, plan.starts)?;

    report::progress("memory");
    let (product, data_dir) = recipe.start_settled()?;
    let indexes = product.health()?.indexes;
    std::thread::sleep(REST);
    let idle = product.resident();
    let scenario = Scenario::begin(product.port, repeated.clone())?;
    scenario.ask_mixed(product.port, MIXED_CONNECTIONS, &contexts.take(plan.mixed)?)?;
    let used = product.resident();
    // Asked here first, so that they are still new to the instance that is measured.
    let requests =
        contexts.take(plan.uncached.requests())?.iter().map(|text| queries::agents(text)).collect();
    let uncached = scenario::record(product.port, requests, 1)?;
    product.stop()?;
    drop(data_dir);

    report::progress("latency");
    let (product, _data_dir) = recipe.start_settled()?;
    let scenario = Scenario::begin(product.port, repeated)?;
    let mut asked = scenario.steady().to_vec();
    let context = scenario.context();
    let calls = [mcp::newer(context), mcp::older(product.port, context)?];
    asked.extend(TOOL_CALLS.into_iter().zip(calls));
    let (names, requests): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
    let steady = scenario::record(product.port, requests, 3)?;
    anyhow::ensure!(steady.len() == names.len(), "a method has no match in this collection");
    let echo = Echo::start(&[&uncached, &steady])?;
    let sides = Sides { product: product.port, echo: echo.port };
    let mut latencies = Vec::new();
    for (name, exchange) in names.iter().zip(&steady) {
        latencies.push(load::latency(name, sides, std::slice::from_ref(exchange), plan.cached)?);
    }
    let rounds = Rounds { per_block: uncached.len() / (plan.uncached.blocks + 1), ..plan.uncached };
    latencies.insert(1, load::latency(UNCACHED, sides, &uncached, rounds)?);

    report::progress("throughput");
    let request = &steady[0].request;
    let throughputs =
        [8, 64].map(|connections| load::throughput(sides, request, connections, plan.throughput));
    let throughputs = throughputs.into_iter().collect::<Result<_, _>>()?;
    let memory = Memory { idle, used, queries: plan.mixed, echo: echo.resident() };
    product.stop()?;

    report::progress("query log");
    let logging = Some(logging(recipe, &uncached, rounds)?);
    report::progress("standard input");
    let stdio = Some(stdio(recipe, scenario.context(), plan.starts)?);
    let name = recipe.collection.file_name().unwrap_or(recipe.collection.as_os_str());
    let collection = Indexed {
        name: name.to_string_lossy().into_owned(),
        agents: indexes.agents,
        skills: indexes.skills,
        workflows: indexes.workflows,
        files: collection.files.len(),
    };
    Ok(Run { machine, collection, starts, memory, latencies, throughputs, logging, stdio })
}

/// Two fresh instances, one that logs queries and one that does not, asked the same.
fn logging(recipe: &Recipe<'_>, uncached: &[Exchange], rounds: Rounds) -> anyhow::Result<Latency> {
    let (on, _on_dir) = recipe.start_settled()?;
    let silent = Recipe { settings: &[("MCP_QUERY_LOG", "off")], ..*recipe };
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

fn starts(recipe: &Recipe<'_>, collection: &Collection, count: usize) -> anyhow::Result<Starts> {
    // The files are in the system's cache from here on: what is measured is not the disk.
    collection.read()?;
    let reading = Spread::over(count, || collection.read())?;
    let cold = Spread::over(count, || {
        let data_dir = tempfile::tempdir()?;
        Ok(recipe.start(data_dir.path())?.started_in)
    });
    let used = tempfile::tempdir()?;
    let product = recipe.start(used.path())?;
    product.wait_until_trained()?;
    product.stop()?;
    let warm = Spread::over(count, || {
        let product = recipe.start(used.path())?;
        let took = product.started_in;
        product.stop()?;
        Ok(took)
    });
    let echo = Spread::over(count, || Ok(Echo::start(&[])?.started_in))?;
    Ok(Starts { cold: cold.context("cold start")?, warm: warm.context("warm start")?, echo, reading })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = Spread::of([5, 1, 3].map(Duration::from_millis).to_vec());
        assert_eq!(spread.median.to_string(), "3");
        assert_eq!([spread.least, spread.most].map(|time| time.to_string()), ["1", "5"]);
        assert_eq!(Spread::of(Vec::new()).median.to_string(), "0");
    }
}
