//! What the service asks of every request: a token, a host, a rate.

use std::fmt;
use std::net::IpAddr;

use crate::server::rate;

/// What the service asks of every request.
#[derive(Clone)]
pub struct AccessPolicy {
    /// The bearer token of every request; `None` asks for none.
    pub token: Option<String>,
    /// An address other than loopback that is listened on, which `Host` may name.
    pub bound: Option<IpAddr>,
    /// Requests a second over all routes; 0 sets no limit.
    pub requests_per_second: u32,
}

impl Default for AccessPolicy {
    fn default() -> Self {
        AccessPolicy { token: None, bound: None, requests_per_second: rate::REQUESTS_PER_SECOND }
    }
}

impl fmt::Debug for AccessPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| "…");
        formatter
            .debug_struct("AccessPolicy")
            .field("token", &token)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}
