//! Refusals: an error of the one table under its HTTP status, in the form that the path speaks.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::server::rpc::{RpcError, write_error};
use protocol::Refusal;

/// How a refusal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Form {
    /// As the response of a call whose id was not read.
    JsonRpc,
    /// As an object of `code`, `error`, `message` and `data`.
    Plain,
}

impl Form {
    /// The form of refusals at `path`.
    pub(in crate::server) fn at(path: &str) -> Form {
        if matches!(path, "/" | "/mcp") { Form::JsonRpc } else { Form::Plain }
    }
}

/// The response to a request that is refused for `error`.
pub(in crate::server) fn refuse(form: Form, error: &RpcError) -> Response {
    match form {
        // An error object is plain data: writing it cannot fail.
        Form::JsonRpc => {
            finish(Response::new(Body::from(write_error(error, None).unwrap_or_default())), error)
        }
        Form::Plain => refuse_with(error, &()),
    }
}

/// The response in the plain form, with further members.
pub(in crate::server) fn refuse_with<T: Serialize>(error: &RpcError, members: &T) -> Response {
    #[derive(Serialize)]
    struct Body<'a, T> {
        #[serde(flatten)]
        refusal: Refusal,
        #[serde(flatten)]
        members: &'a T,
    }
    finish(Json(Body { refusal: error.to_refusal(), members }).into_response(), error)
}

fn finish(mut response: Response, error: &RpcError) -> Response {
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = error.retry_after {
        headers.insert(RETRY_AFTER, retry_after(wait));
    }
    response
}

/// The value of `Retry-After`: whole seconds, rounded up.
pub(in crate::server) fn retry_after(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::retry_after;

    #[test]
    fn retry_after_is_in_whole_seconds() {
        for (ms, seconds) in [(1, "1"), (1_000, "1"), (1_001, "2")] {
            assert_eq!(retry_after(Duration::from_millis(ms)), seconds);
        }
    }
}
