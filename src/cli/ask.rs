//! Running an operation from the command line: through the project's running instance, else in this process.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{running_client, small_runtime, store_options};
use crate::app::operation::{CallContext, Operation, read_params};
use crate::app::{App, AppError};
use crate::config::Config;
use crate::store::{Store, StoreError};

/// Time another command has to leave the store.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Time between two tries.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// What came of it.
#[derive(Debug)]
pub(super) enum Asked {
    /// The operation's output.
    Answer(Value),
    /// It was refused or found nothing: what was wrong, and what may help.
    Refused {
        /// In a sentence.
        message: String,
        /// Sentences on parameters, or what comes near.
        details: Vec<String>,
    },
}

/// Runs operation `O`. The in-process index is used where no instance runs, so this works either way.
pub(super) fn ask<O: Operation>(config: &Config, params: &Value) -> anyhow::Result<Asked> {
    let runtime = small_runtime()?;
    if let Some((client, _)) = running_client(config) {
        let reply = runtime.block_on(client.call(O::NAME, params))?.body;
        return Ok(match reply.get("result") {
            Some(result) => Asked::Answer(result.clone()),
            None => refused(&reply["error"]),
        });
    }
    let store = open_patiently(config)?;
    let app = App::offline(config.clone(), store);
    let context = CallContext { correlation_id: "command line".to_owned() };
    let outcome = match read_params::<O>(Some(&params.to_string())) {
        Ok(params) => runtime.block_on(O::run(&app, &context, params)),
        Err(error) => Err(error),
    };
    app.shut_down();
    match outcome {
        Ok(output) => Ok(Asked::Answer(serde_json::to_value(output)?)),
        Err(AppError::Internal(error)) => Err(error),
        Err(error) => Ok(refused(&error_object(&error))),
    }
}

/// The store, once whoever else uses it for a moment (another command, an instance that ends) has left it.
pub(super) fn open_patiently(config: &Config) -> Result<Store, StoreError> {
    let began = Instant::now();
    loop {
        match Store::open(store_options(config)) {
            Err(StoreError::Locked { .. }) if began.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(LOCK_POLL);
            }
            opened => return opened,
        }
    }
}

/// An error in the shape in which the JSON-RPC door answers it.
fn error_object(error: &AppError) -> Value {
    match error {
        AppError::Invalid(sentences) => {
            json!({ "message": "Invalid params", "data": { "validation_errors": sentences } })
        }
        AppError::NotFound { message, suggestions } => {
            json!({ "message": message, "data": { "suggestions": suggestions } })
        }
        AppError::Internal(_) => json!({ "message": "Internal error" }),
    }
}

fn refused(error: &Value) -> Asked {
    let data = &error["data"];
    let list = data["validation_errors"].as_array().or_else(|| data["suggestions"].as_array());
    let details = list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Asked::Refused { message: error["message"].as_str().unwrap_or("refused").to_owned(), details }
}
