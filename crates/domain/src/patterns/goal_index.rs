//! All goals of a book as an inverted index, and what two goals have in common.
//!
//! similarity = 0.5 · cosine of TF-IDF vectors + 0.3 · keyword overlap + 0.2 · string similarity, where
//!
//! * the weight of a term is (1 + ln tf) · (1 + ln((1 + N) ÷ (1 + df))), which is positive for a term no goal or every
//!   goal holds, so that a book of one pattern works;
//! * keyword overlap is the Sørensen–Dice coefficient of the two sets of terms, 2·|A∩B| ÷ (|A| + |B|);
//! * string similarity is 1 − Levenshtein distance ÷ length.
//!
//! N and df are counted over a prefix of the book (see [`settled`]), so that a created pattern need not touch every other.
//! The similarity is symmetrical, in 0..=1, and 1 for goals that are the same. The first two parts come from the postings; the third
//! is bounded from above and only computed where it can decide.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::goal::{Goal, ratio};
use super::persistent_vec::PersistentVec;

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
    vocabulary: Arc<HashMap<Arc<str>, usize, FixedState>>,
    postings: Vec<Arc<Vec<Posting>>>,
    entries: PersistentVec<Entry>,
    /// For each term, how rare it is.
    rarity: Arc<Vec<f64>>,
    /// For each goal, the length of its vector.
    norms: Arc<Vec<f64>>,
    /// For each goal, how many terms it has; beside the norms, so that a search stays out of the goals themselves.
    lengths: Arc<Vec<u32>>,
    /// How many goals, from the first, `rarity` was counted over.
    counted: u32,
}

/// A goal's terms as an index weighs them.
#[derive(Debug, Clone)]
pub(super) struct Query {
    /// Those that most goals hold come first.
    terms: Vec<QueryTerm>,
    /// The length of the vector.
    norm: f64,
}

#[derive(Debug, Clone, Copy)]
struct QueryTerm {
    hash: u64,
    number: Option<usize>,
    rarity: f64,
    /// (1 + ln tf) · rarity.
    weight: f64,
    /// How many goals hold it.
    holding: usize,
}

/// What one goal of the index has in common with the one looked for.
struct Sum {
    place: u32,
    shared: u32,
    dot: f64,
}

impl Query {
    /// How many of the first terms are too little to reach `floor` with: a goal that shares no other need not be looked
    /// at. With S the terms shared, the cosine is at most |q over S| ÷ |q| (Cauchy-Schwarz), and the overlap is largest
    /// for a goal that holds nothing else.
    fn optional(&self, floor: f64) -> usize {
        let mut square = 0.0;
        let enough = self.terms.iter().zip(1..).position(|(term, shared)| {
            square += term.weight * term.weight;
            share(square.sqrt() / self.norm, shared, self.terms.len() + shared) + EPSILON >= floor
        });
        enough.unwrap_or(self.terms.len())
    }

    /// Itself as goals are compared one by one.
    pub(super) fn sketch(&self) -> Sketch {
        let mut terms: Vec<(u64, f64)> = self.terms.iter().map(|term| (term.hash, term.weight)).collect();
        terms.sort_unstable_by_key(|&(hash, _)| hash);
        Sketch { terms: terms.into(), norm: self.norm }
    }
}

/// A goal that is compared one by one: its terms as numbers, with their weights.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    terms: Box<[(u64, f64)]>,
    norm: f64,
}

impl Sketch {
    /// What terms alone contribute to the similarity; both must come from the same index.
    pub(super) fn similarity(&self, other: &Sketch) -> f64 {
        let (mut dot, mut shared) = (0.0, 0);
        let (mut here, mut there) = (0, 0);
        while let (Some(one), Some(two)) = (self.terms.get(here), other.terms.get(there)) {
            match one.0.cmp(&two.0) {
                Ordering::Less => here += 1,
                Ordering::Greater => there += 1,
                Ordering::Equal => {
                    dot += one.1 * two.1;
                    shared += 1;
                    here += 1;
                    there += 1;
                }
            }
        }
        if shared == 0 {
            return 0.0;
        }
        share(dot / (self.norm * other.norm), shared, self.terms.len() + other.terms.len())
    }
}

/// Cosine and overlap in their shares; `words` are the terms of both goals together.
fn share(cosine: f64, shared: usize, words: usize) -> f64 {
    let overlap = if words == 0 { 0.0 } else { ratio(2 * shared, words) };
    COSINE_SHARE * cosine.clamp(0.0, 1.0) + KEYWORD_SHARE * overlap.min(1.0)
}

/// A term or name as a number; the same in every process.
pub(super) fn hash(term: &str) -> u64 {
    FixedState::default().hash_one(term)
}

fn compact(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
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
        let lengths = Arc::make_mut(&mut self.lengths);
        lengths.extend(self.entries.from(lengths.len()).map(|entry| compact(entry.weights.len())));
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
        let query = self.query(goal);
        let mut slots = vec![0_u32; self.entries.len()];
        let mut sums: Vec<Sum> = Vec::new();
        if floor <= 0.0 {
            sums.extend((0..).take(slots.len()).map(|place| Sum { place, shared: 0, dot: 0.0 }));
            slots.iter_mut().zip(1..).for_each(|(slot, number)| *slot = number);
        }
        let optional = query.optional(floor);
        for (at, term) in query.terms.iter().enumerate().rev() {
            let postings = term.number.map_or(&[] as &[Posting], |number| self.postings[number].as_slice());
            for &(place, there) in postings {
                let slot = &mut slots[place as usize];
                if *slot == 0 {
                    if at < optional {
                        continue;
                    }
                    sums.push(Sum { place, shared: 0, dot: 0.0 });
                    *slot = compact(sums.len());
                }
                let sum = &mut sums[*slot as usize - 1];
                sum.dot += term.weight * there * term.rarity;
                sum.shared += 1;
            }
        }
        let mut found = Vec::new();
        for Sum { place, shared, dot } in sums {
            let place = place as usize;
            let cosine = if shared == 0 { 0.0 } else { dot / (query.norm * self.norms[place]) };
            let by_terms = share(cosine, shared as usize, query.terms.len() + self.lengths[place] as usize);
            if by_terms + EPSILON >= floor {
                found.push((place, by_terms));
            }
        }
        found.sort_unstable_by_key(|&(place, _)| place);
        found
    }

    /// A goal's terms as this index weighs them.
    pub(super) fn query(&self, goal: &Goal) -> Query {
        let weigh = |(term, occurrences): &(String, u32)| {
            let number = self.vocabulary.get(term.as_str()).copied();
            let rarity = number.map_or_else(|| self.rarity_of_unknown(), |number| self.rarity[number]);
            let weight = (1.0 + f64::from(*occurrences).ln()) * rarity;
            let holding = number.map_or(0, |number| self.postings[number].len());
            QueryTerm { hash: hash(term), number, rarity, weight, holding }
        };
        let mut terms: Vec<QueryTerm> = goal.terms().iter().map(weigh).collect();
        terms.sort_by_key(|term| std::cmp::Reverse(term.holding));
        let norm = terms.iter().map(|term| term.weight * term.weight).sum::<f64>().sqrt();
        Query { terms, norm }
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
        (self.query(one).sketch().similarity(&self.query(other).sketch())
            + STRING_SHARE * one.string_similarity(other))
        .clamp(0.0, 1.0)
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
