//! Statistics of outcomes: exact counters, and exponentially decayed ones.
//!
//! A corrected decision must leave no trace of its earlier version. Counts and sums are therefore stored instead of
//! averages: what was added can be subtracted exactly, in any order.

use std::time::Duration;

use super::decision::Outcome;

/// The age at which evidence counts half in ranking. Plugins change over months: ninety days retain a season's evidence
/// and discount last year's.
pub const DEFAULT_HALF_LIFE: Duration = Duration::from_hours(90 * 24);

/// Counts and sums over all uses of a pattern.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Uses that succeeded.
    pub successes: u32,
    /// Uses that failed.
    pub failures: u32,
    /// Uses that succeeded in part.
    pub partials: u32,
    /// The sum of the reported durations, in milliseconds.
    pub duration_sum_ms: u64,
    /// Uses with a reported duration.
    pub duration_count: u32,
    /// The sum of the reported tokens saved.
    pub tokens_sum: i64,
    /// Uses with reported tokens.
    pub tokens_count: u32,
}

impl Counters {
    /// All uses, whatever their outcome.
    pub fn uses(&self) -> u32 {
        self.successes.saturating_add(self.failures).saturating_add(self.partials)
    }

    /// (successes + partials ÷ 2) ÷ uses; 0.5 without a use.
    pub fn success_rate(&self) -> f64 {
        match self.uses() {
            0 => 0.5,
            uses => (f64::from(self.successes) + f64::from(self.partials) / 2.0) / f64::from(uses),
        }
    }

    /// The mean reported duration in milliseconds, rounded; 0 without one.
    pub fn avg_duration_ms(&self) -> u64 {
        match u64::from(self.duration_count) {
            0 => 0,
            count => self.duration_sum_ms.saturating_add(count / 2) / count,
        }
    }

    /// The mean of the reported tokens saved, rounded down; 0 without any.
    pub fn avg_tokens_saved(&self) -> i64 {
        match i64::from(self.tokens_count) {
            0 => 0,
            count => self.tokens_sum.div_euclid(count),
        }
    }

    /// Adds one use.
    pub fn add(&mut self, result: Outcome, duration_ms: Option<u64>, tokens_saved: Option<i64>) {
        let count = self.count_of(result);
        *count = count.saturating_add(1);
        if let Some(duration) = duration_ms {
            self.duration_sum_ms = self.duration_sum_ms.saturating_add(duration);
            self.duration_count = self.duration_count.saturating_add(1);
        }
        if let Some(tokens) = tokens_saved {
            self.tokens_sum = self.tokens_sum.saturating_add(tokens);
            self.tokens_count = self.tokens_count.saturating_add(1);
        }
    }

    /// Subtracts one use that was added with the same arguments.
    pub fn subtract(&mut self, result: Outcome, duration_ms: Option<u64>, tokens_saved: Option<i64>) {
        let count = self.count_of(result);
        *count = count.saturating_sub(1);
        if let Some(duration) = duration_ms {
            self.duration_sum_ms = self.duration_sum_ms.saturating_sub(duration);
            self.duration_count = self.duration_count.saturating_sub(1);
        }
        if let Some(tokens) = tokens_saved {
            self.tokens_sum = self.tokens_sum.saturating_sub(tokens);
            self.tokens_count = self.tokens_count.saturating_sub(1);
        }
    }

    fn count_of(&mut self, result: Outcome) -> &mut u32 {
        match result {
            Outcome::Success => &mut self.successes,
            Outcome::Failure => &mut self.failures,
            Outcome::Partial => &mut self.partials,
        }
    }
}

/// The same evidence with exponential decay: each use weighs ½^(age ÷ half-life).
///
/// Both sums refer to the moment `at_ms` and are decayed to a later one when they are read or added to, so that two
/// numbers represent any number of uses, in whatever order they arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DecayedStats {
    /// Weighted successes; a partial one counts half.
    pub credit: f64,
    /// Weighted uses.
    pub uses: f64,
    /// The moment that both refer to, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}

impl DecayedStats {
    /// The evidence of `counters` as if all of it dated from `at_ms`.
    pub fn from_counters(counters: &Counters, at_ms: i64) -> DecayedStats {
        let credit = f64::from(counters.successes) + f64::from(counters.partials) / 2.0;
        DecayedStats { credit, uses: f64::from(counters.uses()), at_ms }
    }

    /// The success rate as the mean of the Beta posterior with a uniform prior, Beta(1,1): (credit + 1) ÷ (uses + 2), always
    /// inside (0, 1).
    pub fn posterior_mean(&self, now_ms: i64, half_life: Option<Duration>) -> f64 {
        let decay = decay(now_ms, self.at_ms, half_life);
        (self.credit * decay + 1.0) / (self.uses * decay + 2.0)
    }

    /// Adds a use of the moment `at_ms`.
    pub fn add(&mut self, result: Outcome, at_ms: i64, half_life: Option<Duration>) {
        self.shift(result.credit(), 1.0, at_ms, half_life);
    }

    /// Subtracts a use that was added with the same arguments, up to rounding.
    pub fn subtract(&mut self, result: Outcome, at_ms: i64, half_life: Option<Duration>) {
        self.shift(-result.credit(), -1.0, at_ms, half_life);
    }

    fn shift(&mut self, credit: f64, uses: f64, at_ms: i64, half_life: Option<Duration>) {
        let newest = self.at_ms.max(at_ms);
        let (old, new) = (decay(newest, self.at_ms, half_life), decay(newest, at_ms, half_life));
        self.uses = (self.uses * old + uses * new).max(0.0);
        self.credit = (self.credit * old + credit * new).clamp(0.0, self.uses);
        self.at_ms = newest;
    }
}

/// The weight at `now_ms` of evidence that dates from `then_ms`; 1 where the clock ran backwards, or without a half-life.
pub(super) fn decay(now_ms: i64, then_ms: i64, half_life: Option<Duration>) -> f64 {
    let Some(half_life) = half_life.filter(|half_life| !half_life.is_zero()) else { return 1.0 };
    let age_s = now_ms.saturating_sub(then_ms).max(0) / 1000;
    let age_s = f64::from(u32::try_from(age_s).unwrap_or(u32::MAX));
    (-age_s / half_life.as_secs_f64()).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Failure, Partial, Success};

    #[test]
    fn rates_follow_the_counts() {
        for (successes, failures, partials, rate) in
            [(0, 0, 0, 0.5), (1, 0, 0, 1.0), (0, 4, 0, 0.0), (1, 1, 2, 0.5), (0, 0, 3, 0.5), (3, 1, 0, 0.75)]
        {
            let counters = Counters { successes, failures, partials, ..Counters::default() };
            assert!((counters.success_rate() - rate).abs() < 1e-12, "{counters:?}");
        }
    }

    #[test]
    fn what_was_added_can_be_subtracted_in_any_order() {
        let mut counters = Counters::default();
        counters.add(Success, Some(10), Some(5));
        let before = counters;
        counters.add(Failure, Some(7), None);
        counters.add(Partial, None, Some(-3));
        assert_eq!((counters.avg_duration_ms(), counters.avg_tokens_saved()), (9, 1));
        counters.subtract(Failure, Some(7), None);
        counters.subtract(Partial, None, Some(-3));
        assert_eq!(counters, before);
    }

    #[test]
    fn evidence_halves_after_a_half_life() {
        let day = 86_400_000;
        let half_life = Some(Duration::from_hours(10 * 24));
        let mut decayed = DecayedStats::default();
        decayed.add(Success, 0, half_life);
        decayed.add(Success, 10 * day, half_life);
        assert!((decayed.uses - 1.5).abs() < 1e-9);
        assert!((decayed.posterior_mean(20 * day, half_life) - 1.75 / 2.75).abs() < 1e-9);
        // The same in the other order, and then without the newer use.
        let mut other = DecayedStats::default();
        other.add(Success, 10 * day, half_life);
        other.add(Success, 0, half_life);
        assert!((decayed.uses - other.uses).abs() < 1e-12);
        other.subtract(Success, 10 * day, half_life);
        assert!((other.uses - 0.5).abs() < 1e-9);
    }

    #[test]
    fn without_a_half_life_nothing_decays() {
        let mut decayed = DecayedStats::default();
        decayed.add(Failure, 0, None);
        assert!((decayed.posterior_mean(i64::MAX, None) - 1.0 / 3.0).abs() < 1e-12);
    }
}
