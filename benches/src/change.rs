//! How a run differs from a kept one, in ratios to what was measured beside it in the same run: the echo, reading the
//! files, a process that does nothing.

use crate::load::{Latency, Throughput};
use crate::machine::Machine;
use crate::process::Resident;
use crate::report::{aligned, cells, figure};
use crate::run::Run;
use crate::scale;
use crate::starts::Spread;
use crate::whole::Whole;

/// Something that was measured in both runs.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    name: String,
    kept: f64,
    now: f64,
}

/// How `now` differs from `kept`.
pub(crate) fn in_words(kept: &Whole, now: &Whole) -> String {
    let mut rows = vec![cells(["change against the kept run", "kept", "now", "now/kept"])];
    for Change { name, kept, now } in changes(&Ratios::of(kept), &Ratios::of(now)) {
        rows.push(std::iter::once(name).chain([kept, now, now / kept].map(figure)).collect());
    }
    let about = [("kept:", kept), ("now: ", now)].map(|(name, Whole { machine, .. })| {
        let Machine { commit, binary, cpu, load, .. } = machine;
        format!("{name} {commit}, {binary}, {cpu}, load {load}\n")
    });
    aligned(&rows) + &about.concat()
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
pub(crate) struct Ratios(Vec<(String, f64)>);

impl Ratios {
    fn of(whole: &Whole) -> Ratios {
        let mut ratios = Ratios::default();
        if let Some(run) = &whole.run {
            ratios.add_run(run);
        }
        scale::tables::ratios(&whole.scale, &mut ratios);
        if let Some(remembering) = &whole.remembering {
            for store in &remembering.stores {
                let [one, each] = remembering.over_plain(store.writers).unwrap_or_default();
                ratios.add(format!("{} writers over one transaction", store.writers), one);
                ratios.add(format!("{} writers over a commit for each", store.writers), each);
            }
        }
        ratios
    }

    fn add_run(&mut self, run: &Run) {
        for row in &run.latencies {
            self.add(format!("{}, p50 over echo", row.name), p50_ratio(row));
            self.add(format!("{}, p99 over echo", row.name), p99_ratio(row));
        }
        for row in &run.throughputs {
            let name = format!("{}, {} connections", row.name, row.connections);
            self.add(format!("{name}, req/s over echo"), flow_ratio(row));
            self.add(format!("{name}, p99 over echo"), tail_ratio(row));
        }
        self.add_starts(run);
        for row in &run.shell {
            let nothing = run.shell.first().map_or(row.took, |first| first.took);
            self.add(format!("adjutant {}, over nothing", row.name), over(row.took, nothing));
        }
        let memory = &run.memory;
        let used = format!("resident after {} queries, MiB", memory.queries);
        for (name, resident) in [("resident, idle, MiB", memory.idle), (&used, memory.used)] {
            if let Some(Resident { now, .. }) = resident {
                self.add(name.to_owned(), now);
            }
        }
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

    /// Adds one by its name.
    pub(crate) fn add(&mut self, name: String, value: f64) {
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
