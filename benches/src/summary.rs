//! The numbers that are aimed at, each beside what was measured: whether a run is as it should be, at a glance.

use adjutant_bench::engine::Contender;

use crate::aims;
use crate::change::{flow_ratio, tail_ratio};
use crate::load::{Latency, Throughput};
use crate::operations::{CACHED, UNCACHED};
use crate::process::megabytes;
use crate::report::{aligned, cells, counted, figure, grouped, verdict};
use crate::run::Run;
use crate::scale::{MILLION, Scale, number};
use crate::whole::Whole;

/// The size that most aims at scale are stated for.
const LARGE: usize = 100_000;

/// What is said of a number that there is none of.
const NOT_MEASURED: &str = "not measured";

/// Connections that throughput is aimed at over.
const CONNECTIONS: [usize; 2] = [8, 64];

/// One number: what it is, what was measured if it was, what is aimed at, and what it is worked out from.
#[derive(Debug)]
struct Figure {
    what: String,
    measured: Option<Measured>,
    aim: String,
}

#[derive(Debug)]
struct Measured {
    value: String,
    is_met: bool,
    of: String,
}

/// A value and what it is worked out from.
type Value = (f64, String);

/// The table, under its head.
pub(crate) fn rows(whole: &Whole) -> Vec<Vec<String>> {
    let mut rows = vec![cells(["The numbers", "measured", "aim", "", "from"])];
    for Figure { what, measured, aim } in figures(whole) {
        let told = measured.map_or_else(
            || [NOT_MEASURED.to_owned(), aim.clone(), String::new(), String::new()],
            |Measured { value, is_met, of }| [value, aim.clone(), verdict(is_met), of],
        );
        rows.push(std::iter::once(what).chain(told).collect());
    }
    rows
}

/// The table as text, with the machine's facts and what went wrong; without what a run `of_parts` had no reason to measure.
pub(crate) fn in_words(whole: &Whole, of_parts: bool) -> String {
    let about = format!("{}took {:.1} minutes\n\n", whole.machine.in_words(), whole.minutes);
    let failed: Vec<_> = whole.failed.iter().map(|failed| format!("FAILED: {failed}\n")).collect();
    let mut rows = rows(whole);
    rows.retain(|row| !of_parts || row[1] != NOT_MEASURED);
    let table = if rows.len() > 1 { aligned(&rows) } else { String::new() };
    about + &table + &failed.concat()
}

fn figures(whole: &Whole) -> Vec<Figure> {
    let mut figures = of_service(whole.run.as_ref());
    figures.extend(of_scale(&whole.scale));
    figures.push(of_answers(&whole.scale));
    figures
}

fn at_most(what: impl Into<String>, value: Option<Value>, aim: f64, unit: &str) -> Figure {
    let measured = value.map(|(value, of)| Measured {
        value: format!("{} {unit}", figure(value)),
        is_met: value <= aim,
        of,
    });
    Figure { what: what.into(), measured, aim: format!("≤ {} {unit}", grouped(&aim.to_string())) }
}

fn at_least(what: impl Into<String>, value: Option<Value>, aim: f64, unit: &str) -> Figure {
    let measured = value.map(|(value, of)| Measured {
        value: format!("{} {unit}", figure(value)),
        is_met: value >= aim,
        of,
    });
    Figure { what: what.into(), measured, aim: format!("≥ {} {unit}", grouped(&aim.to_string())) }
}

/// What is aimed at over the real collection.
fn of_service(run: Option<&Run>) -> Vec<Figure> {
    let flow = |connections: usize| {
        let mut rows = run?.throughputs.iter();
        rows.find(|row| row.name == CACHED && row.connections == connections)
    };
    let rates = |row: &Throughput| {
        let [ours, echo] = [row.product, row.echo].map(|side| figure(side.per_second));
        (flow_ratio(row), format!("{ours} and {echo} requests a second"))
    };
    let mut figures: Vec<Figure> = CONNECTIONS
        .iter()
        .map(|&connections| {
            let what = format!("throughput, cached query, {connections} connections");
            at_least(what, flow(connections).map(rates), aims::THROUGHPUT.1, "× echo")
        })
        .collect();
    let latency = |name: &str| {
        let row: &Latency = run?.latencies.iter().find(|row| row.name == name)?;
        let of = format!("{} and {} µs", figure(row.product.p50), figure(row.echo.p50));
        Some((row.product.p50 - row.echo.p50, of))
    };
    figures.push(at_most("p50 beyond the echo's, cached", latency(CACHED), aims::CACHED_US, "µs"));
    figures.push(at_most("p50 beyond the echo's, uncached", latency(UNCACHED), aims::UNCACHED_US, "µs"));
    let tail = flow(aims::TAIL.0).map(|row| {
        let [ours, echo] = [row.product, row.echo].map(|side| figure(side.times.p99));
        (tail_ratio(row), format!("{ours} and {echo} µs"))
    });
    figures.push(at_most(format!("p99, {} connections", aims::TAIL.0), tail, aims::TAIL.1, "× echo"));
    let starts = run.map(|run| &run.starts);
    let files = run.map_or_else(String::new, |run| format!("{} files", counted(run.collection.files)));
    let cold = starts.map(|starts| (starts.cold.median, files.clone()));
    figures.push(at_most("cold start to healthy", cold, aims::COLD_MS, "ms"));
    let readings = starts.map(|starts| {
        let reading = starts.reading.median;
        (starts.cold.median / reading, format!("reading takes {} ms", figure(reading)))
    });
    figures.push(at_most("cold start over reading the files", readings, aims::COLD_READINGS, "×"));
    let warm = starts.map(|starts| (starts.warm.median, files));
    figures.push(at_most("warm start to healthy", warm, aims::WARM_MS, "ms"));
    let resident = run.and_then(|run| {
        let idle = run.memory.idle.map_or_else(|| "n/a".to_owned(), |idle| figure(megabytes(idle.now)));
        Some((megabytes(run.memory.used?.now), format!("{idle} MB when idle")))
    });
    let queries = run.map_or(LARGE, |run| run.memory.queries);
    let what = format!("resident after {} mixed queries", counted(queries));
    figures.push(at_most(what, resident, aims::RESIDENT_MB, "MB"));
    figures
}

/// What is aimed at by size.
fn of_scale(scale: &Scale) -> Vec<Figure> {
    let over_tantivy = |size: Option<usize>| {
        let p50 = |contender| Some(scale.engine(contender, size)?.timed.times.p50);
        let (ours, tantivy) = (p50(Contender::Adjutant)?, p50(Contender::Tantivy)?);
        Some((ours / tantivy, format!("{} and {} µs", figure(ours), figure(tantivy))))
    };
    let mut figures: Vec<Figure> = [None, Some(LARGE), Some(MILLION)]
        .into_iter()
        .map(|size| {
            let real = scale.engine(Contender::Adjutant, None).map(|one| one.timed.entries);
            let named = match size {
                None => real.map_or("real".to_owned(), counted) + " entries with bodies",
                Some(size) => counted(size) + " entries",
            };
            let aim = aims::over_tantivy(size.unwrap_or_default());
            at_most(format!("search, {named}"), over_tantivy(size), aim, "× tantivy")
        })
        .collect();
    let large = counted(LARGE);
    let bytes = scale.engine(Contender::Adjutant, Some(LARGE)).and_then(|one| {
        let weight = one.weight.as_ref()?;
        let per = |bytes: usize| figure(number(bytes) / number(weight.entries));
        let holding = per(weight.catalog.saturating_sub(weight.text));
        let of = format!("the catalog takes {holding} beyond the text of {}", per(weight.text));
        Some((one.bytes_an_entry()?, of))
    });
    figures.push(at_most(
        format!("index beyond the catalog, an entry of {large}"),
        bytes,
        aims::BYTES_AN_ENTRY.1,
        "bytes",
    ));
    let change = scale.service(LARGE).map(|one| {
        let of = format!("{} ms from writing it, with the wait for more", figure(one.changed.served.median));
        (one.changed.reported.median, of)
    });
    let what = format!("one changed file of {large}, from looking to serving");
    figures.push(at_most(what, change, aims::CHANGE_MS, "ms"));
    let service = scale.service(MILLION);
    let named = counted(MILLION);
    let warm = service.map(|one| (one.warm_ms, format!("once; reading takes {} ms", figure(one.reading_ms))));
    figures.push(at_most(format!("warm start, {named} files"), warm, aims::MILLION_WARM_MS, "ms"));
    let slowest = service.map(|one| {
        let of = format!(
            "p50 {} µs, echo's p99 {}",
            figure(one.uncached.product.p50),
            figure(one.uncached.echo.p99)
        );
        (one.uncached.product.p99, of)
    });
    figures.push(at_most(format!("uncached p99, {named} files"), slowest, aims::MILLION_P99_US, "µs"));
    figures
}

/// Whether all answers are those of the plain formula.
fn of_answers(scale: &Scale) -> Figure {
    let judged: Vec<_> = (scale.engines.iter())
        .filter_map(|one| Some((one.timed.entries, one.timed.judged.as_ref()?)))
        .collect();
    let of: Vec<_> = (judged.iter())
        .map(|(entries, told)| {
            let compared = told.equal + told.different;
            let skipped = told.skipped;
            format!("{}/{compared} at {} entries ({skipped} not comparable)", told.equal, counted(*entries))
        })
        .collect();
    let equal: usize = judged.iter().map(|(_, told)| told.equal).sum();
    let different: usize = judged.iter().map(|(_, told)| told.different).sum();
    let measured = Measured {
        value: if different == 0 { "all".to_owned() } else { format!("all but {different}") },
        is_met: different == 0,
        of: of.join(", "),
    };
    Figure {
        what: "answers equal to the plain formula's".to_owned(),
        measured: (equal + different > 0).then_some(measured),
        aim: "all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{NOT_MEASURED, at_least, at_most, rows};
    use crate::machine::Machine;
    use crate::scale::Scale;
    use crate::whole::Whole;

    #[test]
    fn a_number_is_met_up_to_its_aim() {
        let met = |figure: super::Figure| figure.measured.map(|measured| measured.is_met);
        let value = |value: f64| Some((value, String::new()));
        assert_eq!(met(at_most("", value(2.0), 2.0, "×")), Some(true));
        assert_eq!(met(at_most("", value(2.01), 2.0, "×")), Some(false));
        assert_eq!(met(at_least("", value(2.0), 2.0, "×")), Some(true));
        assert_eq!(met(at_least("", value(1.99), 2.0, "×")), Some(false));
        assert_eq!(met(at_least("", None, 2.0, "×")), None);
    }

    #[test]
    fn what_was_not_measured_is_said() {
        let nothing = Whole {
            machine: Machine::default(),
            minutes: 0.0,
            run: None,
            scale: Scale::default(),
            remembering: None,
            failed: Vec::new(),
        };
        let rows = rows(&nothing);
        assert!(rows.len() > 16, "{}", rows.len());
        assert!(rows[1..].iter().all(|row| row[1] == NOT_MEASURED && row[3].is_empty()), "{rows:?}");
    }
}
