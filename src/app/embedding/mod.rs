//! The optional embedding model: loading it, embedding the entries, scoring requests.
//!
//! Entries are embedded in the background at low priority (`passage_embedder`, on a `low_priority` thread), requests on a
//! few threads of their own within a time budget (`query_embedder`), so that no request waits longer for the model and
//! none occupies the runtime. Where the model is missing, busy or has not embedded the entries yet, the answer goes out
//! without its scores and says so.

mod engine;
mod loaded_model;
mod low_priority;
mod passage_embedder;
mod phase;
mod query_embedder;
mod scores;

pub(super) use engine::Embedding;
pub(super) use passage_embedder::{Inputs, PassageEmbedder};
pub(super) use scores::SemanticScores;
