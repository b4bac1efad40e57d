//! Reaching the project's running instance and its store from a command.

use std::time::Duration;

use super::output;
use crate::config::{Config, Memory, Token};
use crate::instance::{self, SetAside};
use client::Client;
use store::StoreOptions;

/// Time a command gives a running instance to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Time it has to say how it is: a person waits, and one that is well takes a millisecond.
pub(super) const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// A client of the project's running instance, if there is one.
pub(super) fn running_client(config: &Config) -> Option<(Client, instance::Endpoint)> {
    instance::running(&config.project)?;
    let endpoint = instance::endpoint(&config.project.paths)?;
    Some((client_of(config, endpoint.port), endpoint))
}

/// A client of this project's instance on that port, which bears the project's token.
pub(super) fn client_of(config: &Config, port: u16) -> Client {
    let token = config.daemon.access.token.as_ref().map(Token::secret);
    Client::new(port, ANSWER_TIMEOUT).with_token(token)
}

/// How the project's memory is read: as it is stored, unless it is a copy of another project's, which is left out.
pub(super) fn options_to_read(config: &Config) -> StoreOptions {
    let options = store_options(config);
    let Some(of) = instance::copied_from(&config.project) else { return options };
    output::hint(&format!(
        "what is remembered in {} was copied from {} and is left out; adjutant up sets it aside",
        config.project.paths.run_dir,
        of.display()
    ));
    StoreOptions { data_dir: config.project.paths.run_dir.sub("nothing"), ..options }
}

/// Makes the project's state folder ready to be written, and says what was set aside for it.
pub(super) fn prepare_state(config: &Config) {
    match instance::prepare_state(&config.project) {
        Ok(None) => {}
        Ok(Some(SetAside { of, to })) => output::hint(&format!(
            "what was remembered here was copied from {}; it is set aside as {}",
            of.display(),
            to.display()
        )),
        // Whoever writes next says so.
        Err(error) => tracing::debug!(%error, "the state folder cannot be made ready"),
    }
}

/// Names the further plugin folders that are not there: a slip in one would otherwise only be missed.
pub(super) fn hint_missing_plugins(config: &Config) {
    for dir in config.missing_plugin_dirs() {
        output::hint(&format!("there is no folder of plugins {}", dir.display()));
    }
}

/// How the project's memory is opened.
pub(super) fn store_options(config: &Config) -> StoreOptions {
    let Memory { half_life, soft_limit_bytes, hard_limit_bytes, .. } = config.project.memory;
    StoreOptions {
        half_life,
        soft_limit_bytes,
        hard_limit_bytes,
        ..StoreOptions::new(config.project.paths.data_dir.clone())
    }
}

/// A runtime for the few requests of a command.
pub(super) fn small_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
