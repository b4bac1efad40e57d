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
pub mod encoder;
pub mod folder;
pub mod install;
pub mod kept;
pub mod passages;
#[cfg(feature = "encoder")]
mod sums;
pub mod table;
#[cfg(feature = "encoder")]
mod tensors;
pub mod vectors;

pub use encoder::{Encoder, Side};
pub use folder::{ModelError, ModelFacts, ModelFolder};
pub use table::{Done, Table, Texts};
pub use vectors::Vectors;
