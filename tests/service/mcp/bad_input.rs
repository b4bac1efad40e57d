//! What comes in wrong, over HTTP.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::client::{Client, NEW, OLD, message_of, post};
use crate::support::{Project, Service};

#[tokio::test]
async fn foreign_hosts_and_pages_are_refused() {
    let service = Service::over(&Project::sample());
    let body = Client::new_era(&service).parts("tools/list", json!({})).1.to_string();
    let cases = [
        ("attacker.com", None, 403),
        ("127.0.0.1.nip.io:3700", None, 403),
        ("localhost:3700", Some("https://attacker.com"), 403),
        ("localhost:3700", Some("null"), 403),
        ("localhost:3700", Some("http://localhost.attacker.com"), 403),
        ("localhost:3700", Some("http://localhost:6274"), 200),
        ("[::1]:3700", None, 200),
    ];
    for (host, origin, status) in cases {
        for method in ["POST", "GET", "DELETE"] {
            let mut request = Request::builder()
                .method(method)
                .uri("/mcp")
                .header("host", host)
                .header("content-type", "application/json")
                .header("accept", "application/json, text/event-stream")
                .header("mcp-protocol-version", NEW)
                .header("mcp-method", "tools/list");
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let answered = service.send(request.body(Body::from(body.clone())).unwrap()).await;
            let is_refused = answered.status == 403;
            assert_eq!(is_refused, status == 403, "{method} {host} {origin:?}: {}", answered.text);
            if method == "POST" {
                assert_eq!(answered.status, status, "{host} {origin:?}: {}", answered.text);
            }
        }
    }
}

#[tokio::test]
async fn the_newer_era_insists_on_what_a_request_must_say() {
    let service = Service::over(&Project::sample());
    let client = Client::new_era(&service);
    let call = json!({ "name": "find_agents", "arguments": { "context": "react" } });
    let whole = || client.parts("tools/call", call.clone()).1;
    let without_meta = {
        let mut body = whole();
        body["params"].as_object_mut().unwrap().remove("_meta");
        body
    };
    let unknown_version = {
        let mut body = whole();
        body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
        body
    };
    // The body; the headers for version, method and name; status and code of the answer.
    let cases: [(&str, &Value, [&str; 3], u16, i64); 7] = [
        ("all said", &whole(), [NEW, "tools/call", "find_agents"], 200, 0),
        ("no meta", &without_meta, [NEW, "tools/call", "find_agents"], 400, -32602),
        ("unknown version", &unknown_version, ["2099-01-01", "tools/call", "find_agents"], 400, -32022),
        ("versions disagree", &whole(), [OLD, "tools/call", "find_agents"], 400, -32020),
        ("methods disagree", &whole(), [NEW, "tools/list", "find_agents"], 400, -32020),
        ("names disagree", &whole(), [NEW, "tools/call", "find_skills"], 400, -32020),
        ("no method", &whole(), [NEW, "", "find_agents"], 400, -32020),
    ];
    for (name, body, headers, status, code) in cases {
        let names = ["mcp-protocol-version", "mcp-method", "mcp-name"];
        let head = names.into_iter().zip(headers).filter(|(_, value)| !value.is_empty());
        let head = head.fold(post(), |head, (name, value)| head.header(name, value));
        let answered = service.send(head.body(body.to_string().into()).unwrap()).await;
        assert_eq!(answered.status, status, "{name}: {}", answered.text);
        if code != 0 {
            assert_eq!(message_of(&answered)["error"]["code"], code, "{name}: {}", answered.text);
        }
    }
}

#[tokio::test]
async fn unknown_things_have_their_code_in_each_era() {
    let service = Service::over(&Project::sample());
    let [old, new] = Client::both(&service).await;
    for uri in [
        "adjutant://agent/web/nobody",
        "adjutant://robot/web/x",
        "file:///etc/passwd",
        "adjutant://agent/../../etc/passwd",
        "nonsense",
    ] {
        assert_eq!(old.error("resources/read", json!({ "uri": uri })).await.0, -32002, "{uri}");
        assert_eq!(new.error("resources/read", json!({ "uri": uri })).await.0, -32602, "{uri}");
    }
    for client in [&old, &new] {
        let (code, message) = client.error("tools/call", json!({ "name": "nonsense" })).await;
        assert_eq!(code, -32602);
        assert!(message.contains("find_agents"), "{message}");
        assert_eq!(client.error("nonsense/do", json!({})).await.0, -32601);
    }
    let answered = service.send(new.request("nonsense/do", json!({}))).await;
    assert_eq!(answered.status, 404, "{}", answered.text);
    for legacy in ["ping", "logging/setLevel", "resources/subscribe"] {
        let (code, _) = new.error(legacy, json!({ "uri": "adjutant://catalog", "level": "info" })).await;
        assert_eq!(code, -32601, "{legacy}");
    }
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_next_one_answered() {
    let service = Service::over(&Project::sample());
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: Vec<(&str, Vec<u8>, u16, i64, Value)> = vec![
        ("empty", b"".to_vec(), 400, -32700, Value::Null),
        ("not JSON", b"{".to_vec(), 400, -32700, Value::Null),
        ("not UTF-8", b"{\"\xff\"}".to_vec(), 400, -32700, Value::Null),
        ("deep", deep.into_bytes(), 400, -32700, Value::Null),
        ("a batch", b"[]".to_vec(), 400, -32600, Value::Null),
        ("a number", b"7".to_vec(), 400, -32600, Value::Null),
        ("no method", br#"{"jsonrpc":"2.0","id":1}"#.to_vec(), 400, -32600, json!(1)),
        ("too large", vec![b' '; 1024 * 1024 + 1], 413, 0, Value::Null),
    ];
    for (name, body, status, code, id) in cases {
        for era in [OLD, NEW] {
            let request = post().header("mcp-protocol-version", era).header("mcp-method", "tools/list");
            let answered = service.send(request.body(Body::from(body.clone())).unwrap()).await;
            assert_eq!(answered.status, status, "{name} {era}: {}", answered.text);
            if code != 0 {
                let message: Value = serde_json::from_str(&answered.text).unwrap();
                assert_eq!((&message["error"]["code"], &message["id"]), (&json!(code), &id), "{name} {era}");
            }
        }
    }
    let form = Request::post("/mcp").header("host", "localhost").header("content-type", "text/plain");
    assert_eq!(service.send(form.body(Body::from("{}")).unwrap()).await.status, 415);
    let deaf =
        crate::support::json_request("/mcp").header("accept", "text/html").body(Body::from("{}")).unwrap();
    assert_eq!(service.send(deaf).await.status, 406);
    let hello = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } },
    });
    for accept in [None, Some("*/*"), Some("application/*, text/event-stream"), Some("application/json")] {
        let mut request = crate::support::json_request("/mcp");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answered = service.send(request.body(Body::from(hello.to_string())).unwrap()).await;
        assert_eq!(answered.status, 200, "{accept:?}: {}", answered.text);
        assert!(answered.text.contains("serverInfo"), "{accept:?}: {}", answered.text);
    }
    Client::new_era(&service).result("tools/list", json!({})).await;
}

#[tokio::test]
async fn sessions_are_checked_bounded_and_ended() {
    let service = Service::over(&Project::sample());
    let first = Client::old_era(&service).await;
    // Two clients that share a session are both answered.
    let twin = Client { session: first.session.clone(), ..Client::new_era(&service) };
    let (one, other) =
        tokio::join!(first.result("tools/list", json!({})), twin.result("tools/list", json!({})));
    assert_eq!(one, other);

    let with_session =
        |session: &str| post().header("mcp-protocol-version", OLD).header("mcp-session-id", session);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    let unknown = service.send(with_session("nobody").body(ping.clone().into()).unwrap()).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
    let none = post().header("mcp-protocol-version", OLD).body(ping.clone().into()).unwrap();
    assert!(service.send(none).await.status.is_client_error());

    // Beyond the most there may be, the one unused for longest goes.
    for _ in 0..256 {
        Client::old_era(&service).await;
    }
    let session = first.session.clone().unwrap();
    let gone = service.send(with_session(&session).body(ping.clone().into()).unwrap()).await;
    assert_eq!(gone.status, 404, "{}", gone.text);

    let last = Client::old_era(&service).await;
    let end = Request::delete("/mcp")
        .header("host", "localhost")
        .header("mcp-protocol-version", OLD)
        .header("mcp-session-id", last.session.clone().unwrap());
    assert!(service.send(end.body(Body::empty()).unwrap()).await.status.is_success());
    let ended = with_session(&last.session.unwrap()).body(ping.into()).unwrap();
    assert_eq!(service.send(ended).await.status, 404);
}

#[tokio::test]
async fn an_unknown_version_is_answered_with_one_that_is_known() {
    let service = Service::over(&Project::sample());
    for (asked, answered) in [("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("1999-01-01", OLD)]
    {
        let hello = json!({ "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello });
        let response = service.send(post().body(body.to_string().into()).unwrap()).await;
        assert_eq!(message_of(&response)["result"]["protocolVersion"], answered, "{asked}");
    }
}
