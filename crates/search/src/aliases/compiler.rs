//! Compiling alias files into a table.

use foldhash::HashMap;

use super::table::{AliasEntry, AliasTable, GAP, Span, by_first_term};
use super::token::{Token, tokens};
use crate::numeric::as_u32;
use crate::string_table::StringTable;
use crate::text::{self, TokenForm};

/// Compiles heads and expansions into a table, numbering terms as they occur.
#[derive(Debug, Default)]
pub(super) struct AliasCompiler {
    numbers: HashMap<Box<str>, u32>,
    /// The term numbers of words seen before, since stemming costs most.
    words: HashMap<Box<str>, Option<u32>>,
    heads: Vec<Box<str>>,
    entries: Vec<AliasEntry>,
    ids: Vec<u32>,
}

impl AliasCompiler {
    /// Adds a head with its expansions, as written.
    pub(super) fn add_written(&mut self, head: &str, expansions: &[String]) {
        let words = tokens(head);
        let content = |word: &&Token| word.term.is_some() && word.form != TokenForm::Joined;
        let terms: Vec<u32> = words.iter().filter(content).map(|word| self.number(word.key())).collect();
        let stops = words.iter().any(|word| word.term.is_none());
        let phrase: Vec<u32> = if terms.len() < 2 && stops {
            words
                .iter()
                .filter(|word| word.form != TokenForm::Joined)
                .map(|word| self.number(word.key()))
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

    /// Adds those heads of another table that are wanted.
    pub(super) fn add_table(&mut self, other: &AliasTable, wanted: impl Fn(&str) -> bool) {
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
        let entry =
            AliasEntry { head, terms: span(terms), phrase: span(phrase), expansions: span(expansions) };
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

    /// The table, with terms renumbered in alphabetical order.
    pub(super) fn finish(self) -> AliasTable {
        let mut sorted: Vec<(Box<str>, u32)> = self.numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut rank = vec![0; sorted.len()];
        for (at, (_, number)) in sorted.iter().enumerate() {
            rank[*number as usize] = as_u32(at);
        }
        let renumbered = |id: u32| if id == GAP { GAP } else { rank[id as usize] };
        let ids: Vec<u32> = self.ids.into_iter().map(renumbered).collect();
        AliasTable {
            terms: StringTable::new(sorted.iter().map(|(term, _)| term.as_ref())),
            heads: StringTable::new(self.heads.iter().map(AsRef::as_ref)),
            by_first_term: by_first_term(&self.entries, &ids),
            entries: self.entries,
            ids,
        }
    }
}
