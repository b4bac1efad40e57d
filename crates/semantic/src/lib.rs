//! Likeness of meaning, as a sentence-embedding model judges it: an optional one, in this process.
//!
//! A model folder holds a BERT-family encoder (`MiniLM`, bge, e5, gte). It turns a text into a vector of unit length; texts
//! that mean alike point alike, also where they share no word. In reading order:
//!
//! * [`folder`]: a model folder, and what is wrong with one;
//! * `bert`, [`encoder`]: from text to vector;
//! * [`passages`]: which texts of an entry are embedded;
//! * [`vectors`]: vectors as bytes, and how alike they are;
//! * [`table`]: how alike a request is to each entry of a catalog;
//! * [`install`]: copying a model to where it is looked for;
//! * [`kept`]: vectors by the text they are of, from one start to the next.
//!
//! Nothing here fetches anything. Without the cargo feature `semantic` an encoder cannot be loaded, and says so.

#[cfg(feature = "encoder")]
mod bert;
#[cfg(feature = "encoder")]
mod bias_activation;
pub mod chunking;
pub mod encoder;
pub mod install;
pub mod model_dir;
pub mod passage_index;
pub mod persist;
#[cfg(feature = "encoder")]
mod tensors;
pub mod vectors;

pub use encoder::{Encoder, InputRole};
pub use model_dir::{ModelDir, ModelError, ModelInfo};
pub use passage_index::{CompletedTask, PassageIndex, PassageSet};
pub use vectors::Vectors;
