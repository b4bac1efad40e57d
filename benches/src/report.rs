//! How a run reads: aligned tables with the targets where there are any, and the change against a kept run.

use std::io::Write;

use crate::load::Latency;
use crate::machine::Machine;
use crate::process::Resident;
use crate::run::{CACHED, Run, Spread, TOOL_CALLS, UNCACHED};

/// The product's median over the echo's, a cached query, at most.
const CACHED_TARGET: f64 = 2.0;

/// The same for a query that was never asked before.
const UNCACHED_TARGET: f64 = 4.0;

/// The median of a tool call over that of the same query, at most.
const TOOL_CALL_TARGET: f64 = 3.0;

/// A query's time with the query log on over that with it off, at most.
const LOGGING_TARGET: f64 = 1.2;

/// Milliseconds from spawn to the first healthy answer at most.
const START_TARGET_MS: f64 = 150.0;

/// MiB resident after the mixed queries at most.
const MEMORY_TARGET_MIB: f64 = 30.0;

/// A row of a table of single values.
#[derive(Debug)]
pub(crate) struct Row(Vec<String>);

impl Row {
    /// A value without a target.
    pub(crate) fn of(name: impl Into<String>, value: impl Into<String>) -> Row {
        Row(vec![name.into(), value.into()])
    }

    /// A row of more than one value.
    pub(crate) fn of_many(name: impl Into<String>, values: impl IntoIterator<Item = String>) -> Row {
        Row(std::iter::once(name.into()).chain(values).collect())
    }

    /// With the target it should reach.
    pub(crate) fn at_least(mut self, target: f64, value: f64) -> Row {
        self.0.extend([format!("≥ {target}"), verdict(value >= target)]);
        self
    }

    /// With the target it should stay below.
    pub(crate) fn at_most(mut self, target: &str, met: bool) -> Row {
        self.0.extend([format!("≤ {target}"), verdict(met)]);
        self
    }
}

/// Prints a heading with the machine's facts and a table.
pub(crate) fn print_table(heading: &str, machine: &Machine, rows: Vec<Row>) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.0).collect();
    writeln!(std::io::stdout(), "{heading}\n{}\n{}", machine.in_words(), aligned(&rows))?;
    Ok(())
}

/// Says on the standard error what is being measured.
pub(crate) fn progress(what: &str) {
    // Nobody may be listening any more; the run goes on for its file.
    let _ = writeln!(std::io::stderr(), "measuring: {what}");
}

/// Prints a line to the standard output.
pub(crate) fn line(text: &str) {
    // A reader that closed the pipe wants no more.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a run to the standard output.
pub(crate) fn print(run: &Run) -> anyhow::Result<()> {
    let tables = [heading(run), latencies(run), relations(run), throughputs(run), starts(run), memory(run)];
    writeln!(std::io::stdout(), "{}", tables.join("\n"))?;
    let differing: usize = run.latencies.iter().map(|row| row.differing).sum();
    if differing > 0 {
        writeln!(std::io::stdout(), "note: {differing} answers were not the recorded ones, byte for byte")?;
    }
    Ok(())
}

/// Prints how `run` differs from `kept`, in ratios to the echo of each.
pub(crate) fn print_change(kept: &Run, run: &Run) -> anyhow::Result<()> {
    let mut rows = vec![cells(["change against the kept run", "kept", "now", "now/kept"])];
    let mut row = |name: String, before: Option<f64>, now: Option<f64>| {
        if let (Some(before), Some(now)) = (before, now) {
            rows.push(vec![
                name,
                format!("{before:.2}"),
                format!("{now:.2}"),
                format!("{:.2}", now / before),
            ]);
        }
    };
    for now in &run.latencies {
        let before = kept.latencies.iter().find(|row| row.name == now.name);
        row(format!("{}, p50 over echo", now.name), before.map(p50_ratio), Some(p50_ratio(now)));
        row(format!("{}, p99 over echo", now.name), before.map(p99_ratio), Some(p99_ratio(now)));
    }
    for now in &run.throughputs {
        let before = kept.throughputs.iter().find(|row| row.connections == now.connections);
        let ratio = |row: &crate::load::Throughput| row.product.per_second / row.echo.per_second;
        row(format!("{} connections, req/s over echo", now.connections), before.map(ratio), Some(ratio(now)));
    }
    let [before, now] = [kept, run].map(|run| &run.starts);
    let over_echo = |spread: Spread, echo: Spread| Some(spread.median / echo.median);
    row("cold start over echo".into(), over_echo(before.cold, before.echo), over_echo(now.cold, now.echo));
    row("warm start over echo".into(), over_echo(before.warm, before.echo), over_echo(now.warm, now.echo));
    let [before, now] = [kept, run].map(|run| &run.memory);
    let mebibytes = |resident: Option<Resident>| resident.map(|resident| resident.now);
    row("resident, idle, MiB".into(), mebibytes(before.idle), mebibytes(now.idle));
    if before.queries == now.queries {
        row("resident, used, MiB".into(), mebibytes(before.used), mebibytes(now.used));
    }
    let [before, now] = [kept, run].map(|run| &run.machine);
    writeln!(std::io::stdout(), "{}", aligned(&rows))?;
    writeln!(std::io::stdout(), "kept: {}, {}, load {}", before.commit, before.cpu, before.load)?;
    writeln!(std::io::stdout(), "now:  {}, {}, load {}", now.commit, now.cpu, now.load)?;
    Ok(())
}

fn p50_ratio(row: &Latency) -> f64 {
    row.product.p50 / row.echo.p50
}

fn p99_ratio(row: &Latency) -> f64 {
    row.product.p99 / row.echo.p99
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
        "+µs",
        "p50/echo",
        "p99/echo",
        "target",
        "",
    ])];
    for row in &run.latencies {
        let target = match row.name.as_str() {
            UNCACHED => Some(UNCACHED_TARGET),
            CACHED => Some(CACHED_TARGET),
            _ => None,
        };
        let times = [row.product, row.echo].map(|side| [side.p50, side.p95, side.p99]);
        let mut cells = vec![row.name.clone(), row.requests.to_string(), row.answer_bytes.to_string()];
        cells.extend(times.as_flattened().iter().map(|time| format!("{time:.1}")));
        cells.push(format!("{:+.1}", row.product.p50 - row.echo.p50));
        cells.extend([p50_ratio(row), p99_ratio(row)].map(|ratio| format!("{ratio:.2}")));
        cells.extend(judged(target, p50_ratio(row), "×"));
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
        "queryAgents, cached",
        "req/s",
        "echo req/s",
        "ratio",
        "p50 µs",
        "p99 µs",
        "echo p50",
        "echo p99",
    ])];
    for row in &run.throughputs {
        let mut cells = vec![format!("{} connections", row.connections)];
        let [product, echo] = [row.product, row.echo].map(|side| side.per_second);
        cells.extend([format!("{product:.0}"), format!("{echo:.0}"), format!("{:.2}", product / echo)]);
        let times = [row.product.times, row.echo.times].map(|times| [times.p50, times.p99]);
        cells.extend(times.as_flattened().iter().map(|time| format!("{time:.0}")));
        rows.push(cells);
    }
    aligned(&rows)
}

fn starts(run: &Run) -> String {
    let mut rows = vec![cells(["first healthy answer, ms", "median", "least", "most", "target", ""])];
    let starts = &run.starts;
    let mut row = |name: &str, spread: Spread, target: Option<f64>| {
        let times = [spread.median, spread.least, spread.most].map(|time| format!("{time:.1}"));
        let mut cells = vec![name.to_owned()];
        cells.extend(times);
        cells.extend(judged(target, spread.median, "ms"));
        rows.push(cells);
    };
    row("cold start (fresh data directory)", starts.cold, Some(START_TARGET_MS));
    row("warm start", starts.warm, Some(START_TARGET_MS));
    if let Some(stdio) = &run.stdio {
        row("adjutant mcp, to its introduction", stdio.introduction, Some(START_TARGET_MS));
        row("adjutant mcp, to its first tool's answer", stdio.answer, None);
    }
    row("echo server", starts.echo, None);
    row("merely reading the same files", starts.reading, None);
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

/// A target and whether `value` meets it; two empty cells where there is none.
pub(crate) fn judged(target: Option<f64>, value: f64, unit: &str) -> [String; 2] {
    let Some(target) = target else { return Default::default() };
    [format!("≤ {target} {unit}"), verdict(value <= target)]
}

fn verdict(met: bool) -> String {
    if met { "met" } else { "MISSED" }.to_owned()
}

/// A row of texts.
pub(crate) fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// Rows of cells as lines: the first column to the left, the others to the right.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{aligned, cells, judged};

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [cells(["name", "µs"]), cells(["a longer name", "12.5"]), cells(["x", ""])];
        assert_eq!(aligned(&rows), "name             µs\na longer name  12.5\nx\n");
    }

    #[test]
    fn a_target_is_met_up_to_itself() {
        assert_eq!(judged(Some(2.0), 2.0, "×"), ["≤ 2 ×", "met"]);
        assert_eq!(judged(Some(2.0), 2.01, "×"), ["≤ 2 ×", "MISSED"]);
        assert_eq!(judged(None, 1.0, "×"), ["", ""]);
    }
}
