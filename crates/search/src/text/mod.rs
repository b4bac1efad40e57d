//! How text becomes terms, for documents and queries alike.
//!
//! [`tokenize`] cuts text into normalised words and says how each came about (as written, a piece of a compound, or a
//! compound joined); [`term`] turns one word into an index term, or nothing for a stop word; [`terms`] does both.

mod stem;
mod stop;
mod words;

pub use stem::term;
pub use stop::is_stop_word;
pub use words::{MAX_TOKEN_CHARS, TokenForm, tokenize};

/// The index terms of `text`: lower case, stop words removed, stemmed; in order, with repetitions.
///
/// A compound gives its pieces and then the joined form (`full-stack`: `full`, `stack`, `fullstack`).
/// Every term has at most [`MAX_TOKEN_CHARS`] characters. Text of stop words, punctuation or emoji alone gives no terms.
pub fn terms(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    tokenize(text, |word, _| found.extend(term(word)));
    found
}

#[cfg(test)]
mod tests;
