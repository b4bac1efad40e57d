//! Semantic similarity by an optional sentence encoder that runs in this process.
//!
//! A model directory holds an encoder of the BERT family (`MiniLM`, bge, e5, gte). It embeds a text as a unit vector; texts
//! of similar meaning have a high cosine, even where they share no word. In reading order:
//!
//! * [`model_dir`]: a model directory, and what can be wrong with one;
//! * `tensors`, `bert`, `bias_activation`, [`encoder`]: from text to vector;
//! * [`chunking`]: which passages of an entry are embedded;
//! * [`vectors`]: quantised vectors, and their cosines;
//! * [`passage_set`], [`passage_index`]: the passages of a catalog, and the similarity of a request to each entry;
//! * [`install`]: installing a model;
//! * [`persist`]: vectors on disk, from one start to the next.
//!
//! Nothing here downloads anything. Without the cargo feature `encoder` no encoder can be loaded; [`Encoder::load`] then
//! returns an error that says so.

#[cfg(feature = "encoder")]
mod bert;
#[cfg(feature = "encoder")]
mod bias_activation;
pub mod chunking;
pub mod encoder;
pub mod install;
pub mod model_dir;
pub mod passage_index;
pub mod passage_set;
pub mod persist;
#[cfg(feature = "encoder")]
mod tensors;
pub mod vectors;

pub use encoder::{Encoder, InputRole};
pub use model_dir::{ModelDir, ModelError, ModelInfo};
pub use passage_index::PassageIndex;
pub use passage_set::{CompletedTask, PassageSet};
pub use vectors::Vectors;
