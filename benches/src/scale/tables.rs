//! How measurements at scale read, and how they compare with a kept run.

use adjutant_bench::engine::Contender;

use super::{Scale, engines, service};
use crate::load::Latency;
use crate::report::{aligned, cells, judged};

/// The product's median over tantivy's at most, by the number of entries up to which it holds.
const OVER_TANTIVY: [(usize, f64); 3] = [(1_000, 0.2), (100_000, 0.6), (usize::MAX, 1.0)];

/// Bytes of the product's index an entry at most, from so many entries on: below, what does not grow weighs more.
const BYTES_AN_ENTRY: (usize, f64) = (100_000, 150.0);

/// Milliseconds from asking for a re-index to a changed file being served, at most.
const REINDEX_MS: f64 = 50.0;

/// Milliseconds of a warm start, and of the slowest hundredth of uncached queries, at most, over a million entries.
const WARM_MS: f64 = 3_000.0;
const UNCACHED_P99_US: f64 = 20_000.0;

/// The engines over one size.
pub(super) fn engines(measured: &[engines::Measured]) -> String {
    let entries = measured.first().map_or(0, |one| one.timed.entries);
    let title = format!("{entries} entries, top 10, 8 words");
    let mut rows = vec![cells([
        &title,
        "build ms",
        "p50 µs",
        "p99 µs",
        "searches",
        "bytes/entry",
        "p50/tantivy",
        "target",
        "",
    ])];
    let yardstick = p50_of(measured, entries, Contender::Tantivy);
    for one in measured {
        let timed = &one.timed;
        let ratio = yardstick.map(|yardstick| timed.times.p50 / yardstick);
        let mut row = vec![timed.engine.to_string()];
        row.extend([timed.build_ms, timed.times.p50, timed.times.p99].map(|value| format!("{value:.1}")));
        row.push(timed.searches.to_string());
        row.push(format!("{:.0}", bytes_an_entry(one)));
        row.push(ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")));
        let target = (timed.engine == Contender::Adjutant).then(|| over_tantivy(entries));
        row.extend(judged(target, ratio.unwrap_or_default(), "×"));
        rows.push(row);
    }
    let notes: String = measured.iter().map(note).collect();
    aligned(&rows) + &notes
}

/// What is to be said of one engine besides its row.
fn note(one: &engines::Measured) -> String {
    let Some(told) = &one.timed.judged else { return String::new() };
    let verdict = if told.different == 0 { "met" } else { "MISSED" };
    let (entries, weight) = (number(one.weight.entries), &one.weight);
    let text = number(weight.text) / entries;
    let holding = number(weight.catalog.saturating_sub(weight.text)) / entries;
    let bytes = bytes_an_entry(one);
    let (from, most) = BYTES_AN_ENTRY;
    let [target, met] = judged((one.timed.entries >= from).then_some(most), bytes, "bytes");
    format!(
        "answers equal to the plain {}: {} of {}, {} not comparable: {verdict}; {:.1} % of rows are the whole formula's\n\
         an entry: text {text:.0} bytes, what the catalog holds it in {holding:.0}, index {bytes:.0} {target} {met}\n",
        told.formula.as_str(),
        told.equal,
        told.equal + told.different,
        told.skipped,
        told.shared * 100.0,
    )
}

/// The service over one size.
pub(super) fn service(one: &service::Measured) -> String {
    let million = one.files >= super::MILLION;
    let title = format!("{} files, {} indexed, through the service", one.files, one.indexed);
    let mut rows = vec![cells([&title, "value", "target", ""])];
    let mut row = |name: &str, value: String, target: Option<f64>, number: f64, unit: &str| {
        let mut row = vec![name.to_owned(), value];
        row.extend(judged(target, number, unit));
        rows.push(row);
    };
    let ms = |value: f64| format!("{value:.1} ms");
    row("merely reading the files", ms(one.reading_ms), None, 0.0, "");
    let times = |value: f64| format!("{} = {:.1} × reading", ms(value), value / one.reading_ms);
    row("cold start to healthy", times(one.cold_ms), None, 0.0, "");
    row("warm start to healthy", times(one.warm_ms), million.then_some(WARM_MS), one.warm_ms, "ms");
    row("latent score, after a cold start", one.trained_ms.map_or("gave up".into(), ms), None, 0.0, "");
    for (name, resident) in [("resident, idle", one.idle), ("resident, after the queries", one.used)] {
        let value =
            resident.map_or("n/a".into(), |size| format!("{:.1}, peak {:.1} MiB", size.now, size.peak));
        row(name, value, None, 0.0, "");
    }
    let Latency { product, echo, .. } = &one.uncached;
    let over = |value: f64, echo: f64| format!("{value:.0} µs = {:.1} × echo", value / echo);
    row("uncached query, p50", over(product.p50, echo.p50), None, 0.0, "");
    let target = million.then_some(UNCACHED_P99_US);
    row("uncached query, p99", over(product.p99, echo.p99), target, product.p99, "µs");
    row("one changed file, noticed and served", ms(one.change_ms), None, 0.0, "");
    row("one changed file, re-index asked for", ms(one.reindex_ms), Some(REINDEX_MS), one.reindex_ms, "ms");
    if one.indexed != one.files {
        row("note: the service's limit of files cuts the rest off", String::new(), None, 0.0, "");
    }
    aligned(&rows)
}

/// How a run differs from a kept one, in ratios to what was measured beside it.
pub(super) fn change(kept: &Scale, now: &Scale) -> String {
    let mut rows = vec![cells(["change against the kept run", "kept", "now", "now/kept"])];
    let mut row = |name: String, before: Option<f64>, now: Option<f64>| {
        if let (Some(before), Some(now)) = (before, now) {
            let values = [before, now, now / before].map(|value| format!("{value:.2}"));
            rows.push(std::iter::once(name).chain(values).collect());
        }
    };
    for one in now.engines.iter().filter(|one| one.timed.engine == Contender::Adjutant) {
        let entries = one.timed.entries;
        let ratios = [kept, now].map(|run| {
            let ours = p50_of(&run.engines, entries, Contender::Adjutant)?;
            Some(ours / p50_of(&run.engines, entries, Contender::Tantivy)?)
        });
        row(format!("{entries} entries, p50 over tantivy"), ratios[0], ratios[1]);
        let find = |run: &Scale, value: fn(&engines::Measured) -> f64| {
            of(&run.engines, entries, Contender::Adjutant).map(value)
        };
        row(format!("{entries} entries, bytes/entry"), find(kept, bytes_an_entry), find(now, bytes_an_entry));
        let build = [kept, now].map(|run| {
            let of = |contender| Some(of(&run.engines, entries, contender)?.timed.build_ms);
            Some(of(Contender::Adjutant)? / of(Contender::Tantivy)?)
        });
        row(format!("{entries} entries, build over tantivy"), build[0], build[1]);
    }
    for one in &now.services {
        let before = kept.services.iter().find(|before| before.files == one.files);
        let mut ratio = |name: &str, value: fn(&service::Measured) -> f64| {
            row(format!("{} files, {name}", one.files), before.map(value), Some(value(one)));
        };
        ratio("cold start over reading", |one| one.cold_ms / one.reading_ms);
        ratio("warm start over reading", |one| one.warm_ms / one.reading_ms);
        ratio("uncached p50 over echo", |one| one.uncached.product.p50 / one.uncached.echo.p50);
        ratio("uncached p99 over echo", |one| one.uncached.product.p99 / one.uncached.echo.p99);
        ratio("re-index over reading", |one| one.reindex_ms / one.reading_ms);
    }
    aligned(&rows)
}

fn of(measured: &[engines::Measured], entries: usize, contender: Contender) -> Option<&engines::Measured> {
    measured.iter().find(|one| one.timed.entries == entries && one.timed.engine == contender)
}

fn p50_of(measured: &[engines::Measured], entries: usize, contender: Contender) -> Option<f64> {
    Some(of(measured, entries, contender)?.timed.times.p50)
}

fn over_tantivy(entries: usize) -> f64 {
    OVER_TANTIVY.iter().find(|(most, _)| entries <= *most).map_or(1.0, |(_, target)| *target)
}

fn bytes_an_entry(one: &engines::Measured) -> f64 {
    number(one.weight.index) / number(one.weight.entries)
}

#[expect(clippy::cast_precision_loss, reason = "bytes beyond 2^53 do not occur")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use adjutant_bench::engine::Contender;
    use adjutant_bench::reference::Formula;

    use super::{engines, over_tantivy};
    use crate::load::Percentiles;
    use crate::scale::engines::{Judged, Measured, Timed, Weight};

    fn measured(engine: Contender, p50: f64, different: usize) -> Measured {
        let judged = Some(Judged { formula: Formula::Whole, equal: 9, different, skipped: 1, shared: 1.0 });
        let judged = judged.filter(|_| engine == Contender::Adjutant);
        let times = Percentiles { p50, p95: p50, p99: p50 };
        Measured {
            timed: Timed { engine, entries: 100_000, build_ms: 1.0, searches: 10, times, judged },
            weight: Weight { entries: 100_000, text: 41_600_000, catalog: 80_000_000, index: 14_000_000 },
        }
    }

    #[test]
    fn targets_follow_the_size() {
        assert_eq!(
            [488, 10_000, 100_000, 1_000_000].map(|size| over_tantivy(size).to_string()),
            ["0.2", "0.6", "0.6", "1"]
        );
    }

    #[test]
    fn what_is_missed_is_said() {
        let good = [measured(Contender::Adjutant, 50.0, 0), measured(Contender::Tantivy, 100.0, 0)];
        let text = engines(&good);
        assert!(!text.contains("MISSED") && text.contains("0.50") && text.contains("index 140"), "{text}");
        let bad = [measured(Contender::Adjutant, 70.0, 1), measured(Contender::Tantivy, 100.0, 0)];
        assert_eq!(engines(&bad).matches("MISSED").count(), 2);
    }
}
