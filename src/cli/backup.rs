//! `adjutant backup`: a checked copy of what is remembered, made while it is written to.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{options_to_read, output, table};
use crate::config::{Config, Environment, Flags};
use store::{BACKUPS_KEPT, Backup, Store, rfc3339};

#[derive(Debug, clap::Args)]
pub(super) struct BackupArguments {
    /// List the backups there are, and make none
    #[arg(long)]
    list: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &BackupArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let options = options_to_read(&config);
    let made = if arguments.list { None } else { Some(Store::back_up(&options)?) };
    let kept = Store::backups(&options);
    if arguments.json {
        let kept: Vec<Value> = kept.iter().map(as_json).collect();
        output::line(&format!("{:#}", json!({ "made": made.as_ref().map(as_json), "kept": kept })));
    } else if let Some(backup) = made {
        output::line(&format!("{} ({})", backup.path.display(), table::size(backup.bytes)));
        output::line(&format!("checked; {} of at most {BACKUPS_KEPT} backups are kept", kept.len()));
    } else if kept.is_empty() {
        output::line("there is no backup yet");
    } else {
        let rows: Vec<_> = kept.iter().map(as_row).collect();
        table::print(["MADE (UTC)", "SIZE", "FILE"], &rows);
    }
    Ok(ExitCode::SUCCESS)
}

fn as_row(backup: &Backup) -> [String; 3] {
    let made = table::minute(&rfc3339(backup.at_ms));
    [made, table::size(backup.bytes), backup.path.display().to_string()]
}

/// A backup as JSON.
pub(super) fn as_json(backup: &Backup) -> Value {
    json!({
        "path": backup.path.to_string_lossy(),
        "made": rfc3339(backup.at_ms),
        "bytes": backup.bytes,
    })
}
