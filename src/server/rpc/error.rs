//! The one place where an error takes the wire's form: code, message, data and HTTP status.

use std::time::Duration;

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::AppError;

/// An error object of JSON-RPC 2.0, with the HTTP status a single call is answered under.
#[derive(Debug, Serialize)]
pub(crate) struct RpcError {
    pub(crate) code: i32,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// When to ask again, where that is the matter.
    #[serde(skip)]
    pub(crate) wait: Option<Duration>,
}

/// The code of a call that was one too many.
pub(crate) const RATE_LIMITED: i32 = -32005;

/// Characters of a caller's own text that an error message repeats.
const MAX_REFLECTED_CHARS: usize = 64;

impl RpcError {
    pub(crate) fn parse(reason: &str) -> Self {
        let data = Some(json!({ "reason": reason }));
        RpcError {
            code: -32700,
            message: "Parse error".into(),
            data,
            status: StatusCode::BAD_REQUEST,
            wait: None,
        }
    }

    pub(crate) fn invalid_request(reason: &str) -> Self {
        let message = format!("Invalid Request: {reason}");
        RpcError { code: -32600, message, data: None, status: StatusCode::BAD_REQUEST, wait: None }
    }

    /// `methods` are the known ones; the nearest is named where the caller probably meant it.
    pub(crate) fn unknown_method(method: &str, methods: &[&str]) -> Self {
        let shown: String = method.chars().take(MAX_REFLECTED_CHARS).collect();
        let nearest = methods
            .iter()
            .map(|known| (strsim::damerau_levenshtein(&shown.to_lowercase(), &known.to_lowercase()), known))
            .min();
        let hint = match nearest {
            Some((distance, known)) if distance <= 4 => format!("; did you mean {known}?"),
            _ => String::new(),
        };
        RpcError {
            code: -32601,
            message: format!("Method not found: {shown:?}{hint}"),
            data: Some(json!({ "methods": methods })),
            status: StatusCode::NOT_FOUND,
            wait: None,
        }
    }

    pub(crate) fn invalid_params(sentences: &[String]) -> Self {
        RpcError {
            code: -32602,
            message: "Invalid params".into(),
            data: Some(json!({ "validation_errors": sentences })),
            status: StatusCode::BAD_REQUEST,
            wait: None,
        }
    }

    /// One call too many: the next may come after `wait`.
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        // Never 0, which would say that now is as good a time as any.
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        RpcError {
            code: RATE_LIMITED,
            message: "Rate limit exceeded".into(),
            data: Some(json!({ "retry_after_ms": ms })),
            status: StatusCode::TOO_MANY_REQUESTS,
            wait: Some(wait),
        }
    }

    /// A fault of ours: what happened is in the log under `correlation_id`, and nowhere else.
    pub(crate) fn internal(correlation_id: &str) -> Self {
        RpcError {
            code: -32603,
            message: "Internal error".into(),
            data: Some(json!({ "correlation_id": correlation_id })),
            status: StatusCode::INTERNAL_SERVER_ERROR,
            wait: None,
        }
    }

    /// The wire's form of `error`; internal ones are logged here and only here.
    pub(crate) fn from_app(error: &AppError, correlation_id: &str) -> Self {
        match error {
            AppError::Invalid(sentences) => RpcError::invalid_params(sentences),
            AppError::NotFound { message, suggestions } => RpcError {
                code: -32004,
                message: message.clone(),
                data: Some(json!({ "suggestions": suggestions })),
                status: StatusCode::NOT_FOUND,
                wait: None,
            },
            AppError::Internal(cause) => {
                tracing::error!(correlation_id, error = format!("{cause:#}"), "operation failed");
                RpcError::internal(correlation_id)
            }
        }
    }
}
