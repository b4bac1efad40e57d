//! Reaching the project's running instance and its store from a command.

use std::time::Duration;

use crate::config::{Config, Memory, Token};
use crate::instance;
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
