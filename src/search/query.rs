//! A request read into weighted terms of the collection.

use super::aliases::{Aliases, Word, read};
use super::lexical::{Lexical, Wanted};
use super::text::{self, Form};
use super::vocabulary::{Repair, Vocabulary};
use super::weights::{Weights, number};
use crate::catalog::Kind;

/// Words of a request that are read; the longest allowed request has about a hundred.
const MAX_WORDS: usize = 256;
/// Unknown words that are split or repaired: each costs as much as scoring the whole request.
const MAX_REPAIRS: usize = 12;
/// Distinct terms that are scored.
const MAX_TERMS: usize = 128;

/// What a request is read against.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) lexical: &'a Lexical,
    pub(crate) aliases: &'a Aliases,
    /// The collection's term for each of the aliases', where it has one.
    pub(crate) alias_terms: &'a [Option<u32>],
    pub(crate) weights: &'a Weights,
}

/// One term of a request.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub(crate) wanted: Wanted,
    /// As shown to a reader.
    pub(crate) text: String,
    /// The word or alias head it stands for, where it is not in the request itself.
    pub(crate) via: Option<String>,
}

/// A request in terms of the collection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    /// Distinct terms.
    pub(crate) terms: Vec<Term>,
    /// Words neither the collection nor the aliases know.
    pub(crate) unknown: Vec<String>,
    /// Terms of the words asked, without what was added to them; `None` for an unknown one.
    pub(crate) asked: Vec<Option<u32>>,
    /// Unknown words looked at closely so far.
    repairs: usize,
}

impl Query {
    /// The terms to score.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        self.terms.iter().map(|term| term.wanted).collect()
    }

    /// Information of the request: the sum of its words' IDF, an unknown word counting as the rarest.
    pub(crate) fn information(&self, lexical: &Lexical, kind: Kind) -> f32 {
        let found = |asked: &Option<u32>| asked.map_or(0, |term| lexical.found(kind, term));
        self.asked.iter().map(|asked| lexical.idf(kind, found(asked))).sum()
    }

    /// A word that the collection knows is asked for; said twice it asks for no more.
    fn ask(&mut self, id: u32) {
        if !self.asked.contains(&Some(id)) {
            self.asked.push(Some(id));
        }
    }

    /// Lowers the words of a compound that is asked for joined.
    fn soften(&mut self, words: &[Word], weight: f32) {
        for term in self.terms.iter_mut().filter(|term| words.iter().any(|word| word.text == term.text)) {
            term.wanted.weight = term.wanted.weight.min(weight);
        }
    }

    fn add(&mut self, id: u32, weight: f32, text: &str, via: Option<&str>) {
        if let Some(known) = self.terms.iter_mut().find(|term| term.wanted.term == id) {
            known.wanted.weight = known.wanted.weight.max(weight);
        } else if self.terms.len() < MAX_TERMS {
            let wanted = Wanted { term: id, weight };
            self.terms.push(Term { wanted, text: text.to_owned(), via: via.map(str::to_owned) });
        }
    }
}

impl Reader<'_> {
    /// Reads a request.
    pub(crate) fn read(&self, request: &str) -> Query {
        let words =
            read(request, MAX_WORDS, |word| self.vocabulary.term_of(word).or_else(|| text::term(word)));
        let mut query = Query::default();
        for (at, word) in words.iter().enumerate() {
            match word.form {
                Form::Joined => self.join(&mut query, &word.text),
                Form::Whole | Form::Piece => self.word(&mut query, &words, at),
            }
        }
        for pair in words.windows(2) {
            if pair.iter().all(|word| word.form == Form::Whole) {
                self.join_pair(&mut query, pair);
            }
        }
        self.expand(&mut query, &words);
        query
    }

    fn word(&self, query: &mut Query, words: &[Word], at: usize) {
        let Word { text, term: Some(term), form } = &words[at] else { return };
        let known = |term: &str| self.vocabulary.id(term);
        if let Some(id) = known(term) {
            let joined_known = *form == Form::Piece
                && words[at..].iter().find(|word| word.form != Form::Piece).is_some_and(|next| {
                    next.form == Form::Joined
                        && next.term.as_deref().is_some_and(|term| known(term).is_some())
                });
            query.ask(id);
            return query.add(id, if joined_known { self.weights.piece } else { 1.0 }, text, None);
        }
        if self.aliases.has(term) {
            query.asked.push(None);
            return;
        }
        if query.repairs >= MAX_REPAIRS {
            query.asked.push(None);
            return query.unknown.push(text.clone());
        }
        query.repairs += 1;
        let frequency = |id| self.lexical.frequency(id);
        let repaired = self.vocabulary.repair(text, frequency);
        // One slip of a finger is likelier than a missing space, and that likelier than two slips.
        let split = if repaired.as_ref().is_some_and(|repaired| repaired.edits == 1) {
            None
        } else {
            self.vocabulary.split(text, frequency)
        };
        if let Some(halves) = split {
            for (half, id) in halves {
                query.ask(id);
                query.add(id, self.weights.repaired, half, Some(text));
            }
        } else if let Some(Repair { meant, term, .. }) = repaired {
            query.ask(term);
            query.add(term, self.weights.repaired, &meant, Some(text));
        } else {
            query.asked.push(None);
            query.unknown.push(text.clone());
        }
    }

    /// A compound that the collection may know in one word.
    fn join(&self, query: &mut Query, joined: &str) {
        if let Some(id) = text::term(joined).and_then(|term| self.vocabulary.id(&term)) {
            query.add(id, self.weights.joined, joined, None);
        }
    }

    /// Two words that the collection writes as one, in this form or in the singular; the pieces then count for less.
    fn join_pair(&self, query: &mut Query, pair: &[Word]) {
        let [one, other] = pair else { return };
        let joined = format!("{}{}", one.text, other.text);
        let known = |word: &str| self.vocabulary.id_of(word);
        if let Some(id) = known(&joined).or_else(|| joined.strip_suffix('s').and_then(known)) {
            query.add(id, self.weights.joined, &joined, Some(&format!("{} {}", one.text, other.text)));
            query.soften(pair, self.weights.piece);
        }
    }

    fn expand(&self, query: &mut Query, words: &[Word]) {
        for found in self.aliases.find(words) {
            let known =
                |&at: &usize| words[at].term.as_ref().is_some_and(|term| self.vocabulary.id(term).is_some());
            let all_known = found.words.iter().all(known);
            let total = match found.words.len() {
                2.. => self.weights.alias_phrase,
                _ if all_known => self.weights.alias_known,
                _ => self.weights.alias_unknown,
            };
            let each = total / number(found.expansions().count()).powf(self.weights.alias_spread);
            for expansion in found.expansions() {
                let weight = each / number(expansion.len()).sqrt();
                for &alias in expansion {
                    if let Some(id) = self.alias_terms[alias as usize] {
                        query.add(id, weight, &self.vocabulary.shown(id), Some(found.head));
                    }
                }
            }
        }
    }
}
