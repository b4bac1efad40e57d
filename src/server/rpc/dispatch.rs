//! From calls to operations: the table of methods, and what surrounds every call.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use futures_util::FutureExt;
use serde_json::value::RawValue;
use tracing::Instrument;

use super::envelope::{self, BadRequest, Call, Message, Unreadable};
use super::error::RpcError;
use crate::app::App;
use crate::app::operation::{CallContext, Operation, Output, read_params};
use crate::app::operations::{Visitor, by_name, names};
use crate::server::correlation::span_of;
use crate::server::rate::{Class, Rates};
use crate::telemetry::call_log::LoggedCall;

/// What goes back over HTTP.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    /// When to ask again, where the caller asked too often.
    pub(super) wait: Option<Duration>,
}

impl Reply {
    /// The answer to notifications, which is none.
    const NOTHING: Reply = Reply { status: StatusCode::NO_CONTENT, body: Vec::new(), wait: None };
}

/// One call's answer, and what to record of it.
struct Answered {
    status: StatusCode,
    body: Vec<u8>,
    cache_hit: Option<bool>,
    error: Option<i32>,
    wait: Option<Duration>,
}

/// Answers a whole message.
pub(super) async fn answer(app: &App, rates: &Rates, context: &CallContext, body: &[u8]) -> Reply {
    let failed = |error: &RpcError| {
        app.metrics().record_error(error.code);
        reply_error(error, None)
    };
    match envelope::read(body) {
        Err(Unreadable::NotJson(reason)) => failed(&RpcError::parse(reason)),
        Err(Unreadable::NotAMessage(reason)) => failed(&RpcError::invalid_request(reason)),
        Ok(Message::Single(entry)) => match answer_entry(app, rates, context, entry).await {
            Some(answered) => Reply { status: answered.status, body: answered.body, wait: answered.wait },
            None => Reply::NOTHING,
        },
        Ok(Message::Batch(entries)) => {
            let mut body = vec![b'['];
            for entry in entries {
                if let Some(answered) = answer_entry(app, rates, context, entry).await {
                    if body.len() > 1 {
                        body.push(b',');
                    }
                    body.extend_from_slice(&answered.body);
                }
            }
            if body.len() == 1 {
                return Reply::NOTHING;
            }
            body.push(b']');
            Reply { status: StatusCode::OK, body, wait: None }
        }
    }
}

/// Answers one element of a message; `None` for a notification.
async fn answer_entry(
    app: &App,
    rates: &Rates,
    context: &CallContext,
    entry: envelope::Entry<'_>,
) -> Option<Answered> {
    let call = match entry {
        Err(BadRequest { id, reason }) => {
            let error = RpcError::invalid_request(reason);
            app.metrics().record_error(error.code);
            return Some(failed(&error, id));
        }
        Ok(call) => call,
    };
    let began = Instant::now();
    let class = Class::of_method(&call.method);
    if let Err(wait) = rates.admit_call(class) {
        let answered = failed(&RpcError::rate_limited(wait), call.id);
        record(app, context, &call, &answered, began);
        return call.id.map(|_| answered);
    }
    let running = run_method(app, context, &call);
    let answered = match class {
        // On the heap, so that what is large about a write takes no room in the future of a query.
        Class::Write => {
            let running = Box::pin(running.instrument(span_of(context)));
            caught(app, context, &call, running).await
        }
        Class::Query | Class::Reindex => caught(app, context, &call, running).await,
    };
    record(app, context, &call, &answered, began);
    call.id.map(|_| answered)
}

/// A handler's answer, or that it panicked: the process lives, and it is counted.
async fn caught(
    app: &App,
    context: &CallContext,
    call: &Call<'_>,
    running: impl Future<Output = Answered>,
) -> Answered {
    AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|_| {
        app.metrics().record_panic();
        tracing::error!(
            correlation_id = context.correlation_id,
            method = &*call.method,
            "a handler panicked"
        );
        failed(&RpcError::internal(&context.correlation_id), call.id)
    })
}

fn record(app: &App, context: &CallContext, call: &Call<'_>, answered: &Answered, began: Instant) {
    let took = began.elapsed();
    app.metrics().record_call(&call.method, took, answered.cache_hit);
    if let Some(code) = answered.error {
        app.metrics().record_error(code);
    }
    let method = names().into_iter().find(|name| *name == call.method).unwrap_or("unknown");
    app.metrics().call_log().write(&LoggedCall {
        correlation_id: &context.correlation_id,
        tool: None,
        method,
        took,
        cache_hit: answered.cache_hit,
        error_code: answered.error,
    });
}

/// Runs the operation that the call names.
async fn run_method(app: &App, context: &CallContext, call: &Call<'_>) -> Answered {
    let answered = by_name(&call.method, Run { app, context, call }).await;
    answered.unwrap_or_else(|| failed(&RpcError::unknown_method(&call.method, &names()), call.id))
}

/// One call, whose operation is looked for.
struct Run<'a> {
    app: &'a App,
    context: &'a CallContext,
    call: &'a Call<'a>,
}

impl Visitor for Run<'_> {
    type Outcome = Answered;

    async fn visit<O: Operation>(self) -> Answered {
        run::<O>(self.app, self.context, self.call).await
    }
}

/// Reads the parameters, runs the operation, writes its output.
async fn run<O: Operation>(app: &App, context: &CallContext, call: &Call<'_>) -> Answered {
    let outcome = match read_params::<O>(call.params.map(RawValue::get)) {
        Ok(params) => O::run(app, context, params).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(output) => match envelope::write_output(&output, call.id) {
            Ok(body) => Answered {
                status: StatusCode::OK,
                body,
                cache_hit: output.cache_hit(),
                error: None,
                wait: None,
            },
            Err(error) => {
                tracing::error!(correlation_id = context.correlation_id, %error, "an answer could not be written");
                failed(&RpcError::internal(&context.correlation_id), call.id)
            }
        },
        Err(error) => failed(&RpcError::from_app(&error, &context.correlation_id), call.id),
    }
}

fn failed(error: &RpcError, id: Option<&RawValue>) -> Answered {
    let Reply { status, body, wait } = reply_error(error, id);
    Answered { status, body, cache_hit: None, error: Some(error.code), wait }
}

pub(super) fn reply_error(error: &RpcError, id: Option<&RawValue>) -> Reply {
    // An error object is plain data: writing it cannot fail.
    let body = envelope::write_error(error, id).unwrap_or_default();
    Reply { status: error.status, body, wait: error.wait }
}

#[cfg(test)]
mod tests {
    use super::{Call, CallContext, caught};
    use crate::app::App;
    use crate::config::{Config, Environment, Flags};
    use crate::telemetry::token_usage::ClientName;
    use store::{Store, StoreOptions};

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let flags = Flags { root: Some(dir.path().to_owned()), no_watch: true, ..Flags::default() };
        let config = Config::resolve(&flags, &Environment::default()).unwrap();
        let app = App::offline(config, Store::open(StoreOptions::new(dir.path().join("data"))).unwrap());
        let context = CallContext { correlation_id: "c-1".to_owned(), client: ClientName::default() };
        let id = serde_json::value::RawValue::from_string("7".to_owned()).unwrap();
        let call = Call { method: "queryAgents".into(), params: None, id: Some(&id) };
        for count in 1..=2 {
            let answered = caught(&app, &context, &call, async { panic!("on purpose, for a test") }).await;
            let body = String::from_utf8(answered.body).unwrap();
            assert_eq!((answered.status.as_u16(), answered.error), (500, Some(-32603)));
            assert!(body.contains("c-1") && body.contains("\"id\":7") && !body.contains("purpose"), "{body}");
            assert_eq!(app.metrics().panics(), count);
        }
    }
}
