//! A run as a section of a document: the summary, then what its reader asks next, in tables of Markdown.

use adjutant_bench::engine::Contender;

use crate::change::{flow_ratio, tail_ratio};
use crate::report::{cells, counted, figure, markdown};
use crate::run::Run;
use crate::scale::engines::Measured;
use crate::scale::{Scale, service};
use crate::summary;
use crate::whole::Whole;

/// The section, without a heading.
pub(crate) fn section(whole: &Whole) -> String {
    let machine = &whole.machine;
    let intro = format!(
        "`scripts/bench`, one run of {:.0} minutes: {}, {} cores, {}, {}, load {}; {}, commit {}, `{}`.\n",
        whole.minutes,
        machine.cpu,
        machine.cores,
        machine.memory,
        machine.kernel,
        machine.load,
        machine.rustc,
        machine.commit,
        machine.binary,
    );
    let mut parts = vec![intro, markdown(&summary::rows(whole))];
    if let Some(run) = &whole.run {
        parts.extend([latencies(run), throughputs(run)].map(|rows| markdown(&rows)));
    }
    if !whole.scale.engines.is_empty() {
        parts.push(markdown(&engines(&whole.scale)));
    }
    if !whole.scale.services.is_empty() {
        parts.push(markdown(&services(&whole.scale)));
    }
    if let Some(remembering) = &whole.remembering {
        parts.push(markdown(&remembering.table()));
    }
    parts.extend(whole.failed.iter().map(|failed| format!("Failed: {failed}\n")));
    parts.join("\n")
}

fn latencies(run: &Run) -> Vec<Vec<String>> {
    let mut rows = vec![cells(["one connection", "p50 µs", "p99 µs", "echo p50", "p50 beyond it"])];
    for row in &run.latencies {
        let times = [row.product.p50, row.product.p99, row.echo.p50, row.product.p50 - row.echo.p50];
        rows.push(std::iter::once(row.name.clone()).chain(times.map(figure)).collect());
    }
    rows
}

fn throughputs(run: &Run) -> Vec<Vec<String>> {
    let mut rows =
        vec![cells(["many connections", "requests a second", "echo", "over echo", "p99 over echo"])];
    for row in &run.throughputs {
        let name = format!("{}, {}", row.name, row.connections);
        let values = [row.product.per_second, row.echo.per_second, flow_ratio(row), tail_ratio(row)];
        rows.push(std::iter::once(name).chain(values.map(figure)).collect());
    }
    rows
}

fn engines(scale: &Scale) -> Vec<Vec<String>> {
    let mut rows = vec![cells([
        "entries, p50 of 8 words in µs",
        "words alone",
        "as served",
        "tantivy",
        "FTS5",
        "bytes an entry",
    ])];
    for of_size in scale.engines.chunk_by(|one, next| one.timed.entries == next.timed.entries) {
        let find = |contender| of_size.iter().find(|one| one.timed.engine == contender);
        let mut row = vec![counted(of_size[0].timed.entries)];
        row.extend(Contender::ALL.map(|contender| told(find(contender).map(|one| one.timed.times.p50))));
        row.push(told(find(Contender::Adjutant).and_then(Measured::bytes_an_entry)));
        rows.push(row);
    }
    rows
}

/// A column a size.
fn services(scale: &Scale) -> Vec<Vec<String>> {
    let column = |name: &str, value: &dyn Fn(&service::Measured) -> String| {
        std::iter::once(name.to_owned()).chain(scale.services.iter().map(value)).collect::<Vec<_>>()
    };
    let seconds = |ms: f64| figure(ms / 1e3) + " s";
    vec![
        column("through the service", &|one| counted(one.files) + " files"),
        column("cold start", &|one| {
            format!("{} ({} × reading)", seconds(one.cold_ms), figure(one.cold_ms / one.reading_ms))
        }),
        column("warm start", &|one| seconds(one.warm_ms)),
        column("uncached query, p50 and p99", &|one| {
            format!(
                "{} and {} ms",
                figure(one.uncached.product.p50 / 1e3),
                figure(one.uncached.product.p99 / 1e3)
            )
        }),
        column("one changed file, looked at and served", &|one| figure(one.changed.reported.median) + " ms"),
        column("one changed file, written to served", &|one| figure(one.changed.served.median) + " ms"),
        column("resident after the queries", &|one| told(one.used.map(|used| used.now)) + " MiB"),
    ]
}

fn told(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), figure)
}
