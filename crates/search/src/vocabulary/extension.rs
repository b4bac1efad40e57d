//! Extending a vocabulary by the words of entries that came, and reducing it by terms that no entry uses any more.

use std::sync::Arc;

use foldhash::HashMap;

use super::interner::TermInterner;
use super::lookup::{Delta, Vocabulary};
use crate::merge_sorted::merge_sorted;
use crate::numeric::as_u32;
use crate::text;

/// New words on top of a vocabulary; their terms are numbered after its ids.
#[derive(Debug)]
pub(crate) struct VocabularyExtension<'v> {
    base: &'v Vocabulary,
    words: HashMap<Arc<str>, Option<u32>>,
    terms: HashMap<Arc<str>, u32>,
}

impl TermInterner for VocabularyExtension<'_> {
    fn intern(&mut self, word: &str) -> Option<u32> {
        if let Some(known) = self.base.id_of_word(word) {
            return Some(known);
        }
        if let Some(&known) = self.words.get(word) {
            return known;
        }
        let id = text::term(word).map(|term| {
            let next = as_u32(self.n_terms());
            self.base.id_of_term(&term).unwrap_or_else(|| *self.terms.entry(term.into()).or_insert(next))
        });
        self.words.insert(word.into(), id);
        id
    }

    fn n_terms(&self) -> usize {
        self.base.n_ids() + self.terms.len()
    }
}

impl<'v> VocabularyExtension<'v> {
    /// An extension without new words yet.
    pub(crate) fn new(base: &'v Vocabulary) -> VocabularyExtension<'v> {
        VocabularyExtension { base, words: HashMap::default(), terms: HashMap::default() }
    }

    /// The vocabulary with the new words and without the words of the terms in `unused`, which is sorted; `None` where
    /// nothing changes. Ids are stable: those of unused terms are retired, not reused.
    pub(crate) fn finish(self, unused: &[u32]) -> Option<Vocabulary> {
        let n_ids = self.n_terms();
        let words: Vec<_> = self.words.into_iter().filter_map(|(word, id)| id.map(|id| (word, id))).collect();
        if words.is_empty() && unused.is_empty() {
            return None;
        }
        let Vocabulary { dict, delta } = self.base;
        let is_used = |(_, id): &&(Arc<str>, u32)| unused.binary_search(id).is_err();
        let terms = self.terms.into_iter().collect();
        let retired = unused.iter().copied().filter(|id| (*id as usize) < dict.len()).collect();
        let delta = Delta {
            words: merge_sorted(delta.words.iter().filter(is_used).cloned(), words),
            terms: merge_sorted(delta.terms.iter().filter(is_used).cloned(), terms),
            retired: merge_sorted(delta.retired.iter().copied(), retired),
            display: Vec::new(),
            n_ids,
        };
        Some(Vocabulary { dict: Arc::clone(dict), delta: delta.with_display() })
    }
}
