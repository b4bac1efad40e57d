//! How a run reads, with the targets it should reach.

use crate::change::{flow_ratio, p50_ratio, p99_ratio, tail_ratio};
use crate::doors::{CACHED, TOOL_CALLS, UNCACHED};
use crate::process::Resident;
use crate::report::{aligned, cells, judged, line, verdict};
use crate::run::Run;
use crate::starts::Spread;

/// Microseconds by which the product's median may exceed the echo's: a query that is cached, one that was never asked.
const CACHED_TARGET_US: f64 = 8.0;
const UNCACHED_TARGET_US: f64 = 25.0;

/// The median of a tool call over that of the same query, at most.
const TOOL_CALL_TARGET: f64 = 3.0;

/// A query's time with the query log on over that with it off, at most.
const LOGGING_TARGET: f64 = 1.2;

/// Cached queries a second over the echo's, at least, and from so many connections on.
const THROUGHPUT_TARGET: (usize, f64) = (8, 0.75);

/// The slowest hundredth over the echo's, at most, over so many connections.
const TAIL_TARGET: (usize, f64) = (64, 2.0);

/// Milliseconds from spawn to the first healthy answer at most, and of a cold start as a multiple of reading the files.
const COLD_TARGET_MS: f64 = 60.0;
const WARM_TARGET_MS: f64 = 30.0;
const COLD_TARGET_READINGS: f64 = 8.0;

/// Milliseconds from the start of `adjutant mcp` to its introduction at most.
const STDIO_TARGET_MS: f64 = 150.0;

/// MiB resident after the mixed queries at most.
const MEMORY_TARGET_MIB: f64 = 25.0;

/// Prints a run to the standard output.
pub(crate) fn print(run: &Run) {
    let tables = [
        heading(run),
        latencies(run),
        relations(run),
        throughputs(run),
        starts(run),
        parts(run),
        shell(run),
        memory(run),
    ];
    line(tables.join("\n").trim_end());
    let differing: Vec<String> = (run.latencies.iter().filter(|row| row.differing > 0))
        .map(|row| format!("{} of {}", row.differing, row.name))
        .collect();
    if !differing.is_empty() {
        line(&format!(
            "note: answers that were not the recorded ones, byte for byte: {}",
            differing.join(", ")
        ));
    }
}

fn heading(run: &Run) -> String {
    let collection = &run.collection;
    format!(
        "{}: {} agents, {} skills, {} workflows in {} files\n{}",
        collection.name,
        collection.agents,
        collection.skills,
        collection.workflows,
        collection.files,
        run.machine.in_words(),
    )
}

fn latencies(run: &Run) -> String {
    let mut rows = vec![cells([
        "1 connection, µs",
        "requests",
        "bytes",
        "p50",
        "p95",
        "p99",
        "echo p50",
        "p95",
        "p99",
        "p50/echo",
        "p99/echo",
        "+µs",
        "target",
        "",
    ])];
    for row in &run.latencies {
        let target = match row.name.as_str() {
            UNCACHED => Some(UNCACHED_TARGET_US),
            CACHED => Some(CACHED_TARGET_US),
            _ => None,
        };
        let more = row.product.p50 - row.echo.p50;
        let times = [row.product, row.echo].map(|side| [side.p50, side.p95, side.p99]);
        let mut cells = vec![row.name.clone(), row.requests.to_string(), row.answer_bytes.to_string()];
        cells.extend(times.as_flattened().iter().map(|time| format!("{time:.1}")));
        cells.extend([p50_ratio(row), p99_ratio(row)].map(|ratio| format!("{ratio:.2}")));
        cells.push(format!("{more:+.1}"));
        cells.extend(judged(target, more, "µs"));
        rows.push(cells);
    }
    aligned(&rows)
}

/// What is compared with the product itself and not with the echo.
fn relations(run: &Run) -> String {
    let mut rows = vec![cells(["compared with itself, µs", "this", "that", "ratio", "target", ""])];
    let mut row = |name: String, this: f64, that: f64, target: f64| {
        let mut cells = vec![name, format!("{this:.1}"), format!("{that:.1}"), format!("{:.2}", this / that)];
        cells.extend(judged(Some(target), this / that, "×"));
        rows.push(cells);
    };
    let named = |name: &str| run.latencies.iter().find(|row| row.name == name);
    for call in TOOL_CALLS {
        if let (Some(call), Some(plain)) = (named(call), named(CACHED)) {
            let name = format!("{}, p50, and {CACHED}", call.name);
            row(name, call.product.p50, plain.product.p50, TOOL_CALL_TARGET);
        }
    }
    if let Some(logging) = &run.logging {
        row(format!("{}, p50", logging.name), logging.product.p50, logging.echo.p50, LOGGING_TARGET);
        row(format!("{}, p99", logging.name), logging.product.p99, logging.echo.p99, LOGGING_TARGET);
    }
    aligned(&rows)
}

fn throughputs(run: &Run) -> String {
    let mut rows = vec![cells([
        "many connections",
        "req/s",
        "echo",
        "ratio",
        "target",
        "",
        "p50 µs",
        "echo",
        "p99 µs",
        "echo",
        "p99/echo",
        "target",
        "",
    ])];
    for row in &run.throughputs {
        let mut cells = vec![format!("{}, {}", row.name, row.connections)];
        let [product, echo] = [row.product, row.echo];
        cells.extend([product, echo].map(|side| format!("{:.0}", side.per_second)));
        cells.push(format!("{:.2}", flow_ratio(row)));
        let is_judged = row.name == CACHED && row.connections >= THROUGHPUT_TARGET.0;
        let target = THROUGHPUT_TARGET.1;
        cells.extend(if is_judged {
            [format!("≥ {target}"), verdict(flow_ratio(row) >= target)]
        } else {
            Default::default()
        });
        let times = [product.times.p50, echo.times.p50, product.times.p99, echo.times.p99];
        cells.extend(times.map(|time| format!("{time:.0}")));
        cells.push(format!("{:.2}", tail_ratio(row)));
        let is_judged = row.name == CACHED && row.connections >= TAIL_TARGET.0;
        cells.extend(judged(is_judged.then_some(TAIL_TARGET.1), tail_ratio(row), "×"));
        rows.push(cells);
    }
    aligned(&rows)
}

fn starts(run: &Run) -> String {
    let mut rows =
        vec![cells(["first healthy answer, ms", "median", "least", "most", "× reading", "target", ""])];
    let starts = &run.starts;
    let mut row = |name: &str, spread: Spread, target: Option<f64>| {
        let mut cells = vec![name.to_owned()];
        cells.extend([spread.median, spread.least, spread.most].map(|time| format!("{time:.1}")));
        cells.push(format!("{:.1}", spread.median / starts.reading.median));
        cells.extend(judged(target, spread.median, "ms"));
        rows.push(cells);
    };
    row("cold start (fresh data directory)", starts.cold, Some(COLD_TARGET_MS));
    row("warm start (one that was used)", starts.warm, Some(WARM_TARGET_MS));
    if let Some(stdio) = &run.stdio {
        row("adjutant mcp, to its introduction", stdio.introduction, Some(STDIO_TARGET_MS));
        row("adjutant mcp, to its first tool's answer", stdio.answer, None);
    }
    row("echo server", starts.echo, None);
    row("merely reading the same files", starts.reading, None);
    let readings = starts.cold.median / starts.reading.median;
    let [target, met] = judged(Some(COLD_TARGET_READINGS), readings, "× reading");
    aligned(&rows) + &format!("cold start: {readings:.1} × reading the files, {target}: {met}\n")
}

fn parts(run: &Run) -> String {
    let Some(parts) = &run.parts else { return String::new() };
    let mut rows = vec![cells(["parts of a start, in process, ms", "median", "least", "most", "× reading"])];
    let reading = run.starts.reading.median;
    for (name, spread) in [
        ("scan: files into a catalog", parts.scan),
        ("index: a catalog into an index", parts.index),
        ("latent score: trained on a catalog", parts.latent),
    ] {
        let times = [spread.median, spread.least, spread.most, spread.median / reading];
        rows.push(std::iter::once(name.to_owned()).chain(times.map(|time| format!("{time:.1}"))).collect());
    }
    for (name, time) in &parts.told {
        rows.push(vec![format!("as /health tells it: {name}"), format!("{time:.1}")]);
    }
    aligned(&rows)
}

fn shell(run: &Run) -> String {
    let mut rows = vec![cells(["adjutant …, whole process, ms", "median", "least", "most"])];
    for row in &run.shell {
        let times = [row.took.median, row.took.least, row.took.most].map(|time| format!("{time:.1}"));
        rows.push(std::iter::once(row.name.clone()).chain(times).collect());
    }
    aligned(&rows)
}

fn memory(run: &Run) -> String {
    let mut rows = vec![cells(["resident memory, MiB", "now", "peak", "target", ""])];
    let memory = &run.memory;
    let mut row = |name: String, resident: Option<Resident>, target: Option<f64>| {
        let mut cells = vec![name];
        match resident {
            None => cells.extend(["n/a", "n/a", "", ""].map(str::to_owned)),
            Some(resident) => {
                cells.extend([resident.now, resident.peak].map(|size| format!("{size:.1}")));
                cells.extend(judged(target, resident.now, "MiB"));
            }
        }
        rows.push(cells);
    };
    row("idle, latent score trained".into(), memory.idle, None);
    row(format!("after {} mixed queries", memory.queries), memory.used, Some(MEMORY_TARGET_MIB));
    row("echo server, with its answers".into(), memory.echo, None);
    aligned(&rows)
}
