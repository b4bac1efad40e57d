//! A client of the project's running instance, over its `/mcp` in the newer, stateless era.
//!
//! An instance that is away, one that is busy and a foreign program on its port are three outcomes: only the first and the
//! last let another index answer.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rmcp::ErrorData;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::telemetry::token_usage::ClientName;
use client::{Client, ClientError, Reply};
use protocol::{ErrorCode, ErrorObject};

/// Time an instance has to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Time between the first two attempts at a busy instance; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Why the instance did not answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// Nothing listens: nothing was asked of anybody, and another index may answer.
    Away,
    /// What listens is not an Adjutant: the instance is gone, and another program has its port.
    Foreign(String),
    /// It runs and cannot answer now: it starts, stops or is overloaded.
    Busy(ErrorData),
    /// It refused, or it is not known whether it did what it was asked.
    Failed(ErrorData),
}

/// A running instance.
#[derive(Debug, Clone)]
pub(super) struct InstanceClient {
    client: Client,
    /// The client on whose behalf it is called.
    for_whom: ClientName,
    /// Time for which a busy instance is asked again.
    busy_budget: Duration,
}

impl InstanceClient {
    pub(super) fn on(port: u16, token: Option<&str>, for_whom: ClientName, busy_budget: Duration) -> Self {
        InstanceClient { client: Client::new(port, ANSWER_TIMEOUT).with_token(token), for_whom, busy_budget }
    }

    /// Forwards a request and returns its result. Requests to a busy instance are retried within the budget.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<T, CallError> {
        let (name, message) = self.message(method, params).map_err(|error| failed(error.to_string()))?;
        let mut headers = head(method);
        headers.extend(name.as_deref().map(|name| ("mcp-name", name)));
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let reply = self.client.post_with("/mcp", &headers, &message).await.map_err(call_error)?;
            if reply.status != BUSY_STATUS {
                return read_reply(&reply);
            }
            if began.elapsed() + pause > self.busy_budget {
                return Err(CallError::Busy(busy(&reply)));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Hands `changed` the name of each list that changes, until the instance ends; whether it listened at all.
    pub(super) async fn listen(&self, mut changed: impl FnMut(&str) + Send) -> bool {
        let method = "subscriptions/listen";
        let wanted = json!({ "notifications": {
            "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
        }});
        let Ok((_, message)) = self.message(method, &wanted) else { return false };
        let each = |event: &Value| {
            let name = event["method"].as_str().and_then(|method| method.strip_prefix("notifications/"));
            if let Some(list) = name.and_then(|name| name.strip_suffix("/list_changed")) {
                changed(list);
            }
        };
        match self.client.follow("/mcp", &head(method), &message, each).await {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%error, "the event stream of the running instance ended");
                !matches!(error, ClientError::Status(_) | ClientError::Refused(_))
            }
        }
    }

    /// A self-contained request message, and the name it is about where the protocol requires that in a header.
    fn message(&self, method: &str, params: &impl Serialize) -> serde_json::Result<(Option<String>, Value)> {
        let mut params = serde_json::to_value(params)?;
        if !params.is_object() {
            params = json!({});
        }
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": VERSION_NAME,
            "io.modelcontextprotocol/clientInfo": {
                "name": self.for_whom.as_str(),
                "version": env!("CARGO_PKG_VERSION"),
            },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let named = match method {
            "tools/call" | "prompts/get" => params["name"].as_str(),
            "resources/read" => params["uri"].as_str(),
            _ => None,
        };
        let named = named.map(header_value);
        Ok((named, json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })))
    }
}

/// The HTTP status of an instance that cannot answer now.
const BUSY_STATUS: u16 = ErrorCode::Unavailable.http_status();

/// Why there is no reply.
fn call_error(error: ClientError) -> CallError {
    match error {
        ClientError::Refused(_) => CallError::Away,
        ClientError::Foreign(why) => CallError::Foreign(why),
        ClientError::NotConnected { .. } | ClientError::Timeout(_) | ClientError::Status(_) => {
            failed(format!("the running instance: {error}"))
        }
    }
}

fn failed(message: String) -> CallError {
    CallError::Failed(ErrorData::internal_error(message, None))
}

/// The result or the error of a reply.
fn read_reply<T: DeserializeOwned>(reply: &Reply) -> Result<T, CallError> {
    if let Some(result) = reply.body.get("result") {
        return serde_json::from_value(result.clone()).map_err(|error| failed(error.to_string()));
    }
    let Some(error) = reply.body.get("error") else {
        return Err(CallError::Foreign(format!("it answered with status {} and no result", reply.status)));
    };
    Err(serde_json::from_value(error.clone()).map_or_else(
        |_| failed(format!("the running instance answered with status {}", reply.status)),
        |error| CallError::Failed(as_older_era(error)),
    ))
}

/// The error of a reply that says to retry later; an older instance says so in the status alone.
fn busy(reply: &Reply) -> ErrorData {
    let object: ErrorObject = serde_json::from_value(reply.body["error"].clone()).unwrap_or_default();
    let why = if object.message.is_empty() { "it starts, stops or is overloaded" } else { &object.message };
    let data = object.data.and_then(|data| serde_json::to_value(data).ok());
    let message = format!("the project's running instance is busy ({why}); retry in a moment");
    ErrorData::new(rmcp::model::ErrorCode(ErrorCode::Unavailable.code()), message, data)
}

/// The protocol version whose requests are self-contained.
const VERSION_NAME: &str = "2026-07-28";

fn head(method: &str) -> Vec<(&str, &str)> {
    vec![
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", VERSION_NAME),
        ("mcp-method", method),
    ]
}

/// A name as a header value: as it is, or base64-encoded as the protocol defines where it is not plain ASCII.
fn header_value(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        && name.trim() == name
        && !name.starts_with("=?base64?");
    if is_plain { name.to_owned() } else { format!("=?base64?{}?=", BASE64_STANDARD.encode(name)) }
}

/// An unknown resource has another code in each era; handlers return the older one's, and the library translates it.
fn as_older_era(mut error: ErrorData) -> ErrorData {
    if error.code == rmcp::model::ErrorCode::INVALID_PARAMS
        && error.data.as_ref().is_some_and(|data| data["uri"].is_string())
    {
        error.code = rmcp::model::ErrorCode::RESOURCE_NOT_FOUND;
    }
    error
}
