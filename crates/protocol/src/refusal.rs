//! The body of a refusal where JSON-RPC is not spoken, and reading a refusal in either form.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ErrorCode, ErrorData, ErrorObject};

/// The body of a refused request outside of JSON-RPC: an error object with its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// [`ErrorCode::code`].
    pub code: i64,
    /// [`ErrorCode::name`].
    pub error: String,
    /// A sentence.
    pub message: String,
    /// What goes with the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<ErrorData>,
}

impl Refusal {
    /// The refusal that an error object states.
    pub fn of(code: ErrorCode, object: &ErrorObject) -> Self {
        let ErrorObject { message, data, .. } = object.clone();
        Refusal { code: code.code().into(), error: code.name().to_owned(), message, data }
    }

    /// The error that a service's answer states: the `error` of a JSON-RPC response, or a [`Refusal`]. `None` where it is
    /// neither, as any other program's is.
    pub fn stated_in(body: &Value) -> Option<ErrorObject> {
        if body["jsonrpc"] == "2.0" {
            let error = &body["error"];
            error["code"].as_i64()?;
            return serde_json::from_value(error.clone()).ok();
        }
        let code = ErrorCode::from_code(body["code"].as_i64()?)?;
        if body["error"] != code.name() {
            return None;
        }
        let Refusal { message, data, .. } = serde_json::from_value(body.clone()).ok()?;
        Some(ErrorObject { code: code.code().into(), message, data })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::UnavailableReason;

    #[test]
    fn a_refusal_is_read_in_either_form_and_nothing_else_is_one() {
        let object = ErrorObject::unavailable(UnavailableReason::Starting, "the service is starting");
        let plain = serde_json::to_value(Refusal::of(ErrorCode::Unavailable, &object)).unwrap();
        assert_eq!((&plain["error"], &plain["data"]["reason"]), (&json!("unavailable"), &json!("starting")));
        assert_eq!(Refusal::stated_in(&plain), Some(object.clone()));
        let response = json!({ "jsonrpc": "2.0", "error": object, "id": null });
        assert_eq!(Refusal::stated_in(&response), Some(object));
        for other in [
            json!({ "error": "no" }),
            json!({ "error": "unavailable" }),
            json!({ "code": -32006, "error": "internal" }),
            json!({ "jsonrpc": "2.0", "result": {} }),
            json!({ "jsonrpc": "2.0", "error": "no" }),
            json!([]),
            json!(7),
        ] {
            assert_eq!(Refusal::stated_in(&other), None, "{other}");
        }
    }
}
