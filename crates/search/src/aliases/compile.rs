//! A table with every term numbered, in few large arrays: it is as large as the index of a small collection.

use foldhash::HashMap;

use super::super::text::{self, TokenForm};
use super::{key, read};
use crate::numeric::as_u32;
use crate::string_table::StringTable;

/// Stands between the expansions of a head.
pub(super) const GAP: u32 = u32::MAX;

/// A range of numbered terms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// One way to find a head; a compound has two (`ci/cd`, `cicd`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) head: u32,
    /// Content terms of the head.
    pub(super) terms: Span,
    /// All its words, where only stop words tell it apart (`out of memory`).
    pub(super) phrase: Span,
    /// Content terms of the expansions, with gaps between; empty for a head that is to be removed.
    pub(super) expansions: Span,
}

#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// Sorted; a term's number is its place.
    pub(super) terms: StringTable,
    pub(super) heads: StringTable,
    pub(super) entries: Vec<Entry>,
    pub(super) ids: Vec<u32>,
    /// The first term of each entry's head, with the entry; sorted.
    pub(super) first: Vec<(u32, u32)>,
}

impl Compiled {
    pub(super) fn heads(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn head(&self, head: u32) -> &str {
        self.heads.get(head as usize)
    }

    pub(super) fn all_heads(&self) -> impl Iterator<Item = &str> {
        self.heads.iter()
    }

    pub(super) fn id(&self, term: &str) -> Option<u32> {
        self.terms.find(term).map(as_u32)
    }

    pub(super) fn ids(&self, span: Span) -> &[u32] {
        &self.ids[span.start as usize..span.end as usize]
    }

    /// The entries whose head's first term has that number.
    pub(super) fn entries_of(&self, id: u32) -> impl Iterator<Item = usize> {
        let from = self.first.partition_point(|(first, _)| *first < id);
        self.first[from..].iter().take_while(move |(first, _)| *first == id).map(|(_, entry)| *entry as usize)
    }

    pub(super) fn starting_with(&self, term: &str) -> impl Iterator<Item = usize> {
        self.id(term).into_iter().flat_map(|id| self.entries_of(id))
    }
}

/// The first term of each entry's head, with the entry; sorted.
pub(super) fn first(entries: &[Entry], ids: &[u32]) -> Vec<(u32, u32)> {
    let first_of = |entry: &Entry| {
        let span = if entry.phrase.len() > 0 { entry.phrase } else { entry.terms };
        (span.len() > 0).then(|| ids[span.start as usize])
    };
    let entries = entries.iter().enumerate();
    let mut first: Vec<(u32, u32)> =
        entries.filter_map(|(at, entry)| Some((first_of(entry)?, as_u32(at)))).collect();
    first.sort_unstable();
    first
}

/// Builds a table, numbering terms as they come.
#[derive(Debug, Default)]
pub(super) struct Compiler {
    numbers: HashMap<Box<str>, u32>,
    /// Numbers of the terms of words already seen, since stemming costs most.
    words: HashMap<Box<str>, Option<u32>>,
    heads: Vec<Box<str>>,
    entries: Vec<Entry>,
    ids: Vec<u32>,
}

impl Compiler {
    /// Adds a head as a file has it.
    pub(super) fn read(&mut self, head: &str, expansions: &[String]) {
        let words = read(head, usize::MAX, text::term);
        let content = |word: &&super::Word| word.term.is_some() && word.form != TokenForm::Joined;
        let terms: Vec<u32> = words.iter().filter(content).map(|word| self.number(key(word))).collect();
        let stops = words.iter().any(|word| word.term.is_none());
        let phrase: Vec<u32> = if terms.len() < 2 && stops {
            words
                .iter()
                .filter(|word| word.form != TokenForm::Joined)
                .map(|word| self.number(key(word)))
                .collect()
        } else {
            Vec::new()
        };
        let mut targets: Vec<u32> = Vec::new();
        for expansion in expansions {
            let gap = targets.len();
            text::tokenize(expansion, |word, _| targets.extend(self.word(word)));
            if targets.len() > gap && gap > 0 {
                targets.insert(gap, GAP);
            }
        }
        let joined =
            words.last().filter(|last| last.form == TokenForm::Joined && terms.len() + 1 == words.len());
        let joined = joined.and_then(|last| last.term.as_deref()).map(|term| self.number(term));
        let number = as_u32(self.heads.len());
        self.heads.push(head.into());
        self.add(number, &terms, &phrase, &targets);
        if let Some(joined) = joined {
            self.add(number, &[joined], &[], &targets);
        }
    }

    /// Takes over those heads of another table that are wanted.
    pub(super) fn take(&mut self, other: &Compiled, wanted: impl Fn(&str) -> bool) {
        let mut last = None;
        for entry in other.entries.iter().filter(|entry| wanted(other.head(entry.head))) {
            if last != Some(entry.head) {
                self.heads.push(other.head(entry.head).into());
                last = Some(entry.head);
            }
            let mut renumbered = |span| -> Vec<u32> {
                let number =
                    |&id: &u32| if id == GAP { GAP } else { self.number(other.terms.get(id as usize)) };
                other.ids(span).iter().map(number).collect()
            };
            let (terms, phrase) = (renumbered(entry.terms), renumbered(entry.phrase));
            let expansions = renumbered(entry.expansions);
            self.add(as_u32(self.heads.len() - 1), &terms, &phrase, &expansions);
        }
    }

    fn add(&mut self, head: u32, terms: &[u32], phrase: &[u32], expansions: &[u32]) {
        let mut span = |ids: &[u32]| {
            let start = as_u32(self.ids.len());
            self.ids.extend_from_slice(ids);
            Span { start, end: as_u32(self.ids.len()) }
        };
        let entry = Entry { head, terms: span(terms), phrase: span(phrase), expansions: span(expansions) };
        self.entries.push(entry);
    }

    fn word(&mut self, word: &str) -> Option<u32> {
        if let Some(&known) = self.words.get(word) {
            return known;
        }
        let number = text::term(word).map(|term| self.number(&term));
        self.words.insert(word.into(), number);
        number
    }

    fn number(&mut self, term: &str) -> u32 {
        if let Some(&known) = self.numbers.get(term) {
            return known;
        }
        let next = as_u32(self.numbers.len());
        self.numbers.insert(term.into(), next);
        next
    }

    /// Renumbers the terms in alphabetical order.
    pub(super) fn finish(self) -> Compiled {
        let mut sorted: Vec<(Box<str>, u32)> = self.numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut place = vec![0; sorted.len()];
        for (at, (_, number)) in sorted.iter().enumerate() {
            place[*number as usize] = as_u32(at);
        }
        let renumbered = |id: u32| if id == GAP { GAP } else { place[id as usize] };
        let ids: Vec<u32> = self.ids.into_iter().map(renumbered).collect();
        Compiled {
            terms: StringTable::new(sorted.iter().map(|(term, _)| term.as_ref())),
            heads: StringTable::new(self.heads.iter().map(AsRef::as_ref)),
            first: first(&self.entries, &ids),
            entries: self.entries,
            ids,
        }
    }
}
