//! How a worker is woken, from any thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Wakes one worker. Clones wake the same one; a wake-up that comes before the worker exists, or while it runs, is not
/// lost, and several are taken as one.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct WakeSignal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: Mutex<Option<Wanted>>,
    notify: Notify,
}

/// When the next run is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// At the latest, counted from when the worker takes notice.
    pub within: Duration,
    /// Even during the pause that follows a panic.
    pub despite_backoff: bool,
}

impl WakeSignal {
    /// Asks for a run now, or as soon as the worker's pause is over.
    pub(in crate::app) fn wake(&self) {
        self.want(Wanted { within: Duration::ZERO, despite_backoff: false });
    }

    /// Asks for a run within some time, so that what comes until then is done together.
    pub(in crate::app) fn wake_within(&self, within: Duration) {
        self.want(Wanted { within, despite_backoff: false });
    }

    /// Asks for a run now, on behalf of a caller who waits for it.
    pub(in crate::app) fn demand(&self) {
        self.want(Wanted { within: Duration::ZERO, despite_backoff: true });
    }

    fn want(&self, new: Wanted) {
        {
            let mut wanted = self.lock();
            *wanted = Some(wanted.map_or(new, |old| Wanted {
                within: old.within.min(new.within),
                despite_backoff: old.despite_backoff || new.despite_backoff,
            }));
        }
        self.0.notify.notify_one();
    }

    /// Takes what was asked for since the last time.
    pub(super) fn take(&self) -> Option<Wanted> {
        self.lock().take()
    }

    /// Whether a run is wanted at once.
    pub(super) fn is_urgent(&self) -> bool {
        self.lock().is_some_and(|wanted| wanted.within.is_zero())
    }

    /// Resolves when something was asked for.
    pub(super) async fn woken(&self) {
        self.0.notify.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Wanted>> {
        self.0.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
