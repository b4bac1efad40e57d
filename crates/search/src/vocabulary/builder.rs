//! Collecting the words of a collection while its index is built.

use foldhash::HashMap;

use super::interner::TermInterner;
use super::lookup::Vocabulary;
use crate::numeric::as_u32;
use crate::term_dict::TermDict;
use crate::text;

/// A word of up to sixteen bytes as two numbers, which compare and hash in a few instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct InlineWord {
    start: u64,
    end: u64,
    length: usize,
}

impl InlineWord {
    /// `None` for longer words.
    fn new(word: &str) -> Option<InlineWord> {
        let bytes = word.as_bytes();
        let (start, end) = match bytes.len() {
            // Both halves may overlap; together with the length they determine the word.
            8..=16 => (u64_le(*bytes.first_chunk()?), u64_le(*bytes.last_chunk()?)),
            4..8 => (u64::from(u32_le(*bytes.first_chunk()?)), u64::from(u32_le(*bytes.last_chunk()?))),
            0..4 => (bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)), 0),
            _ => return None,
        };
        Some(InlineWord { start, end, length: bytes.len() })
    }
}

fn u64_le(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes)
}

fn u32_le(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes)
}

/// Collects words and terms; [`VocabularyBuilder::finish`] turns them into a [`Vocabulary`].
#[derive(Debug, Default)]
pub(crate) struct VocabularyBuilder {
    /// The term number of each word, `None` for stop words. Most words are short.
    short_words: HashMap<InlineWord, Option<u32>>,
    long_words: HashMap<Box<str>, Option<u32>>,
    /// The words that have a term, with its number.
    words: Vec<(Box<str>, u32)>,
    terms: HashMap<Box<str>, u32>,
}

impl TermInterner for VocabularyBuilder {
    fn intern(&mut self, word: &str) -> Option<u32> {
        let inline = InlineWord::new(word);
        if let Some(&known) = self.get(inline, word) {
            return known;
        }
        let number = text::term(word).map(|term| self.number(term.into_boxed_str()));
        self.insert(inline, word.into(), number);
        number
    }

    fn n_terms(&self) -> usize {
        self.terms.len()
    }
}

impl VocabularyBuilder {
    fn get(&self, inline: Option<InlineWord>, word: &str) -> Option<&Option<u32>> {
        inline.map_or_else(|| self.long_words.get(word), |inline| self.short_words.get(&inline))
    }

    fn number(&mut self, term: Box<str>) -> u32 {
        let next = as_u32(self.terms.len());
        *self.terms.entry(term).or_insert(next)
    }

    fn insert(&mut self, inline: Option<InlineWord>, word: Box<str>, number: Option<u32>) {
        match inline {
            Some(inline) => drop(self.short_words.insert(inline, number)),
            None => drop(self.long_words.insert(word.clone(), number)),
        }
        self.words.extend(number.map(|number| (word, number)));
    }

    /// Takes over the words of another builder and returns the number here of each of its terms. New terms are numbered
    /// in the other's order, so that reading in parts gives the numbers that reading in one go gives.
    pub(crate) fn absorb(&mut self, other: VocabularyBuilder) -> Vec<u32> {
        let mut terms: Vec<(u32, Box<str>)> =
            other.terms.into_iter().map(|(term, number)| (number, term)).collect();
        terms.sort_unstable_by_key(|(number, _)| *number);
        let renumbered: Vec<u32> = terms.into_iter().map(|(_, term)| self.number(term)).collect();
        for (word, number) in other.words {
            let inline = InlineWord::new(&word);
            if self.get(inline, &word).is_none() {
                self.insert(inline, word, Some(renumbered[number as usize]));
            }
        }
        renumbered
    }

    /// Freezes the words into a compact vocabulary. Also returns the id of each term by its number.
    pub(crate) fn finish(self) -> (Vocabulary, Vec<u32>) {
        let mut words = self.words;
        words.sort_unstable();
        let mut terms: Vec<_> = self.terms.into_iter().collect();
        terms.sort_unstable();
        let (dict, ids) = TermDict::from_sorted(&words, &terms);
        (Vocabulary::from_dict(dict), ids)
    }
}
