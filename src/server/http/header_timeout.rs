//! The header timeout of a connection: a cheap timer for hyper.
//!
//! hyper arms a timer before it reads the headers of each request and drops it afterwards, which takes the runtime's lock
//! twice a request. Here arming only stores a deadline; one timer a connection, re-armed whenever it fires, checks whether
//! the deadline has passed.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// No deadline is set.
const NONE: u64 = u64::MAX;

/// The deadline of one connection.
#[derive(Debug, Clone)]
pub(super) struct HeaderTimeout(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    /// The deadline, in microseconds since `began`.
    deadline: AtomicU64,
    is_over: AtomicBool,
}

/// One armed timer. Only the latest of a connection counts.
#[derive(Debug)]
struct Wait {
    deadline: u64,
    of: HeaderTimeout,
}

impl HeaderTimeout {
    /// The timer of a connection that opens now.
    pub(super) fn new() -> Self {
        HeaderTimeout(Arc::new(Inner {
            began: Instant::now(),
            deadline: AtomicU64::new(NONE),
            is_over: AtomicBool::new(false),
        }))
    }

    /// Drives `serving`, whose timer this is, and wakes it when a deadline has passed. `usual` is the usual timeout.
    pub(super) async fn keep<F: Future>(&self, serving: F, usual: Duration) -> F::Output {
        let mut serving = pin!(serving);
        let mut timer = pin!(tokio::time::sleep(usual));
        let mut is_set = false;
        poll_fn(|context| {
            loop {
                if let Poll::Ready(ended) = serving.as_mut().poll(context) {
                    return Poll::Ready(ended);
                }
                // A timer that is armed keeps waking this task.
                if is_set && !timer.is_elapsed() {
                    return Poll::Pending;
                }
                is_set = true;
                if timer.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                let now = self.since_began(Instant::now());
                match self.0.deadline.load(Ordering::Relaxed) {
                    NONE => timer.as_mut().reset(tokio::time::Instant::now() + usual),
                    deadline if deadline <= now => self.0.is_over.store(true, Ordering::Relaxed),
                    deadline => {
                        let left = Duration::from_micros(deadline - now);
                        timer.as_mut().reset(tokio::time::Instant::now() + left);
                    }
                }
                is_set = false;
            }
        })
        .await
    }

    fn since_began(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.0.began).as_micros()).unwrap_or(NONE - 1)
    }
}

impl Timer for HeaderTimeout {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { deadline: self.since_began(deadline), of: self.clone() })
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let Inner { deadline, is_over, .. } = &*self.of.0;
        deadline.store(self.deadline, Ordering::Relaxed);
        if is_over.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Sleep for Wait {}

impl Drop for Wait {
    fn drop(&mut self) {
        let Inner { deadline, is_over, .. } = &*self.of.0;
        deadline.store(NONE, Ordering::Relaxed);
        // A deadline that passed in the moment the headers arrived does not end the next wait.
        is_over.store(false, Ordering::Relaxed);
    }
}
