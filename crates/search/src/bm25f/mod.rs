//! BM25F: the lexical score of an entry, over its weighted fields.
//!
//! `score(d) = Σ_t idf(t) · w_t · f / (k1 + f)` with `f = Σ_field weight · (1 + ln tf) / (1 - b + b · length / average)`
//! (Robertson, Zaragoza: "The probabilistic relevance framework", 2009), except that the term frequency in a field is
//! damped logarithmically, so that a word repeated five hundred times does not outrank a name. `idf = ln(1 + (N - n + ½)
//! / (n + ½))`, where `N` counts the entries of one kind. The average field lengths are those of one kind, too: agents,
//! skills and workflows are written differently, and an answer lists one kind only.
//!
//! The factor `f / (k1 + f)` of each posting is computed at indexing time, in 255 steps. Averages are rounded to eighths
//! of a power of two, so that a changed entry rarely changes the contributions of others.

mod field_lengths;
mod impact;
mod index;
mod inverter;
mod term_counter;

pub(crate) use field_lengths::FieldLengths;
pub(crate) use impact::ImpactModel;
pub(crate) use index::{Bm25fIndex, KindIndex, WeightedTerm};
pub(crate) use inverter::Inverter;
pub(crate) use term_counter::{AnalyzedEntry, TermCounter};
