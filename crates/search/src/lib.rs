//! Search: which entries of a catalog suit a request, and why.
//!
//! Pure: an index is a function of a [`Catalog`](catalog::Catalog), an [`Aliases`] table and, once it is trained, a
//! [`LatentSpace`]. [`Index::find`] returns ranked hits with a confidence and a sentence that says which signals decided.
//!
//! In reading order:
//!
//! * [`text`]: how text becomes index terms;
//! * `aliases`: query expansion;
//! * `vocabulary`, over `term_dict` and `front_coding`: the words of a collection, and spelling correction;
//! * `query`: a request as weighted terms;
//! * `bm25f`, over `postings`: the lexical score;
//! * [`latent`]: the latent semantic space;
//! * `capability_index`, `name_index`, `role_index`, `near_duplicates`: the smaller indexes;
//! * `text_scores`, `intents`, `semantic_signal`, `model_fit`, `signals`: everything that speaks for an entry, and the score
//!   it adds up to;
//! * `rank`, `explain`, `reasoning`: the answer, its numbers and its sentence;
//! * `index`, `build`, `update`, `persist`: the index as a whole, how it is made, updated and stored;
//! * [`Weights`]: the numbers that tune the ranking.
//!
//! ```
//! use catalog::{Catalog, Definition};
//! use adjutant_search::{Aliases, Index, LatentSpace, Request};
//!
//! let catalog = Catalog::from_definitions([Definition { name: "sql-pro".into(), ..Definition::default() }]);
//! let index = Index::build(&catalog, Aliases::built_in());
//! // Later, from a thread of its own:
//! let index = index.with_latent(LatentSpace::train(&catalog).into());
//! let findings = index.find(&Request { context: Some("sql"), ..Request::default() });
//! assert_eq!(findings.hits[0].definition.name, "sql-pro");
//! ```

mod aliases;
mod bm25f;
mod build;
mod capability_index;
mod catalog_parts;
mod codec;
mod explain;
mod fields;
mod fingerprint;
mod front_coding;
mod index;
mod intents;
pub mod latent;
mod merge_sorted;
mod model_fit;
mod name_index;
mod name_key;
mod near_duplicates;
mod numeric;
mod persist;
mod postings;
mod query;
mod rank;
mod reasoning;
mod request;
mod response;
mod role_index;
mod score_buffer;
mod semantic_signal;
mod signals;
mod size_histogram;
mod string_table;
mod term_dict;
pub mod text;
mod text_scores;
mod update;
mod varint;
mod vocabulary;
mod weights;

pub use aliases::{AliasProblem, Aliases};
pub use fields::{FIELDS, Field};
pub use index::Index;
pub use latent::{LatentError, LatentSpace};
pub use request::{Prior, Request};
pub use response::{Explanation, Findings, Hit, ScoreBreakdown, TermContribution};
pub use weights::Weights;

#[cfg(test)]
mod tests;
