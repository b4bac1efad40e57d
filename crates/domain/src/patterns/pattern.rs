//! A goal, the plan that serves it, and how often it did.

use std::time::Duration;

use super::plan::Plan;
use super::stats::{Counters, DecayedStats};

/// Below this success rate a pattern is no longer offered.
pub const PRUNE_BELOW: f64 = 0.3;

/// A pattern is given this many uses before it may be pruned.
pub const MIN_USES_TO_PRUNE: u32 = 5;

/// Where a pattern came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// Somebody stored or imported it; it stands without any use.
    #[default]
    Stored,
    /// A successful decision created it; it stands as long as it has uses.
    Learned,
}

impl Origin {
    /// `stored` or `learned`, as in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Stored => "stored",
            Origin::Learned => "learned",
        }
    }

    /// The reverse of [`Origin::as_str`]; anything unknown counts as stored.
    pub fn parse(text: &str) -> Origin {
        if text == "learned" { Origin::Learned } else { Origin::Stored }
    }
}

/// One orchestration pattern.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pattern {
    /// Unique in a book.
    pub id: String,
    /// What it is for, as written.
    pub goal: String,
    /// Who works on it, in which order.
    pub plan: Plan,
    /// How often it was used and what came of it.
    pub counters: Counters,
    /// The same with old evidence faded; ranking goes by this.
    pub decayed: DecayedStats,
    /// When it came into the book, in milliseconds since 1970, UTC.
    pub created_ms: i64,
    /// When it last changed or learned, in milliseconds since 1970, UTC.
    pub updated_ms: i64,
    /// Where it came from.
    pub origin: Origin,
}

impl Pattern {
    /// Whether it is kept but no longer offered: fewer than [`PRUNE_BELOW`] successes after at least
    /// [`MIN_USES_TO_PRUNE`] uses, or created by a decision that was since corrected and left without any use. It
    /// follows from the counts alone, so that a pattern comes back as soon as they recover.
    pub fn pruned(&self) -> bool {
        let uses = self.counters.uses();
        let failed = uses >= MIN_USES_TO_PRUNE && self.counters.success_rate() < PRUNE_BELOW;
        let withdrawn = uses == 0 && self.origin == Origin::Learned;
        failed || withdrawn
    }

    /// (successes + partials ÷ 2) ÷ uses; 0.5 where unused.
    pub fn success_rate(&self) -> f64 {
        self.counters.success_rate()
    }

    /// How often it was used.
    pub fn task_count(&self) -> u32 {
        self.counters.uses()
    }

    /// How likely it is to work, for ranking: see [`DecayedStats::posterior_mean`].
    pub fn expectation(&self, now_ms: i64, half_life: Option<Duration>) -> f64 {
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
