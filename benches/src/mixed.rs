//! Sixty-four clients at once over files that change, with everything that goes wrong on a developer's machine going wrong.

mod faults;
mod files;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use crate::collection::Collection;
use crate::http::{Connection, Request};
use crate::interrupt;
use crate::load::Percentiles;
use crate::numbers::Numbers;
use crate::product::{Product, Recipe};
use crate::queries;
use crate::report::Row;

/// Healthy clients.
const CLIENTS: usize = 64;

/// Time between two requests of one client: with all of them some 1,600 a second, which leaves the service room, so that a
/// latency is what it takes and not how long the queue is.
const PAUSE: Duration = Duration::from_millis(40);

/// Connections that send one byte a second.
const SLOW_CLIENTS: usize = 500;

/// Tasks and contexts there are: few enough that whatever is kept of each is there before memory is compared.
const TASKS: usize = 500;
const CONTEXTS: usize = 400;

/// Times that quiet and slow stretches take turns, so that what else the machine does meets both.
const TURNS: u32 = 4;

/// Time an end may take until all descriptors are given back; the head of a request has five seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Codes that healthy clients may get: nothing fits; nothing else.
const EXPECTED: [i64; 1] = [-32004];

/// What goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Everything is filled and opened once.
    WarmUp,
    /// Healthy clients alone.
    Quiet,
    /// With slow ones beside them.
    Slow,
    /// With everything.
    Storm,
    /// It is over.
    End,
}

/// The phase, for all threads.
#[derive(Debug)]
pub(crate) struct Stage(AtomicU8);

impl Stage {
    fn new() -> Stage {
        Stage(AtomicU8::new(Phase::WarmUp as u8))
    }

    fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn is(&self, phase: Phase) -> bool {
        self.0.load(Ordering::Relaxed) == phase as u8
    }
}

/// What the clients saw.
#[derive(Debug, Default)]
struct Seen {
    quiet: Vec<Duration>,
    slow: Vec<Duration>,
    storm: Vec<Duration>,
    /// Error codes, and statuses without one, that a healthy client must not get.
    unexpected: BTreeMap<String, u64>,
    requests: u64,
}

impl Seen {
    fn absorb(&mut self, other: Seen) {
        self.quiet.extend(other.quiet);
        self.slow.extend(other.slow);
        self.storm.extend(other.storm);
        self.requests += other.requests;
        for (what, count) in other.unexpected {
            *self.unexpected.entry(what).or_default() += count;
        }
    }
}

/// What the machine saw of the process.
#[derive(Debug)]
struct Watched {
    base_descriptors: usize,
    end_descriptors: usize,
    /// Mean resident set of the first and of the last third of the storm, MiB.
    resident: [f64; 2],
    peak: f64,
}

/// Runs the load for that long in all.
///
/// # Errors
/// Where the service ends, or does not start.
pub(crate) fn load(recipe: &Recipe<'_>, lasting: Duration) -> anyhow::Result<Vec<Row>> {
    let project = files::Project::copy_of(recipe.collection)?;
    let descriptions = Collection::at(project.root())?.descriptions()?;
    let data_dir = tempfile::tempdir()?;
    let own = Recipe { collection: project.root(), ..*recipe };
    let product = own.start(data_dir.path())?;
    product.wait_until_trained()?;
    let base = base_descriptors(&product)?;
    let stage = Stage::new();
    let seen = Mutex::new(Seen::default());
    let (port, began) = (product.port, Instant::now());
    let (watched, hostile, changes) = std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (stage, seen, descriptions) = (&stage, &seen, &descriptions);
            scope.spawn(move || {
                let own = ask_until_the_end(port, client, descriptions, stage);
                seen.lock().unwrap_or_else(PoisonError::into_inner).absorb(own);
            });
        }
        let hostile = scope.spawn(|| faults::until_the_end(port, &stage));
        let slow = scope.spawn(|| faults::slow_until_the_end(port, SLOW_CLIENTS, &stage));
        let changes = scope.spawn(|| project.change_until_the_end(port, &stage));
        let watched = direct(&product, &stage, lasting, base);
        stage.set(Phase::End);
        // What they saw counts; that one of them panicked would show as a scope that panics.
        let hostile = hostile.join().unwrap_or_default();
        let _ = slow.join();
        (watched, hostile, changes.join().unwrap_or_default())
    });
    let mut watched = watched?;
    watched.end_descriptors = settled_descriptors(&product, watched.base_descriptors)?;
    let metrics = metrics_of(port)?;
    product.stop()?;
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let took = Row::of("took", format!("{} s", began.elapsed().as_secs()));
    Ok(std::iter::once(took).chain(rows(seen, &watched, &hostile, changes, &metrics)).collect())
}

/// Leads through the phases, and watches the process meanwhile.
fn direct(
    product: &Product,
    stage: &Stage,
    lasting: Duration,
    base_descriptors: usize,
) -> anyhow::Result<Watched> {
    let warm_up = (lasting / 5).min(Duration::from_secs(90));
    wait(warm_up, || Ok(()))?;
    let turn = lasting / 5 / (2 * TURNS);
    for _ in 0..TURNS {
        stage.set(Phase::Quiet);
        wait(turn, || Ok(()))?;
        stage.set(Phase::Slow);
        wait(turn, || Ok(()))?;
    }
    stage.set(Phase::Storm);
    let mut resident = Vec::new();
    let mut peak: f64 = 0.0;
    wait(lasting.saturating_sub(warm_up + turn * 2 * TURNS), || {
        let now = product.resident().context("the service ended under load")?;
        peak = peak.max(now.peak);
        resident.push(now.now);
        Ok(())
    })?;
    let third = (resident.len() / 3).max(1);
    let mean =
        |part: &[f64]| part.iter().sum::<f64>() / f64::from(u32::try_from(part.len().max(1)).unwrap_or(1));
    let first = mean(&resident[..third.min(resident.len())]);
    let last = mean(&resident[resident.len().saturating_sub(third)..]);
    Ok(Watched { base_descriptors, end_descriptors: 0, resident: [first, last], peak })
}

/// Waits, and looks four times a second.
fn wait(lasting: Duration, mut look: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let began = Instant::now();
    while began.elapsed() < lasting {
        std::thread::sleep(Duration::from_millis(250));
        look()?;
        interrupt::check()?;
    }
    Ok(())
}

/// The descriptors while nobody is connected, after one call of each kind: what is opened once is open by then.
fn base_descriptors(product: &Product) -> anyhow::Result<usize> {
    let mut connection = Connection::open(product.port)?;
    for (method, params) in [
        ("queryAgents", json!({ "context": "write tests" })),
        ("getDefinition", json!({ "kind": "agent", "id": files::STEADY_AGENT })),
        (
            "cacheDecision",
            json!({ "task_id": "first", "task_description": "first task of a soak",
                                  "agents_used": [files::STEADY_AGENT], "result": "success" }),
        ),
    ] {
        connection.exchange(&queries::call(method, &params))?;
    }
    drop(connection);
    // The service notices within a moment that the connection is gone.
    std::thread::sleep(Duration::from_secs(1));
    descriptors(product)
}

fn descriptors(product: &Product) -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{}/fd", product.id()))?.count())
}

/// The descriptors once all connections are gone, or after the last look.
fn settled_descriptors(product: &Product, base: usize) -> anyhow::Result<usize> {
    let began = Instant::now();
    loop {
        let now = descriptors(product)?;
        if now <= base || began.elapsed() > PATIENCE {
            return Ok(now);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn metrics_of(port: u16) -> anyhow::Result<Value> {
    let mut connection = Connection::open(port)?;
    Ok(serde_json::from_slice(connection.exchange(&Request::get("/metrics"))?.body)?)
}

/// One healthy client's whole life.
fn ask_until_the_end(port: u16, client: usize, descriptions: &[Vec<String>], stage: &Stage) -> Seen {
    let mut seen = Seen::default();
    let mut numbers = Numbers::of(u64::try_from(client).unwrap_or(0));
    let mut connection = None;
    while !stage.is(Phase::End) {
        std::thread::sleep(PAUSE);
        let request = request(&mut numbers, descriptions);
        let Some(open) = connection.take().or_else(|| Connection::open(port).ok()) else {
            *seen.unexpected.entry("not connected".into()).or_default() += 1;
            continue;
        };
        let mut open: Connection = open;
        let phase = [Phase::Quiet, Phase::Slow, Phase::Storm].into_iter().find(|phase| stage.is(*phase));
        let began = Instant::now();
        let Ok(answer) = open.exchange(&request) else {
            *seen.unexpected.entry("broken off".into()).or_default() += 1;
            continue;
        };
        let took = began.elapsed();
        seen.requests += 1;
        if let Some(what) = unexpected(answer.status, answer.body) {
            *seen.unexpected.entry(what).or_default() += 1;
        }
        connection = Some(open);
        match phase {
            Some(Phase::Quiet) => seen.quiet.push(took),
            Some(Phase::Slow) => seen.slow.push(took),
            Some(Phase::Storm) => seen.storm.push(took),
            _ => {}
        }
    }
    seen
}

/// What an answer says that a healthy client must not get.
fn unexpected(status: u16, body: &[u8]) -> Option<String> {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return Some(format!("{status}, no JSON")) };
    let code = answer["error"]["code"].as_i64();
    match (status, code) {
        (200, None) => None,
        (_, Some(code)) if EXPECTED.contains(&code) => None,
        (_, Some(code)) => Some(code.to_string()),
        (status, None) => Some(format!("status {status}")),
    }
}

/// What clients ask, in the proportions of an orchestrator's day.
fn request(numbers: &mut Numbers, descriptions: &[Vec<String>]) -> Request {
    let words = &descriptions[numbers.below(CONTEXTS) % descriptions.len()];
    let text = words[..words.len().min(9)].join(" ");
    let task = numbers.below(TASKS);
    match numbers.below(100) {
        0..50 => queries::call("queryAgents", &json!({ "context": text })),
        50..60 => queries::call("querySkills", &json!({ "context": text, "max_tokens": 300 })),
        60..70 => queries::call("queryWorkflows", &json!({ "goal": text })),
        70..80 => queries::call("getDefinition", &json!({ "kind": "agent", "id": files::STEADY_AGENT })),
        80..88 => {
            queries::call("getOrchestrationPattern", &json!({ "goal": format!("task {task} of a soak") }))
        }
        88..96 => {
            let result = *numbers.one_of(&["success", "failure", "partial"]);
            let params = json!({ "task_id": task.to_string(), "task_description": format!("task {task} of a soak"),
                                 "agents_used": [files::STEADY_AGENT], "result": result });
            queries::call("cacheDecision", &params)
        }
        96..98 => Request::get("/health"),
        _ => Request::get("/metrics"),
    }
}

fn rows(
    mut seen: Seen,
    watched: &Watched,
    hostile: &faults::Tally,
    changes: u64,
    metrics: &Value,
) -> Vec<Row> {
    let ms = |micros: f64| format!("{:.2} ms", micros / 1000.0);
    let [quiet, slow, storm] =
        [&mut seen.quiet, &mut seen.slow, &mut seen.storm].map(|times| Percentiles::of(times));
    let [first, last] = watched.resident;
    let unexpected: Vec<String> =
        seen.unexpected.iter().map(|(what, count)| format!("{what} ×{count}")).collect();
    let none = |list: Vec<String>| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let odd: Vec<String> = hostile.odd.iter().map(|(what, count)| format!("{what} ×{count}")).collect();
    vec![
        Row::of("requests of 64 healthy clients", seen.requests.to_string()),
        Row::of("quiet: p50, p99", format!("{}, {}", ms(quiet.p50), ms(quiet.p99))),
        Row::of("beside 500 slow connections: p50, p99", format!("{}, {}", ms(slow.p50), ms(slow.p99)))
            .at_most("3 × quiet p99", slow.p99 <= 3.0 * quiet.p99),
        Row::of("beside all faults: p50, p99", format!("{}, {}", ms(storm.p50), ms(storm.p99))),
        Row::of("resident set, first third", format!("{first:.1} MiB")),
        Row::of("resident set, last third", format!("{last:.1} MiB"))
            .at_most("first + 5 %", last <= first * 1.05),
        Row::of("resident set, most", format!("{:.1} MiB", watched.peak)),
        Row::of("descriptors before", watched.base_descriptors.to_string()),
        Row::of("descriptors after", watched.end_descriptors.to_string())
            .at_most("before", watched.end_descriptors <= watched.base_descriptors),
        Row::of("hostile requests", hostile.sent.to_string()),
        Row::of("their answers outside the table", none(odd)).at_most("none", hostile.odd.is_empty()),
        Row::of("healthy clients' unexpected answers", none(unexpected))
            .at_most("none", seen.unexpected.is_empty()),
        Row::of("re-indexes after a change", changes.to_string()),
        Row::of("panics", metrics["panics"].to_string()).at_most("0", metrics["panics"] == 0),
        Row::of("errors by code", metrics["errors"].to_string()),
        Row::of("log lines dropped", metrics["log_lines_dropped"].to_string()),
    ]
}
