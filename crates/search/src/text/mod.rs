//! How text becomes terms, for documents and queries alike.
//!
//! [`words`] cuts text into normalised words and says how each came about (as written, a piece of a compound, or a
//! compound joined); [`term`] turns one word into an index term, or nothing for a stop word; [`terms`] does both.

mod stem;
mod stop;
mod words;

pub use stem::term;
pub use stop::is_stop;
pub use words::{Form, MAX_WORD, words};

/// The index terms of `text`: lower case, stop words removed, stemmed; in order, with repetitions.
///
/// A compound gives its pieces and then the joined form (`full-stack`: `full`, `stack`, `fullstack`).
/// Every term has at most [`MAX_WORD`] characters. Text of stop words, punctuation or emoji alone gives no terms.
pub fn terms(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    words(text, |word, _| found.extend(term(word)));
    found
}

#[cfg(test)]
mod tests;
