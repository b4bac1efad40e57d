//! Asking the running instance of the project, over its `/mcp` in the newer era, where each request stands alone.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::telemetry::token_usage::ClientName;
use client::{Client, ClientError};

/// Time an instance has for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Time between two attempts at an instance that is starting.
const PAUSE: Duration = Duration::from_millis(50);

/// Attempts at an instance that is starting: five seconds, several times what the largest collection takes.
const ATTEMPTS: usize = 100;

/// Why the instance did not answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// It is gone, and nothing was asked of it: somebody else may answer.
    Gone,
    /// It refused, or it is not known whether it did what it was asked.
    Refused(ErrorData),
}

/// A running instance.
#[derive(Debug, Clone)]
pub(super) struct InstanceClient {
    client: Client,
    /// On whose behalf it is asked.
    for_whom: ClientName,
}

impl InstanceClient {
    pub(super) fn on(port: u16, token: Option<&str>, for_whom: ClientName) -> Self {
        InstanceClient { client: Client::new(port, ANSWER_TIMEOUT).with_token(token), for_whom }
    }

    /// Passes a request on; its result.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<T, CallError> {
        let refused = |message: String| CallError::Refused(ErrorData::internal_error(message, None));
        let (name, message) = self.message(method, params).map_err(|error| refused(error.to_string()))?;
        let mut headers = head(method);
        headers.extend(name.as_deref().map(|name| ("mcp-name", name)));
        for _ in 0..ATTEMPTS {
            let reply = match self.client.post_with("/mcp", &headers, &message).await {
                Ok(reply) => reply,
                Err(ClientError::Refused(_)) => return Err(CallError::Gone),
                Err(error) => return Err(refused(format!("the running instance: {error}"))),
            };
            if reply.status == 503 {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            if let Some(result) = reply.body.get("result") {
                return serde_json::from_value(result.clone()).map_err(|error| refused(error.to_string()));
            }
            let error = reply.body.get("error").cloned().unwrap_or_default();
            return Err(serde_json::from_value(error).map_or_else(
                |_| refused(format!("the running instance answered with status {}", reply.status)),
                |error| CallError::Refused(as_older_era(error)),
            ));
        }
        Err(CallError::Gone)
    }

    /// Hands `changed` the name of each list that changes, until the instance ends.
    pub(super) async fn listen(&self, mut changed: impl FnMut(&str) + Send) {
        let method = "subscriptions/listen";
        let wanted = json!({ "notifications": {
            "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
        }});
        let Ok((_, message)) = self.message(method, &wanted) else { return };
        let each = |event: &Value| {
            let name = event["method"].as_str().and_then(|method| method.strip_prefix("notifications/"));
            if let Some(list) = name.and_then(|name| name.strip_suffix("/list_changed")) {
                changed(list);
            }
        };
        if let Err(error) = self.client.follow("/mcp", &head(method), &message, each).await {
            tracing::debug!(%error, "the running instance is not listened to any more");
        }
    }

    /// A request message that says all it needs, and the name it is about where the protocol wants that in a header.
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

/// The protocol version whose requests stand alone.
const VERSION_NAME: &str = "2026-07-28";

fn head(method: &str) -> Vec<(&str, &str)> {
    vec![
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", VERSION_NAME),
        ("mcp-method", method),
    ]
}

/// A name as a header carries it: as it is, or in the protocol's envelope where it cannot travel so.
fn header_value(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        && name.trim() == name
        && !name.starts_with("=?base64?");
    if is_plain { name.to_owned() } else { format!("=?base64?{}?=", BASE64_STANDARD.encode(name)) }
}

/// An unknown resource has another code in each era; handlers speak the older one's, which is translated where needed.
fn as_older_era(mut error: ErrorData) -> ErrorData {
    if error.code == ErrorCode::INVALID_PARAMS
        && error.data.as_ref().is_some_and(|data| data["uri"].is_string())
    {
        error.code = ErrorCode::RESOURCE_NOT_FOUND;
    }
    error
}
