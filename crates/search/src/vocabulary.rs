//! The words of the collection, and the repair of words it does not know.
//!
//! A [`Lexicon`] holds them, shared by all vocabularies that were brought up to date from it; each of these has a list of
//! its own of what came and went since.

use std::cmp::Reverse;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::HashMap;
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::bytes::{Reader, Writer};
use super::lexicon::Lexicon;
use super::order::woven;
use super::text;
use super::weights::compact;

/// Shorter words are not repaired: one edit away from a short word lies half the vocabulary.
const MIN_REPAIR: usize = 4;
/// From this length on two edits are allowed.
const TWO_EDITS: usize = 8;
/// Shorter halves of a split word are chance.
const MIN_HALF: usize = 3;
/// Strings that may come and go before all are put together anew: so many, and a share of all, up to a limit. Every
/// update copies those that came.
const MIN_CHANGES: usize = 256;
const CHANGES_SHARE: usize = 64;
const MAX_CHANGES: usize = 8_192;

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
        sorted.for_each(|entry| table.push(entry));
        table.placed()
    }

    /// Adds the next entry, which is found once all are [placed](Table::placed).
    pub(super) fn push(&mut self, entry: &str) {
        self.text.push_str(entry);
        self.ends.push(compact(self.text.len()));
    }

    /// The same table in which entries are found.
    pub(super) fn placed(mut self) -> Table {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        let mut places = HashTable::with_capacity(self.len());
        for at in 0..self.len() {
            let rehash = |&other: &u32| self.hasher.hash_one(self.get(other as usize));
            places.insert_unique(self.hasher.hash_one(self.get(at)), compact(at), rehash);
        }
        self.places = places;
        self
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

    /// Freezes the words into their compact form; with the id of each term by the number it had.
    pub(crate) fn finish(self) -> (Vocabulary, Vec<u32>) {
        let mut words = self.words;
        words.sort_unstable();
        let mut terms: Vec<_> = self.terms.into_iter().collect();
        terms.sort_unstable();
        let (lexicon, ids) = Lexicon::of_sorted(&words, &terms);
        let own = Own { n_ids: lexicon.len(), ..Own::default() };
        (Vocabulary { base: Arc::new(lexicon), own }, ids)
    }
}

/// Words beyond those of a vocabulary, numbered after its own.
#[derive(Debug)]
pub(crate) struct Extension<'v> {
    base: &'v Vocabulary,
    words: HashMap<Arc<str>, Option<u32>>,
    terms: HashMap<Arc<str>, u32>,
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
            let next = compact(self.terms());
            self.base.id(&term).unwrap_or_else(|| *self.terms.entry(term.into()).or_insert(next))
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
        let n_ids = self.terms();
        let words: Vec<_> = self.words.into_iter().filter_map(|(word, id)| id.map(|id| (word, id))).collect();
        if words.is_empty() && unused.is_empty() {
            return None;
        }
        let Vocabulary { base, own } = self.base;
        let is_used = |(_, id): &&(Arc<str>, u32)| unused.binary_search(id).is_err();
        let terms = self.terms.into_iter().collect();
        let gone = unused.iter().copied().filter(|id| (*id as usize) < base.len()).collect();
        let mut own = Own {
            words: woven(own.words.iter().filter(is_used).cloned(), words),
            terms: woven(own.terms.iter().filter(is_used).cloned(), terms),
            gone: woven(own.gone.iter().copied(), gone),
            shown: Vec::new(),
            n_ids,
        };
        own.shown = own.shortest();
        Some(Vocabulary { base: Arc::clone(base), own })
    }
}

/// What a misspelt word most likely is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repair {
    pub(crate) meant: String,
    pub(crate) term: u32,
    pub(crate) edits: usize,
}

/// The words of the collection as written, and the terms they became.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    base: Arc<Lexicon>,
    own: Own,
}

/// What came and went since the shared words were put together.
#[derive(Debug, Default)]
struct Own {
    /// Words with the ids of their terms, sorted.
    words: Vec<(Arc<str>, u32)>,
    /// Terms with their ids, sorted.
    terms: Vec<(Arc<str>, u32)>,
    /// Ids of shared terms that nobody uses any more, sorted. Where one is used again it gets another.
    gone: Vec<u32>,
    /// Ids with the place of their shortest word in `words`, sorted.
    shown: Vec<(u32, u32)>,
    n_ids: usize,
}

impl Own {
    fn shortest(&self) -> Vec<(u32, u32)> {
        let all = self.words.iter().zip(0..);
        let mut all: Vec<_> = all.map(|((word, id), at)| (*id, word.len(), at)).collect();
        all.sort_unstable();
        all.dedup_by_key(|(id, ..)| *id);
        all.into_iter().map(|(id, _, at)| (id, at)).collect()
    }

    fn word(&self, word: &str) -> Option<u32> {
        numbered(&self.words, word)
    }

    fn has_lost(&self, id: u32) -> bool {
        self.gone.binary_search(&id).is_ok()
    }
}

/// The number of a string.
fn numbered(sorted: &[(Arc<str>, u32)], wanted: &str) -> Option<u32> {
    let at = sorted.binary_search_by(|(string, _)| string.as_ref().cmp(wanted)).ok()?;
    Some(sorted[at].1)
}

impl Vocabulary {
    /// Its parts, for [`Vocabulary::read`].
    pub(crate) fn write(&self, writer: &mut Writer) {
        self.base.write(writer);
        for list in [&self.own.words, &self.own.terms] {
            writer.number(compact(list.len()));
            for (string, id) in list {
                writer.part(string.as_bytes());
                writer.number(*id);
            }
        }
        writer.numbers(self.own.gone.iter().copied());
        writer.number(compact(self.own.n_ids));
    }

    /// What [`Vocabulary::write`] wrote, if it can be that.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Vocabulary> {
        let base = Arc::new(Lexicon::read(reader)?);
        let mut list = || -> Option<Vec<(Arc<str>, u32)>> {
            (0..reader.count()?).map(|_| Some((reader.text()?.into(), reader.number()?))).collect()
        };
        let (words, terms) = (list()?, list()?);
        let (gone, n_ids) = (reader.numbers()?, reader.count()?);
        let most = MAX_CHANGES.max(MIN_CHANGES) * text::MAX_TOKEN_CHARS + base.len();
        let mut own = Own { words, terms, gone, shown: Vec::new(), n_ids };
        own.shown = own.shortest();
        let sound = (base.len()..=most).contains(&n_ids)
            && own.words.iter().chain(&own.terms).all(|(_, id)| (*id as usize) < n_ids)
            && own.gone.iter().all(|id| (*id as usize) < base.len())
            && own.gone.is_sorted()
            && own.words.is_sorted()
            && own.terms.is_sorted();
        sound.then_some(Vocabulary { base, own })
    }

    /// Ids are below this; some may stand for nothing.
    pub(crate) fn n_ids(&self) -> usize {
        self.own.n_ids
    }

    /// Whether little came and went since all was put together.
    pub(crate) fn is_compact(&self) -> bool {
        let Own { words, gone, n_ids, .. } = &self.own;
        let changes = words.len() + gone.len() + n_ids - self.base.len();
        changes <= (MIN_CHANGES + self.base.n_terms() / CHANGES_SHARE).min(MAX_CHANGES)
    }

    /// The term of an id.
    pub(crate) fn term(&self, id: u32) -> Option<String> {
        if (id as usize) < self.base.len() {
            return self.base.text(id);
        }
        let own = self.own.terms.iter().find(|(_, own)| *own == id);
        own.map(|(term, _)| term.as_ref().to_owned())
    }

    /// The term of an id as a reader should see it: a word of the collection, not a stem.
    pub(crate) fn shown(&self, id: u32) -> String {
        let shared = self.base.shown(id);
        let own = self.own.shown.binary_search_by_key(&id, |(own, _)| *own).ok();
        let own = own.map(|at| self.own.words[self.own.shown[at].1 as usize].0.as_ref().to_owned());
        let both = shared.into_iter().chain(own);
        both.min_by(|a, b| (a.len(), a).cmp(&(b.len(), b))).unwrap_or_default()
    }

    /// The id of the term of a word as written, where the collection has that very word.
    pub(crate) fn id_of(&self, word: &str) -> Option<u32> {
        if let Some(own) = self.own.word(word) {
            return Some(own);
        }
        let (_, roles) = self.base.find(word)?;
        roles.term.filter(|id| !self.own.has_lost(*id))
    }

    /// The id of a term.
    pub(crate) fn id(&self, term: &str) -> Option<u32> {
        if let Some(own) = numbered(&self.own.terms, term) {
            return Some(own);
        }
        let (place, roles) = self.base.find(term)?;
        (roles.shown.is_some() && !self.own.has_lost(place)).then_some(place)
    }

    /// All terms with their ids, sorted by term.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (String, u32)> {
        let mut reading = self.base.all();
        let shared = std::iter::from_fn(|| {
            loop {
                let place = reading.next()?;
                let is_term = self.base.roles(place, reading.note).shown.is_some();
                if is_term && !self.own.has_lost(place) {
                    return Some((reading.text().to_owned(), place));
                }
            }
        });
        let own = self.own.terms.iter().map(|(term, id)| (term.as_ref().to_owned(), *id));
        woven(shared, own.collect()).into_iter()
    }

    /// The two known words that `word` is made of, the most frequent where there are several ways.
    pub(crate) fn split<'w>(
        &self,
        word: &'w str,
        frequency: impl Fn(u32) -> usize,
    ) -> Option<[(&'w str, u32); 2]> {
        let half = |part: &'w str| {
            let id = self.id_of(part)?;
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
    pub(crate) fn repair(&self, word: &str, frequency: impl Fn(u32) -> usize) -> Option<Repair> {
        let length = word.chars().count();
        let first = word.chars().next().filter(|_| (MIN_REPAIR..=text::MAX_TOKEN_CHARS).contains(&length))?;
        let first = &word[..first.len_utf8()];
        let allowed = if length < TWO_EDITS { 1 } else { 2 };
        let mut search = Search { word, length, own: letters(word), allowed, best: None, frequency };
        let mut reading = self.base.from(first);
        while let Some(place) = reading.next() {
            if !reading.bytes().starts_with(first.as_bytes()) {
                if reading.bytes() > first.as_bytes() {
                    break;
                }
                continue;
            }
            // The cheap tests first: most candidates fall to one of them.
            if !search.fits(reading.bytes()) {
                continue;
            }
            let term = self.base.roles(place, reading.note).term;
            if let Some(term) = term.filter(|term| !self.own.has_lost(*term)) {
                search.look(reading.text(), term);
            }
        }
        let from = self.own.words.partition_point(|(own, _)| own.as_ref() < first);
        for (own, term) in self.own.words[from..].iter().take_while(|(own, _)| own.starts_with(first)) {
            if search.fits(own.as_bytes()) {
                search.look(own, *term);
            }
        }
        search.best.map(|(Reverse(edits), _, Reverse(meant), term)| Repair { meant, term, edits })
    }
}

/// The search for what a word was meant to be.
struct Search<'w, F> {
    word: &'w str,
    /// Characters of the word.
    length: usize,
    /// Its letters.
    own: u32,
    /// Edits from it, at most.
    allowed: usize,
    /// Fewest edits, most frequent, first in the alphabet; with its term.
    best: Option<(Reverse<usize>, usize, Reverse<String>, u32)>,
    frequency: F,
}

impl<F: Fn(u32) -> usize> Search<'_, F> {
    /// Whether a candidate may be near enough, by its length and its letters.
    fn fits(&self, candidate: &[u8]) -> bool {
        if candidate.len() + self.allowed < self.length {
            return false;
        }
        if !candidate.is_ascii() {
            return true;
        }
        if candidate.len() > self.length + self.allowed {
            return false;
        }
        // An edit takes away or brings in at most one letter.
        let theirs = candidate.iter().fold(0, |set, &letter| set | 1 << bit(char::from(letter)));
        let (lost, new) = (self.own & !theirs, theirs & !self.own);
        lost.count_ones().max(new.count_ones()) as usize <= self.allowed
    }

    fn look(&mut self, candidate: &str, term: u32) {
        if candidate.chars().count().abs_diff(self.length) > self.allowed {
            return;
        }
        let often = (self.frequency)(term);
        if often < 2 {
            return;
        }
        let edits = strsim::osa_distance(self.word, candidate);
        if edits > self.allowed {
            return;
        }
        let is_better = self.best.as_ref().is_none_or(|(fewest, most, meant, _)| {
            (Reverse(edits), often, Reverse(candidate)) > (*fewest, *most, Reverse(meant.0.as_str()))
        });
        if is_better {
            self.allowed = edits;
            self.best = Some((Reverse(edits), often, Reverse(candidate.to_owned()), term));
        }
    }
}

/// The set of letters of a word, as bits; letters outside a–z share the remaining bits.
fn letters(word: &str) -> u32 {
    word.chars().fold(0, |set, letter| set | 1 << bit(letter))
}

fn bit(letter: char) -> u32 {
    if letter.is_ascii_lowercase() { letter as u32 - 'a' as u32 } else { 26 + letter as u32 % 6 }
}
