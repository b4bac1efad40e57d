//! Tokenizing and stemming in one step.

use super::stemmer::term;
use super::tokenizer::tokenize;

/// The index terms of `text`: lower case, without stop words, stemmed; in order, with repetitions.
///
/// A compound yields its pieces, followed by the joined form (`full-stack`: `full`, `stack`, `fullstack`). Every term has at most 64 characters. Text of stop words, punctuation or emoji alone yields
/// no terms.
pub fn terms(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    tokenize(text, |word, _| found.extend(term(word)));
    found
}
