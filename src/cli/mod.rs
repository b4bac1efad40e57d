//! The command line: it translates arguments into the library's calls and answers into text.
//!
//! Data goes to standard output, what went wrong to standard error. Exit codes are those of [`exit`].

mod allocator;
mod ask;
mod backup;
mod check;
mod doctor;
mod down;
pub mod exit;
mod find;
mod history;
mod limits;
mod mcp;
mod memory;
mod output;
mod patterns;
mod register;
mod reindex;
mod restore;
mod serve;
mod status;
mod table;
mod up;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::client::Client;
use crate::config::{Config, Environment, Flags, Memory};
use crate::instance;
use crate::store::StoreOptions;

/// The staff officer beside an orchestrator: answers "who can do this?" from an index of the project's agents,
/// skills and commands.
#[derive(Debug, Parser)]
#[command(name = "adjutant", version, about, disable_help_subcommand = false)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the project in the foreground
    Serve(serve::ServeArguments),
    /// Start serving the project in the background, and show a sample answer
    Up(up::UpArguments),
    /// Serve MCP over standard input and output, for clients that start their servers themselves
    Mcp(Flags),
    /// Stop the project's instance
    Down(Flags),
    /// Find agents, skills or workflows for a task; works without a running instance
    Find(find::FindArguments),
    /// Show the whole of one entry
    Show(find::ShowArguments),
    /// Show what made the scores of an answer, as numbers that add up
    Explain(find::ExplainArguments),
    /// Ask queries again and compare whom they find; exit code 4 where one fails
    Check(check::CheckArguments),
    /// Show health and metrics of the project's instance
    Status(status::StatusArguments),
    /// List what the service bears, and why
    Limits(limits::LimitsArguments),
    /// Read the files again, now
    Reindex(Flags),
    /// List the decisions that were reported, newest first
    History(history::HistoryArguments),
    /// List, show, export and import the sequences of agents that are known to work
    Patterns(patterns::PatternsArguments),
    /// Copy what is remembered to a checked backup; works while the service runs
    Backup(backup::BackupArguments),
    /// Put a backup in the place of what is remembered, which is kept aside
    Restore(restore::RestoreArguments),
    /// Scan the files and list what is wrong with them; works without a running instance
    Doctor(doctor::DoctorArguments),
}

/// Parses the process's arguments and runs the command.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::of_process();
    let outcome = match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments, &environment),
        Command::Up(arguments) => up::run(&arguments, &environment),
        Command::Mcp(flags) => mcp::run(&flags, &environment),
        Command::Down(flags) => down::run(&flags, &environment),
        Command::Find(arguments) => find::find(&arguments, &environment),
        Command::Show(arguments) => find::show(&arguments, &environment),
        Command::Explain(arguments) => find::explain(&arguments, &environment),
        Command::Check(arguments) => check::run(&arguments, &environment),
        Command::Status(arguments) => status::run(&arguments, &environment),
        Command::Limits(arguments) => Ok(limits::run(&arguments)),
        Command::Reindex(flags) => reindex::run(&flags, &environment),
        Command::History(arguments) => history::run(&arguments, &environment),
        Command::Patterns(arguments) => patterns::run(&arguments, &environment),
        Command::Backup(arguments) => backup::run(&arguments, &environment),
        Command::Restore(arguments) => restore::run(&arguments, &environment),
        Command::Doctor(arguments) => doctor::run(&arguments, &environment),
    };
    outcome.unwrap_or_else(|error| {
        output::error(&format!("{error:#}"));
        exit::FAILED.into()
    })
}

/// Time a command gives a running instance to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of the project's running instance, if there is one.
fn running_client(config: &Config) -> Option<(Client, instance::Endpoint)> {
    instance::running(config)?;
    let endpoint = instance::endpoint(&config.paths)?;
    Some((client_of(config, endpoint.port), endpoint))
}

/// A client of this project's instance on that port, which bears the project's token.
fn client_of(config: &Config, port: u16) -> Client {
    let token = config.access.token.as_ref().map(crate::config::Token::secret);
    Client::new(port, ANSWER_TIMEOUT).with_token(token)
}

/// How the project's memory is opened.
fn store_options(config: &Config) -> StoreOptions {
    let Memory { half_life, soft_limit_bytes, hard_limit_bytes } = config.memory;
    StoreOptions {
        half_life,
        soft_limit_bytes,
        hard_limit_bytes,
        ..StoreOptions::new(config.paths.data_dir.clone())
    }
}

/// A runtime for the few requests of a command.
fn small_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
