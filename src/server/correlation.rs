//! The correlation id: the caller's, or one made here; in the answer's head and in every log line of a call.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Characters of a caller's id; longer ones are replaced by one of ours.
const MAX_CHARS: usize = 128;

/// The id of the request it is an extension of.
#[derive(Debug, Clone)]
pub(super) struct CorrelationId(pub(super) String);

/// Gives every request an id and every answer the same one.
pub(super) async fn correlate(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(&HEADER).and_then(|value| value.to_str().ok());
    let usable = given
        .filter(|id| !id.is_empty() && id.len() <= MAX_CHARS && id.chars().all(|c| c.is_ascii_graphic()));
    let id = usable.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    let header = HeaderValue::from_str(&id);
    request.extensions_mut().insert(CorrelationId(id));
    let mut response = next.run(request).await;
    if let Ok(header) = header {
        response.headers_mut().insert(HEADER, header);
    }
    response
}
