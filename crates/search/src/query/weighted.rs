//! A request as weighted terms.

use std::borrow::Cow;

use crate::aliases::Token;
use crate::bm25f::{Bm25fIndex, WeightedTerm};
use crate::vocabulary::Vocabulary;
use catalog::Kind;

/// Distinct terms that are scored.
const MAX_TERMS: usize = 128;

/// One term of a query.
#[derive(Debug, Clone)]
pub(crate) struct QueryTerm<'q> {
    /// What is scored.
    pub(crate) weighted: WeightedTerm,
    /// The word of the request; `None` where the term comes from an alias.
    text: Option<Cow<'q, str>>,
    /// The word or the alias head that the term stands for, where it is not a word of the request itself.
    pub(crate) via: Option<Cow<'q, str>>,
}

/// A request as weighted terms of the collection.
#[derive(Debug, Clone, Default)]
pub(crate) struct WeightedQuery<'q> {
    /// Distinct terms.
    pub(crate) terms: Vec<QueryTerm<'q>>,
    /// Words that neither the vocabulary nor the alias table has.
    pub(crate) unknown: Vec<&'q str>,
    /// The terms of the request's own words, without expansions; `None` for an unknown word.
    pub(crate) requested: Vec<Option<u32>>,
    /// Unknown words that were split or corrected so far.
    pub(super) corrections: usize,
}

impl QueryTerm<'_> {
    /// The term in display form.
    pub(crate) fn display(&self, vocabulary: &Vocabulary) -> Cow<'_, str> {
        match &self.text {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(vocabulary.display(self.weighted.term)),
        }
    }

    fn is(&self, word: &str) -> bool {
        self.text.as_deref() == Some(word)
    }
}

impl<'q> WeightedQuery<'q> {
    /// The terms to score.
    pub(crate) fn weighted_terms(&self) -> Vec<WeightedTerm> {
        self.terms.iter().map(|term| term.weighted).collect()
    }

    /// The information content of the request: the sum of the idf of its words, where an unknown word counts as the
    /// rarest.
    pub(crate) fn information(&self, lexical: &Bm25fIndex, kind: Kind) -> f32 {
        let frequency = |term: &Option<u32>| term.map_or(0, |term| lexical.frequency(kind, term));
        self.requested.iter().map(|term| lexical.idf(kind, frequency(term))).sum()
    }

    /// Notes that the request has a word of this term; repeating a word requests no more.
    pub(super) fn request(&mut self, id: u32) {
        if !self.requested.contains(&Some(id)) {
            self.requested.push(Some(id));
        }
    }

    /// Limits the weight of the words of a compound that is added in joined form.
    pub(super) fn limit_weight(&mut self, tokens: &[Token], weight: f32) {
        for term in self.terms.iter_mut().filter(|term| tokens.iter().any(|token| term.is(&token.text))) {
            term.weighted.weight = term.weighted.weight.min(weight);
        }
    }

    /// Adds a term; one that is there already keeps the larger weight.
    pub(super) fn add(
        &mut self,
        id: u32,
        weight: f32,
        text: Option<Cow<'q, str>>,
        via: Option<Cow<'q, str>>,
    ) {
        if let Some(known) = self.terms.iter_mut().find(|term| term.weighted.term == id) {
            known.weighted.weight = known.weighted.weight.max(weight);
        } else if self.terms.len() < MAX_TERMS {
            self.terms.push(QueryTerm { weighted: WeightedTerm { term: id, weight }, text, via });
        }
    }
}
