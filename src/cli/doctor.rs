//! `adjutant doctor`: what is wrong with the files, and what was done about it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{offload, output};
use crate::app;
use crate::config::{Config, Environment, Flags};
use crate::offload::{ClientState, Places};
use catalog::{Catalog, Definition};

#[derive(Debug, clap::Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    flags: Flags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DoctorArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let (catalog, embedded_default) = app::scan_once(&config.project);
    if arguments.json {
        print_json(&catalog);
    } else {
        if embedded_default {
            output::line("no plugins found: this is the built-in collection in fixtures/plugins");
        }
        print_text(&catalog);
        let state = ClientState::load(&Places::of(&config.project));
        let count =
            |is: &dyn Fn(&Definition) -> bool| catalog.definitions().iter().filter(|one| is(one)).count();
        let (carried, out) = (count(&|one| state.is_carried(one)), count(&|one| state.is_offloaded(one)));
        output::line(&format!("Claude Code carries {carried} of the entries; {out} are offloaded"));
        offload::tell_attention(&config.project, environment, &catalog, &state);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_json(catalog: &Catalog) {
    let problems = catalog.problems().iter().map(|problem| {
        json!({
            "path": problem.path.to_string_lossy(),
            "line": problem.line,
            "code": problem.code,
            "message": problem.message,
            "action": problem.action,
        })
    });
    let counts = catalog.counts();
    let counts = counts.iter().map(|(kind, count)| (kind.plural(), json!(count)));
    let origins = json!(app::origins::counts(catalog));
    let all: Value = counts.chain([("origins", origins), ("problems", problems.collect())]).collect();
    output::line(&format!("{all:#}"));
}

fn print_text(catalog: &Catalog) {
    for problem in catalog.problems() {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        output::line(&format!(
            "{}{line}: {} [{}, {}]",
            if problem.path.as_os_str().is_empty() { ".".into() } else { problem.path.to_string_lossy() },
            problem.message,
            problem.code,
            problem.action
        ));
    }
    let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
    for problem in catalog.problems() {
        *by_code.entry(problem.code).or_default() += 1;
    }
    if !by_code.is_empty() {
        output::line("");
    }
    for (code, n) in by_code {
        output::line(&format!("{n:>6}  {code}"));
    }
    output::line(&app::origins::phrase(&app::origins::counts(catalog)));
    output::line(&format!(
        "{}; {} files with problems",
        catalog.counts().enumerated(", "),
        catalog.files_with_problems()
    ));
}
