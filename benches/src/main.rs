//! Measures Adjutant beside an echo server that gives the same bytes, over loopback, in one run.
//!
//! Figures of different machines, or of one machine at different hours, cannot be compared; ratios to the echo
//! of the same run can. On few cores even those have two levels: where the system wakes a server on the client's
//! core, an echo takes half of what it takes across cores, while the difference in microseconds stays. With
//! `taskset --cpu-list 0` before it a run is always on the first level. In reading order:
//!
//! * `whole`: everything in one run; `run`: the service over a real collection, `starts` and `shell` among it;
//! * `aims`: what is aimed at; `summary`: whether it is met; `report`, `tables`, `change`, `markdown`: how a run is printed
//!   and compared;
//! * `memory`: what remembering costs, in process; `replay`: what outcomes do to the ranking; `soak`: kills under load;
//! * `mixed`: load with faults; `fuzz`: hostile bytes for the readers of untrusted input;
//! * `load`: latency and throughput; `http`: the client;
//! * `product`, `echo`: the two sides; `process`: what they have in common;
//! * `tokens`: what answers cost a model, and what carrying costs; `scale`: up to a million entries;
//! * `operations`, `scenario`, `queries`, `mcp`, `collection`: what is asked; `machine`: where; `interrupt`: an end in order.

mod aims;
mod change;
mod collection;
mod echo;
mod fuzz;
mod http;
mod interrupt;
mod load;
mod machine;
mod markdown;
mod mcp;
mod memory;
mod mixed;
mod operations;
mod process;
mod product;
mod queries;
mod replay;
mod report;
mod run;
mod scale;
mod scenario;
mod shell;
mod soak;
mod starts;
mod summary;
mod tables;
mod tokens;
mod whole;

use std::path::{Path, PathBuf};
use std::time::Duration;

use adjutant_bench::numbers;
use anyhow::Context;
use clap::Parser;

use machine::Machine;
use product::Recipe;
use whole::Output;

/// Measures Adjutant beside an echo server
#[derive(Debug, Parser)]
enum Command {
    /// Measures everything that figures are aimed at, and says which are met
    All(whole::Arguments),
    /// Measures the service beside an echo
    Run {
        #[command(flatten)]
        subject: Subject,
        #[command(flatten)]
        output: Output,
        /// Measure less, for a first look
        #[arg(long)]
        quick: bool,
    },
    /// Measures what remembering costs, beside plain SQLite on the same disk
    Memory {
        #[command(flatten)]
        subject: Subject,
        #[command(flatten)]
        output: Output,
        /// A folder on the disk to measure [default: the system's for temporary files]
        #[arg(long, value_name = "DIR")]
        on: Option<PathBuf>,
    },
    /// Replays a stream of tasks with a hidden best agent, with and without learning
    Replay(Subject),
    /// Kills the service under load, and looks for what it had acknowledged
    Kill {
        #[command(flatten)]
        subject: Subject,
        #[arg(long, default_value_t = 100)]
        rounds: usize,
    },
    /// Mixed load of 64 clients with faults injected: memory, descriptors, latencies, error codes
    Load {
        #[command(flatten)]
        subject: Subject,
        #[arg(long, default_value_t = 600)]
        seconds: u64,
    },
    /// Throws mutated bytes at a reader of untrusted input
    Fuzz {
        /// frontmatter, manifest, envelope, tokenizer, aliases or plan
        target: String,
        #[arg(long, default_value_t = 300)]
        seconds: u64,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where inputs that break a promise are written
        #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
        found: PathBuf,
    },
    /// Counts what carrying collections costs against asking
    Tokens(tokens::TokensArguments),
    /// Searches collections of up to a million entries, in process beside other engines and through the service
    Scale(scale::Arguments),
    /// One engine over one collection, as `scale` starts it
    #[command(hide = true)]
    Engine(scale::EngineArguments),
    /// The echo server, as `run` starts it
    #[command(hide = true)]
    Echo,
}

/// What is measured.
#[derive(Debug, clap::Args)]
struct Subject {
    /// The checkout the binary was built from
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// The product's binary
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// The project to index [default: ../shared/corpus/wshobson-agents beside the checkout, else its fixtures]
    #[arg(long, value_name = "DIR")]
    collection: Option<PathBuf>,
}

impl Subject {
    /// The collection, made absolute.
    fn collection(&self) -> anyhow::Result<PathBuf> {
        let collection = match &self.collection {
            Some(given) => given.clone(),
            None => default_collection(&self.project),
        };
        collection.canonicalize().with_context(|| collection.display().to_string())
    }

    fn machine(&self) -> Machine {
        Machine::here(&self.project, &self.binary)
    }
}

fn main() -> anyhow::Result<()> {
    let command = Command::parse();
    // These two are children, and end as their parent does.
    match &command {
        Command::Echo => return echo::serve(),
        Command::Engine(arguments) => return scale::engine(arguments),
        _ => interrupt::watch()?,
    }
    match command {
        Command::Echo | Command::Engine(_) => Ok(()),
        Command::All(arguments) => whole::run(&arguments),
        Command::Run { subject, output, quick } => whole::run_service(&subject, &output, quick),
        Command::Scale(arguments) => whole::run_scale(&arguments),
        Command::Memory { subject, output, on } => whole::run_memory(&subject, &output, on.as_deref()),
        Command::Tokens(arguments) => tokens::run(&arguments),
        Command::Replay(subject) => over(&subject, "What outcomes do to the ranking", replay::replay),
        Command::Load { subject, seconds } => {
            let lasting = Duration::from_secs(seconds);
            over(&subject, "Mixed load with faults", |recipe| mixed::load(recipe, lasting))
        }
        Command::Fuzz { target, seconds, seed, found } => {
            let rows = fuzz::fuzz(&target, Duration::from_secs(seconds), seed, &found)?;
            report::print_table("Fuzzed", &Machine::here(Path::new("."), Path::new("")), rows)
        }
        Command::Kill { subject, rounds } => {
            over(&subject, "Killed under load", |recipe| soak::kill(recipe, rounds))
        }
    }
}

/// Runs what needs the service, and prints its table.
fn over(
    subject: &Subject,
    heading: &str,
    work: impl FnOnce(&Recipe<'_>) -> anyhow::Result<Vec<report::Row>>,
) -> anyhow::Result<()> {
    let (machine, collection) = (subject.machine(), subject.collection()?);
    let recipe = Recipe { binary: &subject.binary, collection: &collection, settings: &[] };
    report::print_table(heading, &machine, work(&recipe)?)
}

fn default_collection(project: &Path) -> PathBuf {
    let real = project.join("../shared/corpus/wshobson-agents");
    if real.is_dir() { real } else { project.join("fixtures") }
}
