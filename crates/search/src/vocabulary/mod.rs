//! The vocabulary of a collection: which words it uses, the index terms they reduce to, and spelling correction against
//! them.
//!
//! The bulk of it is an immutable term dictionary, which all vocabularies derived from it share. An update adds a delta:
//! the words and terms that came or went since.

mod builder;
mod extension;
mod interner;
mod lookup;
mod spelling;

pub(crate) use builder::VocabularyBuilder;
pub(crate) use extension::VocabularyExtension;
pub(crate) use interner::TermInterner;
pub(crate) use lookup::Vocabulary;
pub(crate) use spelling::Correction;
