//! JSON-RPC 2.0 at `POST /`.

mod dispatch;
mod envelope;
mod error;

pub use envelope::{MAX_BATCH, MAX_DEPTH, Shape, shape};
pub(super) use envelope::{write_error, write_result};
pub(super) use error::RATE_LIMITED;

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use serde_json::value::RawValue;

use super::caller::client_of;
use super::correlation::CorrelationId;
use super::guard::{refusal, retry_after, unavailable};
use super::limits::{BODY_TIMEOUT, MAX_BODY_BYTES};
use super::state::ServerState;
use crate::app::App;
use crate::app::operation::CallContext;
use dispatch::Reply;
use error::RpcError;

/// Reads a message, runs its calls, writes the answer.
pub(super) async fn answer(
    State(state): State<ServerState>,
    Extension(CorrelationId(correlation_id)): Extension<CorrelationId>,
    request: Request,
) -> Response {
    let Some(app) = state.app() else { return unavailable("the service is starting") };
    let client = client_of(request.headers());
    let body = match read_body(request.into_body()).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    // Taken once the body is here, so that slow senders hold up nobody.
    let Ok(_permit) = state.requests().try_acquire() else {
        return unavailable("too many requests at once");
    };
    let context = CallContext { correlation_id, client };
    let reply = dispatch::answer(app, state.rates(), &context, &body).await;
    respond(reply)
}

/// The whole body, within its limits of size and time.
pub(super) async fn read_body(body: Body) -> Result<Bytes, Response> {
    let too_large = || refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB");
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Err(_) => Err(refusal(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(refusal(StatusCode::BAD_REQUEST, "the body could not be read")),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

fn respond(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    if reply.status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(wait) = reply.wait {
        response.headers_mut().insert(RETRY_AFTER, retry_after(wait));
    }
    response
}

/// The answer to a message that is one too many, under the id of its call where that was read.
pub(super) fn rate_limited(
    app: Option<&std::sync::Arc<App>>,
    wait: Duration,
    id: Option<&RawValue>,
) -> Response {
    if let Some(app) = app {
        app.metrics().record_error(RATE_LIMITED);
    }
    respond(dispatch::reply_error(&RpcError::rate_limited(wait), id))
}
