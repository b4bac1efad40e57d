//! All patterns there are, and which of them serve a goal.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::FixedState;

use super::goal::Goal;
use super::goal_index::{EPSILON, GoalIndex};
use super::pattern::Pattern;
use super::persistent_vec::PersistentVec;
use super::stats::DEFAULT_HALF_LIFE;

/// The similarity two goals need for the pattern of one to serve the other, unless a caller says otherwise.
pub const DEFAULT_MIN_SIMILARITY: f64 = 0.7;

/// The most matches one call answers.
pub const MAX_MATCHES: usize = 100;

/// The most patterns a book takes. At about 2 KiB each in memory this is the forty megabytes a small server may spend on
/// them; a decision that would found one more is recorded without.
pub const MAX_PATTERNS: usize = 20_000;

/// So many patterns of one sequence are compared one by one; the index pays from about here.
const FEW: usize = 16;

/// A pattern that serves a goal.
#[derive(Debug, Clone)]
pub struct PatternMatch {
    /// The pattern as it stood.
    pub pattern: Arc<Pattern>,
    /// How alike the goals are, in 0..=1.
    pub similarity: f64,
    /// (successes + partials ÷ 2) ÷ uses as stored; 0.5 where unused.
    pub success_rate: f64,
    /// How often it was used.
    pub task_count: u32,
    /// What it is ranked by: similarity × the mean of the Beta(1,1) posterior over faded evidence.
    pub score: f64,
}

/// All patterns at one moment. Clones share patterns and analysed goals, so that a snapshot costs a pointer each.
#[derive(Debug, Clone)]
pub struct PatternSet {
    pub(super) patterns: PersistentVec<Pattern>,
    pub(super) index: Arc<GoalIndex>,
    pub(super) half_life: Option<Duration>,
    by_id: Arc<HashMap<Arc<str>, usize, FixedState>>,
    by_sequence: Arc<HashMap<Arc<[String]>, Places, FixedState>>,
    by_goal: Arc<HashMap<Arc<str>, Places, FixedState>>,
}

/// Places in the book, ascending.
type Places = Arc<Vec<usize>>;

impl Default for PatternSet {
    fn default() -> Self {
        PatternSet::new(Some(DEFAULT_HALF_LIFE))
    }
}

impl PatternSet {
    /// An empty book whose evidence weighs half as much after `half_life`; `None` never forgets.
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

    /// How many patterns there are, pruned ones included.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.patterns.len() == 0
    }

    /// All patterns, pruned ones included, in the order they came into the book.
    pub fn patterns(&self) -> impl DoubleEndedIterator<Item = &Arc<Pattern>> {
        self.patterns.iter()
    }

    /// The pattern of that id.
    pub fn get(&self, id: &str) -> Option<&Arc<Pattern>> {
        self.by_id.get(id).map(|&place| &self.patterns[place])
    }

    /// The mean success rate of the patterns that were used and are offered, for metrics; `None` where there are none.
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

    /// How alike two goals are, in 0..=1, with terms weighed by their rarity in this book.
    pub fn similarity(&self, one: &str, other: &str) -> f64 {
        self.index.similarity(&Goal::new(one), &Goal::new(other))
    }

    /// The pattern of the same goal (but for case and white space) and the same agents in the same order.
    pub fn find(&self, goal: &Goal, agent_sequence: &[String]) -> Option<&Arc<Pattern>> {
        let places = self.by_goal.get(goal.normal())?;
        let mut patterns = places.iter().map(|&place| &self.patterns[place]);
        patterns.find(|pattern| pattern.plan.agent_sequence() == agent_sequence)
    }

    /// The most similar pattern of the same agents in the same order, pruned or not, that reaches
    /// [`DEFAULT_MIN_SIMILARITY`]; among equals the first.
    pub fn closest(&self, goal: &Goal, agent_sequence: &[String]) -> Option<&Arc<Pattern>> {
        if let Some(equal) = self.find(goal, agent_sequence) {
            return Some(equal);
        }
        let places = self.by_sequence.get(agent_sequence)?;
        let mut best: Option<(usize, f64)> = None;
        let mut offer = |place: usize, similarity: f64| {
            if similarity >= best.map_or(DEFAULT_MIN_SIMILARITY, |(_, known)| known + EPSILON) {
                best = Some((place, similarity));
            }
        };
        if places.len() <= FEW {
            places
                .iter()
                .for_each(|&place| offer(place, self.index.similarity(goal, self.index.goal(place))));
        } else {
            for candidate in self.index.candidates(goal, DEFAULT_MIN_SIMILARITY) {
                if places.binary_search(&candidate.place).is_ok() {
                    offer(candidate.place, self.index.finish(goal, &candidate));
                }
            }
        }
        best.map(|(place, _)| &self.patterns[place])
    }

    /// The patterns that serve `goal`, best first: those of at least `min_similarity`, without pruned ones, at most
    /// `limit` (and [`MAX_MATCHES`]) of them, ordered by score, then similarity, then age.
    pub fn matches(&self, goal: &str, min_similarity: f64, limit: usize, now_ms: i64) -> Vec<PatternMatch> {
        self.matches_among(&SimilaritySearch { goal, min_similarity, limit, now_ms }, |_| true)
    }

    /// The same among those patterns that `is_wanted`.
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
            let pattern = &self.patterns[candidate.place];
            if !pattern.pruned() && is_wanted(pattern) {
                let expectation = pattern.expectation(now_ms, self.half_life);
                // Goals that are the same have similarity 1 by definition, which rounding may leave just below it.
                let at_most = (candidate.at_most + EPSILON) * expectation;
                bounds.push(UpperBound { candidate, expectation, at_most });
            }
        }
        bounds
            .sort_by(|a, b| b.at_most.total_cmp(&a.at_most).then(a.candidate.place.cmp(&b.candidate.place)));

        let mut best: Vec<(usize, PatternMatch)> = Vec::new();
        for bound in bounds {
            if best.len() == limit && best.last().is_some_and(|(_, last)| bound.at_most < last.score) {
                break;
            }
            let similarity = self.index.finish(&goal, &bound.candidate);
            if similarity >= floor {
                let place = bound.candidate.place;
                best.push((place, self.matched(place, similarity, bound.expectation)));
                best.sort_by(better);
                best.truncate(limit);
            }
        }
        best.into_iter().map(|(_, found)| found).collect()
    }

    fn matched(&self, place: usize, similarity: f64, expectation: f64) -> PatternMatch {
        let pattern = Arc::clone(&self.patterns[place]);
        PatternMatch {
            similarity,
            success_rate: pattern.success_rate(),
            task_count: pattern.task_count(),
            score: similarity * expectation,
            pattern,
        }
    }

    /// Whether it takes no more patterns.
    pub fn is_full(&self) -> bool {
        self.patterns.len() >= MAX_PATTERNS
    }

    /// Adds patterns; one whose id is in the book already is left out, and so are all beyond [`MAX_PATTERNS`].
    pub fn extend(&mut self, patterns: impl IntoIterator<Item = Pattern>) {
        let mut goals = Vec::new();
        for pattern in patterns {
            if self.by_id.contains_key(pattern.id.as_str()) || self.is_full() {
                continue;
            }
            let place = self.patterns.len();
            Arc::make_mut(&mut self.by_id).insert(Arc::from(pattern.id.as_str()), place);
            let sequence: Arc<[String]> = Arc::from(pattern.plan.agent_sequence());
            Arc::make_mut(Arc::make_mut(&mut self.by_sequence).entry(sequence).or_default()).push(place);
            let goal = Goal::new(&pattern.goal);
            Arc::make_mut(Arc::make_mut(&mut self.by_goal).entry(Arc::from(goal.normal())).or_default())
                .push(place);
            goals.push(Arc::new(goal));
            self.patterns.push(Arc::new(pattern));
        }
        if !goals.is_empty() {
            Arc::make_mut(&mut self.index).extend(goals);
        }
    }

    /// Changes the pattern of that id, but neither its id, goal nor sequence; answers it as it stands then.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Pattern)) -> Option<Arc<Pattern>> {
        let &place = self.by_id.get(id)?;
        let pattern = self.patterns.get_mut(place);
        change(Arc::make_mut(pattern));
        Some(Arc::clone(pattern))
    }
}

/// Which patterns are looked for.
#[derive(Debug, Clone, Copy)]
pub struct SimilaritySearch<'a> {
    /// What is to be reached.
    pub goal: &'a str,
    /// How alike a stored goal must be.
    pub min_similarity: f64,
    /// Matches at most.
    pub limit: usize,
    /// When: old evidence counts less.
    pub now_ms: i64,
}

/// A candidate with the best score it may reach.
struct UpperBound {
    candidate: super::goal_index::Candidate,
    expectation: f64,
    at_most: f64,
}

fn better(a: &(usize, PatternMatch), b: &(usize, PatternMatch)) -> Ordering {
    (b.1.score.total_cmp(&a.1.score)).then(b.1.similarity.total_cmp(&a.1.similarity)).then(a.0.cmp(&b.0))
}
