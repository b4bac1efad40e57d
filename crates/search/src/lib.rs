//! The in-memory indexes over a catalog, and one ranking that combines them.
//!
//! Pure: what goes in is a [`Catalog`](catalog::Catalog), an [`Aliases`] table and, when it is ready, a
//! [`LatentSpace`] space; what comes out of [`Index::find`] is a ranked answer that says why. In reading order:
//!
//! * [`text`]: how text becomes terms;
//! * [`aliases`]: what other words a word stands for;
//! * `vocabulary`: the collection's own words, and repair of words it does not know; `lexicon` and `front` hold them;
//! * `query`: a request read into weighted terms;
//! * `lexical`: BM25F over the fields of an entry;
//! * [`latent`]: likeness of meaning, learned from the collection itself;
//! * `capability`, `names`, `roles`, `copies`: the smaller indexes;
//! * `semantic`: an embedding model's judgement, which the caller brings along;
//! * `evidence`, `needs`, `model`: what speaks for an entry; `rank`: the answer; `reasoning`: why in a sentence;
//! * [`Index`]: all of it over one catalog; [`Weights`]: the numbers it is tuned by.
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

pub mod aliases;
mod bm25f;
mod capability_index;
mod codec;
mod evidence;
mod fields;
mod fingerprint;
mod front_coding;
mod index;
mod kept;
pub mod latent;
mod near_duplicates;

mod merge_sorted;
mod model_fit;
mod name_index;
mod name_key;
mod needs;
mod numeric;
mod postings;
mod query;
mod rank;
mod reasoning;
mod request;
mod role_index;
mod score_buffer;
mod semantic;
mod string_table;
mod term_dict;
pub mod text;
mod update;
mod varint;
mod vocabulary;
mod weights;

pub use aliases::{AliasProblem, Aliases};
pub use fields::{FIELDS, Field};
pub use index::Index;
pub use latent::{LatentError, LatentSpace};
pub use rank::SERVABLE;
pub use request::{Explanation, Findings, Hit, Prior, Request, ScoreBreakdown, TermContribution};
pub use weights::Weights;

#[cfg(test)]
mod tests;
