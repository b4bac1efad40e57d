//! One goal, analysed once and compared often.

use std::collections::BTreeMap;

use search::text::terms;

/// How many characters of two goals the edit distance looks at. It takes the product of both lengths, and goals that
/// agree in their first 255 characters differ in little that matters.
pub const MAX_COMPARED_CHARS: usize = 255;

/// Buckets of the character counts that bound the edit distance from below.
const BUCKETS: usize = 32;

/// A goal's text in the forms its similarity to another is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Goal {
    /// Lower case, white space collapsed; two goals are the same where these are.
    normal: String,
    /// The start of `normal` that edit distances compare.
    compared: Vec<char>,
    /// How many characters of `compared` fall into each bucket.
    buckets: [u8; BUCKETS],
    /// Each term with the number of its occurrences, in alphabetical order.
    terms: Vec<(String, u32)>,
}

impl Goal {
    /// Analyses `text`.
    pub fn new(text: &str) -> Goal {
        let normal = text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
        let compared: Vec<char> = normal.chars().take(MAX_COMPARED_CHARS).collect();
        let mut buckets = [0; BUCKETS];
        for &c in &compared {
            // At most 255 characters are counted, so that a bucket cannot overflow.
            buckets[c as usize % BUCKETS] += 1;
        }
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for term in terms(text) {
            *counts.entry(term).or_default() += 1;
        }
        Goal { normal, compared, buckets, terms: counts.into_iter().collect() }
    }

    /// The text in lower case with single spaces; what makes two goals the same.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// Each term with its number of occurrences, in alphabetical order.
    pub fn terms(&self) -> &[(String, u32)] {
        &self.terms
    }

    /// 1 − edit distance ÷ the longer length, in 0..=1.
    pub(super) fn string_similarity(&self, other: &Goal) -> f64 {
        let longer = self.compared.len().max(other.compared.len());
        if longer == 0 {
            return 1.0;
        }
        let distance = strsim::generic_levenshtein(&Chars(&self.compared), &Chars(&other.compared));
        1.0 - ratio(distance, longer)
    }

    /// At least [`Goal::string_similarity`], at a fraction of its cost: every edit changes at most one character on
    /// each side, so that the distance is at least what one side has more of.
    pub(super) fn string_similarity_bound(&self, other: &Goal) -> f64 {
        let longer = self.compared.len().max(other.compared.len());
        if longer == 0 {
            return 1.0;
        }
        let (mut here, mut there) = (0_usize, 0_usize);
        for (&a, &b) in self.buckets.iter().zip(&other.buckets) {
            here += usize::from(a.saturating_sub(b));
            there += usize::from(b.saturating_sub(a));
        }
        1.0 - ratio(here.max(there), longer)
    }
}

/// Characters as strsim wants to iterate over them.
struct Chars<'a>(&'a [char]);

impl<'a> IntoIterator for &'a Chars<'_> {
    type Item = char;
    type IntoIter = std::iter::Copied<std::slice::Iter<'a, char>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}

/// A quotient of two lengths; both are far below the 2³² that are exact here.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    let exact = |length: usize| f64::from(u32::try_from(length).unwrap_or(u32::MAX));
    exact(part) / exact(whole)
}
