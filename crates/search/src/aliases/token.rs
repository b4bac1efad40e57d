//! The words of a request, as query expansion and the query parser see them.

use crate::text::{self, TokenForm};

/// A word of a request.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// The word, normalised.
    pub(crate) text: String,
    /// Its index term; `None` for a stop word.
    pub(crate) term: Option<String>,
    /// How it came out of the text.
    pub(crate) form: TokenForm,
}

impl Token {
    /// What a head's words are compared by: the term, or a stop word itself.
    pub(super) fn key(&self) -> &str {
        self.term.as_deref().unwrap_or(&self.text)
    }
}

/// The words of `text` with their terms.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    text::tokenize(text, |word, form| {
        tokens.push(Token { text: word.to_owned(), term: text::term(word), form });
    });
    tokens
}
