//! Who may call: authentication by the bearer token, where the project has one.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::server::state::ServerState;

/// Lets a request pass that has the token, where there is one.
///
/// # Errors
/// 401 with `WWW-Authenticate`.
pub(super) fn authenticate<B>(state: &ServerState, request: &Request<B>) -> Result<(), Box<Response>> {
    match &state.access_policy().token {
        Some(token) if !has_token(request.headers(), token) => {
            Err(unauthorised(state, request.uri().path()).into())
        }
        _ => Ok(()),
    }
}

/// Whether a request has the bearer token. The comparison takes constant time.
fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(given), None) = (given.next(), given.next()) else { return false };
    let Some((scheme, credentials)) = given.to_str().ok().and_then(|given| given.split_once(' ')) else {
        return false;
    };
    let is_same: bool = credentials.trim().as_bytes().ct_eq(token.as_bytes()).into();
    scheme.eq_ignore_ascii_case("bearer") && is_same
}

/// The response without a valid token. At `/health` it identifies the service, so that a client recognises its project's
/// instance before it sends its token; nothing else is disclosed.
fn unauthorised(state: &ServerState, path: &str) -> Response {
    let mut body = json!({ "error": "a token is required: Authorization: Bearer …" });
    if path == "/health" {
        body["service"] = "adjutant".into();
        body["pid"] = std::process::id().into();
        body["project"] = json!({ "id": state.project().map(|project| &project.config().id) });
    }
    let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    let challenge = HeaderValue::from_static("Bearer realm=\"adjutant\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::header::AUTHORIZATION;
    use axum::http::{HeaderMap, HeaderValue};

    use super::has_token;

    #[test]
    fn only_the_token_passes() {
        let cases: [(&[&str], bool); 8] = [
            (&["Bearer secret"], true),
            (&["bearer  secret"], true),
            (&["Bearer secre"], false),
            (&["Bearer secret2"], false),
            (&["Basic secret"], false),
            (&["secret"], false),
            (&["Bearer secret", "Bearer secret"], false),
            (&[], false),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(has_token(&headers, "secret"), expected, "{given:?}");
        }
    }
}
