//! What other words a word stands for: abbreviations, synonyms, product families, symptoms.
//!
//! The table is data (`aliases.yml` here, and a user's own merged over it): `head: [expansion, …]`, heads and expansions
//! of one or several words. Expansion is one step deep, so cycles are harmless. A head of several words is found where
//! all its content words stand near each other, in any order.
//!
//! Reading and stemming our own 5,000 heads takes longer than all else that a start does with what is kept, so they come
//! compiled (`compiled.txt`). After a change of `aliases.yml` or of how words become terms, write it anew:
//! `cargo test --lib aliases::compiled -- --ignored`.

mod compile;
mod compiled;
mod file;

use std::sync::{Arc, LazyLock};

use foldhash::HashSet;

use compile::{Compiled, Compiler, Entry, GAP};
pub use file::AliasProblem;

use super::text::{self, TokenForm};
use crate::string_table::StringTable;

/// How many other content words may stand among those of a head of several words.
const SLACK: usize = 2;

static BUILT_IN: LazyLock<Aliases> =
    LazyLock::new(|| Aliases { table: Arc::new(compiled::read(compiled::BUILT_IN).unwrap_or_default()) });

/// An alias table, ready to be looked up; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    table: Arc<Compiled>,
}

/// A word of a request, as the alias table and the query reader see it.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Nothing for a stop word.
    pub(crate) term: Option<String>,
    pub(crate) form: TokenForm,
}

/// The words of `text`, at most `limit` of them, with the terms that `term` answers for them.
pub(crate) fn read(text: &str, limit: usize, term: impl Fn(&str) -> Option<String>) -> Vec<Word> {
    let mut read = Vec::new();
    text::tokenize(text, |word, form| {
        if read.len() < limit {
            read.push(Word { text: word.to_owned(), term: term(word), form });
        }
    });
    read
}

/// A head found in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match<'a> {
    /// As written in the table.
    pub(crate) head: &'a str,
    /// The words of the request it covers.
    pub(crate) words: Vec<usize>,
    expansions: &'a [u32],
    number: u32,
}

impl<'a> Match<'a> {
    /// The expansions, each as the numbers of its content terms.
    pub(crate) fn expansions(&self) -> impl Iterator<Item = &'a [u32]> + use<'a> {
        self.expansions.split(|&id| id == GAP)
    }
}

impl Aliases {
    /// The table that comes with the program: general vocabulary of software.
    pub fn built_in() -> &'static Aliases {
        &BUILT_IN
    }

    /// Reads an alias file. Entries that cannot be read become problems; the others are used.
    pub fn parse(text: &str) -> (Aliases, Vec<AliasProblem>) {
        let (written, problems) = file::read(text);
        let mut compiler = Compiler::default();
        for (head, expansions) in &written {
            compiler.read(head, expansions);
        }
        (Aliases { table: Arc::new(compiler.finish()) }, problems)
    }

    /// This table with `over` laid over it: a head of `over` replaces the same head here, an empty list removes it.
    #[must_use]
    pub fn merged(&self, over: &Aliases) -> Aliases {
        let mut compiler = Compiler::default();
        let replaced: HashSet<&str> = over.table.all_heads().collect();
        compiler.take(&self.table, |head| !replaced.contains(head));
        compiler.take(&over.table, |_| true);
        Aliases { table: Arc::new(compiler.finish()) }
    }

    /// How many heads the table has.
    pub fn len(&self) -> usize {
        self.table.heads()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index terms `text` stands for beyond its own, in order of the heads found, with repetitions.
    pub fn expansions(&self, text: &str) -> Vec<String> {
        let words = read(text, usize::MAX, text::term);
        let found = self.find(&words, &self.ids(&words));
        let terms = found.iter().flat_map(Match::expansions).flatten();
        terms.map(|&id| self.term(id).to_owned()).collect()
    }

    /// The terms of the table, sorted; the numbers of [`Match::expansions`] are places in it.
    pub(crate) fn terms(&self) -> &StringTable {
        &self.table.terms
    }

    /// The term of that number.
    pub(crate) fn term(&self, id: u32) -> &str {
        self.table.terms.get(id as usize)
    }

    /// Whether a term alone is a head.
    pub(crate) fn has(&self, term: &str) -> bool {
        let alone =
            |entry: &Entry| entry.terms.len() == 1 && entry.phrase.len() == 0 && entry.expansions.len() > 0;
        self.table.starting_with(term).any(|at| alone(&self.table.entries[at]))
    }

    /// The number of what each word is looked up by, where a head has it.
    pub(crate) fn ids(&self, words: &[Word]) -> Vec<Option<u32>> {
        words.iter().map(|word| self.table.id(key(word))).collect()
    }

    /// The heads found among `words`, whose numbers are `ids`: those of more words first, and none that lies wholly within
    /// a longer one.
    pub(crate) fn find(&self, words: &[Word], ids: &[Option<u32>]) -> Vec<Match<'_>> {
        let mut found: Vec<Match<'_>> = Vec::new();
        for at in 0..words.len() {
            for entry in ids[at].into_iter().flat_map(|id| self.table.entries_of(id)) {
                let Entry { head, expansions, .. } = self.table.entries[entry];
                if found.iter().any(|other| other.number == head) {
                    continue;
                }
                let covered = self.covered(entry, words, ids, at);
                if let Some(covered) = covered.filter(|_| expansions.len() > 0) {
                    let expansions = self.table.ids(expansions);
                    found.push(Match {
                        head: self.table.head(head),
                        words: covered,
                        expansions,
                        number: head,
                    });
                }
            }
        }
        found.sort_by_key(|found| std::cmp::Reverse(found.words.len()));
        let mut kept: Vec<Match<'_>> = Vec::with_capacity(found.len());
        for next in found {
            let within = |longer: &Match<'_>| {
                longer.words.len() > next.words.len()
                    && next.words.iter().all(|word| longer.words.contains(word))
            };
            if !kept.iter().any(within) {
                kept.push(next);
            }
        }
        kept
    }

    /// The words of a request an entry's head covers when its first word stands at `at`.
    fn covered(&self, entry: usize, words: &[Word], ids: &[Option<u32>], at: usize) -> Option<Vec<usize>> {
        let Entry { terms, phrase, .. } = self.table.entries[entry];
        if phrase.len() > 0 {
            let phrase = self.table.ids(phrase);
            let run = ids.get(at..at + phrase.len())?;
            let same = run.iter().zip(phrase).all(|(id, wanted)| *id == Some(*wanted));
            return same.then(|| (at..at + phrase.len()).collect());
        }
        let terms = self.table.ids(terms);
        if words[at].form == TokenForm::Joined && terms.len() > 1 {
            return None;
        }
        // Most heads fail here: a word of theirs stands nowhere in the request.
        if !terms[1..].iter().all(|term| ids.contains(&Some(*term))) {
            return None;
        }
        let reach = terms.len() + SLACK;
        let mut covered = Vec::with_capacity(terms.len());
        covered.push(at);
        for term in &terms[1..] {
            let content = |&at: &usize| words[at].term.is_some() && words[at].form != TokenForm::Joined;
            let is_it = |&place: &usize| ids[place] == Some(*term) && !covered.contains(&place);
            let after = (at + 1..words.len()).filter(content).take(reach).find(is_it);
            let before = || (0..at).rev().filter(content).take(reach).find(is_it);
            let place = after.or_else(before)?;
            covered.push(place);
        }
        Some(covered)
    }
}

/// What a word is looked up by: its term, or a stop word itself.
fn key(word: &Word) -> &str {
    word.term.as_deref().unwrap_or(&word.text)
}

#[cfg(test)]
mod tests;
