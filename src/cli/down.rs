//! `adjutant down`: end the project's instance, and only that.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;

use super::output;
use super::register::{Unregistered, unregister};
use crate::config::{Config, Environment, Flags};
use crate::instance::{self, Process};

/// Time an instance has to end by itself; its own drain takes at most 5 s.
const PATIENCE: Duration = Duration::from_secs(8);

/// Time between two looks.
const POLL: Duration = Duration::from_millis(20);

#[derive(Debug, clap::Args)]
pub(super) struct DownArguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &DownArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let tell = |pid: Option<u32>, text: &str| {
        output::line(&if arguments.json { json!({ "stopped": pid }).to_string() } else { text.to_owned() });
    };
    let server = instance::running(&config.project);
    // Who would start the server again goes first; it passes the wish to end on.
    let supervisor = instance::supervisor(&config.project);
    let processes: Vec<&Process> = supervisor.iter().chain(&server).collect();
    let Some(named) = server.as_ref().or(supervisor.as_ref()) else {
        withdraw(&config, environment);
        tell(None, "not running");
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(first) = processes.first() {
        first.terminate();
    }
    wait_for(&processes, PATIENCE);
    for process in processes.iter().filter(|process| process.is_alive()) {
        let seconds = PATIENCE.as_secs();
        output::hint(&format!("pid {} did not end within {seconds} s and is ended now", process.pid));
        process.kill();
    }
    wait_for(&processes, PATIENCE);
    // Removes what an instance that was killed left behind.
    if instance::running(&config.project).is_some() {
        anyhow::bail!("pid {} could not be ended", named.pid);
    }
    withdraw(&config, environment);
    tell(Some(named.pid), &format!("stopped (pid {})", named.pid));
    Ok(ExitCode::SUCCESS)
}

/// Takes the address back that `up` may have written into the client's folder.
fn withdraw(config: &Config, environment: &Environment) {
    if let Unregistered::Failed(why) = unregister(environment.path("HOME").as_deref(), &config.project.root) {
        output::hint(&format!("the address could not be taken back: {why}"));
    }
}

fn wait_for(processes: &[&Process], patience: Duration) {
    let began = Instant::now();
    while processes.iter().any(|process| process.is_alive()) && began.elapsed() < patience {
        std::thread::sleep(POLL);
    }
}
