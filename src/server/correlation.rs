//! Correlation ids: the caller's, or one generated here; in a response header and in every log line of a call.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Characters of a caller's id; longer ones are replaced by one of ours.
const MAX_CHARS: usize = 128;

/// The correlation id of a request, stored in its extensions.
#[derive(Debug, Clone)]
pub(super) struct CorrelationId(pub(super) String);

/// The first part of generated ids: random for each process, so that logs of several runs can be read together.
static RUN: LazyLock<String> = LazyLock::new(|| Uuid::new_v4().simple().to_string()[..12].to_owned());

/// The second part, a counter: a random id for every request would cost a system call each.
static COUNT: AtomicU64 = AtomicU64::new(1);

fn next_id() -> String {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // As `{:08x}`, for which formatting takes longer than all else here.
    let digits = (64 - count.leading_zeros()).div_ceil(4).max(8);
    let mut id = String::with_capacity(RUN.len() + 1 + 16);
    id.push_str(&RUN);
    id.push('-');
    id.extend(
        (0..digits).rev().map(|digit| char::from(b"0123456789abcdef"[(count >> (4 * digit) & 15) as usize])),
    );
    id
}

impl CorrelationId {
    /// The id in the request's headers, where it is valid, else a generated one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(&HEADER).and_then(|value| value.to_str().ok());
        let usable = given
            .filter(|id| !id.is_empty() && id.len() <= MAX_CHARS && id.chars().all(|c| c.is_ascii_graphic()));
        CorrelationId(usable.map_or_else(next_id, str::to_owned))
    }

    /// The response header.
    pub(super) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        HeaderValue::from_str(&self.0).ok().map(|value| (HEADER, value))
    }
}
