//! Tasks of the async runtime, spawned here so that a shutdown can cancel and await them.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// A group of tasks with one cancellation token. Clones share both.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Runs `work` in the background, in the current span; [`Tasks::finished`] waits for it.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(work.in_current_span());
    }

    /// Cancels the group.
    pub fn stop(&self) {
        // In this order, so that a task that is woken by the token sees the group as stopping.
        self.tracker.close();
        self.stopping.cancel();
    }

    /// Whether [`Tasks::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        // Asking the token takes a lock that all requests share.
        self.tracker.is_closed()
    }

    /// Resolves once [`Tasks::stop`] was called.
    pub async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// The token, for libraries that take one.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Resolves once all tasks have ended; call [`Tasks::stop`] first.
    pub async fn finished(&self) {
        self.tracker.wait().await;
    }
}

/// Runs `work` on a thread that may block, in the current span; `None` where it panicked or the runtime is shutting down.
#[expect(clippy::disallowed_methods, reason = "this is the one place that keeps the span")]
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.ok()
}
