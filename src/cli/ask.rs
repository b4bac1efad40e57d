//! Running an operation from the command line: through the project's running instance, else in this process.

use std::time::Duration;

use serde_json::Value;

use super::{exit, hint_missing_plugins, output, running_client, small_runtime, store_access};
use crate::app::operation::Operation;
use crate::app::{InProcess, Project};
use crate::config::Config;
use crate::instance;
use client::outbox::Outbox;
use client::{Options, OrchestratorClient, Source};
use protocol::ErrorCode;

/// The name under which token usage counts the command line.
pub(super) const CLIENT_NAME: &str = "adjutant-cli";

/// Time a running instance has before this process answers for it: a person waits.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What came of it.
#[derive(Debug)]
pub(super) enum CallResult {
    /// The operation's output.
    Answer(Value),
    /// It was refused or found nothing: what was wrong, and what may help.
    Refused {
        /// In a sentence.
        message: String,
        /// Sentences on parameters, or near misses.
        details: Vec<String>,
        /// The exit code, as the table of error codes has it.
        exit: u8,
    },
}

/// A client of the project's instance, wherever that listens.
pub(super) fn options(config: &Config) -> Options {
    let locating = config.clone();
    let locate = move || {
        instance::running(&locating.project)?;
        instance::endpoint(&locating.project.paths).map(|endpoint| endpoint.port)
    };
    Options {
        timeout: TIMEOUT,
        ttl: Duration::ZERO,
        name: CLIENT_NAME.to_owned(),
        token: config.daemon.access.token.as_ref().map(|token| token.secret().to_owned()),
        ..Options::at(locate).with_outbox(Outbox::new(&config.project.paths.outbox_dir))
    }
}

/// Runs operation `O`. The in-process index is used where no instance answers, so this works either way.
pub(super) fn ask<O: Operation>(config: &Config, params: &Value) -> anyhow::Result<CallResult> {
    call(config, O::NAME, params)
}

/// Runs the operation of that name.
pub(super) fn call(config: &Config, method: &'static str, params: &Value) -> anyhow::Result<CallResult> {
    hint_missing_plugins(config);
    let opening = config.clone();
    let in_process = InProcess::opened_by(move || {
        let _progress = output::progress("reading the project's files");
        Ok(Project::offline(opening.project.clone(), store_access::for_question(&opening)?))
    });
    let client = OrchestratorClient::new(options(config), in_process);
    let running = running_client(config);
    if let Some((_, endpoint)) = &running {
        let passed_over = endpoint.differences(config).into_iter().filter(|one| config.is_by_flag(one.key));
        for difference in passed_over {
            output::hint(&format!("the running instance answers, whose {difference}"));
        }
    }
    let is_running = running.is_some();
    match small_runtime()?.block_on(client.call::<Value>(method, params)) {
        Ok(answered) => {
            if is_running && answered.source == Source::Fallback {
                let why = match client.outage().and_then(|outage| outage.known_code()) {
                    Some(ErrorCode::Unauthenticated) => "does not accept the token of this command",
                    _ => "does not answer",
                };
                output::hint(&format!("the running instance {why}; this is from an index of this process"));
            }
            Ok(CallResult::Answer(answered.value))
        }
        Err(refusal) if refusal.is_unavailable() => Err(refusal.into()),
        Err(refused) => {
            let exit = refused.known_code().map_or(exit::FAILED, ErrorCode::exit_code);
            Ok(CallResult::Refused { message: refused.message, details: refused.details, exit })
        }
    }
}
