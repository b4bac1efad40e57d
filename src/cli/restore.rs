//! `adjutant restore`: a backup in the place of what is remembered.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::{backup, exit, output, prepare_state, store_options, table};
use crate::config::{Config, Environment, Flags};
use confined_fs::NamedFile;
use store::{Restored, Store, StoreError, rfc3339};

#[derive(Debug, clap::Args)]
pub(super) struct RestoreArguments {
    /// A file, the name of a kept backup, or a day such as 2026-11-20 (default: the newest that is in order)
    file: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &RestoreArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    prepare_state(&config);
    let named = arguments.file.as_ref().map(|file| NamedFile::new(&config.project.root, file));
    let restored = match Store::restore(&store_options(&config), named.as_ref()) {
        Ok(restored) => restored,
        Err(StoreError::Locked { pid, .. }) => {
            let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
            output::error(&format!("the memory of this project is in use by a running process{pid}"));
            output::hint(
                "end it with: adjutant down (or end the client whose `adjutant mcp` that process is); then restore",
            );
            return Ok(exit::RUNNING.into());
        }
        Err(error) => return Err(anyhow::Error::new(error).context("nothing was restored")),
    };
    tell(&restored, arguments.json);
    Ok(ExitCode::SUCCESS)
}

fn tell(Restored { backup, replaced }: &Restored, as_json: bool) {
    if as_json {
        let replaced = replaced.as_ref().map(|path| path.to_string_lossy());
        let answer = json!({ "restored": backup::as_json(backup), "replaced": replaced });
        output::line(&format!("{answer:#}"));
        return;
    }
    let made = table::minute(&rfc3339(backup.at_ms));
    output::line(&format!("restored {} of {made} UTC", backup.path.display()));
    match replaced {
        Some(path) => output::line(&format!("what was there is kept as {}", path.display())),
        None => output::line("there was no database before"),
    }
}
