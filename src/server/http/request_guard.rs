//! Which requests are taken at all: those addressed to a loopback name, from no page or a loopback page, with a JSON body.
//!
//! A browser can be made to send requests here (DNS rebinding, cross-site forms). It cannot forge `Host` and
//! `Origin`, and it asks for permission, which is never granted, before it sends a JSON content type.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode, Uri, Version};

use crate::server::limits::MAX_HEADERS;

/// Checks headers, `Host`, `Origin` and, of a POST, the type of the body.
///
/// # Errors
/// The status and a sentence.
pub(super) fn check<B>(
    request: &Request<B>,
    bound: Option<IpAddr>,
) -> Result<(), (StatusCode, &'static str)> {
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
    use super::{is_bound, is_json, is_loopback_authority, is_loopback_origin};

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
}
