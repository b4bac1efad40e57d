//! Everything in one run: the order, what is kept of it, and what becomes of a part that cannot be measured.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::memory::{Amount, Remembering};
use crate::product::{Recipe, UNLIMITED};
use crate::run::{self, Plan, Run};
use crate::scale::{self, MILLION, Scale};
use crate::{Subject, change, interrupt, markdown, report, summary, tables};

/// The size that stands for the real collection.
const REAL: usize = 488;

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Arguments {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// Measure less, for a first look: no million entries, fewer rounds
    #[arg(long)]
    quick: bool,
    /// Serve a million files, too, which takes 8 GB of disk for some minutes
    #[arg(long)]
    million: bool,
    /// Search no million entries in process
    #[arg(long)]
    without_million: bool,
    /// Measure nearly nothing, for a test of the bench itself
    #[arg(long, hide = true)]
    tiny: bool,
}

/// Where results go besides the standard output.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// Also write everything measured to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also print the change against a run kept with --json
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Also write a section for a document
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Everything measured, as it is kept; a part that was not measured is not there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Whole {
    pub(crate) machine: Machine,
    /// How long it took.
    pub(crate) minutes: f64,
    /// The service over the real collection.
    pub(crate) run: Option<Run>,
    pub(crate) scale: Scale,
    pub(crate) remembering: Option<Remembering>,
    /// What could not be measured, or was wrong, and why.
    pub(crate) failed: Vec<String>,
}

/// A run that is under way.
struct Running<'a> {
    whole: Whole,
    began: Instant,
    subject: &'a Subject,
    output: &'a Output,
    /// The run it is compared with: read first, since one that cannot be read should not cost a whole run.
    kept: Option<Whole>,
}

/// How much is measured.
struct Extent {
    plan: Plan,
    searched: Vec<usize>,
    served: Vec<usize>,
    amount: Amount,
}

impl Arguments {
    fn extent(&self) -> Extent {
        if self.tiny {
            let (searched, served) = (vec![REAL, 1_000], vec![1_000]);
            return Extent { plan: Plan::TINY, searched, served, amount: Amount::TINY };
        }
        let mut extent = Extent {
            plan: if self.quick { Plan::QUICK } else { Plan::FULL },
            searched: vec![REAL, 10_000, 100_000],
            served: vec![10_000, 100_000],
            amount: Amount::FULL,
        };
        if !(self.without_million || self.quick && !self.million) {
            extent.searched.push(MILLION);
        }
        if self.million {
            extent.served.push(MILLION);
        }
        extent
    }
}

/// Measures everything and prints it, the summary first.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut running = Running::begin(&arguments.subject, &arguments.output)?;
    let Extent { plan, searched, served, amount } = arguments.extent();
    running.attempt(|whole, subject| whole.serve(subject, plan))?;
    running.search(&searched, &served)?;
    running.attempt(|whole, _| whole.remember(None, amount))?;
    running.end(false)
}

/// Measures the service over the real collection.
pub(crate) fn run_service(subject: &Subject, output: &Output, is_quick: bool) -> anyhow::Result<()> {
    let mut running = Running::begin(subject, output)?;
    let plan = if is_quick { Plan::QUICK } else { Plan::FULL };
    running.attempt(|whole, subject| whole.serve(subject, plan))?;
    running.end(true)
}

/// Measures collections of many sizes.
pub(crate) fn run_scale(arguments: &scale::Arguments) -> anyhow::Result<()> {
    let mut running = Running::begin(&arguments.subject, &arguments.output)?;
    let [searched, served] = arguments.sizes();
    running.search(&searched, &served)?;
    running.end(true)
}

/// Measures what remembering costs, on the disk that `folder` lies on, if not on the one of temporary files.
pub(crate) fn run_memory(subject: &Subject, output: &Output, folder: Option<&Path>) -> anyhow::Result<()> {
    let mut running = Running::begin(subject, output)?;
    running.attempt(|whole, _| whole.remember(folder, Amount::FULL))?;
    running.end(true)
}

impl Whole {
    fn serve(&mut self, subject: &Subject, plan: Plan) -> anyhow::Result<()> {
        let collection = subject.collection()?;
        let recipe = Recipe { binary: &subject.binary, collection: &collection, settings: &[UNLIMITED] };
        self.run = Some(run::run(&recipe, plan).context("the service")?);
        Ok(())
    }

    fn remember(&mut self, on: Option<&Path>, amount: Amount) -> anyhow::Result<()> {
        report::progress("what remembering costs");
        let mut folder = tempfile::Builder::new();
        folder.prefix("adjutant-bench-");
        let folder = on.map_or_else(|| folder.tempdir(), |on| folder.tempdir_in(on))?;
        self.remembering = Some(Remembering::measure(folder.path(), amount).context("remembering")?);
        Ok(())
    }

    /// Everything, the summary first.
    fn in_words(&self, of_parts: bool) -> String {
        let mut parts = vec![summary::in_words(self, of_parts)];
        parts.extend(self.run.as_ref().map(tables::in_words));
        parts.push(scale::tables::in_words(&self.scale));
        parts.extend(self.remembering.as_ref().map(Remembering::in_words));
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }
}

impl<'a> Running<'a> {
    fn begin(subject: &'a Subject, output: &'a Output) -> anyhow::Result<Running<'a>> {
        let kept = output.compare.as_deref().map(read_kept).transpose()?;
        let whole = Whole {
            machine: Machine::here(&subject.project, &subject.binary),
            minutes: 0.0,
            run: None,
            scale: Scale::default(),
            remembering: None,
            failed: Vec::new(),
        };
        Ok(Running { whole, began: Instant::now(), subject, output, kept })
    }

    /// Measures a part and keeps what there is by now. One that fails is noted, and the others go on, unless the run was
    /// asked to stop.
    fn attempt(
        &mut self,
        part: impl FnOnce(&mut Whole, &Subject) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let outcome = part(&mut self.whole, self.subject);
        self.whole.minutes = self.began.elapsed().as_secs_f64() / 60.0;
        if let Err(error) = outcome {
            report::progress(&format!("not measured: {error:#}"));
            self.whole.failed.push(format!("{error:#}"));
        }
        self.keep()?;
        interrupt::check()
    }

    fn search(&mut self, searched: &[usize], served: &[usize]) -> anyhow::Result<()> {
        for &size in searched {
            self.attempt(|whole, subject| whole.scale.measure_engines(size, &subject.collection()?))?;
        }
        for &size in served {
            self.attempt(|whole, subject| whole.scale.measure_service(size, &subject.binary))?;
        }
        Ok(())
    }

    fn keep(&self) -> anyhow::Result<()> {
        let Some(file) = &self.output.json else { return Ok(()) };
        write(file, &serde_json::to_string_pretty(&self.whole)?)
    }

    /// Prints everything; fails where a part did.
    fn end(self, of_parts: bool) -> anyhow::Result<()> {
        let Running { whole, output, kept, .. } = self;
        report::line(whole.in_words(of_parts).trim_end());
        if let Some(kept) = kept {
            report::line(&format!("\n{}", change::in_words(&kept, &whole).trim_end()));
        }
        if let Some(file) = &output.markdown {
            write(file, &markdown::section(&whole))?;
        }
        anyhow::ensure!(whole.failed.is_empty(), "not everything went well: {}", whole.failed.join("; "));
        Ok(())
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text.trim_end().to_owned() + "\n").with_context(|| file.display().to_string())
}

fn read_kept(file: &Path) -> anyhow::Result<Whole> {
    let named = || format!("{} is not a kept run", file.display());
    serde_json::from_slice(&std::fs::read(file).with_context(named)?).with_context(named)
}
