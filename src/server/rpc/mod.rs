//! JSON-RPC 2.0 at `POST /`.

mod dispatch;
pub(super) mod endpoint;
mod envelope;
mod error;

pub use envelope::{MAX_BATCH, MAX_DEPTH, Shape, shape};
pub(super) use envelope::{unreadable, write_error};
