//! The words of the collection, and the repair of words it does not know.

use std::hash::BuildHasher;

use foldhash::HashMap;
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::bytes::{Reader, Writer};
use super::order::woven;
use super::text;
use super::weights::compact;

/// Shorter words are not repaired: one edit away from a short word lies half the vocabulary.
const MIN_REPAIR: usize = 4;
/// From this length on two edits are allowed.
const TWO_EDITS: usize = 8;
/// Shorter halves of a split word are chance.
const MIN_HALF: usize = 3;

/// Sorted distinct strings in one buffer, found by hash.
#[derive(Debug, Default)]
pub(crate) struct Table {
    text: String,
    ends: Vec<u32>,
    places: HashTable<u32>,
    hasher: FixedState,
}

impl Table {
    pub(crate) fn new<'a>(sorted: impl Iterator<Item = &'a str>) -> Table {
        let mut table = Table::default();
        for entry in sorted {
            table.text.push_str(entry);
            table.ends.push(compact(table.text.len()));
        }
        table.text.shrink_to_fit();
        table.ends.shrink_to_fit();
        let mut places = HashTable::with_capacity(table.len());
        for at in 0..table.len() {
            let rehash = |&other: &u32| table.hasher.hash_one(table.get(other as usize));
            places.insert_unique(table.hasher.hash_one(table.get(at)), compact(at), rehash);
        }
        table.places = places;
        table
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text[start..self.ends[at] as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
    }

    fn partition(&self, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(self.get(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }

    pub(crate) fn find(&self, entry: &str) -> Option<usize> {
        let same = |&at: &u32| self.get(at as usize) == entry;
        self.places.find(self.hasher.hash_one(entry), same).map(|&at| at as usize)
    }
}

/// Numbers words.
pub(crate) trait Intern {
    /// The term id of a word, new terms being numbered in order of appearance; nothing for a stop word.
    fn intern(&mut self, word: &str) -> Option<u32>;

    /// How many terms there are.
    fn terms(&self) -> usize;
}

/// A word of up to sixteen bytes in two numbers, which are compared and hashed in a few instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Short {
    start: u64,
    end: u64,
    length: usize,
}

impl Short {
    /// Nothing for longer words.
    fn of(word: &str) -> Option<Short> {
        let bytes = word.as_bytes();
        let (start, end) = match bytes.len() {
            // Start and end may overlap; with the length they say all.
            8..=16 => (number(*bytes.first_chunk()?), number(*bytes.last_chunk()?)),
            4..8 => (u64::from(half(*bytes.first_chunk()?)), u64::from(half(*bytes.last_chunk()?))),
            0..4 => (bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)), 0),
            _ => return None,
        };
        Some(Short { start, end, length: bytes.len() })
    }
}

fn number(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes)
}

fn half(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes)
}

/// Words while an index is being built.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    /// What each word is, `None` for stop words; most words are short.
    short: HashMap<Short, Option<u32>>,
    long: HashMap<Box<str>, Option<u32>>,
    /// Those that have a term.
    words: Vec<(Box<str>, u32)>,
    terms: HashMap<Box<str>, u32>,
}

impl Intern for Builder {
    fn intern(&mut self, word: &str) -> Option<u32> {
        let short = Short::of(word);
        if let Some(&known) = self.known(short, word) {
            return known;
        }
        let id = text::term(word).map(|term| self.number(term.into_boxed_str()));
        self.insert(short, word.into(), id);
        id
    }

    fn terms(&self) -> usize {
        self.terms.len()
    }
}

impl Builder {
    fn known(&self, short: Option<Short>, word: &str) -> Option<&Option<u32>> {
        short.map_or_else(|| self.long.get(word), |short| self.short.get(&short))
    }

    fn number(&mut self, term: Box<str>) -> u32 {
        let next = compact(self.terms.len());
        *self.terms.entry(term).or_insert(next)
    }

    fn insert(&mut self, short: Option<Short>, word: Box<str>, id: Option<u32>) {
        match short {
            Some(short) => drop(self.short.insert(short, id)),
            None => drop(self.long.insert(word.clone(), id)),
        }
        self.words.extend(id.map(|id| (word, id)));
    }

    /// Takes over the words of another builder; answers its terms' ids here, by their ids there. Terms that are new
    /// are numbered in the other's order, so that reading in parts numbers as reading in one go does.
    pub(crate) fn absorb(&mut self, other: Builder) -> Vec<u32> {
        let mut terms: Vec<(u32, Box<str>)> = other.terms.into_iter().map(|(term, id)| (id, term)).collect();
        terms.sort_unstable_by_key(|(id, _)| *id);
        let here: Vec<u32> = terms.into_iter().map(|(_, term)| self.number(term)).collect();
        for (word, id) in other.words {
            let short = Short::of(&word);
            if self.known(short, &word).is_none() {
                self.insert(short, word, Some(here[id as usize]));
            }
        }
        here
    }

    /// Freezes the words into their compact form.
    pub(crate) fn finish(self) -> Vocabulary {
        let mut words = self.words;
        words.sort_unstable();
        let mut terms: Vec<_> = self.terms.into_iter().collect();
        terms.sort_unstable();
        Vocabulary::of_sorted(&words, &terms, terms.len())
    }
}

/// Words beyond those of a vocabulary, numbered after its own.
#[derive(Debug)]
pub(crate) struct Extension<'v> {
    base: &'v Vocabulary,
    words: HashMap<Box<str>, Option<u32>>,
    terms: HashMap<Box<str>, u32>,
}

impl Intern for Extension<'_> {
    fn intern(&mut self, word: &str) -> Option<u32> {
        if let Some(known) = self.base.id_of(word) {
            return Some(known);
        }
        if let Some(&known) = self.words.get(word) {
            return known;
        }
        let id = text::term(word).map(|term| {
            let next = compact(self.base.n_ids() + self.terms.len());
            self.base.id(&term).unwrap_or_else(|| *self.terms.entry(term.into_boxed_str()).or_insert(next))
        });
        self.words.insert(word.into(), id);
        id
    }

    fn terms(&self) -> usize {
        self.base.n_ids() + self.terms.len()
    }
}

impl<'v> Extension<'v> {
    pub(crate) fn of(base: &'v Vocabulary) -> Extension<'v> {
        Extension { base, words: HashMap::default(), terms: HashMap::default() }
    }

    /// The vocabulary with the new words and without those of terms that nobody uses any more; `None` where it stays as
    /// it is. Ids stay what they are, so that those of unused terms stand for nothing.
    pub(crate) fn finish(self, unused: &[u32]) -> Option<Vocabulary> {
        let new: Vec<(Box<str>, u32)> =
            self.words.into_iter().filter_map(|(word, id)| id.map(|id| (word, id))).collect();
        if new.is_empty() && unused.is_empty() {
            return None;
        }
        let n_ids = self.base.n_ids() + self.terms.len();
        let is_used = |id: &u32| unused.binary_search(id).is_err();
        let base = self.base;
        let words = base.words.iter().zip(base.word_terms.iter().copied());
        let words = woven(words.filter(|(_, id)| is_used(id)), borrowed(&new));
        let terms: Vec<(Box<str>, u32)> = self.terms.into_iter().collect();
        let terms = woven(base.iter().filter(|(_, id)| is_used(id)), borrowed(&terms));
        Some(Vocabulary::of_sorted(&words, &terms, n_ids))
    }
}

fn borrowed(numbered: &[(Box<str>, u32)]) -> Vec<(&str, u32)> {
    numbered.iter().map(|(text, number)| (text.as_ref(), *number)).collect()
}

/// What a misspelt word most likely is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repair<'v> {
    pub(crate) meant: &'v str,
    pub(crate) term: u32,
    pub(crate) edits: usize,
}

/// The words of the collection as written, and the terms they became.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    words: Table,
    word_terms: Vec<u32>,
    word_letters: Vec<u32>,
    terms: Table,
    term_ids: Vec<u32>,
    /// Where the term of an id stands in `terms`.
    term_places: Vec<u32>,
    /// Where the word that shows the term of an id stands in `words`.
    term_words: Vec<u32>,
}

/// The places of the shortest word of each term, which reads better than its stem.
fn shortest_words<S: AsRef<str>>(sorted: &[(S, u32)], n_ids: usize) -> Vec<u32> {
    let mut shortest: Vec<Option<usize>> = vec![None; n_ids];
    for (place, (word, id)) in sorted.iter().enumerate() {
        let best = &mut shortest[*id as usize];
        if best.is_none_or(|best| word.as_ref().len() < sorted[best].0.as_ref().len()) {
            *best = Some(place);
        }
    }
    shortest.into_iter().map(|place| compact(place.unwrap_or(0))).collect()
}

/// The places of sorted terms, by their ids.
fn places<S>(sorted: &[(S, u32)], n_ids: usize) -> Vec<u32> {
    let mut places = vec![0; n_ids];
    for (place, (_, id)) in sorted.iter().enumerate() {
        places[*id as usize] = compact(place);
    }
    places
}

impl Vocabulary {
    /// From words with the ids of their terms, and terms with their ids, both sorted.
    fn of_sorted<S: AsRef<str>>(words: &[(S, u32)], terms: &[(S, u32)], n_ids: usize) -> Vocabulary {
        Vocabulary {
            words: Table::new(words.iter().map(|(word, _)| word.as_ref())),
            word_terms: words.iter().map(|&(_, id)| id).collect(),
            word_letters: words.iter().map(|(word, _)| letters(word.as_ref())).collect(),
            term_places: places(terms, n_ids),
            term_words: shortest_words(words, n_ids),
            terms: Table::new(terms.iter().map(|(term, _)| term.as_ref())),
            term_ids: terms.iter().map(|&(_, id)| id).collect(),
        }
    }

    /// Its parts, for [`Vocabulary::read`].
    pub(crate) fn write(&self, writer: &mut Writer) {
        for table in [&self.words, &self.terms] {
            writer.part(table.text.as_bytes());
            writer.numbers(table.ends.iter().copied());
        }
        writer.numbers(self.word_terms.iter().copied());
        writer.numbers(self.term_ids.iter().copied());
        writer.number(compact(self.n_ids()));
    }

    /// What [`Vocabulary::write`] wrote, if it can be that.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Vocabulary> {
        let (words, terms) = (strings(reader)?, strings(reader)?);
        let (word_terms, term_ids, n_ids) = (reader.numbers()?, reader.numbers()?, reader.count()?);
        let fit = word_terms.len() == words.len() && term_ids.len() == terms.len();
        let mut ids = word_terms.iter().chain(&term_ids);
        let sound = fit && ids.all(|id| (*id as usize) < n_ids) && n_ids <= reader.rest.len();
        let words: Vec<_> = words.into_iter().zip(word_terms).collect();
        let terms: Vec<_> = terms.into_iter().zip(term_ids).collect();
        (sound && words.is_sorted() && terms.is_sorted())
            .then(|| Vocabulary::of_sorted(&words, &terms, n_ids))
    }

    /// Ids are below this; some may stand for nothing.
    pub(crate) fn n_ids(&self) -> usize {
        self.term_places.len()
    }

    /// How many terms there are.
    pub(crate) fn n_terms(&self) -> usize {
        self.terms.len()
    }

    /// The term of a word as written, where the collection has that very word: [`text::term`] without stemming.
    pub(crate) fn term_of(&self, word: &str) -> Option<&str> {
        let id = self.id_of(word)?;
        Some(self.terms.get(self.term_places[id as usize] as usize))
    }

    /// The term of an id as a reader should see it: a word of the collection, not a stem.
    pub(crate) fn shown(&self, id: u32) -> &str {
        self.words.get(self.term_words[id as usize] as usize)
    }

    /// The id of the term of a word as written, where the collection has that very word.
    pub(crate) fn id_of(&self, word: &str) -> Option<u32> {
        self.words.find(word).map(|at| self.word_terms[at])
    }

    /// The id of a term.
    pub(crate) fn id(&self, term: &str) -> Option<u32> {
        self.terms.find(term).map(|at| self.term_ids[at])
    }

    /// All terms with their ids, sorted by term.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        (0..self.terms.len()).map(|at| (self.terms.get(at), self.term_ids[at]))
    }

    /// The two known words that `word` is made of, the most frequent where there are several ways.
    pub(crate) fn split<'w>(
        &self,
        word: &'w str,
        frequency: impl Fn(u32) -> usize,
    ) -> Option<[(&'w str, u32); 2]> {
        let half = |part: &'w str| {
            let at = self.words.find(part)?;
            let id = self.word_terms[at];
            // Words of a single entry are as likely identifiers or misspelt.
            (part.chars().count() >= MIN_HALF && frequency(id) > 1).then_some((part, id))
        };
        (MIN_HALF..word.len())
            .filter(|&at| word.is_char_boundary(at))
            .filter_map(|at| Some([half(&word[..at])?, half(&word[at..])?]))
            .max_by_key(|halves| halves.map(|(_, id)| frequency(id)).into_iter().min())
    }

    /// The known word that `word` most likely is a misspelling of: nearest first (insertions, deletions, changes and
    /// swaps of neighbours), then most frequent, then first in the alphabet. The first letter must agree.
    pub(crate) fn repair(&self, word: &str, frequency: impl Fn(u32) -> usize) -> Option<Repair<'_>> {
        let length = word.chars().count();
        let first = word.chars().next().filter(|_| (MIN_REPAIR..=text::MAX_WORD).contains(&length))?;
        let allowed = if length < TWO_EDITS { 1 } else { 2 };
        let own = letters(word);
        let from = self.words.partition(|other| other.chars().next() < Some(first));
        let to = self.words.partition(|other| other.chars().next() <= Some(first));
        let mut best: Option<(usize, usize, usize)> = None;
        for at in from..to {
            // The cheap tests first: most candidates fall to one of them.
            let allowed = best.map_or(allowed, |(edits, ..)| edits);
            // An edit takes away or brings in at most one letter.
            let (lost, new) = (own & !self.word_letters[at], self.word_letters[at] & !own);
            if lost.count_ones().max(new.count_ones()) as usize > allowed {
                continue;
            }
            let candidate = self.words.get(at);
            if candidate.chars().count().abs_diff(length) > allowed {
                continue;
            }
            let often = frequency(self.word_terms[at]);
            if often < 2 {
                continue;
            }
            let edits = strsim::osa_distance(word, candidate);
            if edits <= allowed && best.is_none_or(|(fewest, most, _)| edits < fewest || often > most) {
                best = Some((edits, often, at));
            }
        }
        best.map(|(edits, _, at)| Repair { meant: self.words.get(at), term: self.word_terms[at], edits })
    }
}

/// The strings of a table that was written.
fn strings<'b>(reader: &mut Reader<'b>) -> Option<Vec<&'b str>> {
    let (text, ends) = (reader.text()?, reader.numbers()?);
    let mut start = 0;
    let strings = ends.into_iter().map(|end| {
        let string = text.get(start..end as usize);
        start = end as usize;
        string
    });
    strings.collect()
}

/// The set of letters of a word, as bits; letters outside a–z share the remaining bits.
fn letters(word: &str) -> u32 {
    word.chars().fold(0, |set, c| {
        let bit = if c.is_ascii_lowercase() { c as u32 - 'a' as u32 } else { 26 + c as u32 % 6 };
        set | 1 << bit
    })
}
