//! Deriving the capabilities of entries that state none.

mod derive;
mod dialogue;
mod term_search;
mod tokens;
mod word;
mod words;

pub(super) use derive::derive;
