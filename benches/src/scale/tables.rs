//! How measurements at scale read, and how they compare with a kept run.

use adjutant_bench::engine::Contender;

use super::engines::number;
use super::{Scale, engines, service};
use crate::aims;
use crate::change::Ratios;
use crate::load::Latency;
use crate::report::{aligned, cells, counted, figure, judged, verdict};

/// Everything, a table a size.
pub(crate) fn in_words(scale: &Scale) -> String {
    let mut tables = Vec::new();
    for of_size in scale.engines.chunk_by(|one, next| one.timed.entries == next.timed.entries) {
        tables.push(engines(of_size));
    }
    tables.extend(scale.services.iter().map(service));
    tables.join("\n")
}

/// The engines over one size.
fn engines(measured: &[engines::Measured]) -> String {
    let entries = measured.first().map_or(0, |one| one.timed.entries);
    let title = format!("{} entries, top 10, 8 words", counted(entries));
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
    let find = |contender| measured.iter().find(|one| one.timed.engine == contender);
    let yardstick = find(Contender::Tantivy).map(|one| one.timed.times.p50);
    for one in measured {
        let timed = &one.timed;
        let mut row = vec![timed.engine.to_string()];
        row.extend([timed.build_ms, timed.times.p50, timed.times.p99].map(|value| format!("{value:.1}")));
        row.push(timed.searches.to_string());
        row.push(one.bytes_an_entry().map_or_else(|| "-".to_owned(), figure));
        if let Some(ratio) = yardstick.map(|yardstick| timed.times.p50 / yardstick) {
            row.push(figure(ratio));
            let target = (timed.engine == Contender::Adjutant).then(|| aims::over_tantivy(entries));
            row.extend(judged(target, ratio, "×"));
        }
        rows.push(row);
    }
    let left_out: Vec<_> =
        Contender::ALL.into_iter().filter(|one| find(*one).is_none()).map(Contender::as_str).collect();
    if !left_out.is_empty() {
        rows.push(vec![format!("not measured over so many: {}", left_out.join(", "))]);
    }
    aligned(&rows) + &measured.iter().map(note).collect::<String>()
}

/// What is to be said of one engine besides its row.
fn note(one: &engines::Measured) -> String {
    let (Some(told), Some(weight)) = (&one.timed.judged, &one.weight) else { return String::new() };
    let entries = number(weight.entries);
    let text = number(weight.text) / entries;
    let holding = number(weight.catalog.saturating_sub(weight.text)) / entries;
    let bytes = number(weight.index) / entries;
    let (from, most) = aims::BYTES_AN_ENTRY;
    let [target, met] = judged((one.timed.entries >= from).then_some(most), bytes, "bytes");
    format!(
        "answers equal to the plain {}: {} of {}, {} not comparable: {}; {:.1} % of rows are the whole formula's\n\
         an entry: text {text:.0} bytes, what the catalog holds it in {holding:.0}, index {bytes:.0} {target} {met}\n",
        told.formula.as_str(),
        told.equal,
        told.equal + told.different,
        told.skipped,
        verdict(told.different == 0),
        told.shared * 100.0,
    )
}

/// The service over one size.
fn service(one: &service::Measured) -> String {
    let is_million = one.files >= super::MILLION;
    let title =
        format!("{} files, {} indexed, through the service", counted(one.files), counted(one.indexed));
    let mut rows = vec![cells([&title, "value", "target", ""])];
    let mut row = |name: &str, value: String, target: Option<f64>, number: f64, unit: &str| {
        let mut row = vec![name.to_owned(), value];
        row.extend(judged(target, number, unit));
        rows.push(row);
    };
    let ms = |value: f64| figure(value) + " ms";
    row("merely reading the files", ms(one.reading_ms), None, 0.0, "");
    let times = |value: f64| format!("{} = {} × reading", ms(value), figure(value / one.reading_ms));
    row("cold start to healthy", times(one.cold_ms), None, 0.0, "");
    let target = is_million.then_some(aims::MILLION_WARM_MS);
    row("warm start to healthy", times(one.warm_ms), target, one.warm_ms, "ms");
    row("latent score, after a cold start", one.trained_ms.map_or("none".into(), ms), None, 0.0, "");
    for (name, resident) in [
        ("resident, after a cold start", one.idle),
        ("resident, after a warm start", one.warm_idle),
        ("resident, after the queries", one.used),
    ] {
        let value =
            resident.map_or("n/a".into(), |size| format!("{:.1}, peak {:.1} MiB", size.now, size.peak));
        row(name, value, None, 0.0, "");
    }
    let Latency { product, echo, .. } = &one.uncached;
    let over = |value: f64, echo: f64| format!("{} µs = {} × echo", figure(value), figure(value / echo));
    row("uncached query, p50", over(product.p50, echo.p50), None, 0.0, "");
    let target = is_million.then_some(aims::MILLION_P99_US);
    row("uncached query, p99", over(product.p99, echo.p99), target, product.p99, "µs");
    let changed = &one.changed;
    let reported = changed.reported.median;
    row("one changed file, looked at and served", ms(reported), Some(aims::CHANGE_MS), reported, "ms");
    row("the same, from writing it to its answer", ms(changed.served.median), None, 0.0, "");
    row("one changed file, re-index asked for", ms(changed.asked.median), None, 0.0, "");
    if one.indexed != one.files {
        row("note: the service's limit of files cuts the rest off", String::new(), None, 0.0, "");
    }
    aligned(&rows)
}

/// What of it can be compared with another run, as ratios to what was measured beside it.
pub(crate) fn ratios(scale: &Scale, ratios: &mut Ratios) {
    for of_size in scale.engines.chunk_by(|one, next| one.timed.entries == next.timed.entries) {
        let find = |contender| of_size.iter().find(|one| one.timed.engine == contender);
        let Some(ours) = find(Contender::Adjutant) else { continue };
        let entries = counted(ours.timed.entries);
        if let Some(tantivy) = find(Contender::Tantivy) {
            let [ours, tantivy] = [ours, tantivy].map(|one| &one.timed);
            ratios.add(format!("{entries} entries, p50 over tantivy"), ours.times.p50 / tantivy.times.p50);
            ratios.add(format!("{entries} entries, build over tantivy"), ours.build_ms / tantivy.build_ms);
        }
        if let Some(bytes) = ours.bytes_an_entry() {
            ratios.add(format!("{entries} entries, bytes/entry"), bytes);
        }
    }
    for one in &scale.services {
        let mut add =
            |name: &str, value: f64| ratios.add(format!("{} files, {name}", counted(one.files)), value);
        add("cold start over reading", one.cold_ms / one.reading_ms);
        add("warm start over reading", one.warm_ms / one.reading_ms);
        add("uncached p50 over echo", one.uncached.product.p50 / one.uncached.echo.p50);
        add("uncached p99 over echo", one.uncached.product.p99 / one.uncached.echo.p99);
        add("changed file served, ms", one.changed.reported.median);
        add("changed file served, from its writing, ms", one.changed.served.median);
        add("re-index over reading", one.changed.asked.median / one.reading_ms);
        if let Some(used) = one.used {
            add("resident after the queries, MiB", used.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use adjutant_bench::engine::Contender;
    use adjutant_bench::reference::Formula;

    use super::engines;
    use crate::load::Percentiles;
    use crate::scale::engines::{Judged, Measured, Timed, Weight};

    fn measured(engine: Contender, p50: f64, different: usize) -> Measured {
        let judged = Some(Judged { formula: Formula::Whole, equal: 9, different, skipped: 1, shared: 1.0 });
        let judged = judged.filter(|_| engine == Contender::Adjutant);
        let times = Percentiles { p50, p95: p50, p99: p50 };
        Measured {
            timed: Timed { engine, entries: 100_000, build_ms: 1.0, searches: 10, times, judged },
            weight: Some(Weight {
                entries: 100_000,
                text: 41_600_000,
                catalog: 80_000_000,
                index: 14_000_000,
            }),
        }
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
