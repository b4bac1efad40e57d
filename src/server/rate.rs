//! Rate limits: one over all requests, and one for each class of calls.
//!
//! They protect a shared machine against a runaway loop and are no quota: an orchestrator at full speed never reaches them.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::app::operations::Method;
use protocol::OperationClass;

/// Requests a second over all routes by default: some five times the load of a busy orchestrator with 64 agents, and below
/// what one core answers, so that only a loop without a pause reaches it.
pub const REQUESTS_PER_SECOND: u32 = 20_000;

/// Calls that write may be a tenth of all requests: each waits for the disk, where a group of some hundred a second is what
/// a good one commits, and outcomes are reported far less often than questions are asked.
pub const WRITE_SHARE: u32 = 10;

/// Tenths of all requests that calls which read may be, so that a flood of queries leaves room for writes and health checks.
pub const QUERY_TENTHS: u32 = 9;

/// Re-indexes a second. One takes some 10 ms where nothing changed, concurrent ones share a scan, and files are not edited
/// faster.
pub const REINDEX_PER_SECOND: u32 = 5;

/// Re-indexes that may come at once.
pub const REINDEX_BURST: u32 = 20;

/// The class of a call, as far as a limit is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallClass {
    /// It reads.
    Query,
    /// It writes and waits for the disk.
    Write,
    /// It reads all files again.
    Reindex,
}

impl CallClass {
    /// The class of a method; an unknown one costs what a query costs.
    pub(super) fn of(method: Option<Method>) -> CallClass {
        match method.map(Method::class) {
            Some(OperationClass::Write) => CallClass::Write,
            Some(OperationClass::Read) | None => CallClass::Query,
        }
    }
}

/// The limits of one instance; all of them or none.
#[derive(Debug)]
pub(super) struct Rates<C: Clock = DefaultClock>(Option<Limiters<C>>);

type Limiter<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

#[derive(Debug)]
struct Limiters<C: Clock> {
    all: Limiter<C>,
    queries: Limiter<C>,
    writes: Limiter<C>,
    reindex: Limiter<C>,
    clock: C,
}

impl Rates {
    /// Limits for that many requests a second over all routes, of which a second's worth may come at once; 0 sets none.
    pub(super) fn per_second(requests: u32) -> Self {
        Rates::with_clock(requests, &DefaultClock::default())
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn with_clock(requests: u32, clock: &C) -> Self {
        let limiter = |a_second: u32, burst: u32| {
            let at_least_one = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::per_second(at_least_one(a_second)).allow_burst(at_least_one(burst));
            RateLimiter::direct_with_clock(quota, clock.clone())
        };
        let even = |a_second: u32| limiter(a_second, a_second);
        Rates((requests > 0).then(|| Limiters {
            all: even(requests),
            queries: even(requests / 10 * QUERY_TENTHS),
            writes: even(requests / WRITE_SHARE),
            reindex: limiter(REINDEX_PER_SECOND, REINDEX_BURST),
            clock: clock.clone(),
        }))
    }

    /// Counts one request of any kind.
    ///
    /// # Errors
    /// The time after which another one may come.
    pub(super) fn admit_request(&self) -> Result<(), Duration> {
        self.count(|limiters| &limiters.all)
    }

    /// Counts one call of that class.
    ///
    /// # Errors
    /// The time after which another one may come.
    pub(super) fn admit_call(&self, class: CallClass) -> Result<(), Duration> {
        self.count(|limiters| match class {
            CallClass::Query => &limiters.queries,
            CallClass::Write => &limiters.writes,
            CallClass::Reindex => &limiters.reindex,
        })
    }

    fn count(&self, which: impl FnOnce(&Limiters<C>) -> &Limiter<C>) -> Result<(), Duration> {
        let Some(limiters) = &self.0 else { return Ok(()) };
        which(limiters).check().map_err(|until| until.wait_time_from(limiters.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::{CallClass, REINDEX_BURST, REQUESTS_PER_SECOND, Rates};
    use crate::app::operations::Method;

    /// Requests a second of the busiest orchestrator that was seen, with 64 agents.
    const BUSIEST: u64 = 4_000;

    fn rates(requests: u32) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Rates::with_clock(requests, &clock), clock)
    }

    #[test]
    fn the_class_of_a_call_is_that_of_its_operation() {
        for (method, class) in [
            ("queryAgents", CallClass::Query),
            ("cacheDecision", CallClass::Write),
            ("storePattern", CallClass::Write),
            ("importPatterns", CallClass::Write),
            ("nonsense", CallClass::Query),
        ] {
            assert_eq!(CallClass::of(Method::named(method)), class, "{method}");
        }
    }

    #[test]
    fn classes_are_counted_apart_and_refill_with_time() {
        let (rates, clock) = rates(10);
        assert!(rates.admit_call(CallClass::Write).is_ok());
        assert_eq!(rates.admit_call(CallClass::Write), Err(Duration::from_secs(1)));
        clock.advance(Duration::from_millis(999));
        assert_eq!(rates.admit_call(CallClass::Write), Err(Duration::from_millis(1)));
        clock.advance(Duration::from_millis(1));
        assert!(rates.admit_call(CallClass::Write).is_ok());
        assert!((0..9).all(|_| rates.admit_call(CallClass::Query).is_ok()));
        assert!(rates.admit_call(CallClass::Query).is_err());
        assert!((0..REINDEX_BURST).all(|_| rates.admit_call(CallClass::Reindex).is_ok()));
        assert!(rates.admit_call(CallClass::Reindex).is_err());
        assert!((0..10).all(|_| rates.admit_request().is_ok()));
        assert_eq!(rates.admit_request(), Err(Duration::from_millis(100)));
    }

    #[test]
    fn the_busiest_orchestrator_never_meets_the_default_limit_and_a_loop_without_a_pause_does() {
        let (rates, clock) = rates(REQUESTS_PER_SECOND);
        let between = Duration::from_secs(1) / u32::try_from(BUSIEST).unwrap();
        for _ in 0..10 * BUSIEST {
            assert!(rates.admit_request().is_ok() && rates.admit_call(CallClass::Query).is_ok());
            clock.advance(between);
        }
        assert!((0..REQUESTS_PER_SECOND).all(|_| rates.admit_request().is_ok()));
        assert!(rates.admit_request().is_err());
    }

    #[test]
    fn no_limit_is_no_limit() {
        let (rates, _) = rates(0);
        assert!((0..100_000).all(|_| rates.admit_request().is_ok()));
    }
}
