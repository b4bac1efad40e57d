//! How often anybody may ask: one limit over all requests, and one for each class of calls.
//!
//! A shared machine's bound against a loop gone wild, not a quota: an orchestrator at full speed never meets it.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::app::operation::Operation;
use crate::app::operations::{decision, import, patterns};

/// Requests a second over all doors, unless the user says otherwise: some five times what a busy orchestrator with 64
/// agents was seen to ask, and below what one core answers, so that only a loop without a pause meets it.
pub const REQUESTS_PER_SECOND: u32 = 20_000;

/// Calls that write are a tenth of all requests: each waits for the disk, where a group of some hundred a second is what
/// a good one commits; nobody reports ten outcomes for each hundred questions.
pub const WRITE_SHARE: u32 = 10;

/// Calls that read have this part in ten of all requests, so that a flood of questions leaves room to report and to look.
pub const QUERY_TENTHS: u32 = 9;

/// Re-indexes a second. One takes some 10 ms where nothing changed, those that come together share one, and nobody
/// edits files faster.
pub const REINDEX_PER_SECOND: u32 = 5;

/// Re-indexes that may come at once.
pub const REINDEX_BURST: u32 = 20;

/// What a call does, as far as a limit is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It reads.
    Query,
    /// It writes and waits for the disk.
    Write,
    /// It reads all files again.
    Reindex,
}

impl Class {
    /// The class of a JSON-RPC method; unknown ones cost what a query costs.
    pub(super) fn of_method(method: &str) -> Class {
        match method {
            decision::CacheDecision::NAME | patterns::StorePattern::NAME | import::ImportPatterns::NAME => {
                Class::Write
            }
            _ => Class::Query,
        }
    }
}

/// The limits of one instance; all of them or none.
#[derive(Debug)]
pub(super) struct Rates(Option<Limiters>);

#[derive(Debug)]
struct Limiters {
    all: DefaultDirectRateLimiter,
    queries: DefaultDirectRateLimiter,
    writes: DefaultDirectRateLimiter,
    reindex: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Rates {
    /// Limits for that many requests a second over all doors, of which a second's worth may come at once; 0 sets none.
    pub(super) fn per_second(requests: u32) -> Self {
        let limiter = |a_second: u32, burst: u32| {
            let at_least_one = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
            RateLimiter::direct(Quota::per_second(at_least_one(a_second)).allow_burst(at_least_one(burst)))
        };
        let even = |a_second: u32| limiter(a_second, a_second);
        Rates((requests > 0).then(|| Limiters {
            all: even(requests),
            queries: even(requests / 10 * QUERY_TENTHS),
            writes: even(requests / WRITE_SHARE),
            reindex: limiter(REINDEX_PER_SECOND, REINDEX_BURST),
            clock: DefaultClock::default(),
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
    pub(super) fn admit_call(&self, class: Class) -> Result<(), Duration> {
        self.count(|limiters| match class {
            Class::Query => &limiters.queries,
            Class::Write => &limiters.writes,
            Class::Reindex => &limiters.reindex,
        })
    }

    fn count(&self, which: impl FnOnce(&Limiters) -> &DefaultDirectRateLimiter) -> Result<(), Duration> {
        let Some(limiters) = &self.0 else { return Ok(()) };
        which(limiters).check().map_err(|until| until.wait_time_from(limiters.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Class, REINDEX_BURST, Rates};

    #[test]
    fn classes_are_told_apart_and_counted_apart() {
        for (method, class) in [
            ("queryAgents", Class::Query),
            ("cacheDecision", Class::Write),
            ("storePattern", Class::Write),
            ("importPatterns", Class::Write),
            ("nonsense", Class::Query),
        ] {
            assert_eq!(Class::of_method(method), class, "{method}");
        }
        let rates = Rates::per_second(10);
        assert!(rates.admit_call(Class::Write).is_ok());
        let wait = rates.admit_call(Class::Write).unwrap_err();
        assert!(wait > Duration::from_millis(500) && wait <= Duration::from_secs(1), "{wait:?}");
        for _ in 0..9 {
            assert!(rates.admit_call(Class::Query).is_ok());
        }
        assert!(rates.admit_call(Class::Query).is_err());
        assert!((0..REINDEX_BURST).all(|_| rates.admit_call(Class::Reindex).is_ok()));
        assert!(rates.admit_call(Class::Reindex).is_err());
        assert!((0..10).all(|_| rates.admit_request().is_ok()));
        assert!(rates.admit_request().is_err());
    }

    #[test]
    fn no_limit_is_no_limit() {
        let rates = Rates::per_second(0);
        assert!((0..100_000).all(|_| rates.admit_request().is_ok()));
    }

    #[test]
    fn a_limit_costs_no_time() {
        const CHECKS: u32 = 100_000;
        let rates = Rates::per_second(u32::MAX);
        let began = Instant::now();
        assert!((0..CHECKS).all(|_| rates.admit_request().is_ok()));
        // Some 40 ns with optimisation; a build without it on a busy machine gets a hundred times that.
        assert!(began.elapsed() / CHECKS < Duration::from_micros(5), "{:?}", began.elapsed() / CHECKS);
    }
}
