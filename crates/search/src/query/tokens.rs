//! The words of a request, looked up once: a request that states several intents is parsed in parts.

use std::ops::Range;

use crate::aliases::Token;
use crate::name_key::NameKeyBuilder;

/// Words of a request that are read; the longest allowed request has about a hundred.
pub(super) const MAX_TOKENS: usize = 256;

/// The words of a request in order, with what is known about each.
#[derive(Debug, Default)]
pub(crate) struct QueryTokens {
    pub(super) tokens: Vec<Token>,
    /// The id of each word's term; `None` where the vocabulary lacks it.
    pub(super) ids: Vec<Option<u32>>,
    /// The term id of each word joined with the next one, where the collection writes the two as one.
    pub(super) joined_ids: Vec<Option<u32>>,
    /// The number of each word in the alias table.
    pub(super) alias_ids: Vec<Option<u32>>,
}

/// A run of words.
#[derive(Clone, Copy)]
pub(super) struct TokenSlice<'q> {
    pub(super) tokens: &'q [Token],
    pub(super) ids: &'q [Option<u32>],
    pub(super) joined_ids: &'q [Option<u32>],
    pub(super) alias_ids: &'q [Option<u32>],
}

impl QueryTokens {
    /// The key of the request, read as a name.
    pub(crate) fn name_key(&self) -> String {
        let mut key = NameKeyBuilder::default();
        for token in &self.tokens {
            key.add(token.form, || token.term.as_deref().unwrap_or(&token.text));
        }
        key.finish()
    }

    /// Whether the request may have more words than are read.
    pub(crate) fn are_truncated(&self) -> bool {
        self.tokens.len() >= MAX_TOKENS
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The words at these positions.
    pub(super) fn slice(&self, range: Range<usize>) -> TokenSlice<'_> {
        let pairs = range.start..range.end.saturating_sub(1).max(range.start);
        TokenSlice {
            tokens: &self.tokens[range.clone()],
            ids: &self.ids[range.clone()],
            joined_ids: self.joined_ids.get(pairs).unwrap_or_default(),
            alias_ids: &self.alias_ids[range],
        }
    }
}
