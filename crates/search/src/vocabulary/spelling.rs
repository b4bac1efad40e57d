//! Spelling correction: the word of the vocabulary, or the two words, that an unknown word most likely stands for.

use std::cmp::Reverse;

use super::lookup::Vocabulary;
use crate::text;

/// Shorter words are not corrected: half the vocabulary lies one edit away from a short word.
const MIN_CORRECTED: usize = 4;
/// From this length on two edits are allowed.
const TWO_EDITS: usize = 8;
/// Shorter parts of a split word are coincidence.
const MIN_PART: usize = 3;

/// The word that a misspelt one most likely stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Correction {
    /// The corrected word.
    pub(crate) word: String,
    /// The id of its term.
    pub(crate) term: u32,
    /// The edit distance between the two.
    pub(crate) edits: usize,
}

impl Vocabulary {
    /// Splits a word where a space is missing. Of several splits into two known words, the one whose rarer word is most
    /// frequent; `frequency` is the document frequency of a term.
    pub(crate) fn split<'w>(
        &self,
        word: &'w str,
        frequency: impl Fn(u32) -> usize,
    ) -> Option<[(&'w str, u32); 2]> {
        let part = |part: &'w str| {
            let id = self.id_of_word(part)?;
            // A word of a single entry is as likely an identifier or misspelt itself.
            (part.chars().count() >= MIN_PART && frequency(id) > 1).then_some((part, id))
        };
        (MIN_PART..word.len())
            .filter(|&at| word.is_char_boundary(at))
            .filter_map(|at| Some([part(&word[..at])?, part(&word[at..])?]))
            .max_by_key(|parts| parts.map(|(_, id)| frequency(id)).into_iter().min())
    }

    /// Corrects a misspelt word to one of the vocabulary with the same first letter: the one at the smallest edit distance
    /// (insertions, deletions, substitutions and transpositions of neighbours), then the most frequent, then the first in
    /// alphabetical order. `frequency` is the document frequency of a term.
    pub(crate) fn correct(&self, word: &str, frequency: impl Fn(u32) -> usize) -> Option<Correction> {
        let length = word.chars().count();
        let range = MIN_CORRECTED..=text::MAX_WORD_CHARS;
        let first = word.chars().next().filter(|_| range.contains(&length))?;
        let first = &word[..first.len_utf8()];
        let max_edits = if length < TWO_EDITS { 1 } else { 2 };
        let mut search =
            CorrectionSearch { word, length, letters: letter_set(word), max_edits, best: None, frequency };
        let mut cursor = self.dict.cursor_near(first);
        while let Some(rank) = cursor.advance() {
            if !cursor.bytes().starts_with(first.as_bytes()) {
                if cursor.bytes() > first.as_bytes() {
                    break;
                }
                continue;
            }
            // Cheap tests first: they reject most candidates.
            if !search.may_match(cursor.bytes()) {
                continue;
            }
            let term = self.dict.links(rank, cursor.tag).term;
            if let Some(term) = term.filter(|term| !self.delta.is_retired(*term)) {
                search.offer(cursor.text(), term);
            }
        }
        let from = self.delta.words.partition_point(|(new, _)| new.as_ref() < first);
        for (new, term) in self.delta.words[from..].iter().take_while(|(new, _)| new.starts_with(first)) {
            if search.may_match(new.as_bytes()) {
                search.offer(new, *term);
            }
        }
        search.best.map(|(Reverse(edits), _, Reverse(word), term)| Correction { word, term, edits })
    }
}

/// The best correction found so far.
struct CorrectionSearch<'w, F> {
    word: &'w str,
    /// Characters of the word.
    length: usize,
    /// Its [`letter_set`].
    letters: u32,
    /// The largest edit distance that still counts; shrinks as better candidates are found.
    max_edits: usize,
    /// Edit distance, document frequency and word of the best candidate, in order of preference; with its term.
    best: Option<(Reverse<usize>, usize, Reverse<String>, u32)>,
    frequency: F,
}

impl<F: Fn(u32) -> usize> CorrectionSearch<'_, F> {
    /// Whether a candidate may be near enough, judged by a lower bound of the edit distance: lengths and letters.
    fn may_match(&self, candidate: &[u8]) -> bool {
        if candidate.len() + self.max_edits < self.length {
            return false;
        }
        if !candidate.is_ascii() {
            return true;
        }
        if candidate.len() > self.length + self.max_edits {
            return false;
        }
        // An edit adds or removes at most one letter.
        let theirs = candidate.iter().fold(0, |set, &letter| set | 1 << letter_bit(char::from(letter)));
        let (missing, extra) = (self.letters & !theirs, theirs & !self.letters);
        missing.count_ones().max(extra.count_ones()) as usize <= self.max_edits
    }

    fn offer(&mut self, candidate: &str, term: u32) {
        if candidate.chars().count().abs_diff(self.length) > self.max_edits {
            return;
        }
        let frequency = (self.frequency)(term);
        if frequency < 2 {
            return;
        }
        let edits = strsim::osa_distance(self.word, candidate);
        if edits > self.max_edits {
            return;
        }
        let is_better = self.best.as_ref().is_none_or(|(fewest, most, word, _)| {
            (Reverse(edits), frequency, Reverse(candidate)) > (*fewest, *most, Reverse(word.0.as_str()))
        });
        if is_better {
            self.max_edits = edits;
            self.best = Some((Reverse(edits), frequency, Reverse(candidate.to_owned()), term));
        }
    }
}

/// The set of letters of a word as a bit mask; characters other than a–z share the remaining six bits.
fn letter_set(word: &str) -> u32 {
    word.chars().fold(0, |set, letter| set | 1 << letter_bit(letter))
}

fn letter_bit(letter: char) -> u32 {
    if letter.is_ascii_lowercase() { letter as u32 - 'a' as u32 } else { 26 + letter as u32 % 6 }
}
