//! `adjutant reindex`: read the files again, now.

use std::process::ExitCode;

use serde_json::json;

use super::{exit, output, running_client, small_runtime};
use crate::config::{Config, Environment, Flags};
use protocol::Refusal;

#[derive(Debug, clap::Args)]
pub(super) struct ReindexArguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &ReindexArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let Some((client, _)) = running_client(&config) else {
        output::error("not running");
        return Ok(exit::NOT_RUNNING.into());
    };
    let reply = small_runtime()?.block_on(client.post("/reindex", &json!({})))?;
    if reply.status != 200 {
        let stated = Refusal::stated_in(&reply.body).map(|refusal| refusal.message);
        anyhow::bail!("refused: {}", stated.as_deref().unwrap_or("no reason given"));
    }
    let report = reply.body;
    if arguments.json {
        output::line(&format!("{report:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!(
        "{} added, {} changed, {} removed, {} unchanged; {} problems; {} ms",
        report["added"],
        report["changed"],
        report["removed"],
        report["unchanged"],
        report["problems"],
        report["duration_ms"]
    ));
    Ok(ExitCode::SUCCESS)
}
