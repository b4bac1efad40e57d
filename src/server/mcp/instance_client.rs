//! A client of the project's running instance, over its `/mcp` in the newer, stateless era.
//!
//! An instance that is away, one that is busy and a foreign program on its port are three answers: only the first and the
//! last let another index answer. A connection that breaks is none of them: what reads is asked again, and what writes is
//! not, since it may have been done.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rmcp::ErrorData;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::telemetry::token_usage::ClientName;
use client::{Client, ClientError, FailureKind, Reply};
use protocol::{ErrorCode, ErrorObject, OperationClass, Refusal};

/// Time between the first two attempts at a busy instance; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a running instance is waited for.
#[derive(Debug, Clone, Copy)]
pub struct RetryBudget {
    /// Time it has for one answer.
    pub answer: Duration,
    /// Time for which requests are repeated while it is busy.
    pub busy: Duration,
}

impl Default for RetryBudget {
    /// Ten seconds for an answer; for a busy instance several times the start of the largest collection.
    fn default() -> Self {
        RetryBudget { answer: Duration::from_secs(10), busy: Duration::from_secs(5) }
    }
}

/// Why the instance did not answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// Nothing listens: nothing was asked of anybody, and another index may answer.
    Away,
    /// What listens is not an Adjutant: the instance is gone, and another program has its port.
    Foreign(String),
    /// It runs and cannot answer now, or cannot be reached now; it did nothing.
    Busy(ErrorData),
    /// It was asked for a change, and it is not known whether it made it.
    OutcomeUnknown(ErrorData),
    /// It refused.
    Failed(ErrorData),
}

/// A running instance.
#[derive(Debug, Clone)]
pub(super) struct InstanceClient {
    client: Client,
    /// The client on whose behalf it is called.
    for_whom: ClientName,
    retry_budget: RetryBudget,
}

impl InstanceClient {
    pub(super) fn on(
        port: u16,
        token: Option<&str>,
        for_whom: ClientName,
        retry_budget: RetryBudget,
    ) -> Self {
        InstanceClient {
            client: Client::new(port, retry_budget.answer).with_token(token),
            for_whom,
            retry_budget,
        }
    }

    /// Forwards a request, which does what `class` says, and returns its result. While the instance is busy the request is
    /// repeated, as long as that cannot do anything twice.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        class: OperationClass,
        method: &str,
        params: &impl Serialize,
    ) -> Result<T, CallError> {
        let (name, message) = self.message(method, params).map_err(|error| failed(error.to_string()))?;
        let mut headers = head(method);
        headers.extend(name.as_deref().map(|name| ("mcp-name", name)));
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let answered = match self.client.post_with("/mcp", &headers, &message).await {
                Ok(reply) => read_reply(&reply),
                Err(error) => Err(call_error(&error, class)),
            };
            if !matches!(answered, Err(CallError::Busy(_)))
                || began.elapsed() + pause > self.retry_budget.busy
            {
                return answered;
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
                error.kind() == FailureKind::OutcomeUnknown
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

/// Why there is no reply to a request that does what `class` says.
fn call_error(error: &ClientError, class: OperationClass) -> CallError {
    match (error.kind(), class) {
        (FailureKind::Away, _) => CallError::Away,
        (FailureKind::Foreign, _) => CallError::Foreign(error.to_string()),
        (FailureKind::NotSent, _) | (FailureKind::OutcomeUnknown, OperationClass::Read) => {
            let why =
                format!("the project's running instance cannot be reached now ({error}); retry in a moment");
            CallError::Busy(error_data(ErrorCode::Unavailable, why))
        }
        (FailureKind::OutcomeUnknown, OperationClass::Write) => {
            CallError::OutcomeUnknown(error_data(ErrorCode::Unavailable, error.to_string()))
        }
        (FailureKind::Refused, _) => failed(format!("the running instance: {error}")),
    }
}

fn failed(message: String) -> CallError {
    CallError::Failed(ErrorData::internal_error(message, None))
}

fn error_data(code: ErrorCode, message: String) -> ErrorData {
    ErrorData::new(rmcp::model::ErrorCode(code.code()), message, None)
}

/// The result or the error of a reply.
fn read_reply<T: DeserializeOwned>(reply: &Reply) -> Result<T, CallError> {
    if let Some(result) = reply.body.get("result") {
        return serde_json::from_value(result.clone()).map_err(|error| failed(error.to_string()));
    }
    let Some(error) = Refusal::stated_in(&reply.body) else {
        let why = format!("it answered with status {}, without a result or an error", reply.status);
        return Err(CallError::Foreign(why));
    };
    Err(match error.known_code() {
        Some(code) if code.is_retryable() => CallError::Busy(busy(code, error)),
        Some(code @ ErrorCode::Unauthenticated) => {
            let why = "the project's running instance does not accept the token of this session; set MCP_TOKEN, or \
                       write it into the project's token file";
            CallError::Failed(error_data(code, why.to_owned()))
        }
        // Read as the library does: its own errors have data that the table does not have.
        _ => serde_json::from_value(reply.body["error"].clone())
            .map_or_else(|_| failed(error.message), |error| CallError::Failed(as_older_era(error))),
    })
}

/// The error of a reply that says to retry later.
fn busy(code: ErrorCode, ErrorObject { message, data, .. }: ErrorObject) -> ErrorData {
    let data = data.and_then(|data| serde_json::to_value(data).ok());
    let message = format!("the project's running instance is busy ({message}); retry in a moment");
    ErrorData::new(rmcp::model::ErrorCode(code.code()), message, data)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of an error's case.
    fn case(error: &CallError) -> &'static str {
        match error {
            CallError::Away => "away",
            CallError::Foreign(_) => "foreign",
            CallError::Busy(_) => "busy",
            CallError::OutcomeUnknown(_) => "unknown",
            CallError::Failed(_) => "failed",
        }
    }

    #[test]
    fn away_busy_and_foreign_are_told_apart_and_no_write_is_repeated() {
        let errors = [
            (ClientError::Refused(1), ["away", "away"]),
            (ClientError::NotConnected { port: 1, cause: "EMFILE".into() }, ["busy", "busy"]),
            (ClientError::Timeout(Duration::ZERO), ["busy", "unknown"]),
            (ClientError::Broken("reset".into()), ["busy", "unknown"]),
            (ClientError::Foreign("SSH".into()), ["foreign", "foreign"]),
        ];
        for (error, expected) in errors {
            let of = |class| case(&call_error(&error, class));
            assert_eq!([of(OperationClass::Read), of(OperationClass::Write)], expected, "{error}");
        }
    }

    #[test]
    fn every_code_that_is_worth_a_retry_is_busy_and_no_other() {
        for code in ErrorCode::ALL {
            let object = ErrorObject::new(code, "as the table says");
            let rpc = json!({ "jsonrpc": "2.0", "error": object, "id": null });
            let plain = serde_json::to_value(Refusal::of(code, &object)).unwrap();
            for body in [rpc, plain] {
                let reply = Reply { status: code.http_status(), body };
                let error = read_reply::<Value>(&reply).unwrap_err();
                assert_eq!(case(&error), if code.is_retryable() { "busy" } else { "failed" }, "{code}");
            }
        }
        let reply = Reply { status: 503, body: json!({ "error": "try again later" }) };
        assert_eq!(case(&read_reply::<Value>(&reply).unwrap_err()), "foreign");
    }
}
