//! Inverting analysed entries into posting lists.

use std::cmp::Reverse;
use std::ops::Range;

use foldhash::HashMap;

use super::field_lengths::FieldLengths;
use super::impact::{ImpactModel, field_mask};
use super::index::{Bm25fIndex, KindIndex};
use super::term_counter::{AnalyzedEntry, TermCounter, TermFrequencies};
use crate::fields::FIELDS;
use crate::numeric::as_u32;
use crate::postings::{Posting, PostingLists, PostingTemplates, PostingsPacker, TEMPLATES};
use crate::vocabulary::TermInterner;
use crate::weights::Weights;
use catalog::{Definition, KindMap};

/// Occurrences that are sampled in search of the most frequent templates.
const SAMPLE: usize = 1 << 16;

/// Collects the terms of entries and inverts them.
#[derive(Debug, Default)]
pub(crate) struct Inverter {
    counter: TermCounter,
    /// In order of entries.
    occurrences: Vec<Occurrence>,
    lengths: Vec<[u32; FIELDS]>,
}

/// One term in one entry.
#[derive(Debug, Clone, Copy)]
struct Occurrence {
    term: u32,
    document: u32,
    frequencies: TermFrequencies,
}

impl Inverter {
    /// Analyses the next entry. Returns its distinct terms, sorted.
    pub(crate) fn add(&mut self, definition: &Definition, vocabulary: &mut impl TermInterner) -> Vec<u32> {
        let document = as_u32(self.lengths.len());
        let AnalyzedEntry { lengths, terms } = self.counter.analyze(definition, vocabulary);
        self.lengths.push(lengths);
        self.occurrences.extend(terms.iter().map(|&(term, frequencies)| Occurrence {
            term,
            document,
            frequencies,
        }));
        terms.into_iter().map(|(term, _)| term).collect()
    }

    /// Appends what another inverter collected of the entries that follow; `renumbered` is the number here of each of its
    /// terms.
    pub(crate) fn absorb(&mut self, other: Inverter, renumbered: &[u32]) {
        let offset = as_u32(self.lengths.len());
        let moved = other.occurrences.into_iter().map(|occurrence| Occurrence {
            term: renumbered[occurrence.term as usize],
            document: occurrence.document + offset,
            ..occurrence
        });
        self.occurrences.extend(moved);
        self.lengths.extend(other.lengths);
    }

    /// The index of everything collected. `ids` is the final id of each term number, all below `n_ids`; `kinds` are the
    /// ranges of entries of one kind, in order.
    pub(crate) fn finish(
        mut self,
        ids: &[u32],
        n_ids: usize,
        kinds: &KindMap<Range<usize>>,
        weights: &Weights,
    ) -> Bm25fIndex {
        self.occurrences.iter_mut().for_each(|occurrence| occurrence.term = ids[occurrence.term as usize]);
        let mut rest = self.occurrences.as_slice();
        let of_kind = |_, range: &Range<usize>| {
            let n = rest.partition_point(|occurrence| (occurrence.document as usize) < range.end);
            let (own, others) = rest.split_at(n);
            rest = others;
            invert(own, &self.lengths[range.clone()], n_ids, range.start, weights)
        };
        Bm25fIndex { kinds: kinds.map(of_kind), field: weights.field }
    }
}

/// The index of one kind, whose first entry is number `first`.
fn invert(
    occurrences: &[Occurrence],
    lengths: &[[u32; FIELDS]],
    n_terms: usize,
    first: usize,
    weights: &Weights,
) -> KindIndex {
    let mut sums = FieldLengths::default();
    for entry in lengths {
        sums.add(entry);
    }
    let impacts = ImpactModel::new(sums.averages(), weights);
    // Counting sort: where the list of each term ends, in order of terms.
    let mut ends = vec![0usize; n_terms + 1];
    for occurrence in occurrences {
        ends[occurrence.term as usize + 1] += 1;
    }
    for term in 0..n_terms {
        ends[term + 1] += ends[term];
    }
    let mut postings = vec![Posting { document: 0, fields: 0, impact: 0 }; occurrences.len()];
    let mut next = ends.clone();
    for &Occurrence { term, document, frequencies } in occurrences {
        let document = document as usize - first;
        let at = &mut next[term as usize];
        postings[*at] = impacts.posting(as_u32(document), frequencies, &lengths[document]);
        *at += 1;
    }
    let templates = most_frequent(occurrences);
    let template_impacts =
        lengths.iter().map(|lengths| impacts.template_impacts(&templates, lengths)).collect();
    let mut packer = PostingsPacker::new(PostingTemplates {
        fields: templates.map(field_mask),
        impacts: template_impacts,
    });
    ends.windows(2).for_each(|ends| packer.add(&postings[ends[0]..ends[1]]));
    KindIndex { lists: PostingLists::new(packer), templates, entries: lengths.len(), lengths: sums }
}

/// The most frequent term frequencies, estimated from a sample.
fn most_frequent(occurrences: &[Occurrence]) -> [TermFrequencies; TEMPLATES] {
    let mut counts: HashMap<TermFrequencies, usize> = HashMap::default();
    for occurrence in occurrences.iter().step_by((occurrences.len() / SAMPLE).max(1)) {
        *counts.entry(occurrence.frequencies).or_default() += 1;
    }
    let mut counts: Vec<_> =
        counts.into_iter().map(|(frequencies, count)| (Reverse(count), frequencies)).collect();
    counts.sort_unstable();
    std::array::from_fn(|nth| counts.get(nth).map(|(_, frequencies)| *frequencies).unwrap_or_default())
}
