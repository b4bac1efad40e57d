//! A client of either era, over the router.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use serde_json::{Value, json};

use crate::support::{Answered, Service, json_request};

pub(crate) const OLD: &str = "2025-11-25";
pub(crate) const NEW: &str = "2026-07-28";

/// A `POST /mcp` with the headers that every client sends.
pub(crate) fn post() -> Builder {
    json_request("/mcp").header("accept", "application/json, text/event-stream")
}

/// One client.
pub(crate) struct Client<'a> {
    pub(crate) service: &'a Service,
    /// The session of the older era.
    pub(crate) session: Option<String>,
}

impl<'a> Client<'a> {
    /// A client of the newer era, which needs no session.
    pub(crate) fn new_era(service: &'a Service) -> Self {
        Client { service, session: None }
    }

    /// A client of the older era, introduced.
    pub(crate) async fn old_era(service: &'a Service) -> Self {
        let hello = json!({
            "protocolVersion": OLD,
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello });
        let answered = service.send(post().body(body.to_string().into()).unwrap()).await;
        assert_eq!(answered.status, 200, "{}", answered.text);
        let session = answered.headers["mcp-session-id"].to_str().unwrap().to_owned();
        let client = Client { service, session: Some(session) };
        let body = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let answered = service.send(client.head().body(body.to_string().into()).unwrap()).await;
        assert_eq!(answered.status, 202, "{}", answered.text);
        client
    }

    /// Both, the older first.
    pub(crate) async fn both(service: &'a Service) -> [Client<'a>; 2] {
        [Client::old_era(service).await, Client::new_era(service)]
    }

    pub(crate) fn era(&self) -> &'static str {
        if self.session.is_some() { OLD } else { NEW }
    }

    fn head(&self) -> Builder {
        let head = post().header("mcp-protocol-version", self.era());
        match &self.session {
            Some(session) => head.header("mcp-session-id", session),
            None => head,
        }
    }

    /// A request as this client would send it.
    pub(crate) fn request(&self, method: &str, params: Value) -> Request<Body> {
        let (head, body) = self.parts(method, params);
        head.body(body.to_string().into()).unwrap()
    }

    /// The same, before it is put together.
    pub(crate) fn parts(&self, method: &str, mut params: Value) -> (Builder, Value) {
        let mut head = self.head();
        if self.session.is_none() {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": NEW,
                "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            head = head.header("mcp-method", method);
            if let Some(name) = params.get("name").or(params.get("uri")).and_then(Value::as_str) {
                head = head.header("mcp-name", name);
            }
        }
        (head, json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }))
    }

    /// Sends a request; the whole message that answers it.
    pub(crate) async fn message(&self, method: &str, params: Value) -> Value {
        message_of(&self.service.send(self.request(method, params)).await)
    }

    /// Sends a request; the answer's bytes as they came.
    pub(crate) async fn message_text(&self, method: &str, params: Value) -> String {
        self.service.send(self.request(method, params)).await.text
    }

    /// Sends a request that must succeed; its result.
    pub(crate) async fn result(&self, method: &str, params: Value) -> Value {
        let message = self.message(method, params).await;
        assert!(message["result"].is_object(), "{method} in {}: {message}", self.era());
        message["result"].clone()
    }

    /// Sends a request that must fail; the code and message of its error.
    pub(crate) async fn error(&self, method: &str, params: Value) -> (i64, String) {
        let message = self.message(method, params).await;
        let code = message["error"]["code"].as_i64();
        let code = code.unwrap_or_else(|| panic!("{method} in {}: {message}", self.era()));
        (code, message["error"]["message"].as_str().unwrap().to_owned())
    }

    /// Calls a tool; its result.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.result("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }
}

/// The answer in a body, which is JSON or a stream of events.
pub(crate) fn message_of(answered: &Answered) -> Value {
    if answered.text.starts_with('{') {
        return answered.json();
    }
    let events = answered.text.lines().filter_map(|line| line.strip_prefix("data:"));
    let messages = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let mut answers = messages.filter(|message| message.get("id").is_some());
    answers.next().unwrap_or_else(|| panic!("no answer: {} {}", answered.status, answered.text))
}

/// The text form of a tool's result.
pub(crate) fn text_of(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

/// The ids of the rows that a model reads, in their order.
pub(crate) fn row_ids(result: &Value) -> Vec<&str> {
    text_of(result).lines().filter_map(id_of_row).collect()
}

/// The id in `3. web:react-specialist [role x]: Builds pages.`
fn id_of_row(line: &str) -> Option<&str> {
    let (place, row) = line.split_once(". ")?;
    place.parse::<usize>().ok()?;
    row.split_once(": ").map(|(id, _)| id.split(" [").next().unwrap_or(id))
}
