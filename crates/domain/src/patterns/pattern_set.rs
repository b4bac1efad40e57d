//! The set of all patterns, and which of them match a goal.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::FixedState;

use super::goal::Goal;
use super::goal_index::{Candidate, GoalIndex, ROUNDING};
use super::pattern::Pattern;
use super::persistent_vec::PersistentVec;
use super::stats::DEFAULT_HALF_LIFE;

/// The least similarity at which the pattern of one goal matches another, unless a caller states one.
pub const DEFAULT_MIN_SIMILARITY: f64 = 0.7;

/// The most matches that one call returns.
pub const MAX_MATCHES: usize = 100;

/// The most patterns in a set. At about 2 KiB each they take the forty megabytes that a small server can spare; a decision
/// that would create one more is recorded without a pattern.
pub const MAX_PATTERNS: usize = 20_000;

/// Up to this many patterns of one sequence are compared one by one; with more, the index is faster.
const MAX_SCANNED: usize = 16;

/// A pattern that matches a goal.
#[derive(Debug, Clone)]
pub struct PatternMatch {
    /// The pattern at the time of the search.
    pub pattern: Arc<Pattern>,
    /// The similarity of the goals, 0..=1.
    pub similarity: f64,
    /// (successes + partials ÷ 2) ÷ uses; 0.5 without a use.
    pub success_rate: f64,
    /// The number of uses.
    pub task_count: u32,
    /// The ranking score: similarity × expected success (posterior mean over decayed statistics).
    pub score: f64,
}

/// All patterns at one moment. Clones share patterns and analysed goals.
#[derive(Debug, Clone)]
pub struct PatternSet {
    pub(super) patterns: PersistentVec<Pattern>,
    pub(super) index: Arc<GoalIndex>,
    pub(super) half_life: Option<Duration>,
    by_id: Arc<HashMap<Arc<str>, usize, FixedState>>,
    by_sequence: Arc<HashMap<Arc<[String]>, Positions, FixedState>>,
    /// By normalised goal.
    by_goal: Arc<HashMap<Arc<str>, Positions, FixedState>>,
}

/// Positions in the set, ascending.
type Positions = Arc<Vec<usize>>;

impl Default for PatternSet {
    fn default() -> Self {
        PatternSet::new(Some(DEFAULT_HALF_LIFE))
    }
}

impl PatternSet {
    /// An empty set whose evidence decays with `half_life`; without one it does not decay.
    pub fn new(half_life: Option<Duration>) -> PatternSet {
        PatternSet {
            patterns: PersistentVec::default(),
            index: Arc::default(),
            half_life,
            by_id: Arc::default(),
            by_sequence: Arc::default(),
            by_goal: Arc::default(),
        }
    }

    /// The number of patterns, including pruned ones.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are no patterns.
    pub fn is_empty(&self) -> bool {
        self.patterns.len() == 0
    }

    /// All patterns, including pruned ones, in order of insertion.
    pub fn patterns(&self) -> impl DoubleEndedIterator<Item = &Arc<Pattern>> {
        self.patterns.iter()
    }

    /// The pattern with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<Pattern>> {
        self.by_id.get(id).map(|&position| &self.patterns[position])
    }

    /// The mean success rate of the used patterns that are not pruned, for metrics; `None` without any.
    pub fn avg_success_rate(&self) -> Option<f64> {
        let rates: Vec<f64> = self
            .patterns
            .iter()
            .filter(|pattern| pattern.task_count() > 0 && !pattern.pruned())
            .map(|pattern| pattern.success_rate())
            .collect();
        let count = u32::try_from(rates.len()).unwrap_or(u32::MAX);
        (count > 0).then(|| rates.iter().sum::<f64>() / f64::from(count))
    }

    /// The similarity of two goals, 0..=1, with idf from this set.
    pub fn similarity(&self, one: &str, other: &str) -> f64 {
        self.index.similarity(&Goal::new(one), &Goal::new(other))
    }

    /// The pattern with an identical goal (up to case and white space) and the same agents in the same order.
    pub fn find(&self, goal: &Goal, agent_sequence: &[String]) -> Option<&Arc<Pattern>> {
        let positions = self.by_goal.get(goal.normalized())?;
        let mut patterns = positions.iter().map(|&position| &self.patterns[position]);
        patterns.find(|pattern| pattern.plan.agent_sequence() == agent_sequence)
    }

    /// The most similar pattern with the same agents in the same order, pruned or not, at a similarity of at least
    /// [`DEFAULT_MIN_SIMILARITY`]; of equally similar ones the first.
    pub fn closest(&self, goal: &Goal, agent_sequence: &[String]) -> Option<&Arc<Pattern>> {
        if let Some(identical) = self.find(goal, agent_sequence) {
            return Some(identical);
        }
        let positions = self.by_sequence.get(agent_sequence)?;
        let mut best: Option<(usize, f64)> = None;
        let mut offer = |position: usize, similarity: f64| {
            if similarity >= best.map_or(DEFAULT_MIN_SIMILARITY, |(_, known)| known + ROUNDING) {
                best = Some((position, similarity));
            }
        };
        if positions.len() <= MAX_SCANNED {
            positions.iter().for_each(|&position| {
                offer(position, self.index.similarity(goal, self.index.goal(position)));
            });
        } else {
            for candidate in self.index.candidates(goal, DEFAULT_MIN_SIMILARITY) {
                if positions.binary_search(&candidate.position).is_ok() {
                    offer(candidate.position, self.index.exact_similarity(goal, &candidate));
                }
            }
        }
        best.map(|(position, _)| &self.patterns[position])
    }

    /// The patterns that match `goal`, best first: at a similarity of at least `min_similarity`, without pruned ones, at
    /// most `limit` (and at most [`MAX_MATCHES`]), ordered by score, then similarity, then age.
    pub fn matches(&self, goal: &str, min_similarity: f64, limit: usize, now_ms: i64) -> Vec<PatternMatch> {
        self.matches_among(&SimilaritySearch { goal, min_similarity, limit, now_ms }, |_| true)
    }

    /// [`PatternSet::matches`] among the patterns for which `is_wanted` holds.
    pub fn matches_among(
        &self,
        request: &SimilaritySearch<'_>,
        is_wanted: impl Fn(&Pattern) -> bool,
    ) -> Vec<PatternMatch> {
        let SimilaritySearch { goal, min_similarity, limit, now_ms } = *request;
        let limit = limit.min(MAX_MATCHES);
        let floor = if min_similarity.is_nan() { DEFAULT_MIN_SIMILARITY } else { min_similarity };
        if limit == 0 {
            return Vec::new();
        }
        let goal = Goal::new(goal);
        let mut bounds: Vec<UpperBound> = Vec::new();
        for candidate in self.index.candidates(&goal, floor) {
            let pattern = &self.patterns[candidate.position];
            if !pattern.pruned() && is_wanted(pattern) {
                let expected_success = pattern.expected_success(now_ms, self.half_life);
                // Identical goals have similarity 1 by definition; rounding may have left the bound just below it.
                let score = (candidate.upper_bound + ROUNDING) * expected_success;
                bounds.push(UpperBound { candidate, expected_success, score });
            }
        }
        bounds.sort_by(|a, b| {
            b.score.total_cmp(&a.score).then(a.candidate.position.cmp(&b.candidate.position))
        });

        let mut best: Vec<(usize, PatternMatch)> = Vec::new();
        for bound in bounds {
            if best.len() == limit && best.last().is_some_and(|(_, last)| bound.score < last.score) {
                break;
            }
            let similarity = self.index.exact_similarity(&goal, &bound.candidate);
            if similarity >= floor {
                let position = bound.candidate.position;
                best.push((position, self.pattern_match(position, similarity, bound.expected_success)));
                best.sort_by(by_rank);
                best.truncate(limit);
            }
        }
        best.into_iter().map(|(_, found)| found).collect()
    }

    fn pattern_match(&self, position: usize, similarity: f64, expected_success: f64) -> PatternMatch {
        let pattern = Arc::clone(&self.patterns[position]);
        PatternMatch {
            similarity,
            success_rate: pattern.success_rate(),
            task_count: pattern.task_count(),
            score: similarity * expected_success,
            pattern,
        }
    }

    /// Whether the set takes no more patterns.
    pub fn is_full(&self) -> bool {
        self.patterns.len() >= MAX_PATTERNS
    }

    /// Adds patterns, except those whose id the set has already and those beyond [`MAX_PATTERNS`].
    pub fn extend(&mut self, patterns: impl IntoIterator<Item = Pattern>) {
        let mut goals = Vec::new();
        for pattern in patterns {
            if self.by_id.contains_key(pattern.id.as_str()) || self.is_full() {
                continue;
            }
            let position = self.patterns.len();
            Arc::make_mut(&mut self.by_id).insert(Arc::from(pattern.id.as_str()), position);
            let sequence: Arc<[String]> = Arc::from(pattern.plan.agent_sequence());
            Arc::make_mut(Arc::make_mut(&mut self.by_sequence).entry(sequence).or_default()).push(position);
            let goal = Goal::new(&pattern.goal);
            Arc::make_mut(Arc::make_mut(&mut self.by_goal).entry(Arc::from(goal.normalized())).or_default())
                .push(position);
            goals.push(Arc::new(goal));
            self.patterns.push(Arc::new(pattern));
        }
        if !goals.is_empty() {
            Arc::make_mut(&mut self.index).extend(goals);
        }
    }

    /// Changes the pattern with this id, which is returned in its new state. The id, the goal and the sequence must not
    /// change.
    pub(super) fn update(&mut self, id: &str, change: impl FnOnce(&mut Pattern)) -> Option<Arc<Pattern>> {
        let &position = self.by_id.get(id)?;
        let pattern = self.patterns.get_mut(position);
        change(Arc::make_mut(pattern));
        Some(Arc::clone(pattern))
    }
}

/// A search for patterns by similarity of goals.
#[derive(Debug, Clone, Copy)]
pub struct SimilaritySearch<'a> {
    /// The goal.
    pub goal: &'a str,
    /// The least similarity of a match.
    pub min_similarity: f64,
    /// The most matches to return.
    pub limit: usize,
    /// The time of the search, to which evidence decays; milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// A candidate with an upper bound of its score.
struct UpperBound {
    candidate: Candidate,
    expected_success: f64,
    score: f64,
}

/// The higher score first, then the higher similarity, then the older pattern.
fn by_rank(a: &(usize, PatternMatch), b: &(usize, PatternMatch)) -> Ordering {
    (b.1.score.total_cmp(&a.1.score)).then(b.1.similarity.total_cmp(&a.1.similarity)).then(a.0.cmp(&b.0))
}
