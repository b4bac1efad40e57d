//! Measures Adjutant beside an echo server that gives the same bytes, over loopback, in one run.
//!
//! Figures of different machines, or of one machine at different hours, cannot be compared; ratios to the echo
//! of the same run can. On few cores even those have two levels: where the system wakes a server on the client's
//! core, an echo takes half of what it takes across cores, while the difference in microseconds stays. With
//! `taskset --cpu-list 0` before it a run is always on the first level. In reading order:
//!
//! * `run`: what is measured, in which order; `report`: how it is printed and compared;
//! * `load`: latency and throughput; `http`: the client;
//! * `product`, `echo`: the two sides; `process`: what they have in common;
//! * `tokens`: another measurement, of what answers cost a model;
//! * `scenario`, `queries`, `collection`: what is asked; `machine`: where; `interrupt`: an end in order.

mod collection;
mod echo;
mod http;
mod interrupt;
mod load;
mod machine;
mod process;
mod product;
mod queries;
mod report;
mod run;
mod scenario;
mod tokens;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;

use product::Recipe;
use run::{Plan, Run};

/// Measures Adjutant beside an echo server
#[derive(Debug, Parser)]
enum Command {
    /// Measures everything and prints a table
    Run(Arguments),
    /// Counts what carrying collections costs against asking
    Tokens(tokens::TokensArguments),
    /// The echo server, as `run` starts it
    #[command(hide = true)]
    Echo,
}

#[derive(Debug, clap::Args)]
struct Arguments {
    /// The checkout the binary was built from
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// The product's binary
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// The project to index [default: ../shared/corpus/wshobson-agents beside the checkout, else its fixtures]
    #[arg(long, value_name = "DIR")]
    collection: Option<PathBuf>,
    /// Measure less, for a first look
    #[arg(long)]
    quick: bool,
    /// Also write everything measured to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also print the change against a run kept with --json
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Echo => echo::serve(),
        Command::Tokens(arguments) => tokens::run(&arguments),
        Command::Run(arguments) => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    interrupt::watch()?;
    // Read first: a file that cannot be read should not cost a whole run.
    let kept = arguments.compare.as_deref().map(read_kept).transpose()?;
    let collection = match &arguments.collection {
        Some(given) => given.clone(),
        None => default_collection(&arguments.project),
    };
    let collection = collection.canonicalize().with_context(|| collection.display().to_string())?;
    let recipe = Recipe { binary: &arguments.binary, collection: &collection };
    let plan = if arguments.quick { Plan::QUICK } else { Plan::FULL };
    let run = run::run(&arguments.project, &recipe, plan)?;
    report::print(&run)?;
    if let Some(kept) = kept {
        report::print_change(&kept, &run)?;
    }
    if let Some(file) = &arguments.json {
        let json = serde_json::to_string_pretty(&run)?;
        std::fs::write(file, json + "\n").with_context(|| file.display().to_string())?;
    }
    Ok(())
}

fn read_kept(file: &Path) -> anyhow::Result<Run> {
    let named = || format!("{} is not a kept run", file.display());
    serde_json::from_slice(&std::fs::read(file).with_context(named)?).with_context(named)
}

fn default_collection(project: &Path) -> PathBuf {
    let real = project.join("../shared/corpus/wshobson-agents");
    if real.is_dir() { real } else { project.join("fixtures") }
}
