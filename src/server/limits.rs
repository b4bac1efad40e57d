//! What the doors bear, each limit with its reason.

use std::time::Duration;

/// Bytes of a request body: the largest legitimate one, a batch of 64 full contexts, has some 64 KB.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Time a client has for the head of a request; also how long an idle connection is kept.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Time a client has for the body of a request.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections open at once. Each costs some 10 KB; beyond this, accepting waits.
pub const MAX_CONNECTIONS: usize = 4_096;

/// Requests worked on at once; beyond this, the answer is 503 with `Retry-After`.
pub const MAX_REQUESTS: usize = 512;

/// Bytes a connection buffers of a head: hyper's smallest is 8 KB, browsers' heads stay below 16 KB.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Headers of a request. hyper's own limit, 100, stands before it; another one there costs it time with every request.
pub const MAX_HEADERS: usize = 64;

/// Time that open requests have to finish once the service stops.
pub const DRAIN: Duration = Duration::from_secs(3);

/// How long accepting pauses when the process has no descriptors left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
