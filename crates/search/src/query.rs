//! A request read into weighted terms of the collection.

use std::borrow::Cow;
use std::ops::Range;

use super::aliases::{Aliases, Token};
use super::bm25f::{Bm25fIndex, WeightedTerm};
use super::name_key::NameKeyBuilder;
use super::text::{self, TokenForm};
use super::vocabulary::{Correction, Vocabulary};
use crate::numeric::as_f32;
use crate::weights::Weights;
use catalog::Kind;

/// Words of a request that are read; the longest allowed request has about a hundred.
const MAX_WORDS: usize = 256;
/// Words that most requests stay below.
const USUAL_WORDS: usize = 32;
/// Unknown words that are split or repaired: each costs as much as scoring the whole request.
const MAX_REPAIRS: usize = 12;
/// Distinct terms that are scored.
const MAX_TERMS: usize = 128;

/// What a request is read against.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) lexical: &'a Bm25fIndex,
    pub(crate) aliases: &'a Aliases,
    /// The collection's term for each of the aliases', where it has one.
    pub(crate) alias_terms: &'a [Option<u32>],
    pub(crate) weights: &'a Weights,
}

/// The words of a request, in order, with what is known of each: a request of several needs is read in parts.
#[derive(Debug, Default)]
pub(crate) struct Words {
    read: Vec<Token>,
    /// The id of each word's term, where the collection has it.
    ids: Vec<Option<u32>>,
    /// The id of each word and the next written as one, where the collection does so.
    pairs: Vec<Option<u32>>,
    /// What the aliases call each word.
    alias_ids: Vec<Option<u32>>,
}

/// Some of them in a row.
#[derive(Clone, Copy)]
struct Part<'q> {
    words: &'q [Token],
    ids: &'q [Option<u32>],
    pairs: &'q [Option<u32>],
    alias_ids: &'q [Option<u32>],
}

impl Words {
    /// What the request is called, were it a name.
    pub(crate) fn key(&self) -> String {
        let mut key = NameKeyBuilder::default();
        for word in &self.read {
            key.add(word.form, || word.term.as_deref().unwrap_or(&word.text));
        }
        key.finish()
    }

    /// Whether there were more words than are read.
    pub(crate) fn are_cut(&self) -> bool {
        self.read.len() >= MAX_WORDS
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.read.len()
    }
}

/// One term of a request.
#[derive(Debug, Clone)]
pub(crate) struct Term<'q> {
    pub(crate) wanted: WeightedTerm,
    /// The word of the request; that of the collection where there is none.
    text: Option<Cow<'q, str>>,
    /// The word or alias head it stands for, where it is not in the request itself.
    pub(crate) via: Option<Cow<'q, str>>,
}

/// A request in terms of the collection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query<'q> {
    /// Distinct terms.
    pub(crate) terms: Vec<Term<'q>>,
    /// Words neither the collection nor the aliases know.
    pub(crate) unknown: Vec<&'q str>,
    /// Terms of the words asked, without what was added to them; `None` for an unknown one.
    pub(crate) asked: Vec<Option<u32>>,
    /// Unknown words looked at closely so far.
    repairs: usize,
}

impl Term<'_> {
    /// As shown to a reader.
    pub(crate) fn shown(&self, vocabulary: &Vocabulary) -> Cow<'_, str> {
        match &self.text {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(vocabulary.display(self.wanted.term)),
        }
    }

    fn is(&self, word: &str) -> bool {
        self.text.as_deref() == Some(word)
    }
}

impl<'q> Query<'q> {
    /// The terms to score.
    pub(crate) fn wanted(&self) -> Vec<WeightedTerm> {
        self.terms.iter().map(|term| term.wanted).collect()
    }

    /// Information of the request: the sum of its words' IDF, an unknown word counting as the rarest.
    pub(crate) fn information(&self, lexical: &Bm25fIndex, kind: Kind) -> f32 {
        let found = |asked: &Option<u32>| asked.map_or(0, |term| lexical.frequency(kind, term));
        self.asked.iter().map(|asked| lexical.idf(kind, found(asked))).sum()
    }

    /// A word that the collection knows is asked for; said twice it asks for no more.
    fn ask(&mut self, id: u32) {
        if !self.asked.contains(&Some(id)) {
            self.asked.push(Some(id));
        }
    }

    /// Lowers the words of a compound that is asked for joined.
    fn soften(&mut self, words: &[Token], weight: f32) {
        for term in self.terms.iter_mut().filter(|term| words.iter().any(|word| term.is(&word.text))) {
            term.wanted.weight = term.wanted.weight.min(weight);
        }
    }

    fn add(&mut self, id: u32, weight: f32, text: Option<Cow<'q, str>>, via: Option<Cow<'q, str>>) {
        if let Some(known) = self.terms.iter_mut().find(|term| term.wanted.term == id) {
            known.wanted.weight = known.wanted.weight.max(weight);
        } else if self.terms.len() < MAX_TERMS {
            self.terms.push(Term { wanted: WeightedTerm { term: id, weight }, text, via });
        }
    }
}

impl<'a> Reader<'a> {
    /// The words of a text.
    pub(crate) fn words(&self, text: &str) -> Words {
        let mut words = Words {
            read: Vec::with_capacity(USUAL_WORDS),
            ids: Vec::with_capacity(USUAL_WORDS),
            ..Words::default()
        };
        text::tokenize(text, |word, form| {
            if words.read.len() >= MAX_WORDS {
                return;
            }
            // A word that the collection has needs no stemming.
            let known = self.vocabulary.id_of_word(word);
            let term = known.map_or_else(|| text::term(word), |id| self.vocabulary.term(id));
            let id = known.or_else(|| self.vocabulary.id_of_term(term.as_deref()?));
            words.read.push(Token { text: word.to_owned(), term, form });
            words.ids.push(id);
        });
        words.pairs = self.pairs(&words.read);
        words.alias_ids = self.aliases.key_ids(&words.read);
        words
    }

    /// The ids of two words that the collection writes as one, in this form or in the singular.
    fn pairs(&self, words: &[Token]) -> Vec<Option<u32>> {
        let known = |word: &str| self.vocabulary.id_of_word(word);
        let mut joined = String::with_capacity(2 * text::MAX_TOKEN_CHARS);
        let id = |pair: &[Token]| {
            if pair.iter().any(|word| word.form != TokenForm::Whole) {
                return None;
            }
            joined.clear();
            for word in pair {
                joined.push_str(&word.text);
            }
            known(&joined).or_else(|| joined.strip_suffix('s').and_then(known))
        };
        words.windows(2).map(id).collect()
    }

    /// Reads a request.
    pub(crate) fn read<'q>(&self, words: &'q Words) -> Query<'q>
    where
        'a: 'q,
    {
        self.read_part(words, 0..words.read.len())
    }

    /// Reads those words of a request as if they were all.
    pub(crate) fn read_part<'q>(&self, words: &'q Words, part: Range<usize>) -> Query<'q>
    where
        'a: 'q,
    {
        let inner = part.start..part.end.saturating_sub(1).max(part.start);
        let part = Part {
            words: &words.read[part.clone()],
            ids: &words.ids[part.clone()],
            pairs: words.pairs.get(inner).unwrap_or_default(),
            alias_ids: &words.alias_ids[part],
        };
        let mut query = Query {
            terms: Vec::with_capacity(4 * part.words.len()),
            asked: Vec::with_capacity(part.words.len()),
            ..Query::default()
        };
        for (at, word) in part.words.iter().enumerate() {
            match word.form {
                TokenForm::Joined => self.join(&mut query, word, part.ids[at]),
                TokenForm::Whole | TokenForm::Piece => self.word(&mut query, part.words, part.ids, at),
            }
        }
        for (pair, id) in part.words.windows(2).zip(part.pairs) {
            if let Some(id) = id {
                self.join_pair(&mut query, pair, *id);
            }
        }
        self.expand(&mut query, part);
        query
    }

    fn word<'q>(&self, query: &mut Query<'q>, words: &'q [Token], ids: &[Option<u32>], at: usize)
    where
        'a: 'q,
    {
        let Token { text, term: Some(term), form } = &words[at] else { return };
        if let Some(id) = ids[at] {
            let joined_known = *form == TokenForm::Piece
                && (words[at..].iter().zip(&ids[at..]).find(|(word, _)| word.form != TokenForm::Piece))
                    .is_some_and(|(next, id)| next.form == TokenForm::Joined && id.is_some());
            query.ask(id);
            return query.add(
                id,
                if joined_known { self.weights.piece } else { 1.0 },
                Some(text.into()),
                None,
            );
        }
        if self.aliases.is_head(term) {
            query.asked.push(None);
            return;
        }
        if query.repairs >= MAX_REPAIRS {
            query.asked.push(None);
            return query.unknown.push(text);
        }
        query.repairs += 1;
        let frequency = |id| self.lexical.total_frequency(id);
        let repaired = self.vocabulary.correct(text, frequency);
        // One slip of a finger is likelier than a missing space, and that likelier than two slips.
        let split = if repaired.as_ref().is_some_and(|repaired| repaired.edits == 1) {
            None
        } else {
            self.vocabulary.split(text, frequency)
        };
        if let Some(halves) = split {
            for (half, id) in halves {
                query.ask(id);
                query.add(id, self.weights.repaired, Some(half.into()), Some(text.into()));
            }
        } else if let Some(Correction { word: meant, term, .. }) = repaired {
            query.ask(term);
            query.add(term, self.weights.repaired, Some(meant.into()), Some(text.into()));
        } else {
            query.asked.push(None);
            query.unknown.push(text);
        }
    }

    /// A compound that the collection may know in one word.
    fn join<'q>(&self, query: &mut Query<'q>, joined: &'q Token, id: Option<u32>) {
        if let Some(id) = id.filter(|_| joined.term.is_some()) {
            query.add(id, self.weights.joined, Some(joined.text.as_str().into()), None);
        }
    }

    /// Two words that the collection writes as one; the pieces then count for less.
    fn join_pair(&self, query: &mut Query<'_>, pair: &[Token], id: u32) {
        let [one, other] = pair else { return };
        let joined = format!("{}{}", one.text, other.text);
        let apart = format!("{} {}", one.text, other.text);
        query.add(id, self.weights.joined, Some(joined.into()), Some(apart.into()));
        query.soften(pair, self.weights.piece);
    }

    fn expand<'q>(&self, query: &mut Query<'q>, part: Part<'q>)
    where
        'a: 'q,
    {
        let Part { words, ids, alias_ids, .. } = part;
        for found in self.aliases.find(words, alias_ids) {
            let all_known = found.words.iter().all(|&at| ids[at].is_some());
            let total = match found.words.len() {
                2.. => self.weights.alias_phrase,
                _ if all_known => self.weights.alias_known,
                _ => self.weights.alias_unknown,
            };
            let each = total / as_f32(found.expansions().count()).powf(self.weights.alias_spread);
            for expansion in found.expansions() {
                let weight = each / as_f32(expansion.len()).sqrt();
                for &alias in expansion {
                    if let Some(id) = self.alias_terms[alias as usize] {
                        query.add(id, weight, None, Some(found.head.into()));
                    }
                }
            }
        }
    }
}
