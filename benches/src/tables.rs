//! How a run reads, with the targets it should reach.

use crate::aims;
use crate::change::{flow_ratio, p50_ratio, p99_ratio, tail_ratio};
use crate::operations::{CACHED, TOOL_CALLS, UNCACHED};
use crate::process::{Resident, megabytes};
use crate::report::{aligned, cells, judged, verdict};
use crate::run::Run;
use crate::starts::Spread;

/// A run as text.
pub(crate) fn in_words(run: &Run) -> String {
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
    let differing: Vec<String> = (run.latencies.iter().filter(|row| row.differing > 0))
        .map(|row| format!("{} of {}", row.differing, row.name))
        .collect();
    let note = match differing.as_slice() {
        [] => String::new(),
        differing => format!(
            "note: answers that were not the recorded ones, byte for byte: {}\n",
            differing.join(", ")
        ),
    };
    tables.join("\n") + &note
}

fn heading(run: &Run) -> String {
    let collection = &run.collection;
    format!(
        "{}: {} agents, {} skills, {} workflows in {} files\n",
        collection.name, collection.agents, collection.skills, collection.workflows, collection.files,
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
            UNCACHED => Some(aims::UNCACHED_US),
            CACHED => Some(aims::CACHED_US),
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
            row(name, call.product.p50, plain.product.p50, aims::TOOL_CALL);
        }
    }
    if let Some(logging) = &run.logging {
        row(format!("{}, p50", logging.name), logging.product.p50, logging.echo.p50, aims::LOGGING);
        row(format!("{}, p99", logging.name), logging.product.p99, logging.echo.p99, aims::LOGGING);
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
        let is_judged = row.name == CACHED && row.connections >= aims::THROUGHPUT.0;
        let target = aims::THROUGHPUT.1;
        cells.extend(if is_judged {
            [format!("≥ {target}"), verdict(flow_ratio(row) >= target)]
        } else {
            Default::default()
        });
        let times = [product.times.p50, echo.times.p50, product.times.p99, echo.times.p99];
        cells.extend(times.map(|time| format!("{time:.0}")));
        cells.push(format!("{:.2}", tail_ratio(row)));
        let is_judged = row.name == CACHED && row.connections >= aims::TAIL.0;
        cells.extend(judged(is_judged.then_some(aims::TAIL.1), tail_ratio(row), "×"));
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
    row("cold start (fresh data directory)", starts.cold, Some(aims::COLD_MS));
    row("warm start (one that was used)", starts.warm, Some(aims::WARM_MS));
    if let Some(stdio) = &run.stdio {
        row("adjutant mcp, to its introduction", stdio.introduction, Some(aims::STDIO_MS));
        row("adjutant mcp, to its first tool's answer", stdio.answer, None);
    }
    row("echo server", starts.echo, None);
    row("merely reading the same files", starts.reading, None);
    let readings = starts.cold.median / starts.reading.median;
    let [target, met] = judged(Some(aims::COLD_READINGS), readings, "× reading");
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
    let mut rows = vec![cells(["resident memory, MB", "now", "peak", "target", ""])];
    let memory = &run.memory;
    let mut row = |name: String, resident: Option<Resident>, target: Option<f64>| {
        let mut cells = vec![name];
        match resident {
            None => cells.extend(["n/a", "n/a", "", ""].map(str::to_owned)),
            Some(resident) => {
                let [now, peak] = [resident.now, resident.peak].map(megabytes);
                cells.extend([now, peak].map(|size| format!("{size:.1}")));
                cells.extend(judged(target, now, "MB"));
            }
        }
        rows.push(cells);
    };
    row("idle, latent score trained".into(), memory.idle, None);
    row(format!("after {} mixed queries", memory.queries), memory.used, Some(aims::RESIDENT_MB));
    row("echo server, with its answers".into(), memory.echo, None);
    aligned(&rows)
}
