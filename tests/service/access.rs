//! What every transport demands of a caller: not too often, and with the token where there is one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{Answered, Project, Service, json_request};
use adjutant::server::AccessPolicy;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const SECRET: &str = "a-token-of-the-tests";

fn decision(task: &str) -> Value {
    json!({ "task_id": task, "task_description": "write tests", "agents_used": ["qa:test-engineer"], "result": "success" })
}

fn limited(requests_per_second: u32) -> Service {
    Service::behind(&Project::sample(), AccessPolicy { requests_per_second, ..AccessPolicy::default() })
}

#[track_caller]
fn assert_is_limited(answered: &Answered, id: &Value) {
    assert_eq!(answered.status.as_u16(), 429, "{}", answered.text);
    assert_eq!(answered.code(), -32005, "{}", answered.text);
    let body = answered.json();
    assert_eq!(&body["id"], id);
    let wait = body["error"]["data"]["retry_after_ms"].as_u64().unwrap();
    assert!((1..=1_001).contains(&wait), "{wait}");
    assert_eq!(answered.headers["retry-after"], "1");
}

#[tokio::test]
async fn writes_that_come_too_often_are_told_when_to_come_again() {
    let service = limited(10);
    service.result("cacheDecision", decision("1")).await;
    assert_is_limited(&service.call("cacheDecision", decision("2")).await, &json!(1));
    // Questions are counted apart, and a batch has an answer for each of its calls.
    service.result("getHealth", json!({})).await;
    let call = |id: u32, method: &str, params: Value| json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": id });
    let batch = json!([call(7, "cacheDecision", decision("3")), call(8, "getHealth", json!({}))]);
    let answered = service.post(batch.to_string()).await;
    assert_eq!(answered.status.as_u16(), 200);
    let answers = answered.json();
    assert_eq!((&answers[0]["error"]["code"], &answers[0]["id"]), (&json!(-32005), &json!(7)));
    assert_eq!(answers[1]["result"]["status"], "healthy");
    assert_eq!(service.get("/metrics").await.json()["errors"]["-32005"], 2);
}

#[tokio::test]
async fn requests_of_all_kinds_count_together() {
    let service = limited(4);
    for _ in 0..4 {
        assert_eq!(service.get("/health").await.status.as_u16(), 200);
    }
    let plain = service.get("/metrics").await;
    assert_eq!((plain.status.as_u16(), plain.headers.contains_key("retry-after")), (429, true));
    assert_is_limited(&service.call("getHealth", json!({})).await, &Value::Null);
    let through_mcp = service.send(json_request("/mcp").body(Body::from("{}")).unwrap()).await;
    assert_is_limited(&through_mcp, &Value::Null);
}

#[tokio::test]
async fn models_have_the_same_limits() {
    let service = limited(10);
    let call = |name: &str, arguments: Value| {
        let body = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": { "name": name, "arguments": arguments } });
        let request = json_request("/mcp").header("accept", "application/json, text/event-stream");
        request.body(Body::from(body.to_string())).unwrap()
    };
    // Without a session the library refuses it, but it was counted.
    service.send(call("record_outcome", decision("1"))).await;
    assert_is_limited(&service.send(call("record_outcome", decision("2"))).await, &json!(5));
    let asked = service.send(call("find_agents", json!({ "context": "tests" }))).await;
    assert_ne!(asked.status.as_u16(), 429, "{}", asked.text);
}

#[tokio::test]
async fn a_storm_of_reindexes_is_one_scan_and_refusals() {
    let service = Service::over(&Project::sample());
    let mut refused = 0;
    for _ in 0..60 {
        let answered = service.send(json_request("/reindex").body(Body::from("{}")).unwrap()).await;
        match answered.status.as_u16() {
            200 => {}
            429 => {
                refused += 1;
                assert_eq!(answered.headers["retry-after"], "1");
            }
            other => panic!("{other}: {}", answered.text),
        }
    }
    assert!(refused > 0, "60 scans at once are too many");
}

#[tokio::test]
async fn a_burst_of_a_seconds_queries_passes_whole() {
    // Nine tenths of all requests may be queries. However long the burst takes, the first 90 fit.
    let service = limited(100);
    for _ in 0..90 {
        service.result("queryAgents", json!({ "context": "kubernetes" })).await;
    }
}

#[tokio::test]
async fn nothing_is_answered_without_the_token() {
    let project = Project::sample();
    let policy = AccessPolicy { token: Some(SECRET.into()), ..AccessPolicy::default() };
    let service = Service::behind(&project, policy);
    let routes = [
        ("GET", "/health"),
        ("GET", "/metrics"),
        ("POST", "/"),
        ("POST", "/reindex"),
        ("POST", "/mcp"),
        ("GET", "/mcp"),
        ("GET", "/nope"),
    ];
    for (method, path) in routes {
        let asked = |token: Option<&str>| {
            let request =
                json_request(path).method(method).header("accept", "application/json, text/event-stream");
            let request = token
                .iter()
                .fold(request, |request, token| request.header("authorization", format!("Bearer {token}")));
            service.send(request.body(Body::from("{}")).unwrap())
        };
        for wrong in [None, Some("another-token-of-the-tests"), Some("")] {
            let answered = asked(wrong).await;
            assert_eq!(answered.status.as_u16(), 401, "{method} {path} {wrong:?}: {}", answered.text);
            assert!(answered.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            assert!(!answered.text.contains(project.path().to_str().unwrap()), "{}", answered.text);
        }
        assert_ne!(asked(Some(SECRET)).await.status.as_u16(), 401, "{method} {path}");
    }
    let health = service.get("/health").await.json();
    assert_eq!(
        health["service"], "adjutant",
        "an instance is recognised before the token is said to it: {health}"
    );
}

#[tokio::test]
async fn a_bound_address_may_be_addressed() {
    let policy = AccessPolicy {
        token: Some(SECRET.into()),
        bound: "192.0.2.7".parse().ok(),
        ..AccessPolicy::default()
    };
    let service = Service::behind(&Project::sample(), policy);
    for (host, status) in
        [("192.0.2.7:3700", 200), ("localhost", 200), ("192.0.2.8:3700", 403), ("attacker.com", 403)]
    {
        let request =
            Request::get("/health").header("host", host).header("authorization", format!("Bearer {SECRET}"));
        let answered = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status.as_u16(), status, "{host}");
    }
}

fn adjutant(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command.args(arguments).env("HOME", home).env("MCP_USER_SCOPE", "off").stdin(Stdio::null());
    for name in ["MCP_PORT", "MCP_ROOT", "MCP_DATA_DIR", "MCP_TOKEN", "MCP_BIND"] {
        command.env_remove(name);
    }
    command.output().unwrap()
}

/// Stops what the test started, whatever becomes of it.
struct Started<'a> {
    home: &'a Path,
    root: &'a str,
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        adjutant(self.home, &["down", "--root", self.root]);
    }
}

#[test]
fn commands_find_the_token_by_themselves() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    let root = project.path().to_str().unwrap();
    let file = project.write(".claude/mcp-server/token", &format!("{SECRET}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = adjutant(home.path(), &["status", "--root", root]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("chmod 600"), "{refused:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();

    let _started = Started { home: home.path(), root };
    let up = adjutant(home.path(), &["up", "--root", root, "--port", "0", "--no-register"]);
    let said = String::from_utf8_lossy(&up.stdout).into_owned();
    assert!(up.status.success() && said.contains("who can") && said.contains("${MCP_TOKEN}"), "{up:?}");
    assert!(!said.contains(SECRET), "{said}");
    // A second start recognises the first without having said its token.
    let again = adjutant(home.path(), &["up", "--root", root, "--no-register"]);
    assert!(again.status.success(), "{again:?}");
    for command in [
        &["status", "--root", root][..],
        &["reindex", "--root", root],
        &["find", "agents", "kubernetes", "--root", root],
    ] {
        let done = adjutant(home.path(), command);
        assert!(done.status.success(), "{command:?}: {done:?}");
    }
    let endpoint: Value = serde_json::from_slice(
        &std::fs::read(project.path().join(".claude/mcp-server/endpoint.json")).unwrap(),
    )
    .unwrap();
    let reply = crate::support::plain_get(endpoint["port"].as_u64().unwrap(), "/health");
    assert!(reply.starts_with("HTTP/1.1 401"), "{reply}");
    let logs = project.path().join(".claude/mcp-server/logs");
    for entry in std::fs::read_dir(logs).unwrap() {
        let path = entry.unwrap().path();
        assert!(!std::fs::read_to_string(&path).unwrap_or_default().contains(SECRET), "{}", path.display());
    }
}

#[test]
fn another_address_than_loopback_needs_a_token() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    let root = project.path().to_str().unwrap();
    for address in ["0.0.0.0", "::", "192.0.2.7"] {
        let refused = adjutant(home.path(), &["serve", "--root", root, "--port", "0", "--bind", address]);
        assert_eq!(refused.status.code(), Some(1), "{address}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("needs a token"), "{refused:?}");
    }
}
