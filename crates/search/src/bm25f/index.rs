//! The inverted index with its statistics by kind, and scoring against it.

use super::field_lengths::FieldLengths;
use super::impact::IMPACT_STEPS;
use super::term_counter::TermFrequencies;
use crate::fields::FIELDS;
use crate::numeric::{as_f32, as_u32};
use crate::postings::{PostingLists, TEMPLATES};
use catalog::{Kind, KindMap};

/// A term of a query, with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WeightedTerm {
    /// The term's id in the vocabulary.
    pub(crate) term: u32,
    /// By what its score is multiplied; 1 for a word as the request writes it.
    pub(crate) weight: f32,
}

/// The inverted index of all kinds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bm25fIndex {
    /// The index of each kind.
    pub(crate) kinds: KindMap<KindIndex>,
    /// The BM25F weight of each field.
    pub(crate) field: [f32; FIELDS],
}

/// The inverted index of one kind; documents are counted from its first entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct KindIndex {
    /// The posting lists by term id.
    pub(crate) lists: PostingLists,
    /// The term frequencies of the postings that the lists store by template.
    pub(crate) templates: [TermFrequencies; TEMPLATES],
    /// How many entries there are.
    pub(crate) entries: usize,
    /// Their field lengths.
    pub(crate) lengths: FieldLengths,
}

impl Bm25fIndex {
    /// The document frequency of a term among the entries of a kind.
    pub(crate) fn frequency(&self, kind: Kind, term: u32) -> usize {
        self.kinds[kind].lists.frequency(term)
    }

    /// The document frequency of a term among all entries.
    pub(crate) fn total_frequency(&self, term: u32) -> usize {
        self.kinds.values().map(|index| index.lists.frequency(term)).sum()
    }

    /// The inverse document frequency of a term that occurs in `n` entries of a kind.
    pub(crate) fn idf(&self, kind: Kind, n: usize) -> f32 {
        let (all, n) = (as_f32(self.kinds[kind].entries), as_f32(n));
        (1.0 + (all - n + 0.5) / (n + 0.5)).ln()
    }

    /// Adds the scores of a query to `scores`, one for each entry of `kind`.
    pub(crate) fn add_scores(&self, kind: Kind, query: &[WeightedTerm], scores: &mut [f32]) {
        let lists = &self.kinds[kind].lists;
        for term in query {
            let step = |n| term.weight * self.idf(kind, n) / IMPACT_STEPS;
            lists.add_scores(term.term, step, scores);
        }
    }

    /// What one term contributes to one entry, counted from the first of its kind, and how that divides among the fields
    /// that contain the term, in proportion to their weights. `None` where it does not occur there.
    pub(crate) fn contribution(
        &self,
        kind: Kind,
        term: WeightedTerm,
        document: usize,
    ) -> Option<(f32, [f32; FIELDS])> {
        let lists = &self.kinds[kind].lists;
        let (posting, frequency) = lists.find(term.term, as_u32(document))?;
        let step = term.weight * self.idf(kind, frequency) / IMPACT_STEPS;
        let score = step * f32::from(posting.impact);
        let weight = |slot: usize| if posting.fields >> slot & 1 == 1 { self.field[slot] } else { 0.0 };
        let parts: [f32; FIELDS] = std::array::from_fn(weight);
        let whole: f32 = parts.iter().sum();
        Some((score, parts.map(|part| score * part / whole)))
    }
}
