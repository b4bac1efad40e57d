//! Addresses that name the project: `/p/NAME/…` is `/…` of that project and of no other.
//!
//! Ports are given out anew at each start, and a client's file holds an address for months. Whoever asks under a name gets
//! that project's answer or a refusal, never a neighbour's answer.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::uri::{PathAndQuery, Uri};

use crate::config::ProjectConfig;
use crate::server::rpc::RpcError;

/// What such a path begins with.
const PREFIX: &str = "/p/";

/// Characters of the asked name that a refusal repeats.
const MAX_REFLECTED_CHARS: usize = 64;

/// Takes `/p/NAME` off the request's path; the name, where there is one.
pub(super) fn take_name<B>(request: &mut Request<B>) -> Option<String> {
    let uri = request.uri();
    let rest = uri.path().strip_prefix(PREFIX)?;
    let (name, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let name = name.to_owned();
    let path = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    Some(name)
}

/// Checks that the project that is served is the one that was asked, by its name or its id.
///
/// # Errors
/// The refusal, which names both and what to do. It comes before any token is asked for, so it says no more of the project
/// than a request without a token is told anyway.
pub(super) fn check(project: &ProjectConfig, asked: &str) -> Result<(), Box<RpcError>> {
    if asked == project.name || asked == project.id {
        return Ok(());
    }
    let shown: String = asked.chars().filter(char::is_ascii_graphic).take(MAX_REFLECTED_CHARS).collect();
    let (name, id) = (&project.name, &project.id);
    let refusal = RpcError::refused(
        StatusCode::NOT_FOUND,
        format!(
            "this instance serves the project `{name}` ({id}), not `{shown}`: run `adjutant up` in the folder of \
             `{shown}` and use the address it prints, or connect over stdio with `adjutant mcp`, which needs no port"
        ),
    );
    Err(Box::new(refusal))
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::take_name;

    #[test]
    fn the_name_is_taken_off_and_the_rest_stays() {
        let cases = [
            ("/", None, "/"),
            ("/p", None, "/p"),
            ("/mcp", None, "/mcp"),
            ("/p/app", Some("app"), "/"),
            ("/p/app/", Some("app"), "/"),
            ("/p/app/mcp", Some("app"), "/mcp"),
            ("/p/app/metrics?format=prometheus", Some("app"), "/metrics?format=prometheus"),
            ("http://localhost:1/p/app/health", Some("app"), "http://localhost:1/health"),
            ("/p/app/p/b/", Some("app"), "/p/b/"),
            ("/p//mcp", Some(""), "/mcp"),
        ];
        for (uri, name, rest) in cases {
            let mut request = Request::get(uri).body(()).unwrap();
            assert_eq!(take_name(&mut request).as_deref(), name, "{uri}");
            assert_eq!(request.uri().to_string(), rest, "{uri}");
        }
    }
}
