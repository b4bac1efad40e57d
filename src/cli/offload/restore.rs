//! `adjutant restore-listings`: puts back what an offload wrote, but for what was changed since.

use std::process::ExitCode;

use super::command::refused;
use super::question::{is_confirmed, show_diff};
use super::wording::when_it_acts;
use crate::cli::output::{self, Tone};
use crate::config::{Config, Environment, Flags};
use crate::offload::{ClientState, OffloadError, Places, SettingsRestore, Target};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RestoreListingsArguments {
    /// Restore the user's settings for all projects, not those for this project
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

pub(in crate::cli) fn restore_listings(
    arguments: &RestoreListingsArguments,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let places = Places::of(&config.project);
    let target = if arguments.user { Target::User } else { Target::Project };
    let prepared = match SettingsRestore::prepare(&places, target) {
        Ok(Some(prepared)) => prepared,
        Ok(None) => {
            if ClientState::load(&places).allows_own_tools(target) {
                let file = places.target(target).map(|file| file.to_string()).unwrap_or_default();
                output::line("there is no record of an offload here, so that nothing can be put back");
                output::hint(&format!(
                    "{file} allows the tools of Adjutant, as an offload does, whose record was lost: look there for enabledPlugins, permissions.deny and skillOverrides that are not yours"
                ));
            } else {
                output::line("nothing was offloaded here");
            }
            let other = if arguments.user { Target::Project } else { Target::User };
            if let Ok(Some(_)) = SettingsRestore::prepare(&places, other) {
                let how = if arguments.user { "without --user" } else { "with --user" };
                output::hint(&format!("something was for {}: run it {how}", described(other)));
            }
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => return Ok(refused(&error)),
    };
    show(&prepared);
    if arguments.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    let question = format!("Write {}?", prepared.file().display());
    if !arguments.yes && !prepared.undone.is_empty() && !is_confirmed(&question) {
        output::line("nothing was written");
        return Ok(ExitCode::SUCCESS);
    }
    if let Err(error) = prepared.write() {
        return Ok(refused(&error));
    }
    let count = format!("{} keys in {}", prepared.undone.len(), prepared.file().display());
    output::toned(&[(Tone::Good, "restored "), (Tone::Plain, &count)]);
    for line in when_it_acts(&prepared.undone) {
        output::line(&line);
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows what an undo would change, and what it leaves alone.
fn show(prepared: &SettingsRestore) {
    if prepared.before() != prepared.after() {
        show_diff(&prepared.file(), prepared.before(), prepared.after());
    }
    for changed in &prepared.changed {
        let now = changed.now.as_deref().map_or("removed".to_owned(), |now| format!("now {now}"));
        let text = format!("{} ({now})", changed.key.shown());
        output::toned(&[(Tone::Warning, "left alone, changed since: "), (Tone::Plain, &text)]);
    }
}

/// What there is to undo in the settings for this project, shown, and taken back if the user says yes; `Ok(None)` where
/// nothing was offloaded.
pub(in crate::cli) fn undo_for_project(
    places: &Places,
    is_confirmed_already: bool,
) -> Result<Option<Undone>, OffloadError> {
    let Some(prepared) = SettingsRestore::prepare(places, Target::Project)? else { return Ok(None) };
    if !is_confirmed_already {
        show(&prepared);
        let question = format!("Write {}?", prepared.file().display());
        if !prepared.undone.is_empty() && !is_confirmed(&question) {
            return Ok(Some(Undone::Declined));
        }
    }
    prepared.write()?;
    Ok(Some(Undone::Written(Box::new(prepared))))
}

/// What became of an undo.
#[derive(Debug)]
pub(in crate::cli) enum Undone {
    /// The user did not say yes.
    Declined,
    /// The listings are back.
    Written(Box<SettingsRestore>),
}

fn described(target: Target) -> &'static str {
    match target {
        Target::Project => "this project",
        Target::User => "all projects",
    }
}
