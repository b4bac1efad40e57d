//! Who asks, in its own words: for the ledger of tokens and for nothing else, since anybody may say anything.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

use crate::telemetry::token_usage::ClientName;

/// The header in which a client says what it is.
const HEADER: &str = "x-adjutant-client";

/// The client of a request: what it says of itself, else the product its user agent names.
pub(in crate::server) fn client_of(headers: &HeaderMap) -> ClientName {
    let text = |value: Option<&axum::http::HeaderValue>| {
        value.and_then(|value| value.to_str().ok()).map(ClientName::new)
    };
    text(headers.get(HEADER)).or_else(|| text(headers.get(USER_AGENT))).unwrap_or_default()
}
