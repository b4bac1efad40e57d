//! From messages to operations and back.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::value::RawValue;

use super::error::RpcError;
use super::response::{write_error, write_output};
use crate::app::Project;
use crate::app::authorization::Principal;
use crate::app::operation::Operation;
use crate::app::operations::{Method, Visitor};
use crate::server::permit::RequestPermit;
use crate::server::rate::{CallClass, Rates};
use protocol::envelope::{self, BadRequest, Call, Message, Unreadable};

/// What goes back over HTTP.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    /// When to retry, where a single call may.
    pub(super) retry_after: Option<Duration>,
}

impl Reply {
    /// The answer to notifications, which is none.
    const NOTHING: Reply = Reply { status: StatusCode::NO_CONTENT, body: Vec::new(), retry_after: None };
}

/// What a message is answered with.
pub(super) struct Dispatcher<'a> {
    pub(super) project: &'a Project,
    pub(super) rates: &'a Rates,
    pub(super) principal: &'a Principal,
    /// Held while calls compute, released while one waits for the disk.
    pub(super) permit: RequestPermit<'a>,
}

impl Dispatcher<'_> {
    /// Answers a whole message.
    pub(super) async fn answer(&mut self, body: &[u8]) -> Reply {
        match envelope::read(body) {
            Err(Unreadable::NotJson(reason)) => self.refuse(&RpcError::parse(reason), None),
            Err(Unreadable::NotAMessage(reason)) => self.refuse(&RpcError::invalid_request(reason), None),
            Ok(Message::Single(entry)) => self.answer_entry(entry).await.unwrap_or(Reply::NOTHING),
            Ok(Message::Batch(entries)) => self.answer_batch(entries).await,
        }
    }

    async fn answer_batch(&mut self, entries: Vec<envelope::Entry<'_>>) -> Reply {
        let mut body = vec![b'['];
        for entry in entries {
            if let Some(reply) = self.answer_entry(entry).await {
                if body.len() > 1 {
                    body.push(b',');
                }
                body.extend_from_slice(&reply.body);
            }
        }
        if body.len() == 1 {
            return Reply::NOTHING;
        }
        body.push(b']');
        Reply { status: StatusCode::OK, body, retry_after: None }
    }

    /// Answers one element of a message; `None` for a notification.
    async fn answer_entry(&mut self, entry: envelope::Entry<'_>) -> Option<Reply> {
        let call = match entry {
            Err(BadRequest { id, reason }) => {
                return Some(self.refuse(&RpcError::invalid_request(reason), id));
            }
            Ok(call) => call,
        };
        let began = Instant::now();
        let method = Method::named(&call.method);
        let refused = match (self.rates.admit_call(CallClass::of(method)), method) {
            (Err(wait), _) => RpcError::rate_limited(wait),
            (Ok(()), None) => RpcError::unknown_method(&call.method),
            (Ok(()), Some(method)) => {
                self.permit.hold_while_computing(method.class()).await;
                let reply =
                    method.visit(Run { project: self.project, principal: self.principal, call: &call }).await;
                return call.id.map(|_| reply);
            }
        };
        self.project.record_refused(self.principal, method, began.elapsed(), refused.code);
        call.id.map(|_| reply_error(&refused, call.id))
    }

    /// The answer to what is no call.
    fn refuse(&self, error: &RpcError, id: Option<&RawValue>) -> Reply {
        self.project.metrics().record_error(error.code.code());
        reply_error(error, id)
    }
}

/// One call, whose operation is looked for.
struct Run<'a> {
    project: &'a Project,
    principal: &'a Principal,
    call: &'a Call<'a>,
}

impl Visitor for Run<'_> {
    type Outcome = Reply;

    async fn visit<O: Operation>(self) -> Reply {
        let Run { project, principal, call } = self;
        let correlation_id = &principal.correlation_id;
        match project.execute::<O>(principal, call.params.map(RawValue::get)).await {
            Ok(output) => match write_output(&output, call.id) {
                Ok(body) => Reply { status: StatusCode::OK, body, retry_after: None },
                Err(error) => {
                    tracing::error!(correlation_id, %error, "an answer could not be written");
                    reply_error(&RpcError::internal(correlation_id), call.id)
                }
            },
            Err(error) => reply_error(&RpcError::from_app(&error, correlation_id), call.id),
        }
    }
}

pub(super) fn reply_error(error: &RpcError, id: Option<&RawValue>) -> Reply {
    // An error object is plain data: writing it cannot fail.
    let body = write_error(error, id).unwrap_or_default();
    Reply { status: error.status(), body, retry_after: error.retry_after }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;
    use crate::app::authorization::Transport;
    use crate::config::{Config, Environment, Flags};
    use crate::telemetry::token_usage::ClientName;
    use store::{Store, StoreOptions};

    #[tokio::test]
    #[expect(clippy::significant_drop_tightening, reason = "the permit is observed until the end")]
    async fn a_call_that_waits_for_the_disk_releases_its_permit() {
        let dir = tempfile::tempdir().unwrap();
        let flags = Flags { root: Some(dir.path().to_owned()), no_watch: true, ..Flags::default() };
        let config = Config::resolve(&flags, &Environment::default()).unwrap().project;
        let project =
            Project::offline(config, Store::open(StoreOptions::new(dir.path().join("data"))).unwrap());
        let principal = Principal::local(ClientName::default(), "c-1".to_owned(), Transport::JsonRpc);
        let (rates, permits) = (Rates::per_second(0), Semaphore::new(1));
        let permit = RequestPermit::try_take(&permits).unwrap();
        let mut dispatcher = Dispatcher { project: &project, rates: &rates, principal: &principal, permit };
        let health = r#"{"jsonrpc":"2.0","method":"getHealth","id":1}"#;
        let decision = r#"{"jsonrpc":"2.0","method":"cacheDecision","id":2,"params":{"task_id":"1","task_description":"a","agents_used":["a"],"result":"success"}}"#;
        for (call, free) in [(health, 0), (decision, 1), (health, 0)] {
            let reply = dispatcher.answer(call.as_bytes()).await;
            assert_eq!((reply.status, permits.available_permits()), (StatusCode::OK, free), "{call}");
        }
        let batch = format!("[{decision},{health}]");
        assert_eq!(dispatcher.answer(batch.as_bytes()).await.status, StatusCode::OK);
        assert_eq!(permits.available_permits(), 0, "the read after the write has a permit again");
    }
}
