//! The HTTP doors: `POST /` (JSON-RPC), `GET /health`, `GET /metrics`, `POST /reindex`,
//! `/mcp` (Model Context Protocol).
//!
//! Loopback only. This is the one module that names axum and rmcp.

mod accept;
mod caller;
mod correlation;
mod guard;
pub mod limits;
pub mod mcp;
mod monitor;
mod reindex;
mod router;
pub mod rpc;
mod state;

pub use accept::serve;
pub use router::router;
pub use state::ServerState;
