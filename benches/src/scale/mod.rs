//! Search over collections from some hundred entries to a million.
//!
//! `engines`: in process beside other engines, each in a child process of its own, held against the plain formula;
//! `service`: the same entries as `files`, through the service, `change`: one of them changes; `tables`: how it reads and
//! compares.

mod change;
pub(crate) mod engines;
mod files;
pub(crate) mod service;
pub(crate) mod tables;

use std::path::Path;

use adjutant_bench::engine::Contender;
use adjutant_bench::subject::REAL_BELOW;
use serde::{Deserialize, Serialize};

use crate::whole::Output;
use crate::{Subject, interrupt};

pub(crate) use engines::{EngineArguments, engine, number};

/// Entries from which on everything takes minutes.
pub(crate) const MILLION: usize = 1_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) subject: Subject,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Numbers of entries; below 1,000 the real collection with its bodies, else synthetic entries
    #[arg(long, value_delimiter = ',', default_values_t = [488, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// Measure the service over a million files, too
    #[arg(long)]
    million: bool,
    /// Measure in process only, not through the service
    #[arg(long)]
    in_process: bool,
    /// Measure through the service only
    #[arg(long, conflicts_with = "in_process")]
    through_service: bool,
}

impl Arguments {
    /// The sizes that are searched in process, and those that are served.
    pub(crate) fn sizes(&self) -> [Vec<usize>; 2] {
        let is_served =
            |size: usize| size >= REAL_BELOW && (size < MILLION || self.million) && !self.in_process;
        let searched = self.sizes.iter().copied().filter(|_| !self.through_service).collect();
        [searched, self.sizes.iter().copied().filter(|size| is_served(*size)).collect()]
    }
}

/// Everything measured, as it is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Scale {
    pub(crate) engines: Vec<engines::Measured>,
    pub(crate) services: Vec<service::Measured>,
}

impl Scale {
    /// Measures the engines over one size.
    ///
    /// # Errors
    /// Where an engine cannot be measured, or an answer was not the formula's; what was measured is kept.
    pub(crate) fn measure_engines(&mut self, size: usize, collection: &Path) -> anyhow::Result<()> {
        let from = self.engines.len();
        engines::measure(size, collection, &mut self.engines)?;
        let different: usize = self.engines[from..].iter().map(engines::Measured::different).sum();
        anyhow::ensure!(
            different == 0,
            "{different} answers over {size} entries are not what the formula says"
        );
        interrupt::check()
    }

    /// Measures the service over one size.
    pub(crate) fn measure_service(&mut self, size: usize, binary: &Path) -> anyhow::Result<()> {
        self.services.push(service::measure(binary, size)?);
        Ok(())
    }

    /// An engine over the real collection (`None`) or so many entries.
    pub(crate) fn engine(&self, contender: Contender, size: Option<usize>) -> Option<&engines::Measured> {
        self.engines.iter().find(|one| {
            let entries = one.timed.entries;
            one.timed.engine == contender && size.map_or(entries < REAL_BELOW, |size| size == entries)
        })
    }

    /// The service over so many files.
    pub(crate) fn service(&self, files: usize) -> Option<&service::Measured> {
        self.services.iter().find(|one| one.files == files)
    }
}
