//! Query expansion by aliases: abbreviations, synonyms, product families, symptoms.
//!
//! The table is data (`aliases.yml` here, and a user's file merged over it): `head: [expansion, …]`, where heads and
//! expansions have one or several words. Expansion is one step deep, so that cycles are harmless. A head of several words
//! matches where all its content words occur close together, in any order.
//!
//! Parsing and stemming the 5,000 built-in heads would take longer than the rest of a warm start, so they are compiled
//! ahead of time (`compiled.txt`). After a change of `aliases.yml` or of the text analysis, compile them again:
//! `cargo test -p adjutant-search aliases::precompiled -- --ignored`.

mod alias_file;
mod compiler;
mod lookup;
mod matching;
mod precompiled;
mod table;
mod token;

pub use alias_file::AliasProblem;
pub use lookup::Aliases;

pub(crate) use token::Token;

#[cfg(test)]
mod tests;
