//! BM25F over the fields of an entry.
//!
//! `score(d) = Σ_t idf(t) · w_t · f / (k1 + f)` with `f = Σ_field weight · (1 + ln tf) / (1 - b + b · length / average)`
//! (Robertson, Zaragoza: "The probabilistic relevance framework", 2009), save that a term's count in one field is
//! log-damped, so that a word repeated five hundred times does not outrank a name. `idf = ln(1 + (N - n + ½)/(n + ½))`
//! over the entries of one kind, and averages are of one kind, too: agents, skills and workflows are written differently
//! and an answer holds one kind only.
//!
//! `f / (k1 + f)` is kept for each posting, in 255 steps. Averages are rounded to eighths of a power of two, so that a
//! changed entry hardly ever changes what others bring.

use std::cmp::Reverse;
use std::ops::Range;

use foldhash::HashMap;

use super::postings::{Lists, OfShapes, Packer, Posting, SHAPES, Shapes};
use super::text;
use super::vocabulary::TermInterner;
use crate::fields::{FIELDS, Field};
use crate::numeric::{as_f32, as_u32};
use crate::weights::Weights;
use catalog::{Definition, Kind};

/// Steps in which impacts are kept.
const STEPS: f32 = 255.0;
/// Steps in which averages are rounded, to each power of two.
const AVERAGE_STEPS: f32 = 8.0;
/// Postings that are looked at for what most are like.
const SAMPLE: usize = 1 << 16;

/// How often one term stands in each field of one entry, capped at 255.
pub(crate) type Counts = [u8; FIELDS];

/// A term wanted, with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) term: u32,
    pub(crate) weight: f32,
}

/// Inverted index with statistics by kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lexical {
    pub(super) kinds: [OfKind; 3],
    pub(super) field: [f32; FIELDS],
}

/// What is indexed of one kind; documents are counted from its first entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct OfKind {
    pub(super) lists: Lists,
    /// Counts of the postings that the lists keep by shape.
    pub(super) shapes: [Counts; SHAPES],
    pub(super) entries: usize,
    pub(super) lengths: Lengths,
}

/// Terms in each field of all entries of a kind, and how many have the field at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(super) totals: [u64; FIELDS],
    pub(super) filled: [u32; FIELDS],
}

impl Lengths {
    pub(super) fn add(&mut self, lengths: &[u32; FIELDS]) {
        for (slot, &length) in lengths.iter().enumerate() {
            self.totals[slot] += u64::from(length);
            self.filled[slot] += u32::from(length > 0);
        }
    }

    pub(super) fn subtract(&mut self, lengths: &[u32; FIELDS]) {
        for (slot, &length) in lengths.iter().enumerate() {
            self.totals[slot] = self.totals[slot].saturating_sub(u64::from(length));
            self.filled[slot] = self.filled[slot].saturating_sub(u32::from(length > 0));
        }
    }

    /// The average length of each field among the entries that have it (an absent one says nothing about length),
    /// rounded.
    pub(super) fn averages(&self) -> [f32; FIELDS] {
        std::array::from_fn(|slot| {
            let total = usize::try_from(self.totals[slot]).unwrap_or(usize::MAX);
            let average = as_f32(total.max(1)) / as_f32((self.filled[slot] as usize).max(1));
            ((average.log2() * AVERAGE_STEPS).round() / AVERAGE_STEPS).exp2()
        })
    }
}

/// One entry as read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) lengths: [u32; FIELDS],
    /// Its distinct terms with their counts, sorted by term.
    pub(crate) terms: Vec<(u32, Counts)>,
}

/// Counts the terms of entries, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    counts: Vec<Counts>,
}

impl Counter {
    pub(crate) fn read(&mut self, definition: &Definition, vocabulary: &mut impl TermInterner) -> Read {
        let mut lengths = [0; FIELDS];
        let mut touched = Vec::new();
        for (slot, field) in Field::ALL.into_iter().enumerate() {
            field.for_each_text(definition, |part| {
                text::tokenize(part, |word, _| {
                    let Some(term) = vocabulary.intern(word) else { return };
                    lengths[slot] += 1;
                    if self.counts.len() <= term as usize {
                        self.counts.resize(vocabulary.n_terms().max(term as usize + 1), [0; FIELDS]);
                    }
                    let counts = &mut self.counts[term as usize];
                    if *counts == [0; FIELDS] {
                        touched.push(term);
                    }
                    counts[slot] = counts[slot].saturating_add(1);
                });
            });
        }
        touched.sort_unstable();
        let take = |term: u32| (term, std::mem::take(&mut self.counts[term as usize]));
        Read { lengths, terms: touched.into_iter().map(take).collect() }
    }
}

/// Gathers postings entry by entry.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    counter: Counter,
    /// In order of entries.
    found: Vec<Found>,
    lengths: Vec<[u32; FIELDS]>,
}

/// A term of an entry.
#[derive(Debug, Clone, Copy)]
struct Found {
    term: u32,
    document: u32,
    counts: Counts,
}

impl Gatherer {
    /// Reads one entry; entries are numbered in order of calls. Answers its distinct terms, sorted.
    pub(crate) fn read(&mut self, definition: &Definition, vocabulary: &mut impl TermInterner) -> Vec<u32> {
        let document = as_u32(self.lengths.len());
        let Read { lengths, terms } = self.counter.read(definition, vocabulary);
        self.lengths.push(lengths);
        self.found.extend(terms.iter().map(|&(term, counts)| Found { term, document, counts }));
        terms.into_iter().map(|(term, _)| term).collect()
    }

    /// Takes over what another gatherer read of the entries that follow; `here` are its terms' ids.
    pub(crate) fn absorb(&mut self, other: Gatherer, here: &[u32]) {
        let offset = as_u32(self.lengths.len());
        let moved = other.found.into_iter().map(|found| Found {
            term: here[found.term as usize],
            document: found.document + offset,
            ..found
        });
        self.found.extend(moved);
        self.lengths.extend(other.lengths);
    }

    /// Inverts what was read. `ids` are those of the terms' numbers, all below `n_ids`; `kinds` are the ranges of entries
    /// of one kind, in order.
    pub(crate) fn finish(
        mut self,
        ids: &[u32],
        n_ids: usize,
        kinds: &[Range<usize>; 3],
        weights: &Weights,
    ) -> Lexical {
        self.found.iter_mut().for_each(|found| found.term = ids[found.term as usize]);
        let mut rest = self.found.as_slice();
        let of_kind = |range: &Range<usize>| {
            let n = rest.partition_point(|found| (found.document as usize) < range.end);
            let (own, others) = rest.split_at(n);
            rest = others;
            invert(own, &self.lengths[range.clone()], n_ids, range.start, weights)
        };
        Lexical { kinds: kinds.each_ref().map(of_kind), field: weights.field }
    }
}

/// The lists of one kind, whose first entry is `first`.
fn invert(found: &[Found], each: &[[u32; FIELDS]], terms: usize, first: usize, weights: &Weights) -> OfKind {
    let mut lengths = Lengths::default();
    for entry in each {
        lengths.add(entry);
    }
    let impacts = Impacts::new(lengths.averages(), weights);
    let mut ends = vec![0usize; terms + 1];
    for found in found {
        ends[found.term as usize + 1] += 1;
    }
    for term in 0..terms {
        ends[term + 1] += ends[term];
    }
    let mut postings = vec![Posting { document: 0, fields: 0, impact: 0 }; found.len()];
    let mut next = ends.clone();
    for &Found { term, document, counts } in found {
        let document = document as usize - first;
        let at = &mut next[term as usize];
        postings[*at] = impacts.posting(as_u32(document), counts, &each[document]);
        *at += 1;
    }
    let shapes = usual(found);
    let of_shapes = each.iter().map(|lengths| impacts.of_shapes(&shapes, lengths)).collect();
    let mut packer = Packer::new(Shapes { fields: shapes.map(fields), impacts: of_shapes });
    ends.windows(2).for_each(|ends| packer.add(&postings[ends[0]..ends[1]]));
    OfKind { lists: packer.finish(), shapes, entries: each.len(), lengths }
}

/// The most frequent counts.
fn usual(found: &[Found]) -> [Counts; SHAPES] {
    let mut often: HashMap<Counts, usize> = HashMap::default();
    for found in found.iter().step_by((found.len() / SAMPLE).max(1)) {
        *often.entry(found.counts).or_default() += 1;
    }
    let mut often: Vec<_> = often.into_iter().map(|(counts, often)| (Reverse(often), counts)).collect();
    often.sort_unstable();
    std::array::from_fn(|nth| often.get(nth).map(|(_, counts)| *counts).unwrap_or_default())
}

/// The fields that a term of these counts stands in, a bit each.
pub(super) fn fields(counts: Counts) -> u8 {
    counts.iter().rev().fold(0, |fields, count| fields << 1 | u8::from(*count > 0))
}

/// Works out what postings bring.
#[derive(Debug)]
pub(super) struct Impacts {
    averages: [f32; FIELDS],
    length: [f32; FIELDS],
    field: [f32; FIELDS],
    saturation: f32,
    /// `1 + ln n` for counts of 0 (as 0) to 255.
    damped: [f32; 256],
}

impl Impacts {
    pub(super) fn new(averages: [f32; FIELDS], weights: &Weights) -> Impacts {
        let damped = std::array::from_fn(|count| if count == 0 { 0.0 } else { 1.0 + as_f32(count).ln() });
        let Weights { length, field, saturation, .. } = *weights;
        Impacts { averages, length, field, saturation, damped }
    }

    /// The posting of a term with these counts in an entry of these lengths.
    pub(super) fn posting(&self, document: u32, counts: Counts, lengths: &[u32; FIELDS]) -> Posting {
        let mut evidence = 0.0;
        for slot in 0..FIELDS {
            if counts[slot] > 0 {
                let b = self.length[slot];
                let length = as_f32(lengths[slot] as usize) / self.averages[slot];
                evidence += self.field[slot] * self.damped[counts[slot] as usize] / (1.0 - b + b * length);
            }
        }
        let saturated = evidence / (self.saturation + evidence);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a ratio below 1, times 255 and rounded, is a byte"
        )]
        let impact = (saturated * STEPS).round().max(1.0) as u8;
        Posting { document, fields: fields(counts), impact }
    }

    /// What postings of these counts bring to an entry of these lengths.
    pub(super) fn of_shapes(&self, shapes: &[Counts; SHAPES], lengths: &[u32; FIELDS]) -> OfShapes {
        let [one, other, third] = shapes.map(|counts| self.posting(0, counts, lengths).impact);
        [one, other, third, 0]
    }
}

impl Lexical {
    /// In how many entries of a kind a term stands.
    pub(crate) fn found(&self, kind: Kind, term: u32) -> usize {
        self.kinds[kind as usize].lists.found(term)
    }

    /// In how many entries of all kinds a term stands.
    pub(crate) fn frequency(&self, term: u32) -> usize {
        self.kinds.iter().map(|of_kind| of_kind.lists.found(term)).sum()
    }

    /// Information of a term that stands in `n` of a kind's entries.
    pub(crate) fn idf(&self, kind: Kind, n: usize) -> f32 {
        let (all, n) = (as_f32(self.kinds[kind as usize].entries), as_f32(n));
        (1.0 + (all - n + 0.5) / (n + 0.5)).ln()
    }

    /// Adds the scores of `wanted` to `scores`, which stands for the entries of `kind`.
    pub(crate) fn score(&self, kind: Kind, wanted: &[Wanted], scores: &mut [f32]) {
        let lists = &self.kinds[kind as usize].lists;
        for want in wanted {
            let step = |n| want.weight * self.idf(kind, n) / STEPS;
            lists.add_to(want.term, step, scores);
        }
    }

    /// What one term brings to one entry of a kind, counted from its first, and its division over the fields it stands
    /// in, by their weights.
    pub(crate) fn share(&self, kind: Kind, want: Wanted, document: usize) -> Option<(f32, [f32; FIELDS])> {
        let lists = &self.kinds[kind as usize].lists;
        let (posting, found) = lists.find(want.term, as_u32(document))?;
        let step = want.weight * self.idf(kind, found) / STEPS;
        let score = step * f32::from(posting.impact);
        let weight = |slot: usize| if posting.fields >> slot & 1 == 1 { self.field[slot] } else { 0.0 };
        let parts: [f32; FIELDS] = std::array::from_fn(weight);
        let whole: f32 = parts.iter().sum();
        Some((score, parts.map(|part| score * part / whole)))
    }
}
