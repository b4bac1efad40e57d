//! The Model Context Protocol, the door for clients that run a model: at `/mcp`, and over standard input and
//! output.
//!
//! Two eras are spoken at one address, told apart by the client's first message: with a session (2025-11-25 and
//! before), and without (2026-07-28), where every request says what it needs. The library does the lifecycles
//! and the framing; here is what a client sees: tools, resources, prompts, and word of what changed. Every tool
//! is a door to an operation of [`crate::app`] and adds nothing to its answer but a form a model can read.

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
pub use proxy_handler::{BUSY_BUDGET, ProxyBackend, serve_stdio};
pub use sessions::MAX_SESSIONS;
