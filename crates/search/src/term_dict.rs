//! The term dictionary: the surface words and the index terms of a collection in one front-coded list.
//!
//! Most terms are words themselves, and most other words sort next to their term, so that a small tag is enough to link
//! the two. The id of a term is its rank in the list; ranks of mere words are not the id of anything.

use std::sync::OnceLock;

use crate::codec::{ByteReader, ByteWriter};
use crate::front_coding::{Cursor, FrontCodedList, FrontCoder};
use crate::numeric::as_u32;
use crate::string_table::StringTable;

/// The lowest bits of a tag say what a string is; the bits above hold the zigzag-coded distance to the string it links to.
const BOTH: u32 = 0; // a word that is its own term, and the term's display form
const WORD: u32 = 1; // only a word; links to its term
const TERM: u32 = 2; // only a term; links to the word that displays it
const EXCEPTION: u32 = 3; // anything else, see `Exception`
const ROLE_BITS: u32 = 2;
/// Longest list that gets a [`HashView`], which takes some 30 bytes a string: a megabyte at most.
const MAX_HASHED: usize = 1 << 15;
/// Links to nothing.
const NO_LINK: u32 = u32::MAX;

/// A string whose links a tag cannot hold: a word of one term that is itself the term of other words.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Exception {
    rank: u32,
    term: u32,
    display: u32,
}

/// What a string of the dictionary links to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Links {
    /// As a word: the id of its term.
    pub(crate) term: Option<u32>,
    /// As a term: the rank of the word that displays it.
    pub(crate) display: Option<u32>,
}

/// An immutable dictionary of words and terms.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct TermDict {
    strings: FrontCodedList,
    /// Sorted by rank.
    exceptions: Vec<Exception>,
    n_terms: usize,
    hash_view: HashView,
}

/// The strings of a short list decoded, with their tags, built on first use: a request looks up dozens of strings, and
/// most pairs of its words are absent, which a hash tells at once.
#[derive(Debug, Default)]
struct HashView(OnceLock<Option<(StringTable, Vec<u32>)>>);

/// A view holds nothing that the list does not.
impl PartialEq for HashView {
    fn eq(&self, _: &HashView) -> bool {
        true
    }
}

impl TermDict {
    /// The dictionary of words with the numbers of their terms, and of terms with their numbers, both sorted. Also
    /// returns the id of each term by its number.
    pub(crate) fn from_sorted(words: &[(Box<str>, u32)], terms: &[(Box<str>, u32)]) -> (TermDict, Vec<u32>) {
        let mut ids = vec![0; terms.len()];
        let mut word_ranks = Vec::with_capacity(words.len());
        for_each_string(words, terms, |rank, word, term| {
            if word.is_some() {
                word_ranks.push(rank);
            }
            if let Some((_, number)) = term {
                ids[*number as usize] = rank;
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
        let (mut coder, mut exceptions) = (FrontCoder::default(), Vec::new());
        for_each_string(words, terms, |rank, word, term| {
            let string = word.or(term).map_or("", |(string, _)| string);
            let links = Links {
                term: word.map(|(_, number)| ids[*number as usize]),
                display: term.map(|(_, number)| shortest[*number as usize].map_or(rank, |at| word_ranks[at])),
            };
            let tag = links.tag(rank);
            if tag == EXCEPTION {
                let [term, display] = [links.term, links.display].map(|to| to.unwrap_or(NO_LINK));
                exceptions.push(Exception { rank, term, display });
            }
            coder.add(string, tag);
        });
        exceptions.shrink_to_fit();
        let (strings, hash_view) = (coder.finish(), HashView::default());
        (TermDict { strings, exceptions, n_terms: terms.len(), hash_view }, ids)
    }

    /// Encodes the dictionary for [`TermDict::read`].
    pub(crate) fn write(&self, writer: &mut ByteWriter) {
        writer.block(self.strings.as_bytes());
        let exceptions: Vec<u32> =
            self.exceptions.iter().flat_map(|one| [one.rank, one.term, one.display]).collect();
        writer.u32s(exceptions.into_iter());
    }

    /// Decodes what [`TermDict::write`] encoded; `None` where it is malformed.
    pub(crate) fn read(reader: &mut ByteReader<'_>) -> Option<TermDict> {
        let strings = FrontCodedList::from_bytes(reader.block()?)?;
        let numbers = reader.u32s()?;
        let (exceptions, rest) = numbers.as_chunks::<3>();
        let exceptions =
            exceptions.iter().map(|&[rank, term, display]| Exception { rank, term, display }).collect();
        let mut dict = TermDict { strings, exceptions, n_terms: 0, hash_view: HashView::default() };
        let mut is_term = vec![false; dict.len()];
        let mut terms_of_words = Vec::new();
        let mut cursor = dict.strings.cursor();
        while let Some(rank) = cursor.advance() {
            let links = dict.links(rank, cursor.tag);
            is_term[rank as usize] = links.display.is_some();
            terms_of_words.extend(links.term);
        }
        let sound = rest.is_empty()
            && dict.exceptions.is_sorted_by(|a, b| a.rank < b.rank)
            && terms_of_words.into_iter().all(|term| is_term.get(term as usize) == Some(&true));
        dict.n_terms = is_term.into_iter().filter(|is_term| *is_term).count();
        sound.then_some(dict)
    }

    /// How many strings there are; every term id is below this.
    pub(crate) fn len(&self) -> usize {
        self.strings.len()
    }

    /// How many of the strings are terms.
    pub(crate) fn n_terms(&self) -> usize {
        self.n_terms
    }

    /// The decoded strings with their tags, where the list is short.
    fn hash_view(&self) -> Option<&(StringTable, Vec<u32>)> {
        let view = self.hash_view.0.get_or_init(|| {
            (self.len() <= MAX_HASHED).then(|| {
                let mut tags = Vec::with_capacity(self.len());
                let mut table = StringTable::default();
                let mut cursor = self.strings.cursor();
                while cursor.advance().is_some() {
                    table.push(cursor.text());
                    tags.push(cursor.tag);
                }
                (table.indexed(), tags)
            })
        });
        view.as_ref()
    }

    /// The rank and the links of a string; `None` where the dictionary lacks it.
    pub(crate) fn find(&self, string: &str) -> Option<(u32, Links)> {
        let (rank, tag) = match self.hash_view() {
            Some((table, tags)) => {
                let rank = table.find(string)?;
                (as_u32(rank), tags[rank])
            }
            None => self.strings.find(string)?,
        };
        Some((rank, self.links(rank, tag)))
    }

    /// The string at a rank.
    pub(crate) fn text(&self, rank: u32) -> Option<String> {
        match self.hash_view() {
            Some((table, tags)) => {
                ((rank as usize) < tags.len()).then(|| table.get(rank as usize).to_owned())
            }
            None => Some(self.strings.get(rank)?.0),
        }
    }

    /// The word that displays a term.
    pub(crate) fn display(&self, id: u32) -> Option<String> {
        let tag = match self.hash_view() {
            Some((_, tags)) => *tags.get(id as usize)?,
            None => self.strings.tag(id)?,
        };
        self.text(self.links(id, tag).display?)
    }

    /// A cursor before the first string.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        self.strings.cursor()
    }

    /// A cursor shortly before the first string that starts with `prefix`.
    pub(crate) fn cursor_near(&self, prefix: &str) -> Cursor<'_> {
        self.strings.cursor_near(prefix)
    }

    /// The links of the string at a rank, decoded from its tag.
    pub(crate) fn links(&self, rank: u32, tag: u32) -> Links {
        let zigzag = tag >> ROLE_BITS;
        let target = rank.checked_add_signed((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed());
        match tag % (1 << ROLE_BITS) {
            BOTH => Links { term: Some(rank), display: Some(rank) },
            WORD => Links { term: target, display: None },
            TERM => Links { term: None, display: target },
            _ => {
                let found = self.exceptions.binary_search_by_key(&rank, |one| one.rank);
                let found = found.ok().map(|at| self.exceptions[at]);
                let link = |of: fn(Exception) -> u32| found.map(of).filter(|to| *to != NO_LINK);
                Links { term: link(|one| one.term), display: link(|one| one.display) }
            }
        }
    }
}

impl Links {
    /// The tag that encodes these links of the string at `rank`.
    fn tag(self, rank: u32) -> u32 {
        let (role, target) = match (self.term, self.display) {
            (Some(term), Some(display)) if term == rank && display == rank => return BOTH,
            (Some(term), None) => (WORD, term),
            (None, Some(display)) => (TERM, display),
            _ => return EXCEPTION,
        };
        let distance = target.cast_signed().wrapping_sub(rank.cast_signed());
        let zigzag = (distance << 1 ^ distance >> 31).cast_unsigned();
        // A distance that does not fit needs more strings than are ever indexed.
        if zigzag >> (u32::BITS - ROLE_BITS) > 0 { EXCEPTION } else { zigzag << ROLE_BITS | role }
    }
}

/// Merges two sorted lists: calls `each` for every distinct string with its rank and its entry in either list.
fn for_each_string<'l, T>(
    words: &'l [(Box<str>, T)],
    terms: &'l [(Box<str>, T)],
    mut each: impl FnMut(u32, Option<&'l (Box<str>, T)>, Option<&'l (Box<str>, T)>),
) {
    let (mut words, mut terms) = (words.iter().peekable(), terms.iter().peekable());
    for rank in 0.. {
        let (word, term) = match (words.peek(), terms.peek()) {
            (None, None) => return,
            (Some(word), Some(term)) if word.0 == term.0 => (words.next(), terms.next()),
            (Some(word), Some(term)) if word.0 > term.0 => (None, terms.next()),
            (None, Some(_)) => (None, terms.next()),
            (Some(_), _) => (words.next(), None),
        };
        each(rank, word, term);
    }
}
