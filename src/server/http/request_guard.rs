//! Who may ask: requests addressed to a loopback name, from no page or a loopback page, with a JSON body; with the
//! token where there is one, and not too many of them.
//!
//! A browser can be made to send requests here (DNS rebinding, cross-site forms). It cannot forge `Host` and
//! `Origin`, and it asks for permission, which is never granted, before it sends a JSON content type.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::server::limits::MAX_HEADERS;
use crate::server::rate;
use crate::server::rpc::endpoint::rate_limited;
use crate::server::state::ServerState;

/// What the doors ask of whoever comes.
#[derive(Clone)]
pub struct AccessPolicy {
    /// Every request must bear it, where there is one.
    pub token: Option<String>,
    /// An address other than loopback that is listened on: requests may be addressed to it.
    pub bound: Option<IpAddr>,
    /// Requests a second over all doors; 0 sets no limit.
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

/// An answer outside JSON-RPC: a status and a sentence.
pub(in crate::server) fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

/// A refusal that invites to come back in a second.
pub(in crate::server) fn unavailable(why: &str) -> Response {
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, why);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// A refusal that says when to come back.
pub(in crate::server) fn too_many(wait: Duration) -> Response {
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "too many requests");
    response.headers_mut().insert(RETRY_AFTER, retry_after(wait));
    response
}

/// Whole seconds, since the header knows no parts of one.
pub(in crate::server) fn retry_after(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

/// Lets a request pass that comes from this machine, or bears the token, and is not one too many.
///
/// # Errors
/// The refusal.
pub(in crate::server) fn admit<B>(state: &ServerState, request: &Request<B>) -> Result<(), Box<Response>> {
    if let Err((status, why)) = check(request, state.access_policy().bound) {
        return Err(refusal(status, why).into());
    }
    if let Some(token) = &state.access_policy().token
        && !bears(request.headers(), token)
    {
        return Err(unauthorised(state, request.uri().path()).into());
    }
    state.rates().admit_request().map_err(|wait| {
        let refused = match request.uri().path() {
            "/" | "/mcp" => rate_limited(state.app(), wait, None),
            _ => too_many(wait),
        };
        refused.into()
    })
}

/// Whether a request bears the token. How long comparing takes says nothing of where they differ.
fn bears(headers: &HeaderMap, token: &str) -> bool {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(given), None) = (given.next(), given.next()) else { return false };
    let Some((scheme, credentials)) = given.to_str().ok().and_then(|given| given.split_once(' ')) else {
        return false;
    };
    let is_same: bool = credentials.trim().as_bytes().ct_eq(token.as_bytes()).into();
    scheme.eq_ignore_ascii_case("bearer") && is_same
}

/// Tells a client of this machine, which has to recognise its project's instance before it says its token, whom it asks;
/// and nobody anything else.
fn unauthorised(state: &ServerState, path: &str) -> Response {
    let mut body = json!({ "error": "a token is required: Authorization: Bearer …" });
    if path == "/health" {
        body["service"] = "adjutant".into();
        body["pid"] = std::process::id().into();
        body["project"] = json!({ "id": state.app().map(|app| &app.config().project.id) });
    }
    let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    let challenge = HeaderValue::from_static("Bearer realm=\"adjutant\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn check<B>(request: &Request<B>, bound: Option<IpAddr>) -> Result<(), (StatusCode, &'static str)> {
    let headers = request.headers();
    if headers.len() > MAX_HEADERS {
        return Err((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "there are too many headers"));
    }
    check_host(request.version(), request.uri(), headers, bound)?;
    for origin in headers.get_all(ORIGIN) {
        if !origin.to_str().is_ok_and(is_loopback_origin) {
            return Err((StatusCode::FORBIDDEN, "requests from other origins are refused"));
        }
    }
    if request.method() == Method::POST {
        if !headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json) {
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json"));
        }
        let encoding = headers.get(CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not taken"));
        }
    }
    Ok(())
}

fn check_host(
    version: Version,
    uri: &Uri,
    headers: &HeaderMap,
    bound: Option<IpAddr>,
) -> Result<(), (StatusCode, &'static str)> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err((StatusCode::BAD_REQUEST, "there is more than one Host"));
    }
    if host.is_none() && version >= Version::HTTP_11 {
        return Err((StatusCode::BAD_REQUEST, "Host is missing"));
    }
    let addressed = host.map(|host| host.to_str().ok());
    let is_ours = |authority: &str| is_loopback_authority(authority) || is_bound(authority, bound);
    let is_local = addressed.is_none_or(|host| host.is_some_and(is_ours))
        && uri.authority().is_none_or(|authority| is_ours(authority.as_str()));
    if is_local { Ok(()) } else { Err((StatusCode::FORBIDDEN, "only loopback hosts are answered")) }
}

/// The host of `host` or `host:port`; `None` where the port is none.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    port.is_none_or(|port| port.parse::<u16>().is_ok()).then(|| host.strip_suffix('.').unwrap_or(host))
}

/// Whether `host` or `host:port` names this machine's loopback interface.
fn is_loopback_authority(authority: &str) -> bool {
    host_of(authority)
        .is_some_and(|host| host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]")
}

/// Whether `host` or `host:port` is the address listened on; where that is all addresses, any that is written in
/// digits: only a name can be made to lead elsewhere.
fn is_bound(authority: &str, bound: Option<IpAddr>) -> bool {
    let Some((host, bound)) = host_of(authority).zip(bound) else { return false };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address: Option<IpAddr> = bare.parse().ok().filter(|address: &IpAddr| !address.is_unspecified());
    address.is_some_and(|address| bound.is_unspecified() || address == bound)
}

fn is_loopback_origin(origin: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(is_loopback_authority)
}

/// Whether a content type is JSON; the only charset JSON has may be named.
fn is_json(content_type: &str) -> bool {
    if content_type == "application/json" {
        return true;
    }
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| {
            !parameter.to_ascii_lowercase().starts_with("charset=")
                || parameter.to_ascii_lowercase().contains("utf-8")
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::header::AUTHORIZATION;
    use axum::http::{HeaderMap, HeaderValue};

    use super::{bears, is_bound, is_json, is_loopback_authority, is_loopback_origin, retry_after};

    #[test]
    fn only_loopback_names_pass() {
        let cases = [
            ("localhost", true),
            ("localhost:3700", true),
            ("LOCALHOST:3700", true),
            ("localhost.:3700", true),
            ("127.0.0.1:3700", true),
            ("[::1]:3700", true),
            ("[::1]", true),
            ("0.0.0.0:3700", false),
            ("attacker.com", false),
            ("localhost.attacker.com", false),
            ("127.0.0.1.nip.io:3700", false),
            ("localhost:3700:1", false),
            ("localhost:99999", false),
            ("localhost@attacker.com", false),
            ("", false),
        ];
        for (authority, expected) in cases {
            assert_eq!(is_loopback_authority(authority), expected, "{authority:?}");
        }
    }

    #[test]
    fn only_loopback_pages_pass() {
        let cases = [
            ("http://localhost:5173", true),
            ("https://127.0.0.1", true),
            ("null", false),
            ("http://attacker.com", false),
            ("file://localhost", false),
        ];
        for (origin, expected) in cases {
            assert_eq!(is_loopback_origin(origin), expected, "{origin:?}");
        }
    }

    #[test]
    fn only_json_bodies_pass() {
        let cases = [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("application/json-patch+json", false),
            ("", false),
        ];
        for (content_type, expected) in cases {
            assert_eq!(is_json(content_type), expected, "{content_type:?}");
        }
    }

    #[test]
    fn the_address_listened_on_passes_and_no_name_does() {
        let cases = [
            ("192.168.1.5:3700", "192.168.1.5", true),
            ("192.168.1.6:3700", "192.168.1.5", false),
            ("192.168.1.6:3700", "0.0.0.0", true),
            ("0.0.0.0:3700", "0.0.0.0", false),
            ("[fe80::1]:3700", "fe80::1", true),
            ("[::]:3700", "::", false),
            ("attacker.com", "0.0.0.0", false),
            ("192.168.1.5.nip.io", "192.168.1.5", false),
        ];
        for (authority, bound, expected) in cases {
            assert_eq!(is_bound(authority, bound.parse().ok()), expected, "{authority} on {bound}");
        }
        assert!(!is_bound("192.168.1.5", None));
    }

    #[test]
    fn only_the_token_passes() {
        let cases: [(&[&str], bool); 8] = [
            (&["Bearer secret"], true),
            (&["bearer  secret"], true),
            (&["Bearer secre"], false),
            (&["Bearer secret2"], false),
            (&["Basic secret"], false),
            (&["secret"], false),
            (&["Bearer secret", "Bearer secret"], false),
            (&[], false),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(bears(&headers, "secret"), expected, "{given:?}");
        }
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds() {
        for (ms, seconds) in [(1, "1"), (1_000, "1"), (1_001, "2")] {
            assert_eq!(retry_after(Duration::from_millis(ms)), seconds);
        }
    }
}
