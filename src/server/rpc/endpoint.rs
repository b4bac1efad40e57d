//! `POST /`: reads a body within its limits, answers the message in it, writes the answer.

use std::sync::Arc;
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, HttpBody};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::value::RawValue;

use super::dispatch::{self, Dispatcher, Reply};
use super::error::RpcError;
use crate::app::Project;
use crate::app::authorization::{Principal, Transport};
use crate::server::correlation::CorrelationId;
use crate::server::http::body::read_body;
use crate::server::http::client_info::client_of;
use crate::server::http::responses::retry_after;
use crate::server::permit::RequestPermit;
use crate::server::state::ServerState;
use protocol::UnavailableReason;
use protocol::envelope::unreadable;

/// Reads a message, executes its calls, writes the response.
pub(in crate::server) async fn answer<B>(
    state: &ServerState,
    CorrelationId(correlation_id): CorrelationId,
    headers: &HeaderMap,
    body: B,
) -> Response
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    let Some(project) = state.project() else {
        return unavailable(None, UnavailableReason::Starting, "the service is starting");
    };
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(refused) => return refuse(Some(project), &refused, None),
    };
    // Acquired once the body has been read, so that slow senders hold no permit.
    let Some(permit) = RequestPermit::try_take(state.requests()) else {
        return unavailable(Some(project), UnavailableReason::Overloaded, "too many requests at once");
    };
    let principal = Principal::local(client_of(headers), correlation_id, Transport::JsonRpc);
    let mut dispatcher = Dispatcher { project, rates: state.rates(), principal: &principal, permit };
    respond(dispatcher.answer(&body).await)
}

fn respond(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    if reply.status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(wait) = reply.retry_after {
        response.headers_mut().insert(RETRY_AFTER, retry_after(wait));
    }
    response
}

/// The response to a body that is no message of MCP, under its id where that can be read.
pub(in crate::server) fn no_message(project: &Project, body: &[u8]) -> Response {
    #[derive(serde::Deserialize)]
    struct Identified<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let (error, id) = if let Some(why) = unreadable(body) {
        (RpcError::parse(why), None)
    } else {
        let id = serde_json::from_slice::<Identified<'_>>(body).ok().map(|message| message.id);
        let id = id.filter(|id| !id.get().starts_with(['{', '[', 't', 'f']));
        (RpcError::invalid_request("the body is not a message of the Model Context Protocol"), id)
    };
    project.metrics().record_error(error.code.code());
    respond(dispatch::reply_error(&error, id))
}

/// The response to a message over a rate limit, under the id of its call where that was read.
pub(in crate::server) fn rate_limited(
    project: Option<&Arc<Project>>,
    wait: Duration,
    id: Option<&RawValue>,
) -> Response {
    refuse(project, &RpcError::rate_limited(wait), id)
}

/// The response to a message that the service cannot process now: 503 with `Retry-After`.
pub(in crate::server) fn unavailable(
    project: Option<&Arc<Project>>,
    reason: UnavailableReason,
    message: &str,
) -> Response {
    refuse(project, &RpcError::unavailable(reason, message), None)
}

/// The response to a message that is refused, under the id of its call where that was read.
pub(in crate::server) fn refuse(
    project: Option<&Arc<Project>>,
    error: &RpcError,
    id: Option<&RawValue>,
) -> Response {
    if let Some(project) = project {
        project.metrics().record_error(error.code.code());
    }
    respond(dispatch::reply_error(error, id))
}
