//! `adjutant down`: end the project's instance, and only that.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::output;
use crate::config::{Config, Environment, Flags};
use crate::instance;

/// Time an instance has to end by itself; its own drain takes at most 5 s.
const PATIENCE: Duration = Duration::from_secs(8);

/// Time between two looks.
const POLL: Duration = Duration::from_millis(20);

pub(super) fn run(flags: &Flags, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(flags, environment)?;
    let Some(process) = instance::running(&config) else {
        output::line("not running");
        return Ok(ExitCode::SUCCESS);
    };
    process.terminate();
    let began = Instant::now();
    while process.is_alive() && began.elapsed() < PATIENCE {
        std::thread::sleep(POLL);
    }
    if process.is_alive() {
        output::hint(&format!(
            "pid {} did not end within {} s and is ended now",
            process.pid,
            PATIENCE.as_secs()
        ));
        process.kill();
        while process.is_alive() && began.elapsed() < 2 * PATIENCE {
            std::thread::sleep(POLL);
        }
    }
    // Removes what an instance that was killed left behind.
    if instance::running(&config).is_some() {
        anyhow::bail!("pid {} could not be ended", process.pid);
    }
    output::line(&format!("stopped (pid {})", process.pid));
    Ok(ExitCode::SUCCESS)
}
