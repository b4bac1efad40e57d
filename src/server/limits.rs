//! The limits of the HTTP server, each with its reason.

use std::time::Duration;

/// Bytes of a request body: the largest legitimate one, a batch of 64 full contexts, has some 64 KB.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Time a client has to send the headers of a request; also how long an idle connection stays open.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Time a client has for the body of a request.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections open at once. Each takes some 10 KB; at the limit, accepting waits.
pub const MAX_CONNECTIONS: usize = 4_096;

/// Requests processed at once; a request over the limit gets 503 with `Retry-After`.
pub const MAX_REQUESTS: usize = 512;

/// Bytes of headers that a connection buffers: hyper's minimum is 8 KB, browsers stay below 16 KB.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Headers of a request. hyper's own limit, 100, applies first; changing it would cost time with every request.
pub const MAX_HEADERS: usize = 64;

/// Time that open requests have to finish once the service stops.
pub const DRAIN: Duration = Duration::from_secs(3);

/// How long accepting pauses when the process has no descriptors left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
