//! `adjutant completions`: what a shell needs to complete the command line.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Arguments, output};

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArguments {
    /// The shell to write for
    shell: Shell,
}

pub(super) fn run(arguments: &CompletionsArguments) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "adjutant", &mut script);
    output::bytes(&script);
    ExitCode::SUCCESS
}
