//! The words and the terms of a collection in one list of strings.
//!
//! Most terms are words themselves and most other words stand beside their term, so that a small number tells what a
//! string is. The id of a term is its place.

use std::sync::OnceLock;

use super::bytes::{Reader, Writer};
use super::front::{Gathering, Reading, Strings};
use super::vocabulary::Table;
use super::weights::compact;

/// What a string is, in the lowest bits of its note; above them the way to the string it points to.
const OWN: u32 = 0; // a word that is its own term and shows it
const WORD: u32 = 1; // a word; points to its term
const TERM: u32 = 2; // a term; points to the word that shows it
const ODD: u32 = 3; // anything else, see `Odd`
const KINDS: u32 = 2;
/// Lists of more strings are not kept whole beside, which takes some 30 bytes each: a megabyte at most.
const MAX_WHOLE: usize = 1 << 15;
/// Points nowhere.
const NOWHERE: u32 = u32::MAX;

/// A string that is a word of one term and a term of other words.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Odd {
    place: u32,
    term: u32,
    shown: u32,
}

/// What a string is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Roles {
    /// As a word: its term.
    pub(super) term: Option<u32>,
    /// As a term: the word that shows it.
    pub(super) shown: Option<u32>,
}

/// Words and terms that do not change.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lexicon {
    strings: Strings,
    /// Sorted by place.
    odd: Vec<Odd>,
    n_terms: usize,
    whole: Whole,
}

/// The strings of a short list as they are, with their notes, put together when first asked for: a request looks dozens of
/// them up, and most pairs of its words are not there, which a hash tells at once.
#[derive(Debug, Default)]
struct Whole(OnceLock<Option<(Table, Vec<u32>)>>);

/// It tells nothing that the list does not.
impl PartialEq for Whole {
    fn eq(&self, _: &Whole) -> bool {
        true
    }
}

impl Lexicon {
    /// From words with the numbers of their terms, and terms with their numbers, both sorted; with the id of each
    /// number.
    pub(super) fn of_sorted(words: &[(Box<str>, u32)], terms: &[(Box<str>, u32)]) -> (Lexicon, Vec<u32>) {
        let mut ids = vec![0; terms.len()];
        let mut word_places = Vec::with_capacity(words.len());
        each(words, terms, |place, word, term| {
            if word.is_some() {
                word_places.push(place);
            }
            if let Some((_, number)) = term {
                ids[*number as usize] = place;
            }
        });
        // The shortest word of each term reads better than its stem.
        let mut shortest: Vec<Option<usize>> = vec![None; terms.len()];
        for (at, (word, number)) in words.iter().enumerate() {
            let best = &mut shortest[*number as usize];
            if best.is_none_or(|best| word.len() < words[best].0.len()) {
                *best = Some(at);
            }
        }
        let (mut gathering, mut odd) = (Gathering::default(), Vec::new());
        each(words, terms, |place, word, term| {
            let string = word.or(term).map_or("", |(string, _)| string);
            let roles = Roles {
                term: word.map(|(_, number)| ids[*number as usize]),
                shown: term.map(|(_, number)| shortest[*number as usize].map_or(place, |at| word_places[at])),
            };
            let note = roles.note(place);
            if note == ODD {
                let [term, shown] = [roles.term, roles.shown].map(|to| to.unwrap_or(NOWHERE));
                odd.push(Odd { place, term, shown });
            }
            gathering.add(string, note);
        });
        odd.shrink_to_fit();
        let (strings, whole) = (gathering.finish(), Whole::default());
        (Lexicon { strings, odd, n_terms: terms.len(), whole }, ids)
    }

    /// Its parts, for [`Lexicon::read`].
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.part(self.strings.as_bytes());
        let odd: Vec<u32> = self.odd.iter().flat_map(|odd| [odd.place, odd.term, odd.shown]).collect();
        writer.numbers(odd.into_iter());
    }

    /// What [`Lexicon::write`] wrote, if it can be that.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Lexicon> {
        let strings = Strings::of_bytes(reader.part()?)?;
        let numbers = reader.numbers()?;
        let (odd, rest) = numbers.as_chunks::<3>();
        let odd = odd.iter().map(|&[place, term, shown]| Odd { place, term, shown }).collect();
        let mut lexicon = Lexicon { strings, odd, n_terms: 0, whole: Whole::default() };
        let mut is_term = vec![false; lexicon.len()];
        let mut words_of = Vec::new();
        let mut reading = lexicon.strings.all();
        while let Some(place) = reading.next() {
            let roles = lexicon.roles(place, reading.note);
            is_term[place as usize] = roles.shown.is_some();
            words_of.extend(roles.term);
        }
        let sound = rest.is_empty()
            && lexicon.odd.is_sorted_by(|a, b| a.place < b.place)
            && words_of.into_iter().all(|term| is_term.get(term as usize) == Some(&true));
        lexicon.n_terms = is_term.into_iter().filter(|is_term| *is_term).count();
        sound.then_some(lexicon)
    }

    /// Ids are below this; those of mere words stand for nothing.
    pub(super) fn len(&self) -> usize {
        self.strings.len()
    }

    pub(super) fn n_terms(&self) -> usize {
        self.n_terms
    }

    /// The strings as they are, of a short list.
    fn whole(&self) -> Option<&(Table, Vec<u32>)> {
        let whole = self.whole.0.get_or_init(|| {
            (self.len() <= MAX_WHOLE).then(|| {
                let mut notes = Vec::with_capacity(self.len());
                let mut table = Table::default();
                let mut reading = self.strings.all();
                while reading.next().is_some() {
                    table.push(reading.text());
                    notes.push(reading.note);
                }
                (table.placed(), notes)
            })
        });
        whole.as_ref()
    }

    /// What a string is, if it is known.
    pub(super) fn find(&self, string: &str) -> Option<(u32, Roles)> {
        let (place, note) = match self.whole() {
            Some((table, notes)) => {
                let place = table.find(string)?;
                (compact(place), notes[place])
            }
            None => self.strings.find(string)?,
        };
        Some((place, self.roles(place, note)))
    }

    /// The string at a place.
    pub(super) fn text(&self, place: u32) -> Option<String> {
        match self.whole() {
            Some((table, notes)) => {
                ((place as usize) < notes.len()).then(|| table.get(place as usize).to_owned())
            }
            None => Some(self.strings.get(place)?.0),
        }
    }

    /// The word that shows a term.
    pub(super) fn shown(&self, id: u32) -> Option<String> {
        let note = match self.whole() {
            Some((_, notes)) => *notes.get(id as usize)?,
            None => self.strings.note(id)?,
        };
        self.text(self.roles(id, note).shown?)
    }

    /// All strings, in order.
    pub(super) fn all(&self) -> Reading<'_> {
        self.strings.all()
    }

    /// The strings from one before those that begin with `start`.
    pub(super) fn from(&self, start: &str) -> Reading<'_> {
        self.strings.from(start)
    }

    /// What the string at a place is, by its note.
    pub(super) fn roles(&self, place: u32, note: u32) -> Roles {
        let way = note >> KINDS;
        let there = place.checked_add_signed((way >> 1).cast_signed() ^ -(way & 1).cast_signed());
        match note % (1 << KINDS) {
            OWN => Roles { term: Some(place), shown: Some(place) },
            WORD => Roles { term: there, shown: None },
            TERM => Roles { term: None, shown: there },
            _ => {
                let odd = self.odd.binary_search_by_key(&place, |odd| odd.place).map(|at| self.odd[at]);
                let to = |to: fn(Odd) -> u32| odd.ok().map(to).filter(|to| *to != NOWHERE);
                Roles { term: to(|odd| odd.term), shown: to(|odd| odd.shown) }
            }
        }
    }
}

impl Roles {
    /// What tells them, of the string at `place`.
    fn note(self, place: u32) -> u32 {
        let (kind, to) = match (self.term, self.shown) {
            (Some(term), Some(shown)) if term == place && shown == place => return OWN,
            (Some(term), None) => (WORD, term),
            (None, Some(shown)) => (TERM, shown),
            _ => return ODD,
        };
        let way = to.cast_signed().wrapping_sub(place.cast_signed());
        let zigzag = (way << 1 ^ way >> 31).cast_unsigned();
        // So far apart that the way does not fit: more strings than are ever indexed.
        if zigzag >> (u32::BITS - KINDS) > 0 { ODD } else { zigzag << KINDS | kind }
    }
}

/// Calls `each` for every string of two sorted lists, with its place and where it stands.
fn each<'l, T>(
    words: &'l [(Box<str>, T)],
    terms: &'l [(Box<str>, T)],
    mut each: impl FnMut(u32, Option<&'l (Box<str>, T)>, Option<&'l (Box<str>, T)>),
) {
    let (mut words, mut terms) = (words.iter().peekable(), terms.iter().peekable());
    for place in 0.. {
        let (word, term) = match (words.peek(), terms.peek()) {
            (None, None) => return,
            (Some(word), Some(term)) if word.0 == term.0 => (words.next(), terms.next()),
            (Some(word), Some(term)) if word.0 > term.0 => (None, terms.next()),
            (None, Some(_)) => (None, terms.next()),
            (Some(_), _) => (words.next(), None),
        };
        each(place, word, term);
    }
}
