//! The HTTP doors: `POST /` (JSON-RPC), `GET /health`, `GET /metrics`, `POST /reindex`,
//! `/mcp` (Model Context Protocol).
//!
//! Loopback only, unless there is a token. This is the one module that names axum and rmcp.

mod accept;
mod caller;
mod correlation;
mod guard;
pub mod limits;
pub mod mcp;
mod monitor;
mod patience;
pub mod rate;
mod reindex;
mod router;
pub mod rpc;
mod state;

pub use accept::serve;
pub use guard::Doors;
pub use router::{Front, router};
pub use state::ServerState;
