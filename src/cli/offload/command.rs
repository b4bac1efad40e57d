//! `adjutant offload`: shows what would change, asks, and writes it.

use std::process::ExitCode;

use super::listing_cost::ListingCost;
use super::question::{is_confirmed, show_diff};
use super::status::{StatusArguments, status};
use crate::app;
use crate::cli::output::{self, Tone};
use crate::cli::{exit, table};
use crate::config::{Config, Environment, Flags};
use crate::offload::{ClientState, Places, Plan, Selection, SettingsChange, Target, plan};
use catalog::Catalog;
use store::now_ms;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct OffloadArguments {
    #[command(subcommand)]
    command: Option<Subcommand>,
    /// Plugins to take out of the prompt, each NAME or NAME@MARKETPLACE (default: everything that the client lists)
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
    let (catalog, _) = app::scan_once(&config.project);
    let state = ClientState::load(&places);
    let selection = match &*arguments.names {
        [] => Selection::Everything,
        names => Selection::Plugins(names),
    };
    let plan = plan(&catalog, &state, &places, target, &selection);
    if !plan.unknown.is_empty() {
        output::error(&format!("no plugin that the client lists is called {}", plan.unknown.join(" or ")));
        output::hint("adjutant offload status says what is listed; nothing was written");
        return Ok(exit::NOTHING_FOUND.into());
    }
    let change = match SettingsChange::prepare(&places, target, &plan, arguments.all, now_ms()) {
        Ok(change) => change,
        Err(error) => return Ok(refused(&error)),
    };
    show(&catalog, &state, &plan, &change);
    if plan.is_empty() && !arguments.all || arguments.dry_run {
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
    conclude(&plan, &change, target);
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
    output::toned(&[(Tone::Quiet, &format!("estimated: {}", app::tokens::ESTIMATOR))]);
}

fn conclude(plan: &Plan, change: &SettingsChange, target: Target) {
    if !plan.is_empty() {
        output::toned(&[(Tone::Good, "written "), (Tone::Plain, &change.file().display().to_string())]);
    }
    let user = if target == Target::User { " --user" } else { "" };
    output::line(&format!(
        "everything is still found, loaded and run; adjutant restore-listings{user} undoes"
    ));
    if !plan.has_own_plugin {
        output::hint(
            "install the plugin, whose hooks run offloaded agents: claude plugin install adjutant@adjutant",
        );
    }
    if !plan.plugin_names.is_empty() {
        output::hint(
            "in an open session run /reload-plugins: plugins are read at the start, rules at the next prompt",
        );
    }
}
