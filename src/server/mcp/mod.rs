//! The Model Context Protocol, for clients that run a model: at `/mcp`, and over standard input and output.
//!
//! Two eras are served at one endpoint, distinguished by the client's first message: with sessions (2025-11-25 and
//! before), and stateless (2026-07-28), where every request is self-contained. The library implements lifecycles and
//! framing; here are tools, resources, prompts and change notifications. A tool calls an operation of [`crate::app`] and
//! adds nothing to its answer but a text form for a model.

mod arguments;
mod completion;
mod endpoint;
mod fast_path;
mod framing;
mod handshake;
mod instance_client;
mod list_changed;
mod local_handler;
mod prompts;
mod proxy_handler;
mod render;
mod resources;
mod sessions;
pub mod token_cost;
mod tools;

pub(super) use endpoint::Endpoint;
pub use instance_client::RetryBudget;
pub use proxy_handler::{Changed, ProxyBackend, Queue, serve_stdio};
pub use sessions::MAX_SESSIONS;
