//! A pattern: a goal, the plan that serves it, and the statistics of its uses.

use std::time::Duration;

use super::plan::Plan;
use super::stats::{Counters, DecayedStats};

/// A pattern with a lower success rate is pruned: no longer offered.
pub const PRUNE_BELOW: f64 = 0.3;

/// Uses that a pattern gets before it may be pruned.
pub const MIN_USES_TO_PRUNE: u32 = 5;

/// The origin of a pattern.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// It was stored or imported on purpose, and is offered without any use.
    #[default]
    Stored,
    /// It was created from a successful decision, and is offered as long as it has uses.
    Learned,
}

impl Origin {
    /// `stored` or `learned`: the form in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Stored => "stored",
            Origin::Learned => "learned",
        }
    }

    /// The inverse of [`Origin::as_str`]; any other text counts as stored.
    pub fn parse(text: &str) -> Origin {
        if text == "learned" { Origin::Learned } else { Origin::Stored }
    }
}

/// One orchestration pattern.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pattern {
    /// Unique in a pattern set.
    pub id: String,
    /// The goal, as written.
    pub goal: String,
    /// The agents and their order.
    pub plan: Plan,
    /// The exact statistics of its uses.
    pub counters: Counters,
    /// The same with exponential decay, which ranking uses.
    pub decayed: DecayedStats,
    /// When it was created, in milliseconds since the Unix epoch, UTC.
    pub created_ms: i64,
    /// When it or its statistics last changed, in milliseconds since the Unix epoch, UTC.
    pub updated_ms: i64,
    /// How it was created.
    pub origin: Origin,
}

impl Pattern {
    /// Whether it is stored but no longer offered: its success rate is below [`PRUNE_BELOW`] after at least
    /// [`MIN_USES_TO_PRUNE`] uses, or the decision that created it was corrected and left it without a use. This follows
    /// from the counters alone, so that a pattern is offered again as soon as they recover.
    pub fn pruned(&self) -> bool {
        let uses = self.counters.uses();
        let failed = uses >= MIN_USES_TO_PRUNE && self.counters.success_rate() < PRUNE_BELOW;
        let withdrawn = uses == 0 && self.origin == Origin::Learned;
        failed || withdrawn
    }

    /// (successes + partials ÷ 2) ÷ uses; 0.5 without a use.
    pub fn success_rate(&self) -> f64 {
        self.counters.success_rate()
    }

    /// The number of uses.
    pub fn task_count(&self) -> u32 {
        self.counters.uses()
    }

    /// Bytes that it holds in memory, itself included.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.id.capacity() + self.goal.capacity() + self.plan.heap_bytes()
    }

    /// The estimated success rate for ranking, see [`DecayedStats::posterior_mean`].
    pub fn expected_success(&self, now_ms: i64, half_life: Option<Duration>) -> f64 {
        self.decayed.posterior_mean(now_ms, half_life)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pruning_follows_the_counts() {
        use Origin::{Learned, Stored};
        for (successes, failures, partials, origin, pruned) in [
            (0, 0, 0, Stored, false),
            (0, 0, 0, Learned, true),
            (1, 0, 0, Learned, false),
            (0, 4, 0, Stored, false),
            (0, 5, 0, Stored, true),
            (1, 4, 0, Stored, true),
            (1, 3, 1, Stored, false), // 1.5 of 5 is 0.3, which is not below 0.3
            (0, 3, 2, Stored, true),
            (3, 7, 0, Stored, false),
            (2, 5, 0, Learned, true),
        ] {
            let counters = Counters { successes, failures, partials, ..Counters::default() };
            let pattern = Pattern { counters, origin, ..Pattern::default() };
            assert_eq!(pattern.pruned(), pruned, "{counters:?} {origin:?}");
        }
    }
}
