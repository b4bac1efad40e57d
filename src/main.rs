//! The `adjutant` binary: everything is in the library.

use std::process::ExitCode;

/// The allocator of musl holds one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    adjutant::cli::run()
}
