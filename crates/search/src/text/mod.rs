//! Text analysis: how text becomes index terms, for entries and requests alike.
//!
//! [`tokenize`] cuts text into normalised words and says how each came about (as written, a piece of a compound, or the
//! pieces of a compound joined); [`term`] reduces one word to its index term, or to nothing for a stop word; [`terms`]
//! does both.

mod analysis;
mod stemmer;
mod stop_words;
mod tokenizer;

pub use analysis::terms;
pub use stemmer::term;
pub use stop_words::is_stop_word;
pub(crate) use tokenizer::MAX_WORD_CHARS;
pub use tokenizer::{TokenForm, tokenize};

#[cfg(test)]
mod tests;
