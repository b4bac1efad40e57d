//! Goals, analysed once and compared often.

use std::collections::BTreeMap;

use search::text::terms;

/// Characters of a goal that the edit distance compares. Its cost is the product of both lengths, and goals that agree in
/// their first 255 characters differ little.
pub const MAX_COMPARED_CHARS: usize = 255;

/// Buckets of the character histogram that bounds the edit distance from below.
const BUCKETS: usize = 32;

/// A goal in the forms that similarity is computed from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Goal {
    /// The text in lower case, with white space collapsed. Goals are identical where these are equal.
    normalized: String,
    /// The first [`MAX_COMPARED_CHARS`] characters of `normalized`.
    compared: Vec<char>,
    /// How many characters of `compared` fall into each bucket.
    histogram: [u8; BUCKETS],
    /// Each index term with its frequency, in alphabetical order.
    terms: Vec<(String, u32)>,
}

impl Goal {
    /// Analyses `text`.
    pub fn new(text: &str) -> Goal {
        let normalized = text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
        let compared: Vec<char> = normalized.chars().take(MAX_COMPARED_CHARS).collect();
        let mut histogram = [0; BUCKETS];
        for &c in &compared {
            // At most 255 characters are counted, so that a bucket cannot overflow.
            histogram[c as usize % BUCKETS] += 1;
        }
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for term in terms(text) {
            *counts.entry(term).or_default() += 1;
        }
        Goal { normalized, compared, histogram, terms: counts.into_iter().collect() }
    }

    /// The text in lower case with single spaces; identical goals have the same.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }

    /// Each index term with its frequency, in alphabetical order.
    pub fn terms(&self) -> &[(String, u32)] {
        &self.terms
    }

    /// The normalised edit similarity: 1 − Levenshtein distance ÷ the longer length, 0..=1.
    pub(super) fn string_similarity(&self, other: &Goal) -> f64 {
        let longer = self.compared.len().max(other.compared.len());
        if longer == 0 {
            return 1.0;
        }
        let distance = strsim::generic_levenshtein(&Chars(&self.compared), &Chars(&other.compared));
        1.0 - ratio(distance, longer)
    }

    /// An upper bound of [`Goal::string_similarity`], at a fraction of its cost: an edit changes at most one character on
    /// each side, so that the distance is at least the surplus of either histogram.
    pub(super) fn string_similarity_bound(&self, other: &Goal) -> f64 {
        let longer = self.compared.len().max(other.compared.len());
        if longer == 0 {
            return 1.0;
        }
        let (mut here, mut there) = (0_usize, 0_usize);
        for (&a, &b) in self.histogram.iter().zip(&other.histogram) {
            here += usize::from(a.saturating_sub(b));
            there += usize::from(b.saturating_sub(a));
        }
        1.0 - ratio(here.max(there), longer)
    }
}

/// Characters in the form that strsim iterates over.
struct Chars<'a>(&'a [char]);

impl<'a> IntoIterator for &'a Chars<'_> {
    type Item = char;
    type IntoIter = std::iter::Copied<std::slice::Iter<'a, char>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}

/// The quotient of two lengths. Exact below 2³², which both are by far.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    let exact = |length: usize| f64::from(u32::try_from(length).unwrap_or(u32::MAX));
    exact(part) / exact(whole)
}
