//! Every refusal on every path states a code of the one table: as a JSON-RPC error where JSON-RPC is spoken, else as an
//! object of `code`, `error`, `message` and `data`.

use crate::support::{Answered, Project, Service, json_request};
use adjutant::server::{AccessPolicy, ServerState, router};
use adjutant::tasks::Tasks;
use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use http_body_util::BodyExt;
use protocol::ErrorCode;
use serde_json::{Value, json};
use tower::ServiceExt;

const SECRET: &str = "a-token-of-the-tests";

/// All paths, and one that does not exist.
const PATHS: [(&str, &str); 6] = [
    ("POST", "/"),
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("POST", "/reindex"),
    ("POST", "/mcp"),
    ("GET", "/nope"),
];

fn request(method: &str, path: &str) -> Builder {
    json_request(path).method(method).header("accept", "application/json, text/event-stream")
}

/// Checks the form of a refusal; its `data`.
#[track_caller]
fn assert_refused(answered: &Answered, path: &str, status: u16, code: ErrorCode) -> Value {
    assert_eq!(answered.status.as_u16(), status, "{path}: {}", answered.text);
    assert_eq!(answered.headers["content-type"], "application/json", "{path}");
    let body = answered.json();
    let error = if matches!(path, "/" | "/mcp") {
        assert_eq!((&body["jsonrpc"], &body["id"]), (&json!("2.0"), &Value::Null), "{path}: {body}");
        body["error"].clone()
    } else {
        assert_eq!(body["error"], code.name(), "{path}: {body}");
        body.clone()
    };
    assert_eq!(error["code"], code.code(), "{path}: {body}");
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 5), "{path}: {body}");
    let data = error["data"].clone();
    assert_eq!(answered.headers.contains_key("retry-after"), code.is_retryable(), "{path}: {body}");
    assert_eq!(data["retry_after_ms"].is_u64(), code.is_retryable(), "{path}: {body}");
    data
}

#[tokio::test]
async fn who_may_not_ask_is_told_why_in_the_same_form_everywhere() {
    let doors = AccessPolicy { token: Some(SECRET.into()), ..AccessPolicy::default() };
    let service = Service::behind(&Project::sample(), doors);
    for (method, path) in PATHS {
        let ask = async |request: Builder| service.send(request.body(Body::from("{}")).unwrap()).await;
        for wrong in [None, Some("another-token-of-the-tests")] {
            let request = wrong.iter().fold(request(method, path), |request, token| {
                request.header("authorization", format!("Bearer {token}"))
            });
            let refused = ask(request).await;
            assert_refused(&refused, path, 401, ErrorCode::Unauthenticated);
            assert!(refused.headers.contains_key("www-authenticate"));
        }
        let bare = Request::builder().method(method).uri(path).header("content-type", "application/json");
        assert_refused(&ask(bare).await, path, 400, ErrorCode::InvalidRequest);
        let bare = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let refused = ask(bare.header("host", "attacker.com")).await;
        assert_refused(&refused, path, 403, ErrorCode::Forbidden);
        let refused = ask(request(method, path).header("origin", "https://attacker.com")).await;
        assert_refused(&refused, path, 403, ErrorCode::Forbidden);
        let many = (0..70).fold(request(method, path), |request, n| request.header(format!("x-{n}"), "1"));
        assert_refused(&ask(many).await, path, 431, ErrorCode::InvalidRequest);
        if method == "POST" {
            let refused = ask(request(method, path).header("content-encoding", "gzip")).await;
            assert_refused(&refused, path, 415, ErrorCode::InvalidRequest);
        }
    }
    let health = service.get("/health").await.json();
    assert_eq!(health["service"], "adjutant", "{health}");
}

#[tokio::test]
async fn a_request_that_no_route_takes_is_told_so() {
    let service = Service::over(&Project::sample());
    let ask = async |method: &str, path: &str| {
        service.send(request(method, path).body(Body::from("{}")).unwrap()).await
    };
    assert_refused(&ask("GET", "/nope").await, "/nope", 404, ErrorCode::NotFound);
    for (method, path) in [("GET", "/"), ("DELETE", "/health"), ("GET", "/reindex"), ("PUT", "/mcp")] {
        let refused = ask(method, path).await;
        assert_refused(&refused, path, 405, ErrorCode::InvalidRequest);
        assert!(refused.headers.contains_key("allow"), "{method} {path}");
    }
    for path in ["/", "/mcp"] {
        let refused =
            service.send(request("POST", path).body(Body::from(" ".repeat(1_048_577))).unwrap()).await;
        assert_refused(&refused, path, 413, ErrorCode::InvalidRequest);
    }
    // What the library refuses at the endpoint for models.
    let no_session = request("POST", "/mcp").header("mcp-session-id", "none");
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} }).to_string();
    let refused = service.send(no_session.body(Body::from(hello.clone())).unwrap()).await;
    assert_refused(&refused, "/mcp", 404, ErrorCode::NotFound);
    let plain = json_request("/mcp").header("accept", "text/plain").body(Body::from(hello)).unwrap();
    assert_refused(&service.send(plain).await, "/mcp", 406, ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_ask_again() {
    for (method, path) in PATHS {
        let doors = AccessPolicy { requests_per_second: 1, ..AccessPolicy::default() };
        let service = Service::behind(&Project::sample(), doors);
        assert_eq!(service.get("/health").await.status, 200);
        let refused = service.send(request(method, path).body(Body::from("{}")).unwrap()).await;
        let data = assert_refused(&refused, path, 429, ErrorCode::RateLimited);
        assert!((1..=1_001).contains(&data["retry_after_ms"].as_u64().unwrap()), "{data}");
    }
}

#[tokio::test]
async fn a_service_that_starts_or_stops_says_so() {
    for reason in ["starting", "stopping"] {
        let tasks = Tasks::default();
        let state = ServerState::starting(tasks.clone());
        if reason == "stopping" {
            tasks.stop();
        }
        for (method, path) in PATHS.into_iter().filter(|(_, path)| *path != "/nope") {
            let request = request(method, path).body(Body::from("{}")).unwrap();
            let (parts, body) = router(state.clone()).oneshot(request).await.unwrap().into_parts();
            let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let refused = Answered { status: parts.status, headers: parts.headers, text };
            let data = assert_refused(&refused, path, 503, ErrorCode::Unavailable);
            if matches!(path, "/health" | "/mcp") || reason == "starting" {
                assert_eq!(data["reason"], reason, "{path}");
            }
            if path == "/health" {
                assert_eq!(refused.json()["status"], reason);
            }
        }
    }
}
