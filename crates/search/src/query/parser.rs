//! Parsing a request: vocabulary lookup, compounds, spelling correction and query expansion.

use std::ops::Range;

use super::tokens::{MAX_TOKENS, QueryTokens, TokenSlice};
use super::weighted::WeightedQuery;
use crate::aliases::{Aliases, Token};
use crate::bm25f::Bm25fIndex;
use crate::numeric::as_f32;
use crate::text::{self, TokenForm};
use crate::vocabulary::{Correction, Vocabulary};
use crate::weights::Weights;

/// Words that most requests stay below.
const USUAL_TOKENS: usize = 32;
/// Unknown words that are split or corrected: each costs as much as scoring the whole request.
const MAX_CORRECTIONS: usize = 12;

/// What a request is parsed against.
#[derive(Clone, Copy)]
pub(crate) struct QueryParser<'a> {
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) lexical: &'a Bm25fIndex,
    pub(crate) aliases: &'a Aliases,
    /// The vocabulary's id for each term of the alias table, where it has one.
    pub(crate) alias_terms: &'a [Option<u32>],
    pub(crate) weights: &'a Weights,
}

impl<'a> QueryParser<'a> {
    /// The words of a text, looked up.
    pub(crate) fn tokenize(&self, text: &str) -> QueryTokens {
        let mut query = QueryTokens {
            tokens: Vec::with_capacity(USUAL_TOKENS),
            ids: Vec::with_capacity(USUAL_TOKENS),
            ..QueryTokens::default()
        };
        text::tokenize(text, |word, form| {
            if query.tokens.len() >= MAX_TOKENS {
                return;
            }
            // A word of the vocabulary needs no stemming.
            let known = self.vocabulary.id_of_word(word);
            let term = known.map_or_else(|| text::term(word), |id| self.vocabulary.term(id));
            let id = known.or_else(|| self.vocabulary.id_of_term(term.as_deref()?));
            query.tokens.push(Token { text: word.to_owned(), term, form });
            query.ids.push(id);
        });
        query.joined_ids = self.joined_ids(&query.tokens);
        query.alias_ids = self.aliases.key_ids(&query.tokens);
        query
    }

    /// The term ids of neighbouring words that the collection writes as one word, as they are or in the singular.
    fn joined_ids(&self, tokens: &[Token]) -> Vec<Option<u32>> {
        let known = |word: &str| self.vocabulary.id_of_word(word);
        let mut joined = String::with_capacity(2 * text::MAX_WORD_CHARS);
        let id = |pair: &[Token]| {
            if pair.iter().any(|token| token.form != TokenForm::Whole) {
                return None;
            }
            joined.clear();
            for token in pair {
                joined.push_str(&token.text);
            }
            known(&joined).or_else(|| joined.strip_suffix('s').and_then(known))
        };
        tokens.windows(2).map(id).collect()
    }

    /// Parses a request.
    pub(crate) fn parse<'q>(&self, tokens: &'q QueryTokens) -> WeightedQuery<'q>
    where
        'a: 'q,
    {
        self.parse_part(tokens, 0..tokens.len())
    }

    /// Parses the words at these positions as if they were the whole request.
    pub(crate) fn parse_part<'q>(&self, tokens: &'q QueryTokens, part: Range<usize>) -> WeightedQuery<'q>
    where
        'a: 'q,
    {
        let part = tokens.slice(part);
        let mut query = WeightedQuery {
            terms: Vec::with_capacity(4 * part.tokens.len()),
            requested: Vec::with_capacity(part.tokens.len()),
            ..WeightedQuery::default()
        };
        for (at, token) in part.tokens.iter().enumerate() {
            match token.form {
                TokenForm::Joined => self.add_joined(&mut query, token, part.ids[at]),
                TokenForm::Whole | TokenForm::Piece => {
                    self.add_word(&mut query, part.tokens, part.ids, at);
                }
            }
        }
        for (pair, id) in part.tokens.windows(2).zip(part.joined_ids) {
            if let Some(id) = id {
                self.add_joined_pair(&mut query, pair, *id);
            }
        }
        self.expand(&mut query, part);
        query
    }

    /// Adds a word: as it is, split, or corrected.
    fn add_word<'q>(&self, query: &mut WeightedQuery<'q>, tokens: &'q [Token], ids: &[Option<u32>], at: usize)
    where
        'a: 'q,
    {
        let Token { text, term: Some(term), form } = &tokens[at] else { return };
        if let Some(id) = ids[at] {
            let is_joined_known = *form == TokenForm::Piece
                && (tokens[at..].iter().zip(&ids[at..]).find(|(token, _)| token.form != TokenForm::Piece))
                    .is_some_and(|(next, id)| next.form == TokenForm::Joined && id.is_some());
            query.request(id);
            let weight = if is_joined_known { self.weights.piece } else { 1.0 };
            return query.add(id, weight, Some(text.into()), None);
        }
        if self.aliases.is_head(term) {
            query.requested.push(None);
            return;
        }
        if query.corrections >= MAX_CORRECTIONS {
            query.requested.push(None);
            return query.unknown.push(text);
        }
        query.corrections += 1;
        let frequency = |id| self.lexical.total_frequency(id);
        let correction = self.vocabulary.correct(text, frequency);
        // One typing error is likelier than a missing space, which is likelier than two typing errors.
        let split = if correction.as_ref().is_some_and(|correction| correction.edits == 1) {
            None
        } else {
            self.vocabulary.split(text, frequency)
        };
        if let Some(parts) = split {
            for (part, id) in parts {
                query.request(id);
                query.add(id, self.weights.repaired, Some(part.into()), Some(text.into()));
            }
        } else if let Some(Correction { word, term, .. }) = correction {
            query.request(term);
            query.add(term, self.weights.repaired, Some(word.into()), Some(text.into()));
        } else {
            query.requested.push(None);
            query.unknown.push(text);
        }
    }

    /// Adds the joined form of a compound, where the collection writes it so.
    fn add_joined<'q>(&self, query: &mut WeightedQuery<'q>, joined: &'q Token, id: Option<u32>) {
        if let Some(id) = id.filter(|_| joined.term.is_some()) {
            query.add(id, self.weights.joined, Some(joined.text.as_str().into()), None);
        }
    }

    /// Adds two words that the collection writes as one; the words themselves then count for less.
    fn add_joined_pair(&self, query: &mut WeightedQuery<'_>, pair: &[Token], id: u32) {
        let [one, other] = pair else { return };
        let joined = format!("{}{}", one.text, other.text);
        let apart = format!("{} {}", one.text, other.text);
        query.add(id, self.weights.joined, Some(joined.into()), Some(apart.into()));
        query.limit_weight(pair, self.weights.piece);
    }

    /// Adds the expansions of the alias heads in the request.
    fn expand<'q>(&self, query: &mut WeightedQuery<'q>, part: TokenSlice<'q>)
    where
        'a: 'q,
    {
        let TokenSlice { tokens, ids, alias_ids, .. } = part;
        for found in self.aliases.find(tokens, alias_ids) {
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
