//! A client of a running instance on the same machine, with a fallback for when there is none.
//!
//! [`Client`] sends one request and returns the reply. [`OrchestratorClient`] builds on it and never blocks its caller for
//! long: it has a short timeout, caches answers, answers from a [`Fallback`] while the server is away, and queues decisions
//! on disk until one is back.
//!
//! ```
//! use adjutant_client::{NoFallback, Options, OrchestratorClient, Source};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // Nothing listens on this port, and there is no fallback: an error, at once, and no panic.
//! let client = OrchestratorClient::new(Options::on_port(1), NoFallback);
//! let refused = client.query_agents(&serde_json::json!({ "context": "write tests" })).await;
//! assert!(refused.unwrap_err().is_unavailable());
//! # });
//! ```
//!
//! With a fallback the same question is answered from an index in this process; see `adjutant::app::InProcess`.

mod cache;
mod call_error;
mod decisions;
mod http;
mod orchestrator;
pub mod outbox;

pub use call_error::CallError;
pub use decisions::Recorded;
pub use http::{Client, ClientError, FailureKind, Reply};
pub use orchestrator::{
    Answered, Answering, DEFAULT_TIMEOUT, DEFAULT_TTL, Fallback, NoFallback, Options, OrchestratorClient,
    Source,
};
