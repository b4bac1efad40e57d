//! What is to be scanned next, and who waits for the report.
//!
//! Requests and changes collect here until the refresh worker takes them as one batch. A request made while a scan is
//! under way belongs to the next one: the scan that runs may have passed over what the caller changed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::workers::WakeSignal;
use protocol::ReindexReport;

/// Changed paths that are looked at one by one; with more of them a full scan costs no more.
pub(super) const MAX_PATHS: usize = 256;

/// How much is to be scanned.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Extent {
    #[default]
    Nothing,
    /// The plugins in which these paths lie.
    Around(BTreeSet<PathBuf>),
    Everything,
}

impl Extent {
    pub(super) fn add(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        match self {
            Extent::Everything => {}
            Extent::Around(known) => known.extend(paths),
            Extent::Nothing => *self = Extent::Around(paths.into_iter().collect()),
        }
        match self {
            Extent::Around(known) if known.is_empty() => *self = Extent::Nothing,
            Extent::Around(known) if known.len() > MAX_PATHS => *self = Extent::Everything,
            _ => {}
        }
    }
}

/// Requests for scans, from any thread.
#[derive(Debug, Default)]
pub(super) struct ReindexQueue {
    state: Mutex<State>,
    /// Wakes the worker that scans.
    pub(super) signal: WakeSignal,
}

/// Why a caller gets no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoReport {
    /// The service stops.
    Stopping,
    /// The scan failed.
    Failed,
}

type Caller = oneshot::Sender<ReindexReport>;

#[derive(Debug, Default)]
struct State {
    requested: Extent,
    /// Callers whose scan has yet to begin.
    waiting: Vec<Caller>,
    /// Callers whose scan is under way.
    served: Vec<Caller>,
    /// Whether changed files caused the scan that is under way: where it fails they are still to be read.
    is_owed: bool,
    is_closed: bool,
    /// Scans finished since start, the first included.
    finished: u64,
}

impl ReindexQueue {
    /// Asks for a full scan that begins after this call; its report.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn request(&self) -> Result<ReindexReport, NoReport> {
        let (caller, report) = oneshot::channel();
        {
            let mut state = self.lock();
            if state.is_closed {
                return Err(NoReport::Stopping);
            }
            state.waiting.push(caller);
        }
        self.signal.demand();
        report.await.map_err(|_| if self.lock().is_closed { NoReport::Stopping } else { NoReport::Failed })
    }

    /// Anything may have changed.
    pub(super) fn touch(&self) {
        self.lock().requested = Extent::Everything;
        self.signal.wake();
    }

    /// These files changed.
    pub(super) fn touch_paths(&self, paths: BTreeSet<PathBuf>) {
        self.lock().requested.add(paths);
        self.signal.wake();
    }

    /// Begins a scan: how much it covers. `is_due` asks for everything. From now on requests belong to the next scan.
    pub(super) fn begin(&self, is_due: bool) -> Extent {
        let mut state = self.lock();
        let mut extent = std::mem::take(&mut state.requested);
        state.is_owed = extent != Extent::Nothing;
        // A caller is promised a report on everything.
        if is_due || !state.waiting.is_empty() {
            extent = Extent::Everything;
        }
        state.served = std::mem::take(&mut state.waiting);
        extent
    }

    /// Ends a scan and answers those who waited for it.
    pub(super) fn finish(&self, report: &ReindexReport) {
        let served = {
            let mut state = self.lock();
            state.finished += 1;
            state.is_owed = false;
            std::mem::take(&mut state.served)
        };
        for caller in served {
            // A caller that went away needs no answer.
            let _ = caller.send(report.clone());
        }
    }

    /// Ends a scan that failed: those who waited for it learn that there is no report. Changed files that it was to read are
    /// still to be read, by the scan after the worker's pause; one that nothing but a caller or the time of day asked for is
    /// not repeated.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.finished += 1;
        state.served.clear();
        if std::mem::take(&mut state.is_owed) {
            state.requested = Extent::Everything;
        }
    }

    /// Takes no more requests; those whose scan has yet to begin are answered that there will be none.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.waiting.clear();
    }

    /// Scans finished since start, the first included.
    pub(super) fn finished(&self) -> u64 {
        self.lock().finished
    }

    /// Counts the scan at start, which runs before the worker does.
    pub(super) fn count_first(&self) {
        self.lock().finished += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a request and waits until it is in the queue.
    async fn ask(
        queue: &std::sync::Arc<ReindexQueue>,
    ) -> tokio::task::JoinHandle<Result<ReindexReport, NoReport>> {
        let before = queue.lock().waiting.len();
        let asked = std::sync::Arc::clone(queue);
        #[expect(clippy::disallowed_methods, reason = "the test awaits it")]
        let caller = tokio::spawn(async move { asked.request().await });
        while queue.lock().waiting.len() == before {
            tokio::task::yield_now().await;
        }
        caller
    }

    fn report(generation: u64) -> ReindexReport {
        ReindexReport { generation, ..ReindexReport::default() }
    }

    #[tokio::test]
    async fn a_request_during_a_scan_gets_the_report_of_the_next() {
        let queue = std::sync::Arc::new(ReindexQueue::default());
        let first = ask(&queue).await;
        assert_eq!(queue.begin(false), Extent::Everything);
        let [second, third] = [ask(&queue).await, ask(&queue).await];
        queue.finish(&report(1));
        assert_eq!(first.await.unwrap().unwrap().generation, 1);
        assert!(!second.is_finished() && !third.is_finished(), "that scan began before they asked");
        assert_eq!(queue.begin(false), Extent::Everything, "what they asked for");
        queue.finish(&report(2));
        for caller in [second, third] {
            assert_eq!(caller.await.unwrap().unwrap().generation, 2);
        }
        assert_eq!((queue.begin(false), queue.finished()), (Extent::Nothing, 2));
    }

    #[tokio::test]
    async fn a_failed_scan_answers_its_callers_and_keeps_what_it_was_to_read() {
        let queue = std::sync::Arc::new(ReindexQueue::default());
        queue.touch_paths([PathBuf::from("/a")].into());
        assert!(matches!(queue.begin(false), Extent::Around(_)));
        let caller = ask(&queue).await;
        queue.abandon();
        assert!(!caller.is_finished());
        assert_eq!(queue.begin(false), Extent::Everything);
        queue.abandon();
        assert_eq!(caller.await.unwrap(), Err(NoReport::Failed));
        assert_eq!(queue.begin(false), Extent::Everything, "the changed files were not read yet");
        queue.finish(&report(1));
        queue.abandon();
        assert_eq!(queue.begin(false), Extent::Nothing, "they were read");
    }

    #[tokio::test]
    async fn a_failed_scan_that_no_file_caused_is_not_repeated() {
        let queue = std::sync::Arc::new(ReindexQueue::default());
        let caller = ask(&queue).await;
        assert_eq!(queue.begin(true), Extent::Everything);
        queue.abandon();
        assert_eq!(caller.await.unwrap(), Err(NoReport::Failed));
        assert_eq!(queue.begin(false), Extent::Nothing);
        queue.touch();
        assert_eq!(queue.begin(true), Extent::Everything);
        queue.abandon();
        assert_eq!(queue.begin(false), Extent::Everything, "something may have changed");
    }

    #[tokio::test]
    async fn nothing_is_asked_of_a_closed_queue() {
        let queue = std::sync::Arc::new(ReindexQueue::default());
        let caller = ask(&queue).await;
        queue.close();
        assert_eq!(caller.await.unwrap(), Err(NoReport::Stopping));
        assert_eq!(queue.request().await, Err(NoReport::Stopping));
    }

    #[test]
    fn many_paths_are_everything() {
        let mut extent = Extent::Nothing;
        extent.add([]);
        assert_eq!(extent, Extent::Nothing);
        extent.add((0..MAX_PATHS).map(|number| PathBuf::from(number.to_string())));
        assert!(matches!(extent, Extent::Around(_)));
        extent.add([PathBuf::from("one more")]);
        assert_eq!(extent, Extent::Everything);
    }
}
