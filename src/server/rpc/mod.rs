//! JSON-RPC 2.0 at `POST /`.

mod dispatch;
pub(super) mod endpoint;
mod error;
mod response;

pub(super) use error::RpcError;
pub(super) use response::write_error;
