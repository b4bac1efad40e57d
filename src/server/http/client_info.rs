//! The client's name for itself: used for token usage and for nothing else, since it is not authenticated.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

use crate::telemetry::token_usage::ClientName;

/// The header with a client's name.
const HEADER: &str = "x-adjutant-client";

/// The client of a request: its own header, else the product of its user agent.
pub(in crate::server) fn client_of(headers: &HeaderMap) -> ClientName {
    let text = |value: Option<&axum::http::HeaderValue>| {
        value.and_then(|value| value.to_str().ok()).map(ClientName::new)
    };
    text(headers.get(HEADER)).or_else(|| text(headers.get(USER_AGENT))).unwrap_or_default()
}
