//! Why a call has no answer.

use serde_json::Value;

use protocol::{ErrorCode, ErrorObject};

/// Why there is no answer: what the server refused, or that neither a server nor a fallback could be asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// The error's code as in JSON-RPC.
    pub code: i64,
    /// In a sentence.
    pub message: String,
    /// What is wrong with each parameter, or near misses.
    pub details: Vec<String>,
}

impl CallError {
    /// Wrong parameters.
    pub const INVALID: i64 = ErrorCode::InvalidParams.code() as i64;
    /// Nothing matches.
    pub const NOT_FOUND: i64 = ErrorCode::NotFound.code() as i64;
    /// The server did not accept the token, or requires one.
    pub const UNAUTHENTICATED: i64 = ErrorCode::Unauthenticated.code() as i64;
    /// Neither a server nor a fallback could answer now.
    pub const UNAVAILABLE: i64 = ErrorCode::Unavailable.code() as i64;

    /// The error that a JSON-RPC error object states.
    pub fn of(error: &Value) -> Self {
        let Some(code) = error["code"].as_i64() else {
            return CallError::unavailable("the server refused without saying why");
        };
        let message = error["message"].as_str().unwrap_or("refused").to_owned();
        // A newer server may send data of another form.
        let data = serde_json::from_value(error["data"].clone()).ok();
        CallError::from(&ErrorObject { code, message, data })
    }

    /// Neither a server nor a fallback answered, for this reason.
    pub fn unavailable(why: impl Into<String>) -> Self {
        CallError { code: CallError::UNAVAILABLE, message: why.into(), details: Vec::new() }
    }

    /// The server is there and did not accept the token; `has_token` says whether one was sent.
    pub(crate) fn unauthenticated(has_token: bool) -> Self {
        let message = if has_token {
            "the service refused the token of this client"
        } else {
            "the service requires a token, and this client has none"
        };
        CallError { code: CallError::UNAUTHENTICATED, message: message.to_owned(), details: Vec::new() }
    }

    /// Whether neither a server nor a fallback could answer now; the same call may succeed later.
    pub fn is_unavailable(&self) -> bool {
        self.code == CallError::UNAVAILABLE
    }

    /// Its code, where the table has it.
    pub fn known_code(&self) -> Option<ErrorCode> {
        ErrorCode::from_code(self.code)
    }

    /// Whether the call itself is wrong, so that a fallback would fail the same way.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self.known_code(),
            Some(ErrorCode::InvalidParams | ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::Denied)
        )
    }
}

impl From<&ErrorObject> for CallError {
    fn from(object: &ErrorObject) -> Self {
        let data = object.data.as_ref();
        let details =
            data.and_then(|data| data.validation_errors.clone().or_else(|| data.suggestions.clone()));
        CallError { code: object.code, message: object.message.clone(), details: details.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_object_is_read_and_anything_else_means_unavailable() {
        let cases = [
            (
                json!({ "code": -32602, "message": "Invalid params", "data": { "validation_errors": ["a"] } }),
                -32602,
                true,
            ),
            (json!({ "code": -32004, "message": "no", "data": { "suggestions": ["a"] } }), -32004, true),
            (json!({ "code": -32006, "message": "full", "data": { "reason": "disk_full" } }), -32006, false),
            (json!({ "code": -32603, "message": "Internal error" }), -32603, false),
            (json!({ "code": -1, "message": "?", "data": 7 }), -1, false),
            (json!({ "message": "no code" }), -32006, false),
            (json!("starting"), -32006, false),
        ];
        for (object, code, is_final) in cases {
            let error = CallError::of(&object);
            assert_eq!((error.code, error.is_final()), (code, is_final), "{object}");
        }
    }
}
