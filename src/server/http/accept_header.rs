//! What a client of `/mcp` takes: media ranges, as HTTP has them.
//!
//! The protocol's library wants both media types spelled out, and refuses `*/*`, `application/*` or no `Accept` at all,
//! which curl, fetch and many clients send and which take everything. A header that takes what is answered is therefore
//! spelled out before the library sees it.

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue, Method};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// Spells out what the header takes, where that is what is answered: JSON to a call, a stream of events to a `GET`.
pub(super) fn spell_out(method: &Method, headers: &mut HeaderMap) {
    let answered = match *method {
        Method::POST => JSON,
        Method::GET => EVENTS,
        _ => return,
    };
    if takes(headers, answered) {
        headers.insert(ACCEPT, BOTH);
    }
}

/// Whether the header takes a media type; without one, everything is taken.
fn takes(headers: &HeaderMap, media_type: &str) -> bool {
    let mut ranges = headers.get_all(ACCEPT).iter().flat_map(|value| {
        // What is no text takes nothing.
        value.to_str().unwrap_or("none").split(',').map(str::trim)
    });
    let mut best: Option<(u8, bool)> = None;
    let mut is_empty = true;
    for range in ranges.by_ref().filter(|range| !range.is_empty()) {
        is_empty = false;
        let mut parts = range.split(';').map(str::trim);
        let specificity = parts.next().and_then(|range| specificity(range, media_type));
        let is_taken = !parts.any(is_refusal);
        // The closest range counts.
        if let Some(specificity) = specificity
            && best.is_none_or(|(closest, _)| specificity >= closest)
        {
            best = Some((specificity, is_taken));
        }
    }
    is_empty || best.is_some_and(|(_, is_taken)| is_taken)
}

/// How closely a range names a media type; `None` where it does not.
fn specificity(range: &str, media_type: &str) -> Option<u8> {
    let (kind, _) = media_type.split_once('/')?;
    if range.eq_ignore_ascii_case(media_type) {
        return Some(2);
    }
    let (range_kind, "*") = range.split_once('/')? else { return None };
    match range_kind {
        "*" => Some(0),
        _ => range_kind.eq_ignore_ascii_case(kind).then_some(1),
    }
}

/// Whether a parameter says that the range is not taken.
fn is_refusal(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.and_then(|(_, weight)| weight.trim().parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::{ACCEPT, BOTH, HeaderMap, Method, spell_out};

    #[test]
    fn ranges_count_as_http_has_them() {
        let cases = [
            (None, true, true),
            (Some(""), true, true),
            (Some("*/*"), true, true),
            (Some("application/*, text/event-stream"), true, true),
            (Some("application/json"), true, false),
            (Some("Application/JSON; charset=utf-8, */*;q=0.1"), true, true),
            (Some("text/event-stream"), false, true),
            (Some("text/*"), false, true),
            (Some("text/html"), false, false),
            (Some("application/json;q=0, */*"), false, true),
            (Some("*/*;q=0"), false, false),
            (Some("*/*;q=0, application/json;q=0.5"), true, false),
            (Some("nonsense"), false, false),
        ];
        for (accept, by_call, by_stream) in cases {
            for (method, expected) in [(Method::POST, by_call), (Method::GET, by_stream)] {
                let mut headers = HeaderMap::new();
                headers.extend(accept.map(|accept| (ACCEPT, accept.parse().unwrap())));
                let before = headers.clone();
                spell_out(&method, &mut headers);
                let is_spelled_out = headers.get(ACCEPT) == Some(&BOTH);
                assert_eq!(is_spelled_out, expected, "{method} {accept:?}");
                assert!(is_spelled_out || headers == before, "{accept:?} is left as it is");
            }
        }
    }
}
