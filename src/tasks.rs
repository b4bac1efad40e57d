//! The background work of one process: spawned here so that shutdown can end and await it.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// A cheap handle on the process's tasks and on its wish to stop.
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

    /// Asks everything to come to an end.
    pub fn stop(&self) {
        // In this order, so that whoever is woken finds that it is so.
        self.tracker.close();
        self.stopping.cancel();
    }

    /// Whether [`Tasks::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        // The token would take a lock that all share.
        self.tracker.is_closed()
    }

    /// Resolves once [`Tasks::stop`] was called.
    pub async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// The wish to stop, for libraries that take it in this form.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Resolves once everything spawned has ended; call [`Tasks::stop`] first.
    pub async fn finished(&self) {
        self.tracker.wait().await;
    }
}

/// Runs `work` on a thread that may block, in the current span; `None` where it panicked.
#[expect(clippy::disallowed_methods, reason = "this is the one place that keeps the span")]
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.ok()
}
