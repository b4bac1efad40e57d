//! The correlation id: the caller's, or one made here; in the answer's head and in every log line of a call.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Span;
use uuid::Uuid;

use super::rate::Class;
use crate::app::operation::CallContext;

const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Characters of a caller's id; longer ones are replaced by one of ours.
const MAX_CHARS: usize = 128;

/// The id of the request it is an extension of.
#[derive(Debug, Clone)]
pub(super) struct CorrelationId(pub(super) String);

/// The first part of the ids made here: another one each run, so that log files of several runs can be read together.
static RUN: LazyLock<String> = LazyLock::new(|| Uuid::new_v4().simple().to_string()[..12].to_owned());

/// The second part: a random one for every request would cost a system call each.
static COUNT: AtomicU64 = AtomicU64::new(1);

fn next_id() -> String {
    format!("{}-{:08x}", *RUN, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The span of a call that writes, so that what happens to it in another thread is logged under its id. Calls that only
/// read stay in the thread they came in, and a span would cost them a tenth of their time.
pub(super) fn span_of(class: Class, context: &CallContext) -> Span {
    match class {
        Class::Write => tracing::info_span!("call", correlation_id = context.correlation_id),
        Class::Query | Class::Reindex => Span::none(),
    }
}

/// Gives every request an id and every answer the same one.
pub(super) async fn correlate(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(&HEADER).and_then(|value| value.to_str().ok());
    let usable = given
        .filter(|id| !id.is_empty() && id.len() <= MAX_CHARS && id.chars().all(|c| c.is_ascii_graphic()));
    let id = usable.map_or_else(next_id, str::to_owned);
    let header = HeaderValue::from_str(&id);
    request.extensions_mut().insert(CorrelationId(id));
    let mut response = next.run(request).await;
    if let Ok(header) = header {
        response.headers_mut().insert(HEADER, header);
    }
    response
}
