//! How a run differs from a kept one, in ratios to what was measured beside it in the same run: the echo, reading the
//! files, a process that does nothing.

use crate::load::{Latency, Throughput};
use crate::process::Resident;
use crate::report::{aligned, cells, line};
use crate::run::Run;
use crate::starts::Spread;

/// Something that was measured in both runs.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    name: String,
    kept: f64,
    now: f64,
}

/// Prints how `run` differs from `kept`.
pub(crate) fn print(kept: &Run, run: &Run) {
    let mut rows = vec![cells(["change against the kept run", "kept", "now", "now/kept"])];
    for Change { name, kept, now } in changes(&Ratios::of(kept), &Ratios::of(run)) {
        let values = [kept, now, now / kept].map(|value| format!("{value:.2}"));
        rows.push(std::iter::once(name).chain(values).collect());
    }
    line(&format!("\n{}", aligned(&rows)));
    for (name, machine) in [("kept:", &kept.machine), ("now: ", &run.machine)] {
        line(&format!("{name} {}, {}, load {}", machine.commit, machine.cpu, machine.load));
    }
}

/// What both runs have, in the order of the later one.
fn changes(kept: &Ratios, now: &Ratios) -> Vec<Change> {
    let before = |name: &str| kept.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    let change =
        |(name, now): &(String, f64)| Some(Change { name: name.clone(), kept: before(name)?, now: *now });
    now.0.iter().filter_map(change).collect()
}

/// Everything of a run that can be compared with another's, by name.
#[derive(Debug, Default)]
struct Ratios(Vec<(String, f64)>);

impl Ratios {
    fn of(run: &Run) -> Ratios {
        let mut ratios = Ratios::default();
        for row in &run.latencies {
            ratios.add(format!("{}, p50 over echo", row.name), p50_ratio(row));
            ratios.add(format!("{}, p99 over echo", row.name), p99_ratio(row));
        }
        for row in &run.throughputs {
            let name = format!("{}, {} connections", row.name, row.connections);
            ratios.add(format!("{name}, req/s over echo"), flow_ratio(row));
            ratios.add(format!("{name}, p99 over echo"), tail_ratio(row));
        }
        ratios.add_starts(run);
        for row in &run.shell {
            let nothing = run.shell.first().map_or(row.took, |first| first.took);
            ratios.add(format!("adjutant {}, over nothing", row.name), over(row.took, nothing));
        }
        let memory = &run.memory;
        let used = format!("resident after {} queries, MiB", memory.queries);
        for (name, resident) in [("resident, idle, MiB", memory.idle), (&used, memory.used)] {
            if let Some(Resident { now, .. }) = resident {
                ratios.add(name.to_owned(), now);
            }
        }
        ratios
    }

    fn add_starts(&mut self, run: &Run) {
        let starts = &run.starts;
        self.add("cold start over echo".to_owned(), over(starts.cold, starts.echo));
        self.add("warm start over echo".to_owned(), over(starts.warm, starts.echo));
        self.add("cold start over reading".to_owned(), over(starts.cold, starts.reading));
        self.add("warm start over reading".to_owned(), over(starts.warm, starts.reading));
        if let Some(parts) = &run.parts {
            let named = [("scan", parts.scan), ("index", parts.index), ("latent score", parts.latent)];
            for (name, spread) in named {
                self.add(format!("{name} over reading"), over(spread, starts.reading));
            }
        }
    }

    fn add(&mut self, name: String, value: f64) {
        self.0.push((name, value));
    }
}

fn over(this: Spread, that: Spread) -> f64 {
    this.median / that.median
}

/// The product's median over the echo's.
pub(crate) fn p50_ratio(row: &Latency) -> f64 {
    row.product.p50 / row.echo.p50
}

/// The product's slowest hundredth over the echo's.
pub(crate) fn p99_ratio(row: &Latency) -> f64 {
    row.product.p99 / row.echo.p99
}

/// The product's requests a second over the echo's.
pub(crate) fn flow_ratio(row: &Throughput) -> f64 {
    row.product.per_second / row.echo.per_second
}

/// The product's slowest hundredth over the echo's, over many connections.
pub(crate) fn tail_ratio(row: &Throughput) -> f64 {
    row.product.times.p99 / row.echo.times.p99
}

#[cfg(test)]
mod tests {
    use super::{Change, Ratios, changes};

    #[test]
    fn only_what_both_runs_have_is_compared() {
        let of = |pairs: &[(&str, f64)]| {
            Ratios(pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect())
        };
        let (kept, now) =
            (of(&[("a", 1.0), ("gone", 2.0), ("b", 4.0)]), of(&[("b", 2.0), ("new", 9.0), ("a", 1.0)]));
        let change = |name: &str, kept, now| Change { name: name.to_owned(), kept, now };
        assert_eq!(changes(&kept, &now), [change("b", 4.0, 2.0), change("a", 1.0, 1.0)]);
    }
}
