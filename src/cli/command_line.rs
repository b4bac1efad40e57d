//! The definition of the command line, and which command runs.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::operation_commands::about;
use super::{
    backup, check, completions, config_show, doctor, down, exit, find, help, history, hook, init, limits,
    mcp, model, offload, output, pattern, patterns, record, reindex, restore, serve, service, status, tokens,
    uninstall, up,
};
use crate::app::operations::Method;
use crate::config::Environment;

/// The staff officer beside an orchestrator: answers "who can do this?" from an index of the project's agents,
/// skills and commands.
#[derive(Debug, Parser)]
#[command(name = "adjutant", version, about, disable_help_subcommand = false)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the project in the foreground, until a signal ends it
    Serve(serve::ServeArguments),
    /// Serve the project in the background, and show a sample answer
    Up(up::UpArguments),
    /// Serve MCP over standard input and output, for a client that spawns it
    Mcp(mcp::McpArguments),
    /// Stop the project's instance
    Down(down::DownArguments),
    /// Find agents, skills or workflows for a task
    #[command(
        after_help = "Examples:\n  adjutant find agents a page fails for screen readers\n  adjutant find agents --role frontend_developer --limit 3\n  adjutant find skills terraform --json"
    )]
    Find(find::FindArguments),
    #[command(about = about(Method::GetDefinition))]
    Show(find::ShowArguments),
    #[command(about = about(Method::QueryPattern))]
    Pattern(pattern::PatternArguments),
    #[command(
        about = about(Method::CacheDecision),
        after_help = "Without a running instance it is stored directly; if another process owns the store, it is queued\nin .claude/mcp-server/outbox until an instance or a client sends it.\n\nExample:\n  adjutant record --task-id 17 --description \"rotate the keys\" --agents a:b,c:d --result success"
    )]
    Record(record::RecordArguments),
    #[command(about = about(Method::Explain))]
    Explain(find::ExplainArguments),
    /// Check that queries find the expected entries; exit code 4 if one does not
    Check(check::CheckArguments),
    /// Show every setting with its value and who said it
    Config(config_show::ConfigArguments),
    /// Show health, metrics and token usage of the project's instance
    Status(status::StatusArguments),
    /// List the limits of the service, each with its reason
    Limits(limits::LimitsArguments),
    #[command(about = about(Method::Reindex))]
    Reindex(reindex::ReindexArguments),
    /// List recorded decisions, newest first
    History(history::HistoryArguments),
    /// List, show, export and import sequences of agents that worked
    Patterns(patterns::PatternsArguments),
    /// Install, inspect or remove the optional embedding model
    Model(model::ModelArguments),
    /// Back up patterns and history to a verified copy, also while an instance runs
    Backup(backup::BackupArguments),
    /// Restore a backup; the current database is moved aside
    Restore(restore::RestoreArguments),
    /// List problems in the files and how each was handled
    Doctor(doctor::DoctorArguments),
    /// Compare the tokens of carrying all descriptions with those of asking
    Tokens(tokens::TokensArguments),
    /// Take the client's listings out of the prompt
    #[command(
        after_help = "Shows the change of .claude/settings.local.json and the tokens before and after, and asks.\n\nExamples:\n  adjutant offload --all --dry-run    show it\n  adjutant offload --all              do it, and say later when new entries are listed\n  adjutant offload ui-design          one plugin\n  adjutant restore-listings           undo"
    )]
    Offload(offload::OffloadArguments),
    /// Undo an offload, but for what was changed since
    RestoreListings(offload::RestoreListingsArguments),
    /// Answer a hook of Claude Code, which says on standard input what happened
    Hook(hook::HookArguments),
    /// Add the server to the MCP clients of this machine
    #[command(
        after_help = "Finds Claude Code, Cursor, VS Code, Codex, Windsurf and Gemini CLI by their files, shows the change of each, asks,\nand keeps a copy of what was there.\n\nExamples:\n  adjutant init --print               the line for each client, to be run by hand\n  adjutant init --dry-run             show the changes\n  adjutant init --client cursor       one client\n  adjutant init --undo                take it out again"
    )]
    Init(init::InitArguments),
    /// Start the project's instance with the user's session (systemd, launchd)
    #[command(
        after_help = "Examples:\n  adjutant service install --print    show the file\n  adjutant service install --now      write it and start the service\n  adjutant service uninstall --now"
    )]
    Service(service::ServiceArguments),
    /// Remove what was registered for this project, and nothing else
    Uninstall(uninstall::UninstallArguments),
    /// Write a completion script for a shell
    #[command(
        after_help = "Example:\n  adjutant completions bash > ~/.local/share/bash-completion/completions/adjutant"
    )]
    Completions(completions::CompletionsArguments),
}

/// Parses the process's arguments and runs the command.
pub fn run() -> ExitCode {
    let parsed = command_line().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        // Exit code 2 of a hook would block the prompt.
        Err(_) if std::env::args_os().nth(1).is_some_and(|command| command == "hook") => {
            return ExitCode::SUCCESS;
        }
        Err(error) => error.exit(),
    };
    let environment = Environment::of_process();
    let outcome = run_command(&arguments.command, &environment);
    if let Some(why) = output::failure() {
        output::error(&format!("the output could not be written: {why}"));
        return exit::FAILED.into();
    }
    outcome.unwrap_or_else(|error| {
        output::error(&format!("{error:#}"));
        exit::FAILED.into()
    })
}

/// The command line. The overview of all commands is built only if help may be requested: it needs the definition of every
/// command, which takes longer than a query.
fn command_line() -> clap::Command {
    let first = std::env::args_os().nth(1);
    let names_command = first
        .is_some_and(|first| first != "help" && first.to_str().is_some_and(|first| !first.starts_with('-')));
    if names_command { Arguments::command() } else { help::dressed(Arguments::command()) }
}

fn run_command(command: &Command, environment: &Environment) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(arguments) => serve::run(arguments, environment),
        Command::Up(arguments) => up::run(arguments, environment),
        Command::Mcp(arguments) => mcp::run(arguments, environment),
        Command::Down(arguments) => down::run(arguments, environment),
        Command::Find(arguments) => find::find(arguments, environment),
        Command::Show(arguments) => find::show(arguments, environment),
        Command::Pattern(arguments) => pattern::run(arguments, environment),
        Command::Record(arguments) => record::run(arguments, environment),
        Command::Explain(arguments) => find::explain(arguments, environment),
        Command::Check(arguments) => check::run(arguments, environment),
        Command::Config(arguments) => config_show::run(arguments, environment),
        Command::Status(arguments) => status::run(arguments, environment),
        Command::Limits(arguments) => Ok(limits::run(arguments)),
        Command::Reindex(arguments) => reindex::run(arguments, environment),
        Command::History(arguments) => history::run(arguments, environment),
        Command::Patterns(arguments) => patterns::run(arguments, environment),
        Command::Model(arguments) => model::run(arguments, environment),
        Command::Backup(arguments) => backup::run(arguments, environment),
        Command::Restore(arguments) => restore::run(arguments, environment),
        Command::Doctor(arguments) => doctor::run(arguments, environment),
        Command::Tokens(arguments) => tokens::run(arguments, environment),
        Command::Offload(arguments) => offload::run(arguments, environment),
        Command::RestoreListings(arguments) => offload::restore_listings(arguments, environment),
        Command::Hook(arguments) => Ok(hook::run(arguments, environment)),
        Command::Init(arguments) => init::run(arguments, environment),
        Command::Service(arguments) => service::run(arguments, environment),
        Command::Uninstall(arguments) => uninstall::run(arguments, environment),
        Command::Completions(arguments) => Ok(completions::run(arguments, Arguments::command())),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
