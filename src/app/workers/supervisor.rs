//! Running jobs: on time, one run at a time, again after a panic, and no longer than the service.
//!
//! A worker that waits is a task of the runtime; a run takes a thread of the runtime's pool, which ends when it has been
//! idle for a while. A panic costs one run: it is counted, shown in `/health` and followed by a pause that grows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::job::{Job, Rest, Run};
use super::signal::WakeSignal;
use crate::tasks::{self, Tasks};
use catalog::Cancellation;

/// The pauses that follow panics in a row.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Backoff {
    /// After the first.
    pub first: Duration,
    /// After any number.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { first: Duration::from_secs(1), longest: Duration::from_mins(1) }
    }
}

impl Backoff {
    /// The pause after so many panics in a row: twice as long each time.
    fn after(self, panics: u32) -> Duration {
        let factor = 1_u32.checked_shl(panics.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// The workers of one project.
#[derive(Debug, Default)]
pub(in crate::app) struct Workers {
    tasks: Tasks,
    cancellation: Cancellation,
    backoff: Backoff,
    running: Arc<Running>,
    statuses: Mutex<Vec<Arc<Status>>>,
}

/// How one worker is doing.
#[derive(Debug)]
struct Status {
    name: &'static str,
    /// What does not happen while it is down.
    without: &'static str,
    crash: Mutex<Option<Crash>>,
}

/// A worker that panicked and has not completed a run since.
#[derive(Debug, Clone)]
struct Crash {
    since: Instant,
    /// Panics in a row.
    panics: u32,
}

/// The runs that are under way, by the names of their workers.
#[derive(Debug, Default)]
struct Running {
    names: Mutex<Vec<&'static str>>,
    ended: Condvar,
}

/// One run under way, until this is dropped.
struct Started {
    running: Arc<Running>,
    name: &'static str,
}

impl Workers {
    /// Workers that wait as `backoff` says after a panic.
    #[cfg(test)]
    pub(in crate::app) fn with_backoff(backoff: Backoff) -> Workers {
        Workers { backoff, ..Workers::default() }
    }

    /// Starts a worker, which first runs when `signal` wakes it. `without` says what does not happen while it is down.
    /// Call it within a runtime.
    pub(in crate::app) fn spawn(
        &self,
        name: &'static str,
        without: &'static str,
        signal: &WakeSignal,
        job: impl Job,
    ) {
        let status = Arc::new(Status { name, without, crash: Mutex::default() });
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&status));
        let worker = Worker {
            status,
            signal: signal.clone(),
            cancellation: self.cancellation.clone(),
            backoff: self.backoff,
            running: Arc::clone(&self.running),
            job: Arc::new(Mutex::new(job)),
        };
        let tasks = self.tasks.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = tasks.stopped() => {}
                () = worker.supervise() => {}
            }
        });
    }

    /// Wakes a worker with each publication of `versions`, within `delay`.
    pub(in crate::app) fn follow(
        &self,
        mut versions: tokio::sync::watch::Receiver<u64>,
        signal: &WakeSignal,
        delay: Duration,
    ) {
        let (tasks, signal) = (self.tasks.clone(), signal.clone());
        self.tasks.spawn(async move {
            let follow = async {
                while versions.changed().await.is_ok() {
                    signal.wake_within(delay);
                }
            };
            tokio::select! {
                () = tasks.stopped() => {}
                () = follow => {}
            }
        });
    }

    /// Asks the runs that are under way to give up and starts no further one.
    pub(in crate::app) fn stop(&self) {
        self.cancellation.cancel();
        self.tasks.stop();
    }

    /// Waits until no run is under way, up to `deadline`; answers whose are. Call [`Workers::stop`] first.
    pub(in crate::app) fn join(&self, deadline: Duration) -> Vec<&'static str> {
        let running = &self.running;
        let ended = running.ended.wait_timeout_while(running.lock(), deadline, |names| !names.is_empty());
        ended.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// A sentence for each worker that is down.
    pub(in crate::app) fn problems(&self) -> Vec<String> {
        let statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        statuses.iter().filter_map(|status| status.problem()).collect()
    }
}

impl Status {
    fn crash(&self) -> MutexGuard<'_, Option<Crash>> {
        self.crash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn problem(&self) -> Option<String> {
        let crash = self.crash().clone()?;
        let times = if crash.panics == 1 { "once" } else { "repeatedly" };
        Some(format!(
            "the {} worker crashed {times} and has been restarting for {} s, so that {}; the log says where",
            self.name,
            crash.since.elapsed().as_secs(),
            self.without
        ))
    }

    /// Counts a panic; how many there were in a row.
    fn panicked(&self) -> u32 {
        let mut current = self.crash();
        let crash = current.get_or_insert_with(|| Crash { since: Instant::now(), panics: 0 });
        crash.panics = crash.panics.saturating_add(1);
        let panics = crash.panics;
        drop(current);
        panics
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let mut names = self.running.lock();
        if let Some(at) = names.iter().position(|name| *name == self.name) {
            names.swap_remove(at);
        }
        drop(names);
        self.running.ended.notify_all();
    }
}

/// One worker.
struct Worker<J> {
    status: Arc<Status>,
    signal: WakeSignal,
    cancellation: Cancellation,
    backoff: Backoff,
    running: Arc<Running>,
    job: Arc<Mutex<J>>,
}

/// When the next run may come, and when it comes without being asked for.
struct Plan {
    earliest: Instant,
    latest: Option<Instant>,
}

impl<J: Job> Worker<J> {
    /// The worker's whole life.
    async fn supervise(self) {
        let mut plan = Plan { earliest: Instant::now(), latest: None };
        loop {
            self.until_due(plan).await;
            let Some(started) = self.begin() else { return };
            let Some(ran) = self.run_once(started).await else { return };
            let now = Instant::now();
            plan = if let Some(rest) = ran {
                *self.status.crash() = None;
                Plan { earliest: now + rest.at_least, latest: rest.at_most.map(|time| now + time) }
            } else {
                let panics = self.status.panicked();
                let pause = self.backoff.after(panics);
                let pause_ms = crate::app::timings::millis(pause);
                tracing::error!(
                    worker = self.status.name,
                    panics,
                    pause_ms,
                    "a background worker crashed and is restarted"
                );
                Plan { earliest: now + pause, latest: Some(now + pause) }
            };
        }
    }

    /// Resolves when the next run is to begin.
    async fn until_due(&self, mut plan: Plan) {
        loop {
            if let Some(wanted) = self.signal.take() {
                let now = Instant::now();
                let at = now + wanted.within;
                plan.latest = Some(plan.latest.map_or(at, |latest| latest.min(at)));
                if wanted.despite_backoff {
                    plan.earliest = now;
                }
            }
            let due = async {
                match plan.latest {
                    Some(latest) => tokio::time::sleep_until(latest.max(plan.earliest)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => return,
                () = self.signal.woken() => {}
            }
        }
    }

    /// Registers a run; `None` once the workers are stopped.
    fn begin(&self) -> Option<Started> {
        let mut names = self.running.lock();
        if self.cancellation.is_cancelled() {
            return None;
        }
        names.push(self.status.name);
        drop(names);
        Some(Started { running: Arc::clone(&self.running), name: self.status.name })
    }

    /// What a run said of the next; `Some(None)` where it panicked, `None` where the runtime ends.
    async fn run_once(&self, started: Started) -> Option<Option<Rest>> {
        let job = Arc::clone(&self.job);
        let run = Run { signal: self.signal.clone(), cancellation: self.cancellation.clone() };
        let run_on_this_thread = move || {
            let mut job = job.lock().unwrap_or_else(PoisonError::into_inner);
            let rest = catch_unwind(AssertUnwindSafe(|| job.run(&run))).ok();
            if rest.is_none() {
                // A panic in here costs no more than the one before it, which is reported.
                let _ = catch_unwind(AssertUnwindSafe(|| job.recover()));
            }
            drop(job);
            drop(started);
            rest
        };
        tasks::blocking(run_on_this_thread).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// Longer than anything here takes, however busy the machine is.
    const PATIENCE: Duration = Duration::from_mins(1);

    fn quick() -> Workers {
        Workers::with_backoff(Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(8) })
    }

    /// A worker that sends the number of each run, then does what `work` says.
    fn counting(
        workers: &Workers,
        signal: &WakeSignal,
        mut work: impl FnMut(u32, &Run) -> Rest + Send + 'static,
    ) -> UnboundedReceiver<u32> {
        let (sender, runs) = unbounded_channel();
        let mut number = 0;
        let job = move |run: &Run| {
            number += 1;
            sender.send(number).unwrap();
            work(number, run)
        };
        workers.spawn("test", "nothing is tested", signal, job);
        runs
    }

    /// The next run.
    async fn next(runs: &mut UnboundedReceiver<u32>) -> u32 {
        tokio::time::timeout(PATIENCE, runs.recv()).await.expect("no run came").expect("the worker ended")
    }

    #[test]
    fn the_pause_doubles_up_to_its_limit() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_mins(1) };
        let pauses = [1, 2, 3, 6, 7, 40, u32::MAX].map(|panics| backoff.after(panics).as_secs());
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60, 60]);
    }

    #[tokio::test]
    async fn a_worker_that_panics_is_restarted_and_reported_until_a_run_succeeds() {
        let (workers, signal) = (quick(), WakeSignal::default());
        let (go, gate) = mpsc::channel::<()>();
        let mut runs = counting(&workers, &signal, move |number, _| {
            assert!(number > 3, "poisoned");
            gate.recv().unwrap();
            Rest::UNTIL_WOKEN
        });
        signal.wake();
        for number in 1..=4 {
            assert_eq!(next(&mut runs).await, number, "once woken it comes back by itself");
        }
        let [problem] = workers.problems().try_into().unwrap();
        assert!(problem.contains("test worker crashed repeatedly") && problem.contains("nothing is tested"));
        go.send(()).unwrap();
        tokio::time::timeout(PATIENCE, async {
            while !workers.problems().is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("a run that succeeds clears the problem");
        signal.wake();
        assert_eq!(next(&mut runs).await, 5, "it goes on listening");
        go.send(()).unwrap();
        workers.stop();
        assert!(workers.join(PATIENCE).is_empty());
    }

    #[tokio::test]
    async fn what_a_panic_left_is_cleared_before_the_next_run() {
        struct Half {
            is_half_done: bool,
            seen: tokio::sync::mpsc::UnboundedSender<bool>,
        }
        impl Job for Half {
            fn run(&mut self, _: &Run) -> Rest {
                self.seen.send(self.is_half_done).unwrap();
                self.is_half_done = true;
                panic!("in the middle");
            }
            fn recover(&mut self) {
                self.is_half_done = false;
            }
        }
        let (workers, signal, (seen, mut states)) = (quick(), WakeSignal::default(), unbounded_channel());
        workers.spawn("test", "nothing is tested", &signal, Half { is_half_done: false, seen });
        signal.wake();
        for _ in 0..3 {
            assert_eq!(states.recv().await, Some(false));
        }
        workers.stop();
    }

    #[tokio::test]
    async fn a_caller_who_waits_need_not_wait_for_the_pause() {
        let workers = Workers::with_backoff(Backoff { first: HOUR, longest: HOUR });
        let signal = WakeSignal::default();
        let mut runs = counting(&workers, &signal, |number, _| {
            assert!(number > 1, "poisoned");
            Rest::UNTIL_WOKEN
        });
        signal.wake();
        assert_eq!(next(&mut runs).await, 1);
        signal.demand();
        assert_eq!(next(&mut runs).await, 2);
    }

    #[tokio::test]
    async fn it_runs_when_woken_and_when_due() {
        let (workers, signal) = (quick(), WakeSignal::default());
        let mut runs = counting(&workers, &signal, |number, _| match number {
            1 => Rest::at_most(Duration::from_millis(1)),
            _ => Rest::at_most(HOUR),
        });
        signal.wake_within(Duration::from_millis(1));
        assert_eq!((next(&mut runs).await, next(&mut runs).await), (1, 2));
        signal.wake();
        assert_eq!(next(&mut runs).await, 3);
    }

    #[tokio::test]
    async fn wake_ups_during_a_run_cause_one_more() {
        let (workers, signal) = (quick(), WakeSignal::default());
        let (go, gate) = mpsc::channel::<()>();
        let mut runs = counting(&workers, &signal, move |_, _| {
            gate.recv().unwrap();
            Rest::UNTIL_WOKEN
        });
        signal.wake();
        assert_eq!(next(&mut runs).await, 1);
        for _ in 0..9 {
            signal.wake();
        }
        go.send(()).unwrap();
        assert_eq!(next(&mut runs).await, 2);
        go.send(()).unwrap();
        // A third run would have to come before the one that is asked for now.
        workers.stop();
        assert!(workers.join(PATIENCE).is_empty());
        assert!(runs.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_long_run_ends_when_it_is_cancelled_and_holds_nobody_up_otherwise() {
        let (workers, signal) = (quick(), WakeSignal::default());
        let mut polite = counting(&workers, &signal, |_, run| {
            while !run.is_cancelled() {
                std::thread::yield_now();
            }
            Rest::UNTIL_WOKEN
        });
        let stubborn_signal = WakeSignal::default();
        let (go, gate) = mpsc::channel::<()>();
        let (ready, mut started) = unbounded_channel();
        workers.spawn("stubborn", "nothing is tested", &stubborn_signal, move |_: &Run| {
            ready.send(()).unwrap();
            // Ends with the test, at the latest.
            let _ = gate.recv();
            Rest::UNTIL_WOKEN
        });
        signal.wake();
        stubborn_signal.wake();
        next(&mut polite).await;
        started.recv().await.unwrap();
        workers.stop();
        let late = workers.join(Duration::from_secs(5));
        assert_eq!(late, ["stubborn"]);
        drop(go);
        assert!(workers.join(PATIENCE).is_empty());
    }
}
