//! Asking a running instance from another process on the same machine, and going on where there is none.
//!
//! [`Client`] sends one request and says what came of it. [`OrchestratorClient`] stands on top of it and is never in
//! the way of who asks: it has little time for a server, remembers answers for a while, answers from a [`Fallback`]
//! where the server is away, and keeps decisions on disk until one is back.
//!
//! ```
//! use adjutant_client::{NoFallback, Options, OrchestratorClient, Source};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // Nobody listens on this port, and there is nothing to fall back to: a refusal, at once, and no panic.
//! let client = OrchestratorClient::new(Options::on_port(1), NoFallback);
//! let refused = client.query_agents(&serde_json::json!({ "context": "write tests" })).await;
//! assert!(refused.unwrap_err().is_unavailable());
//! # });
//! ```
//!
//! With a fallback the same question is answered from an index in this process; see [`crate::app::InProcess`].

mod cache;
mod call_error;
mod decisions;
mod http;
mod orchestrator;
pub mod outbox;

pub use call_error::CallError;
pub use decisions::Recorded;
pub use http::{Client, ClientError, Reply};
pub use orchestrator::{
    Answered, Answering, DEFAULT_TIMEOUT, DEFAULT_TTL, Fallback, NoFallback, Options, OrchestratorClient,
    Source,
};
