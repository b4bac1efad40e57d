//! From nothing to answers: the starts of the service, and what their parts cost in process.

use std::time::{Duration, Instant};

use anyhow::Context;
use catalog::{ScanOptions, scan};
use search::{Aliases, Index, LatentSpace};
use serde::{Deserialize, Serialize};

use crate::collection::Collection;
use crate::echo::Echo;
use crate::interrupt;
use crate::product::Recipe;

/// Several measurements of one time, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// From spawn to the first healthy answer, beside what bounds it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Starts {
    /// In a fresh data directory.
    pub(crate) cold: Spread,
    /// In one that was used and left in order.
    pub(crate) warm: Spread,
    /// An echo server that knows nothing.
    pub(crate) echo: Spread,
    /// Merely reading the same files.
    pub(crate) reading: Spread,
}

/// The parts of a start, in process and one after the other.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parts {
    /// Files into a catalog.
    pub(crate) scan: Spread,
    /// A catalog into an index.
    pub(crate) index: Spread,
    /// A catalog into a latent space.
    pub(crate) latent: Spread,
    /// What `GET /health` says of a start, in milliseconds.
    pub(crate) told: Vec<(String, f64)>,
}

impl Spread {
    /// The spread of some times.
    pub(crate) fn of(mut times: Vec<Duration>) -> Spread {
        times.sort_unstable();
        let at = |index: usize| times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        Spread { median: at(times.len() / 2), least: at(0), most: at(times.len().saturating_sub(1)) }
    }

    /// The spread of what `measure` says, `count` times.
    pub(crate) fn over(
        count: usize,
        mut measure: impl FnMut() -> anyhow::Result<Duration>,
    ) -> anyhow::Result<Spread> {
        let times = (0..count).map(|_| {
            interrupt::check()?;
            measure()
        });
        Ok(Spread::of(times.collect::<Result<_, _>>()?))
    }
}

/// Starts the service and the echo `count` times each.
pub(crate) fn starts(recipe: &Recipe<'_>, collection: &Collection, count: usize) -> anyhow::Result<Starts> {
    // The files are in the system's cache from here on: what is measured is not the disk.
    collection.read()?;
    let reading = Spread::over(count, || collection.read())?;
    let cold = Spread::over(count, || {
        let data_dir = tempfile::tempdir()?;
        Ok(recipe.start(data_dir.path())?.started_in)
    });
    let used = tempfile::tempdir()?;
    let product = recipe.start(used.path())?;
    product.wait_until_trained()?;
    product.stop()?;
    let warm = Spread::over(count, || {
        let product = recipe.start(used.path())?;
        let took = product.started_in;
        product.stop()?;
        Ok(took)
    });
    let echo = Spread::over(count, || Ok(Echo::start(&[])?.started_in))?;
    Ok(Starts { cold: cold.context("cold start")?, warm: warm.context("warm start")?, echo, reading })
}

/// Does in process what a start does, `count` times.
pub(crate) fn parts(recipe: &Recipe<'_>, count: usize) -> anyhow::Result<Parts> {
    let options = ScanOptions::new(recipe.collection);
    let catalog = scan(&options, None);
    // The first use reads the table.
    let aliases = Aliases::built_in();
    let timed = |work: &dyn Fn()| {
        Spread::over(count, || {
            let began = Instant::now();
            work();
            Ok(began.elapsed())
        })
    };
    let (product, _data_dir) = recipe.start_settled()?;
    let told = product.health()?.timings_ms.into_iter().filter_map(|(part, time)| Some((part, time?)));
    let told = told.collect();
    product.stop()?;
    Ok(Parts {
        scan: timed(&|| drop(scan(&options, None)))?,
        index: timed(&|| drop(Index::build(&catalog, aliases)))?,
        latent: timed(&|| drop(LatentSpace::train(&catalog)))?,
        told,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = Spread::of([5, 1, 3].map(Duration::from_millis).to_vec());
        assert_eq!(spread.median.to_string(), "3");
        assert_eq!([spread.least, spread.most].map(|time| time.to_string()), ["1", "5"]);
        assert_eq!(Spread::of(Vec::new()).median.to_string(), "0");
    }
}
