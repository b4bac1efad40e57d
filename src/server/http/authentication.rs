//! Who calls: authentication by the bearer token, where the project has one.

use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::responses::{Form, refuse, refuse_with};
use crate::server::rpc::RpcError;
use crate::server::state::ServerState;

/// Lets a request pass that has the token, where there is one.
///
/// # Errors
/// 401 with `WWW-Authenticate`.
pub(super) fn authenticate<B>(state: &ServerState, request: &Request<B>) -> Result<(), Box<Response>> {
    match &state.access_policy().token {
        Some(token) if !has_token(request.headers(), token) => {
            let why = if request.headers().contains_key(AUTHORIZATION) {
                "the token is not the one of this service"
            } else {
                "a token is required: Authorization: Bearer …"
            };
            Err(unauthenticated(state, request.uri().path(), why).into())
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
fn unauthenticated(state: &ServerState, path: &str, why: &str) -> Response {
    let error = RpcError::unauthenticated(why);
    let mut response = if path == "/health" {
        let project = state.project().map(|project| &project.config().id);
        let identity =
            json!({ "service": "adjutant", "pid": std::process::id(), "project": { "id": project } });
        refuse_with(&error, &identity)
    } else {
        refuse(Form::at(path), &error)
    };
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
