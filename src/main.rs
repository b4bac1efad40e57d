//! The `adjutant` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    adjutant::cli::run()
}
