//! Errors on their way out: the error object, the HTTP status of a single call, and when to retry.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Serialize, Serializer};

use crate::app::AppError;
use crate::app::operations::Method;
use protocol::{ErrorCode, ErrorData, ErrorObject, Refusal, UnavailableReason};

/// An error object of JSON-RPC 2.0, with the HTTP status a single call is answered under.
#[derive(Debug)]
pub(crate) struct RpcError {
    pub(crate) code: ErrorCode,
    /// Where HTTP has a closer status than that of the code.
    closer_status: Option<StatusCode>,
    object: ErrorObject,
    /// When to retry, as the `Retry-After` header says it.
    pub(crate) retry_after: Option<Duration>,
}

/// Characters of a caller's own text that an error message repeats.
const MAX_REFLECTED_CHARS: usize = 64;

/// Edits between a name and the method that was probably meant.
const MAX_EDITS: usize = 4;

impl RpcError {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        RpcError::of(code, ErrorObject::new(code, message))
    }

    fn with_data(self, data: ErrorData) -> Self {
        RpcError { object: self.object.with_data(data), ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.closer_status.unwrap_or_else(|| RpcError::status_of(self.code))
    }

    fn status_of(code: ErrorCode) -> StatusCode {
        StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// A request that HTTP itself refuses with `status`, before a call was read.
    pub(crate) fn refused(status: StatusCode, message: impl Into<String>) -> Self {
        let error = RpcError::new(ErrorCode::of_http_status(status.as_u16()), message);
        RpcError { closer_status: Some(status), ..error }
    }

    /// A request without the token that is required, or with another.
    pub(crate) fn unauthenticated(message: &str) -> Self {
        RpcError::new(ErrorCode::Unauthenticated, message)
    }

    /// As it is stated outside of JSON-RPC.
    pub(crate) fn to_refusal(&self) -> Refusal {
        Refusal::of(self.code, &self.object)
    }

    pub(crate) fn parse(reason: &str) -> Self {
        let data = ErrorData { reason: Some(reason.to_owned()), ..ErrorData::default() };
        RpcError::new(ErrorCode::NotJson, "Parse error").with_data(data)
    }

    pub(crate) fn invalid_request(reason: &str) -> Self {
        RpcError::new(ErrorCode::InvalidRequest, format!("Invalid Request: {reason}"))
    }

    /// Lists the known methods; the nearest is named where the caller probably meant it.
    pub(crate) fn unknown_method(method: &str) -> Self {
        let shown: String = method.chars().take(MAX_REFLECTED_CHARS).collect();
        let known = Method::rpc_names();
        let nearest = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(&shown.to_lowercase(), &known.to_lowercase()), known))
            .min();
        let hint = match nearest {
            Some((distance, known)) if distance <= MAX_EDITS => format!("; did you mean {known}?"),
            _ => String::new(),
        };
        let methods = known.iter().map(ToString::to_string).collect();
        RpcError::new(ErrorCode::UnknownMethod, format!("Method not found: {shown:?}{hint}"))
            .with_data(ErrorData { methods: Some(methods), ..ErrorData::default() })
    }

    /// A call over the limit: the next may come after `wait`.
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        // Never 0, which would invite to retry at once.
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let data = ErrorData { retry_after_ms: Some(ms), ..ErrorData::default() };
        let error = RpcError::new(ErrorCode::RateLimited, "Rate limit exceeded").with_data(data);
        RpcError { retry_after: Some(wait), ..error }
    }

    /// A request that the service cannot take now.
    pub(crate) fn unavailable(reason: UnavailableReason, message: &str) -> Self {
        RpcError::of(ErrorCode::Unavailable, ErrorObject::unavailable(reason, message))
    }

    /// A request that comes before the application has started.
    pub(crate) fn starting() -> Self {
        RpcError::unavailable(UnavailableReason::Starting, "the service is starting")
    }

    /// A fault of ours: what happened is in the log under `correlation_id`, and nowhere else.
    pub(crate) fn internal(correlation_id: &str) -> Self {
        RpcError::from_app(&AppError::Internal(anyhow::anyhow!("internal")), correlation_id)
    }

    /// The error object of an operation that failed.
    pub(crate) fn from_app(error: &AppError, correlation_id: &str) -> Self {
        RpcError::of(error.code(), error.to_object(correlation_id))
    }

    fn of(code: ErrorCode, object: ErrorObject) -> Self {
        let ms = object.data.as_ref().and_then(|data| data.retry_after_ms);
        RpcError { code, closer_status: None, retry_after: ms.map(Duration::from_millis), object }
    }
}

impl Serialize for RpcError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.object.serialize(serializer)
    }
}
