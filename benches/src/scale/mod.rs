//! Search over collections from some hundred entries to a million.
//!
//! `engines`: in process beside other engines, each in a child process of its own, held against the plain formula;
//! `service`: the same entries as `files`, through the service; `tables`: how it reads and compares.

mod engines;
mod files;
mod service;
mod tables;

use std::path::{Path, PathBuf};

use adjutant_bench::subject::REAL_BELOW;
use anyhow::Context;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Subject;
use crate::machine::Machine;
use crate::report;

pub(crate) use engines::{EngineArguments, engine};

/// Entries from which on the service is measured only where it is asked for: writing the files alone takes minutes.
const MILLION: usize = 1_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    subject: Subject,
    /// Numbers of entries; below 1,000 the real collection with its bodies, else synthetic entries
    #[arg(long, value_delimiter = ',', default_values_t = [488, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// Measure the service over a million files, too
    #[arg(long)]
    million: bool,
    /// Measure in process only, not through the service
    #[arg(long)]
    in_process: bool,
    /// Also write everything measured to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also print the change against a run kept with --json
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
}

/// Everything measured, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Scale {
    machine: Machine,
    engines: Vec<engines::Measured>,
    services: Vec<service::Measured>,
}

/// Measures every size, printing as it goes: a large one takes long.
///
/// # Errors
/// Where something cannot be measured, and, after everything is printed, where an answer was not the formula's.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let kept: Option<Scale> = arguments.compare.as_deref().map(read_kept).transpose()?;
    let collection = arguments.subject.collection()?;
    let mut scale = Scale { machine: arguments.subject.machine(), engines: Vec::new(), services: Vec::new() };
    report::line(&format!("Search at scale\n{}", scale.machine.in_words()));
    for &size in &arguments.sizes {
        let measured = engines::measure(size, &collection)?;
        report::line(&tables::engines(&measured));
        scale.engines.extend(measured);
        let is_served = size >= REAL_BELOW && (size < MILLION || arguments.million) && !arguments.in_process;
        if is_served {
            let measured = service::measure(&arguments.subject.binary, size)?;
            report::line(&tables::service(&measured));
            scale.services.push(measured);
        }
    }
    if let Some(kept) = kept {
        report::line(&tables::change(&kept, &scale));
    }
    if let Some(file) = &arguments.json {
        write_kept(file, &scale)?;
    }
    let different: usize = scale.engines.iter().map(engines::Measured::different).sum();
    anyhow::ensure!(different == 0, "{different} answers are not what the formula says");
    Ok(())
}

fn read_kept<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let named = || format!("{} is not a kept run", file.display());
    serde_json::from_slice(&std::fs::read(file).with_context(named)?).with_context(named)
}

fn write_kept<T: Serialize>(file: &Path, run: &T) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(run)?;
    std::fs::write(file, json + "\n").with_context(|| file.display().to_string())
}
