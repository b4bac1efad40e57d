//! Who may ask: requests addressed to a loopback name, from no page or a loopback page, with a JSON body.
//!
//! A browser can be made to send requests here (DNS rebinding, cross-site forms). It cannot forge `Host` and
//! `Origin`, and it asks for permission, which is never granted, before it sends a JSON content type.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An answer outside JSON-RPC: a status and a sentence.
pub(super) fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

/// A refusal that invites to come back in a second.
pub(super) fn unavailable(why: &str) -> Response {
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, why);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Lets a request pass that comes from this machine.
pub(super) async fn admit(request: Request, next: Next) -> Response {
    if let Err((status, why)) = check(&request) {
        return refusal(status, why);
    }
    next.run(request).await
}

fn check(request: &Request) -> Result<(), (StatusCode, &'static str)> {
    let headers = request.headers();
    check_host(request.version(), request.uri(), headers)?;
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

fn check_host(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err((StatusCode::BAD_REQUEST, "there is more than one Host"));
    }
    if host.is_none() && version >= Version::HTTP_11 {
        return Err((StatusCode::BAD_REQUEST, "Host is missing"));
    }
    let addressed = host.map(|host| host.to_str().ok());
    let is_local = addressed.is_none_or(|host| host.is_some_and(is_loopback_authority))
        && uri.authority().is_none_or(|authority| is_loopback_authority(authority.as_str()));
    if is_local { Ok(()) } else { Err((StatusCode::FORBIDDEN, "only loopback hosts are answered")) }
}

/// Whether `host` or `host:port` names this machine's loopback interface.
fn is_loopback_authority(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port_is_valid = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let host = host.strip_suffix('.').unwrap_or(host);
    port_is_valid && (host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]")
}

fn is_loopback_origin(origin: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(is_loopback_authority)
}

/// Whether a content type is JSON; the only charset JSON has may be named.
fn is_json(content_type: &str) -> bool {
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
    use super::{is_json, is_loopback_authority, is_loopback_origin};

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
}
