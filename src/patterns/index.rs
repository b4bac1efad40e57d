//! All goals of a book as an inverted index, and what two goals have in common.
//!
//! similarity = 0.5 · cosine of TF-IDF vectors + 0.3 · keyword overlap + 0.2 · string similarity, where
//!
//! * the weight of a term is (1 + ln tf) · (1 + ln((1 + N) ÷ (1 + df))), which is positive for a term no goal or every
//!   goal holds, so that a book of one pattern works;
//! * keyword overlap is the Sørensen–Dice coefficient of the two sets of terms, 2·|A∩B| ÷ (|A| + |B|);
//! * string similarity is 1 − Levenshtein distance ÷ length.
//!
//! N and df are counted over a prefix of the book (see [`settled`]), so that a founded pattern need not touch every other.
//! The similarity is symmetrical, in 0..=1, and 1 for goals that are the same. The first two parts come from the postings; the third
//! is bounded from above and only computed where it can decide.

use std::collections::HashMap;
use std::sync::Arc;

use super::goal::{Goal, ratio};
use super::shelf::Shelf;

const COSINE_SHARE: f64 = 0.5;
const KEYWORD_SHARE: f64 = 0.3;
const STRING_SHARE: f64 = 0.2;

/// The most that terms alone contribute.
pub(super) const TERM_SHARE: f64 = COSINE_SHARE + KEYWORD_SHARE;

/// Rounding differences between two ways to sum the same terms stay far below this.
pub(super) const EPSILON: f64 = 1e-9;

/// A goal of the index with its terms as numbers.
#[derive(Debug)]
struct Entry {
    goal: Arc<Goal>,
    /// Term number and 1 + ln tf.
    weights: Vec<(usize, f64)>,
}

/// Where a term occurs, and its 1 + ln tf there.
type Posting = (u32, f64);

/// The goals of a book by their place in it. Clones share everything that has not changed.
#[derive(Debug, Clone, Default)]
#[expect(clippy::rc_buffer, reason = "copied on write: a snapshot shares these until the book grows")]
pub(super) struct GoalIndex {
    vocabulary: Arc<HashMap<Arc<str>, usize>>,
    postings: Vec<Arc<Vec<Posting>>>,
    entries: Shelf<Entry>,
    /// For each term, how rare it is.
    rarity: Arc<Vec<f64>>,
    /// For each goal, the length of its vector.
    norms: Arc<Vec<f64>>,
    /// How many goals, from the first, `rarity` was counted over.
    counted: u32,
}

/// A goal that shares something with the one looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// The goal's place in the book.
    pub place: usize,
    /// The similarity without its string part.
    pub by_terms: f64,
    /// At least the similarity.
    pub at_most: f64,
}

impl GoalIndex {
    /// The goal at a place.
    pub(super) fn goal(&self, place: usize) -> &Goal {
        &self.entries[place].goal
    }

    /// The same to keep.
    pub(super) fn shared_goal(&self, place: usize) -> Arc<Goal> {
        Arc::clone(&self.entries[place].goal)
    }

    /// Adds goals behind those there are.
    pub(super) fn extend(&mut self, goals: impl IntoIterator<Item = Arc<Goal>>) {
        let first = self.entries.len();
        for goal in goals {
            self.push(goal);
        }
        let count = settled(self.entries.len());
        if count > settled(first) || first == 0 {
            let holding = |postings: &Vec<Posting>| postings.partition_point(|posting| posting.0 < count);
            self.counted = count;
            self.rarity = Arc::new(
                self.postings.iter().map(|postings| rarity(holding(postings), count as usize)).collect(),
            );
            self.norms = Arc::default();
        }
        let (unknown, rarity) = (self.rarity_of_unknown(), Arc::make_mut(&mut self.rarity));
        rarity.resize(self.postings.len(), unknown);
        let norms = Arc::make_mut(&mut self.norms);
        for entry in self.entries.from(norms.len()) {
            norms.push(norm(&entry.weights, rarity));
        }
    }

    fn push(&mut self, goal: Arc<Goal>) {
        let place = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let mut weights = Vec::with_capacity(goal.terms().len());
        for (term, count) in goal.terms() {
            let number = self.vocabulary.get(term.as_str()).copied().unwrap_or_else(|| {
                let number = self.postings.len();
                Arc::make_mut(&mut self.vocabulary).insert(Arc::from(term.as_str()), number);
                self.postings.push(Arc::default());
                number
            });
            let weight = 1.0 + f64::from(*count).ln();
            weights.push((number, weight));
            Arc::make_mut(&mut self.postings[number]).push((place, weight));
        }
        self.entries.push(Arc::new(Entry { goal, weights }));
    }

    /// All goals that may reach `floor`, in the order of the book.
    pub(super) fn candidates(&self, goal: &Goal, floor: f64) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (place, by_terms) in self.by_terms(goal, floor - STRING_SHARE) {
            let at_most = by_terms + STRING_SHARE * self.goal(place).string_similarity_bound(goal);
            if at_most + EPSILON >= floor {
                found.push(Candidate { place, by_terms, at_most });
            }
        }
        self.add_equals(goal, &mut found);
        found
    }

    /// What terms alone contribute to the similarity, 0..=[`TERM_SHARE`], for all goals where it is at least `floor`,
    /// in the order of the book.
    pub(super) fn by_terms(&self, goal: &Goal, floor: f64) -> Vec<(usize, f64)> {
        let count = self.entries.len();
        let mut dot = vec![0.0; count];
        let mut shared = vec![0_u16; count];
        let mut square = 0.0;
        for (term, occurrences) in goal.terms() {
            let number = self.vocabulary.get(term.as_str()).copied();
            let rarity = number.map_or_else(|| self.rarity_of_unknown(), |number| self.rarity[number]);
            let weight = (1.0 + f64::from(*occurrences).ln()) * rarity;
            square += weight * weight;
            let postings = number.map_or(&[] as &[Posting], |number| self.postings[number].as_slice());
            for &(place, there) in postings {
                let place = place as usize;
                dot[place] += weight * there * rarity;
                shared[place] = shared[place].saturating_add(1);
            }
        }
        let norm = square.sqrt();
        let all = floor <= 0.0;
        let mut found = Vec::new();
        for (place, (&dot, &shared)) in dot.iter().zip(&shared).enumerate() {
            if shared == 0 && !all {
                continue;
            }
            let entry = &self.entries[place];
            let cosine = if shared == 0 { 0.0 } else { dot / (norm * self.norms[place]) };
            let words = goal.terms().len() + entry.weights.len();
            let overlap = if words == 0 { 0.0 } else { ratio(2 * usize::from(shared), words) };
            let by_terms = COSINE_SHARE * cosine.clamp(0.0, 1.0) + KEYWORD_SHARE * overlap.min(1.0);
            if by_terms + EPSILON >= floor {
                found.push((place, by_terms));
            }
        }
        found
    }

    /// A goal of stop words only shares no term with itself, yet is as similar to itself as any.
    fn add_equals(&self, goal: &Goal, found: &mut Vec<Candidate>) {
        if !goal.terms().is_empty() {
            return;
        }
        for (place, entry) in self.entries.iter().enumerate() {
            if entry.goal.normal() == goal.normal() && !found.iter().any(|known| known.place == place) {
                found.push(Candidate { place, by_terms: 0.0, at_most: 1.0 });
            }
        }
    }

    /// The similarity of a candidate to the goal it was found for.
    pub(super) fn finish(&self, goal: &Goal, candidate: &Candidate) -> f64 {
        let other = self.goal(candidate.place);
        if goal.normal() == other.normal() {
            return 1.0;
        }
        (candidate.by_terms + STRING_SHARE * goal.string_similarity(other)).clamp(0.0, 1.0)
    }

    /// The similarity of any two goals, weighed by how rare their terms are in this index.
    pub(super) fn similarity(&self, one: &Goal, other: &Goal) -> f64 {
        if one.normal() == other.normal() {
            return 1.0;
        }
        (self.term_similarity(one, other) + STRING_SHARE * one.string_similarity(other)).clamp(0.0, 1.0)
    }

    /// What terms alone contribute to it.
    pub(super) fn term_similarity(&self, one: &Goal, other: &Goal) -> f64 {
        let weigh = |(term, count): &(String, u32)| (1.0 + f64::from(*count).ln()) * self.rarity_of(term);
        let square = |goal: &Goal| goal.terms().iter().map(|entry| weigh(entry).powi(2)).sum::<f64>();
        let (mut dot, mut shared) = (0.0, 0);
        let mut there = other.terms().iter().peekable();
        for entry in one.terms() {
            while there.next_if(|candidate| candidate.0 < entry.0).is_some() {}
            if let Some(twin) = there.next_if(|candidate| candidate.0 == entry.0) {
                dot += weigh(entry) * weigh(twin);
                shared += 1;
            }
        }
        if shared == 0 {
            return 0.0;
        }
        let cosine = (dot / (square(one).sqrt() * square(other).sqrt())).clamp(0.0, 1.0);
        let overlap = ratio(2 * shared, one.terms().len() + other.terms().len());
        COSINE_SHARE * cosine + KEYWORD_SHARE * overlap
    }

    fn rarity_of(&self, term: &str) -> f64 {
        self.vocabulary.get(term).map_or_else(|| self.rarity_of_unknown(), |&number| self.rarity[number])
    }

    fn rarity_of_unknown(&self) -> f64 {
        rarity(0, self.counted as usize)
    }
}

/// How many of so many goals the rarity of terms is counted over: all where there are few, later the number cut to its
/// six highest bits. It depends on the number alone, so that a book that grew one by one and one read at once agree.
fn settled(count: usize) -> u32 {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let spare = (u32::BITS - count.leading_zeros()).saturating_sub(6);
    count >> spare << spare
}

/// Smoothed inverse document frequency: 1 + ln((1 + N) ÷ (1 + df)).
fn rarity(holding: usize, all: usize) -> f64 {
    1.0 + ratio(1 + all, 1 + holding).ln()
}

fn norm(weights: &[(usize, f64)], rarity: &[f64]) -> f64 {
    weights.iter().map(|&(term, weight)| (weight * rarity[term]).powi(2)).sum::<f64>().sqrt()
}
