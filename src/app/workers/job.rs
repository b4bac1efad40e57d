//! What a worker runs.

use std::time::Duration;

use super::signal::WakeSignal;
use catalog::Cancellation;

/// A job that runs again and again, one run at a time, on a thread that may block.
pub(in crate::app) trait Job: Send + 'static {
    /// Does what there is to do and says when it runs next. A long run looks at [`Run::is_cancelled`] between its steps.
    fn run(&mut self, run: &Run) -> Rest;

    /// Clears what a run that panicked left half done, so that the next one starts from a sound state.
    fn recover(&mut self) {}
}

impl Job for Box<dyn Job> {
    fn run(&mut self, run: &Run) -> Rest {
        (**self).run(run)
    }

    fn recover(&mut self) {
        (**self).recover();
    }
}

#[cfg(test)]
impl<F: FnMut(&Run) -> Rest + Send + 'static> Job for F {
    fn run(&mut self, run: &Run) -> Rest {
        self(run)
    }
}

/// What a run may ask of its surroundings.
#[derive(Debug)]
pub(in crate::app) struct Run {
    pub(super) signal: WakeSignal,
    pub(super) cancellation: Cancellation,
}

impl Run {
    /// Whether the worker is to end; an unfinished result is to be dropped.
    pub(in crate::app) fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    /// The same flag, for work that takes it along.
    pub(in crate::app) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Whether this run should make way for another one, or for the end.
    pub(in crate::app) fn is_interrupted(&self) -> bool {
        self.is_cancelled() || self.signal.is_urgent()
    }
}

/// The time between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct Rest {
    /// A wake-up before that has to wait.
    pub(super) at_least: Duration,
    /// Without a wake-up the next run comes then; `None` waits for one.
    pub(super) at_most: Option<Duration>,
}

impl Rest {
    /// Until the next wake-up, however long that takes.
    pub(in crate::app) const UNTIL_WOKEN: Rest = Rest { at_least: Duration::ZERO, at_most: None };

    /// Until the next wake-up, and no longer than that.
    pub(in crate::app) fn at_most(time: Duration) -> Rest {
        Rest { at_least: Duration::ZERO, at_most: Some(time) }
    }

    /// Until the next wake-up, and no shorter than that.
    pub(in crate::app) fn at_least(time: Duration) -> Rest {
        Rest { at_least: time, at_most: None }
    }
}
