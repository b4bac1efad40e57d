//! HTTP: the accept loop, what every request passes through, and the plain routes.
//!
//! A request comes in through `accept`, `service` routes it past `request_guard` (Host, Origin, body type), `authentication`
//! (bearer token) and the rate limit.

mod accept;
mod accept_header;
mod access_policy;
mod authentication;
pub(super) mod body;
pub(super) mod client_info;
mod header_timeout;
mod health;
mod metrics;
mod project_path;
mod reindex;
mod request_guard;
pub(super) mod responses;
mod service;

pub use accept::serve;
pub use access_policy::AccessPolicy;
pub use service::{HttpService, router};
