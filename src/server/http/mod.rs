//! HTTP: the accept loop, what every request passes through, and the plain routes.

mod accept;
pub(super) mod client_info;
mod header_timeout;
mod metrics;
mod reindex;
pub(super) mod request_guard;
mod service;

pub use accept::serve;
pub use request_guard::AccessPolicy;
pub use service::{HttpService, router};
