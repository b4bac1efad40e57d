//! An inverted index over the goals of a pattern set, and the similarity of two goals.
//!
//! similarity = 0.5 · cosine of TF-IDF vectors + 0.3 · term overlap + 0.2 · edit similarity, where
//!
//! * the weight of a term is (1 + ln tf) · idf with idf = 1 + ln((1 + N) ÷ (1 + df)), which is positive for terms that no
//!   goal or every goal contains, so that a set of one pattern works;
//! * term overlap is the Sørensen–Dice coefficient of the two sets of terms, 2·|A∩B| ÷ (|A| + |B|);
//! * edit similarity is 1 − Levenshtein distance ÷ length.
//!
//! N and df are counted over a prefix of the set (see [`idf_prefix`]), so that adding a pattern need not touch all others.
//! The similarity is symmetric, 0..=1, and 1 for identical goals. The first two parts come from the posting lists; the
//! third is bounded from above and computed only where it can decide.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::goal::{Goal, ratio};
use super::persistent_vec::PersistentVec;

/// The weights of the three parts of a similarity.
const COSINE_SHARE: f64 = 0.5;
const OVERLAP_SHARE: f64 = 0.3;
const EDIT_SHARE: f64 = 0.2;

/// The largest similarity by terms alone.
pub(super) const TERM_SHARE: f64 = COSINE_SHARE + OVERLAP_SHARE;

/// The rounding differences between two ways of summing the same terms stay far below this.
pub(super) const ROUNDING: f64 = 1e-9;

/// An indexed goal with its terms as numbers.
#[derive(Debug)]
struct IndexedGoal {
    goal: Arc<Goal>,
    /// Term numbers with 1 + ln tf.
    weights: Vec<(usize, f64)>,
}

/// The position of a goal that contains a term, and the term's 1 + ln tf there.
type Posting = (u32, f64);

/// The goals of a pattern set by position. Clones share everything that has not changed.
#[derive(Debug, Clone, Default)]
#[expect(clippy::rc_buffer, reason = "copied on write: a snapshot shares these until the set grows")]
pub(super) struct GoalIndex {
    vocabulary: Arc<HashMap<Arc<str>, usize, FixedState>>,
    postings: Vec<Arc<Vec<Posting>>>,
    entries: PersistentVec<IndexedGoal>,
    /// The idf of each term.
    idf: Arc<Vec<f64>>,
    /// The norm of each goal's vector.
    norms: Arc<Vec<f64>>,
    /// The number of terms of each goal; an array of its own, so that a search does not touch the goals.
    lengths: Arc<Vec<u32>>,
    /// The number of leading goals that `idf` was counted over.
    idf_prefix: u32,
}

/// A goal with the weights that an index gives its terms.
#[derive(Debug, Clone)]
pub(super) struct WeightedGoal {
    /// In descending order of document frequency.
    terms: Vec<WeightedTerm>,
    /// The norm of the vector.
    norm: f64,
}

#[derive(Debug, Clone, Copy)]
struct WeightedTerm {
    hash: u64,
    number: Option<usize>,
    idf: f64,
    /// (1 + ln tf) · idf.
    weight: f64,
    /// The document frequency.
    frequency: usize,
}

/// What an indexed goal has in common with the query.
struct Accumulator {
    position: u32,
    shared: u32,
    dot: f64,
}

impl WeightedGoal {
    /// How many of the first terms do not suffice to reach `floor`: a goal that shares no other term need not be scored.
    /// With S the shared terms, the cosine is at most |q restricted to S| ÷ |q| (Cauchy–Schwarz), and the overlap is
    /// largest for a goal that contains nothing else.
    fn n_optional(&self, floor: f64) -> usize {
        let mut square = 0.0;
        let sufficient = self.terms.iter().zip(1..).position(|(term, shared)| {
            square += term.weight * term.weight;
            combine(square.sqrt() / self.norm, shared, self.terms.len() + shared) + ROUNDING >= floor
        });
        sufficient.unwrap_or(self.terms.len())
    }

    /// The same as a sparse vector, for comparison one by one.
    pub(super) fn vector(&self) -> TermVector {
        let mut terms: Vec<(u64, f64)> = self.terms.iter().map(|term| (term.hash, term.weight)).collect();
        terms.sort_unstable_by_key(|&(hash, _)| hash);
        TermVector { terms: terms.into(), norm: self.norm }
    }
}

/// A goal as a sparse vector, for comparison one by one.
#[derive(Debug, Clone)]
pub(super) struct TermVector {
    /// Hashes of terms with their weights, sorted.
    terms: Box<[(u64, f64)]>,
    norm: f64,
}

impl TermVector {
    /// The similarity by terms alone, 0..=[`TERM_SHARE`]; both vectors must come from the same index.
    pub(super) fn similarity(&self, other: &TermVector) -> f64 {
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
        combine(dot / (self.norm * other.norm), shared, self.terms.len() + other.terms.len())
    }
}

/// The similarity by terms: cosine and overlap, weighted; `n_terms` is the number of terms of both goals together.
fn combine(cosine: f64, shared: usize, n_terms: usize) -> f64 {
    let overlap = if n_terms == 0 { 0.0 } else { ratio(2 * shared, n_terms) };
    COSINE_SHARE * cosine.clamp(0.0, 1.0) + OVERLAP_SHARE * overlap.min(1.0)
}

/// A hash of a term or a name; the same in every process.
pub(super) fn hash(term: &str) -> u64 {
    FixedState::default().hash_one(term)
}

fn compact(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// A goal that may be similar enough to the query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// The goal's position.
    pub position: usize,
    /// The similarity by terms alone.
    pub by_terms: f64,
    /// An upper bound of the similarity.
    pub upper_bound: f64,
}

impl GoalIndex {
    /// The goal at a position.
    pub(super) fn goal(&self, position: usize) -> &Goal {
        &self.entries[position].goal
    }

    /// A shared reference to the goal at a position.
    pub(super) fn shared_goal(&self, position: usize) -> Arc<Goal> {
        Arc::clone(&self.entries[position].goal)
    }

    /// Appends goals.
    pub(super) fn extend(&mut self, goals: impl IntoIterator<Item = Arc<Goal>>) {
        let first = self.entries.len();
        for goal in goals {
            self.push(goal);
        }
        let count = idf_prefix(self.entries.len());
        if count > idf_prefix(first) || first == 0 {
            let frequency = |postings: &Vec<Posting>| postings.partition_point(|posting| posting.0 < count);
            self.idf_prefix = count;
            self.idf = Arc::new(
                self.postings.iter().map(|postings| idf(frequency(postings), count as usize)).collect(),
            );
            self.norms = Arc::default();
        }
        let (unknown, idf) = (self.idf_of_unknown(), Arc::make_mut(&mut self.idf));
        idf.resize(self.postings.len(), unknown);
        let norms = Arc::make_mut(&mut self.norms);
        for entry in self.entries.from(norms.len()) {
            norms.push(norm(&entry.weights, idf));
        }
        let lengths = Arc::make_mut(&mut self.lengths);
        lengths.extend(self.entries.from(lengths.len()).map(|entry| compact(entry.weights.len())));
    }

    fn push(&mut self, goal: Arc<Goal>) {
        let position = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
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
            Arc::make_mut(&mut self.postings[number]).push((position, weight));
        }
        self.entries.push(Arc::new(IndexedGoal { goal, weights }));
    }

    /// All goals that may reach a similarity of `floor`, in order of position.
    pub(super) fn candidates(&self, goal: &Goal, floor: f64) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (position, by_terms) in self.by_terms(goal, floor - EDIT_SHARE) {
            let upper_bound = by_terms + EDIT_SHARE * self.goal(position).string_similarity_bound(goal);
            if upper_bound + ROUNDING >= floor {
                found.push(Candidate { position, by_terms, upper_bound });
            }
        }
        self.add_identical(goal, &mut found);
        found
    }

    /// The similarity by terms alone, 0..=[`TERM_SHARE`], of all goals where it is at least `floor`, in order of position.
    pub(super) fn by_terms(&self, goal: &Goal, floor: f64) -> Vec<(usize, f64)> {
        let query = self.weighted(goal);
        let mut slots = vec![0_u32; self.entries.len()];
        let mut sums: Vec<Accumulator> = Vec::new();
        if floor <= 0.0 {
            sums.extend((0..).take(slots.len()).map(|position| Accumulator {
                position,
                shared: 0,
                dot: 0.0,
            }));
            slots.iter_mut().zip(1..).for_each(|(slot, number)| *slot = number);
        }
        let optional = query.n_optional(floor);
        for (at, term) in query.terms.iter().enumerate().rev() {
            let postings = term.number.map_or(&[] as &[Posting], |number| self.postings[number].as_slice());
            for &(position, there) in postings {
                let slot = &mut slots[position as usize];
                if *slot == 0 {
                    if at < optional {
                        continue;
                    }
                    sums.push(Accumulator { position, shared: 0, dot: 0.0 });
                    *slot = compact(sums.len());
                }
                let sum = &mut sums[*slot as usize - 1];
                sum.dot += term.weight * there * term.idf;
                sum.shared += 1;
            }
        }
        let mut found = Vec::new();
        for Accumulator { position, shared, dot } in sums {
            let position = position as usize;
            let cosine = if shared == 0 { 0.0 } else { dot / (query.norm * self.norms[position]) };
            let by_terms =
                combine(cosine, shared as usize, query.terms.len() + self.lengths[position] as usize);
            if by_terms + ROUNDING >= floor {
                found.push((position, by_terms));
            }
        }
        found.sort_unstable_by_key(|&(position, _)| position);
        found
    }

    /// A goal with the weights that this index gives its terms.
    pub(super) fn weighted(&self, goal: &Goal) -> WeightedGoal {
        let weigh = |(term, occurrences): &(String, u32)| {
            let number = self.vocabulary.get(term.as_str()).copied();
            let idf = number.map_or_else(|| self.idf_of_unknown(), |number| self.idf[number]);
            let weight = (1.0 + f64::from(*occurrences).ln()) * idf;
            let frequency = number.map_or(0, |number| self.postings[number].len());
            WeightedTerm { hash: hash(term), number, idf, weight, frequency }
        };
        let mut terms: Vec<WeightedTerm> = goal.terms().iter().map(weigh).collect();
        terms.sort_by_key(|term| std::cmp::Reverse(term.frequency));
        let norm = terms.iter().map(|term| term.weight * term.weight).sum::<f64>().sqrt();
        WeightedGoal { terms, norm }
    }

    /// Adds the goals identical to one of stop words only, which shares no term even with itself.
    fn add_identical(&self, goal: &Goal, found: &mut Vec<Candidate>) {
        if !goal.terms().is_empty() {
            return;
        }
        for (position, entry) in self.entries.iter().enumerate() {
            if entry.goal.normalized() == goal.normalized()
                && !found.iter().any(|known| known.position == position)
            {
                found.push(Candidate { position, by_terms: 0.0, upper_bound: 1.0 });
            }
        }
    }

    /// The similarity of a candidate to the goal that it was found for.
    pub(super) fn exact_similarity(&self, goal: &Goal, candidate: &Candidate) -> f64 {
        let other = self.goal(candidate.position);
        if goal.normalized() == other.normalized() {
            return 1.0;
        }
        (candidate.by_terms + EDIT_SHARE * goal.string_similarity(other)).clamp(0.0, 1.0)
    }

    /// The similarity of any two goals, with idf from this index.
    pub(super) fn similarity(&self, one: &Goal, other: &Goal) -> f64 {
        if one.normalized() == other.normalized() {
            return 1.0;
        }
        (self.weighted(one).vector().similarity(&self.weighted(other).vector())
            + EDIT_SHARE * one.string_similarity(other))
        .clamp(0.0, 1.0)
    }

    /// The idf of a term that no goal contains.
    fn idf_of_unknown(&self) -> f64 {
        idf(0, self.idf_prefix as usize)
    }
}

/// The number of leading goals, of `count`, that idf is counted over: all of a few, otherwise `count` truncated to its six
/// highest bits. It depends on `count` alone, so that a set that grew one by one equals one that was loaded at once.
fn idf_prefix(count: usize) -> u32 {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let spare = (u32::BITS - count.leading_zeros()).saturating_sub(6);
    count >> spare << spare
}

/// Smoothed inverse document frequency: 1 + ln((1 + N) ÷ (1 + df)).
fn idf(frequency: usize, all: usize) -> f64 {
    1.0 + ratio(1 + all, 1 + frequency).ln()
}

/// The norm of a goal's TF-IDF vector.
fn norm(weights: &[(usize, f64)], idf: &[f64]) -> f64 {
    weights.iter().map(|&(term, weight)| (weight * idf[term]).powi(2)).sum::<f64>().sqrt()
}
