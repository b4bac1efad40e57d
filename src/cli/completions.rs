//! `adjutant completions`: what a shell needs to complete the command line.

use std::process::ExitCode;

use clap_complete::Shell;

use super::output;

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArguments {
    /// The shell to write for
    shell: Shell,
}

/// Writes the script that completes `command_line`.
pub(super) fn run(arguments: &CompletionsArguments, mut command_line: clap::Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command_line, "adjutant", &mut script);
    output::bytes(&script);
    ExitCode::SUCCESS
}
