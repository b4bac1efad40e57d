//! The error object of JSON-RPC 2.0, with the typed members of its `data`.

use serde::{Deserialize, Serialize};

use crate::{ErrorCode, UnavailableReason};

/// An error object, as a service writes it and a client reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorObject {
    /// [`ErrorCode::code`]; a newer peer may send one that the table does not have.
    pub code: i64,
    /// A sentence.
    pub message: String,
    /// What goes with the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<ErrorData>,
}

/// What goes with an error code; each member belongs to the codes that its documentation names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorData {
    /// The call in the service's log: [`ErrorCode::Internal`], [`ErrorCode::Unavailable`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// A name of [`UnavailableReason`], or why a body is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Milliseconds to wait before the call is repeated: [`ErrorCode::RateLimited`], [`ErrorCode::Unavailable`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The known methods: [`ErrorCode::UnknownMethod`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// A sentence for each wrong parameter: [`ErrorCode::InvalidParams`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_errors: Option<Vec<String>>,
    /// Near misses, best first: [`ErrorCode::NotFound`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestions: Option<Vec<String>>,
    /// The role it takes: [`ErrorCode::Forbidden`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_role: Option<String>,
    /// The state that the call does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl ErrorObject {
    /// An error without data.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ErrorObject { code: code.code().into(), message: message.into(), data: None }
    }

    /// The same with data.
    #[must_use]
    pub fn with_data(self, data: ErrorData) -> Self {
        ErrorObject { data: Some(data), ..self }
    }

    /// [`ErrorCode::Unavailable`] for `reason`, with the time after which a retry is worth it.
    pub fn unavailable(reason: UnavailableReason, message: impl Into<String>) -> Self {
        ErrorObject::new(ErrorCode::Unavailable, message).with_data(ErrorData {
            reason: Some(reason.as_str().to_owned()),
            retry_after_ms: Some(reason.retry_after_ms()),
            ..ErrorData::default()
        })
    }

    /// The code, where the table has it.
    pub fn known_code(&self) -> Option<ErrorCode> {
        ErrorCode::from_code(self.code)
    }
}
