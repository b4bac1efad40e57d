//! The HTTP doors: `POST /` (JSON-RPC), `GET /health`, `GET /metrics`, `POST /reindex`.
//!
//! Loopback only. This is the one module that names axum.

mod accept;
mod correlation;
mod guard;
pub mod limits;
mod monitor;
mod reindex;
mod router;
pub mod rpc;
mod state;

pub use accept::serve;
pub use router::router;
pub use state::ServerState;
