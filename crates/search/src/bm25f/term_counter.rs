//! Counting the terms of an entry, field by field.

use crate::fields::{FIELDS, Field};
use crate::text;
use crate::vocabulary::TermInterner;
use catalog::Definition;

/// How often one term occurs in each field of one entry, capped at 255.
pub(crate) type TermFrequencies = [u8; FIELDS];

/// An entry reduced to term frequencies.
#[derive(Debug, Default)]
pub(crate) struct AnalyzedEntry {
    /// Terms in each field.
    pub(crate) lengths: [u32; FIELDS],
    /// The distinct terms with their frequencies, sorted by term.
    pub(crate) terms: Vec<(u32, TermFrequencies)>,
}

/// Analyses entries one after the other, reusing its memory.
#[derive(Debug, Default)]
pub(crate) struct TermCounter {
    /// By term; all zero between two entries.
    frequencies: Vec<TermFrequencies>,
}

impl TermCounter {
    /// Counts the terms of an entry, numbered by `vocabulary`.
    pub(crate) fn analyze(
        &mut self,
        definition: &Definition,
        vocabulary: &mut impl TermInterner,
    ) -> AnalyzedEntry {
        let mut lengths = [0; FIELDS];
        let mut touched = Vec::new();
        for (slot, field) in Field::ALL.into_iter().enumerate() {
            field.for_each_text(definition, |part| {
                text::tokenize(part, |word, _| {
                    let Some(term) = vocabulary.intern(word) else { return };
                    lengths[slot] += 1;
                    if self.frequencies.len() <= term as usize {
                        self.frequencies.resize(vocabulary.n_terms().max(term as usize + 1), [0; FIELDS]);
                    }
                    let frequencies = &mut self.frequencies[term as usize];
                    if *frequencies == [0; FIELDS] {
                        touched.push(term);
                    }
                    frequencies[slot] = frequencies[slot].saturating_add(1);
                });
            });
        }
        touched.sort_unstable();
        let take = |term: u32| (term, std::mem::take(&mut self.frequencies[term as usize]));
        AnalyzedEntry { lengths, terms: touched.into_iter().map(take).collect() }
    }
}
