//! BM25F over the fields of an entry.
//!
//! `score(d) = Σ_t idf(t) · w_t · f / (k1 + f)` with `f = Σ_field weight · (1 + ln tf) / (1 - b + b · length / average)`
//! (Robertson, Zaragoza: "The probabilistic relevance framework", 2009), save that a term's count in one field is
//! log-damped, so that a word repeated five hundred times does not outrank a name. `idf = ln(1 + (N - n + ½)/(n + ½))`
//! over the entries of one kind, and averages are of one kind, too: agents, skills and workflows are written differently
//! and an answer holds one kind only.

use std::ops::Range;

use super::text;
use super::vocabulary::Builder;
use super::weights::{FIELDS, Field, Weights, compact, number};
use crate::catalog::Definition;

/// Where one term stands in one entry: counts by field, capped at 255.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posting {
    pub(crate) document: u32,
    counts: [u8; FIELDS],
}

/// A term wanted, with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) term: u32,
    pub(crate) weight: f32,
}

/// Inverted index with statistics by kind.
#[derive(Debug, Default)]
pub(crate) struct Lexical {
    /// Start of each term's postings, and the end of the last.
    starts: Vec<u32>,
    postings: Vec<Posting>,
    /// `1 / (1 - b + b · length / average)` of each entry and field.
    norms: Vec<[f32; FIELDS]>,
    field: [f32; FIELDS],
    saturation: f32,
    /// Natural logarithms of 0 (as 0) to 255.
    logarithms: Vec<f32>,
}

/// The text of one field of an entry, in pieces.
pub(crate) fn field_text(definition: &Definition, field: Field, mut each: impl FnMut(&str)) {
    match field {
        Field::Name => {
            each(&definition.name);
            // A front matter name may add words to the stem; a mere prefix by the plugin would only lengthen the field.
            definition
                .aliases
                .iter()
                .filter(|alias| !alias.ends_with(&definition.name))
                .for_each(|alias| each(alias));
        }
        Field::Description => each(&definition.description),
        Field::WhenToUse => each(&definition.when_to_use),
        Field::Keywords => {
            each(&definition.category);
            definition.keywords.iter().for_each(|keyword| each(keyword));
        }
        Field::Headings => definition.headings.iter().for_each(|heading| each(heading)),
        Field::Body => each(&definition.body),
    }
}

/// Gathers postings entry by entry.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    /// (term, posting) in order of entries.
    found: Vec<(u32, Posting)>,
    lengths: Vec<[u32; FIELDS]>,
    counts: Vec<[u8; FIELDS]>,
}

impl Gatherer {
    /// Reads one entry; entries are numbered in order of calls. Answers its distinct terms, sorted.
    pub(crate) fn read(&mut self, definition: &Definition, vocabulary: &mut Builder) -> Vec<u32> {
        let document = compact(self.lengths.len());
        let mut lengths = [0; FIELDS];
        let mut touched = Vec::new();
        for (slot, field) in Field::ALL.into_iter().enumerate() {
            field_text(definition, field, |part| {
                text::words(part, |word, _| {
                    let Some(term) = vocabulary.intern(word) else { return };
                    lengths[slot] += 1;
                    if self.counts.len() <= term as usize {
                        self.counts.resize(vocabulary.terms(), [0; FIELDS]);
                    }
                    let counts = &mut self.counts[term as usize];
                    if *counts == [0; FIELDS] {
                        touched.push(term);
                    }
                    counts[slot] = counts[slot].saturating_add(1);
                });
            });
        }
        self.lengths.push(lengths);
        touched.sort_unstable();
        for &term in &touched {
            let counts = std::mem::take(&mut self.counts[term as usize]);
            self.found.push((term, Posting { document, counts }));
        }
        touched
    }

    /// Takes over what another gatherer read of the entries that follow; `here` are its terms' ids.
    pub(crate) fn absorb(&mut self, other: Gatherer, here: &[u32]) {
        let offset = compact(self.lengths.len());
        let moved = other.found.into_iter().map(|(term, posting)| {
            (here[term as usize], Posting { document: posting.document + offset, ..posting })
        });
        self.found.extend(moved);
        self.lengths.extend(other.lengths);
    }

    /// Inverts what was read. `kinds` are the ranges of entries of one kind.
    pub(crate) fn finish(self, terms: usize, kinds: &[Range<usize>], weights: &Weights) -> Lexical {
        let mut starts = vec![0u32; terms + 1];
        for (term, _) in &self.found {
            starts[*term as usize + 1] += 1;
        }
        for term in 0..terms {
            starts[term + 1] += starts[term];
        }
        let mut next = starts.clone();
        let mut postings = vec![Posting { document: 0, counts: [0; FIELDS] }; self.found.len()];
        for (term, posting) in self.found {
            let at = &mut next[term as usize];
            postings[*at as usize] = posting;
            *at += 1;
        }
        let norms = norms(&self.lengths, kinds, &weights.length);
        let logarithms = (0..256).map(|count| number(count.max(1)).ln()).collect();
        Lexical { starts, postings, norms, field: weights.field, saturation: weights.saturation, logarithms }
    }
}

fn norms(lengths: &[[u32; FIELDS]], kinds: &[Range<usize>], b: &[f32; FIELDS]) -> Vec<[f32; FIELDS]> {
    let mut norms = vec![[1.0; FIELDS]; lengths.len()];
    for kind in kinds {
        for slot in 0..FIELDS {
            let filled = lengths[kind.clone()].iter().filter(|all| all[slot] > 0).count();
            let total: usize = lengths[kind.clone()].iter().map(|all| all[slot] as usize).sum();
            // The average is over entries that have the field: an absent one says nothing about length.
            let average = number(total.max(1)) / number(filled.max(1));
            for document in kind.clone() {
                let length = number(lengths[document][slot] as usize);
                norms[document][slot] = 1.0 / (1.0 - b[slot] + b[slot] * length / average);
            }
        }
    }
    norms
}

impl Lexical {
    /// The postings of a term among the entries of `range`.
    pub(crate) fn postings(&self, term: u32, range: &Range<usize>) -> &[Posting] {
        let term = term as usize;
        let all = &self.postings[self.starts[term] as usize..self.starts[term + 1] as usize];
        let from = all.partition_point(|posting| (posting.document as usize) < range.start);
        let to = all.partition_point(|posting| (posting.document as usize) < range.end);
        &all[from..to]
    }

    /// In how many entries of all kinds a term stands.
    pub(crate) fn frequency(&self, term: u32) -> u32 {
        self.starts[term as usize + 1] - self.starts[term as usize]
    }

    /// Information of a term that stands in `n` of `range`'s entries.
    pub(crate) fn idf(range: &Range<usize>, n: usize) -> f32 {
        let (all, n) = (number(range.len()), number(n));
        (1.0 + (all - n + 0.5) / (n + 0.5)).ln()
    }

    /// What the fields of a posting bring, before saturation.
    fn evidence(&self, posting: &Posting) -> [f32; FIELDS] {
        let norms = &self.norms[posting.document as usize];
        let mut evidence = [0.0; FIELDS];
        for slot in 0..FIELDS {
            if posting.counts[slot] > 0 {
                let damped = 1.0 + self.logarithms[posting.counts[slot] as usize];
                evidence[slot] = self.field[slot] * damped * norms[slot];
            }
        }
        evidence
    }

    /// Adds the scores of `wanted` to `scores`, which stands for the entries of `range`.
    pub(crate) fn score(&self, wanted: &[Wanted], range: &Range<usize>, scores: &mut [f32]) {
        for want in wanted {
            let postings = self.postings(want.term, range);
            let information = want.weight * Self::idf(range, postings.len());
            for posting in postings {
                let evidence: f32 = self.evidence(posting).iter().sum();
                scores[posting.document as usize - range.start] +=
                    information * evidence / (self.saturation + evidence);
            }
        }
    }

    /// What one term brings to one entry, and its division by field.
    pub(crate) fn share(
        &self,
        want: Wanted,
        document: usize,
        range: &Range<usize>,
    ) -> Option<(f32, [f32; FIELDS])> {
        let postings = self.postings(want.term, range);
        let at = postings.binary_search_by(|posting| (posting.document as usize).cmp(&document)).ok()?;
        let fields = self.evidence(&postings[at]);
        let evidence: f32 = fields.iter().sum();
        let score = want.weight * Self::idf(range, postings.len()) * evidence / (self.saturation + evidence);
        Some((score, fields.map(|part| score * part / evidence)))
    }
}
