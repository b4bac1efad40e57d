//! The service's endpoints: `POST /` (JSON-RPC), `GET /health`, `GET /metrics`, `POST /reindex`, `/mcp` (Model Context
//! Protocol), and MCP over standard input and output.
//!
//! Loopback only, unless there is a token. This is the one module that names axum and rmcp.

mod correlation;
mod http;
pub mod limits;
pub mod mcp;
mod permit;
pub mod rate;
mod rpc;
mod state;

pub use http::{AccessPolicy, HttpService, router, serve};
pub use state::ServerState;
