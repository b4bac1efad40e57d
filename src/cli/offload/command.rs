//! `adjutant offload`: shows what would change, asks, and writes it.

use std::process::ExitCode;

use super::attention::{is_recorded, tell_missing, unread_records};
use super::listing_cost::ListingCost;
use super::question::{is_confirmed, show_diff};
use super::status::{StatusArguments, status};
use super::wording::{flag_of, when_it_acts};
use crate::app;
use crate::cli::output::{self, Tone};
use crate::cli::{exit, table};
use crate::config::{Config, Environment, Flags};
use crate::offload::{
    ClientState, Missing, Places, Plan, Selection, SettingsChange, StoredRecord, Target, missing, plan,
};
use catalog::{Catalog, Kind};
use store::now_ms;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct OffloadArguments {
    #[command(subcommand)]
    command: Option<Subcommand>,
    /// Plugins to take out of the prompt, each NAME or NAME@MARKETPLACE, and entries of no plugin, by their ids (default:
    /// everything that the client lists)
    #[arg(value_name = "PLUGIN")]
    names: Vec<String>,
    /// Take everything out, and remember that: `up` and `status` then say when new entries are listed
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Write the user's settings for all projects, not those for this project
    #[arg(long)]
    user: bool,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write without a question
    #[arg(long)]
    yes: bool,
    /// Write although offloaded agents could not be run: whatever is missing for that is said
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Say what was taken out of the prompt, and what is listed
    Status(StatusArguments),
}

pub(in crate::cli) fn run(
    arguments: &OffloadArguments,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    if let Some(Subcommand::Status(arguments)) = &arguments.command {
        return status(arguments, environment);
    }
    let config = Config::resolve(&arguments.flags, environment)?;
    let places = Places::of(&config.project);
    let target = if arguments.user { Target::User } else { Target::Project };
    if let (false, Err(error)) = (arguments.dry_run, StoredRecord::migrate(&places, target)) {
        return Ok(refused(&error));
    }
    let (catalog, _) = app::scan_once(&config.project);
    let state = ClientState::load(&places);
    let selection = match &*arguments.names {
        [] => Selection::Everything,
        names => Selection::Named(names),
    };
    let plan = plan(&catalog, &state, &places, target, &selection);
    if !plan.unknown.is_empty() {
        let unknown = plan.unknown.join(" or ");
        output::error(&format!("no plugin or own entry that the client lists is called {unknown}"));
        output::hint("adjutant offload status says what is listed; nothing was written");
        return Ok(exit::NOTHING_FOUND.into());
    }
    let change = match SettingsChange::prepare(&places, target, &plan, arguments.all, now_ms()) {
        Ok(change) => change,
        Err(error) => return Ok(refused(&error)),
    };
    show(&catalog, &state, &plan, &change);
    for why in unread_records(&places) {
        output::hint(&why);
    }
    let writes = !plan.is_empty() || arguments.all;
    let missing = if writes || is_recorded(&places, target) {
        missing(&config.project, environment, &catalog, &state, target)
    } else {
        Vec::new()
    };
    if !missing.is_empty() && writes && !arguments.dry_run && !arguments.force {
        output::error("nothing was written, since what is offloaded could not be run");
        tell_missing(&missing);
        output::hint("--force writes all the same");
        return Ok(exit::FAILED.into());
    }
    tell_missing(&missing);
    if !writes || arguments.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    let question = format!("Write {}?", change.file().display());
    if !plan.is_empty() && !arguments.yes && !is_confirmed(&question) {
        output::line("nothing was written");
        return Ok(ExitCode::SUCCESS);
    }
    if let Err(error) = change.write() {
        return Ok(refused(&error));
    }
    conclude(&plan, &change, target, &missing);
    Ok(ExitCode::SUCCESS)
}

/// Says why nothing was written.
pub(super) fn refused(error: &crate::offload::OffloadError) -> ExitCode {
    output::error(&error.to_string());
    exit::FAILED.into()
}

fn show(catalog: &Catalog, state: &ClientState, plan: &Plan, change: &SettingsChange) {
    if plan.is_empty() {
        output::line("nothing that the client lists can be taken out of the prompt");
    } else {
        show_diff(&change.file(), change.before(), change.after());
        output::line("");
    }
    let before = ListingCost::of(catalog, state, |_| true);
    let after = ListingCost::of(catalog, state, |one| !plan.takes_out(one));
    let heading = ["LISTED", "NOW", "TOKENS", "AFTERWARDS", "TOKENS"];
    table::print(heading, &before.rows(&after));
    for staying in &plan.staying {
        let text = format!(" ({}): {}", staying.entries, staying.reason);
        output::toned(&[(Tone::Warning, "stays "), (Tone::Strong, &staying.plugin), (Tone::Plain, &text)]);
    }
    for (loss, agents) in &plan.losses {
        let text = format!("{}: {loss}", some_of(agents));
        output::toned(&[(Tone::Quiet, "note  "), (Tone::Plain, &text)]);
    }
    let command = plan.typed.iter().find(|(kind, _)| *kind == Kind::Workflow);
    if let Some((kind, id)) = command.or(plan.typed.first()) {
        let others = if plan.typed.len() > 1 { ", and so are the others" } else { "" };
        let text = format!("/{id} is typed as /adjutant:use {} {id}{others}", kind.as_str());
        output::toned(&[(Tone::Quiet, "note  "), (Tone::Plain, &text)]);
    }
    output::toned(&[(Tone::Quiet, &format!("estimated: {}", app::tokens::ESTIMATOR))]);
    for line in when_it_acts(&plan.keys) {
        output::line(&line);
    }
}

/// Ids that are named; of more, the number is.
const NAMED: usize = 4;

fn some_of(ids: &[String]) -> String {
    let named = ids[..ids.len().min(NAMED)].join(", ");
    if ids.len() > NAMED { format!("{named} and {} more", ids.len() - NAMED) } else { named }
}

fn conclude(plan: &Plan, change: &SettingsChange, target: Target, missing: &[Missing]) {
    if !plan.is_empty() {
        output::toned(&[(Tone::Good, "written "), (Tone::Plain, &change.file().display().to_string())]);
    }
    let user = flag_of(target);
    let state = if missing.is_empty() {
        "everything is still found, loaded and run"
    } else {
        "what was offloaded is not run until what is missing is there"
    };
    output::line(&format!("{state}; adjutant restore-listings{user} undoes"));
}
