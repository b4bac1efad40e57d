//! Matching the heads of the alias table against the words of a request.

use super::lookup::Aliases;
use super::table::{AliasEntry, GAP};
use super::token::Token;
use crate::text::TokenForm;

/// How many other content words may occur among those of a head of several words.
const SLACK: usize = 2;

/// A head that matches a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AliasMatch<'a> {
    /// As written in the table.
    pub(crate) head: &'a str,
    /// Positions of the words that it covers.
    pub(crate) words: Vec<usize>,
    expansions: &'a [u32],
    number: u32,
}

impl<'a> AliasMatch<'a> {
    /// The expansions, each as the numbers of its content terms.
    pub(crate) fn expansions(&self) -> impl Iterator<Item = &'a [u32]> + use<'a> {
        self.expansions.split(|&id| id == GAP)
    }
}

impl Aliases {
    /// The heads that match `words`, longest first, without those that lie within a longer match. `ids` are the
    /// [key ids](Aliases::key_ids) of the words.
    pub(crate) fn find(&self, words: &[Token], ids: &[Option<u32>]) -> Vec<AliasMatch<'_>> {
        let mut found: Vec<AliasMatch<'_>> = Vec::new();
        for at in 0..words.len() {
            for entry in ids[at].into_iter().flat_map(|id| self.table.entries_starting_with(id)) {
                let AliasEntry { head, expansions, .. } = self.table.entries[entry];
                if found.iter().any(|other| other.number == head) {
                    continue;
                }
                let covered = self.covered(entry, words, ids, at);
                if let Some(covered) = covered.filter(|_| expansions.len() > 0) {
                    let expansions = self.table.ids(expansions);
                    found.push(AliasMatch {
                        head: self.table.head(head),
                        words: covered,
                        expansions,
                        number: head,
                    });
                }
            }
        }
        found.sort_by_key(|found| std::cmp::Reverse(found.words.len()));
        let mut longest: Vec<AliasMatch<'_>> = Vec::with_capacity(found.len());
        for next in found {
            let within = |longer: &AliasMatch<'_>| {
                longer.words.len() > next.words.len()
                    && next.words.iter().all(|word| longer.words.contains(word))
            };
            if !longest.iter().any(within) {
                longest.push(next);
            }
        }
        longest
    }

    /// The positions of the words that an entry's head covers where its first word is at position `at`; `None` where the
    /// head does not match.
    fn covered(&self, entry: usize, words: &[Token], ids: &[Option<u32>], at: usize) -> Option<Vec<usize>> {
        let AliasEntry { terms, phrase, .. } = self.table.entries[entry];
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
        // Most heads fail here: the request lacks one of their words.
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
