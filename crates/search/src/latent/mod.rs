//! The latent semantic space of a collection: similarity of meaning, learned from the collection itself (latent semantic
//! analysis; Deerwester et al., 1990).
//!
//! Entries are chunked into passages, passages become rows of sublinear TF-IDF, and a truncated singular value
//! decomposition finds the directions along which the collection's words co-occur. A request and an entry that share no
//! word can still point the same way. No model comes from outside; the same files always give the same space.

mod bound;
mod corpus;
mod cosines;
mod persist;
mod space;
mod svd;
mod training;
mod vector_math;

pub(crate) use bound::BoundLatentSpace;
pub use persist::LatentError;
pub use space::{LatentSpace, MAX_ENTRIES};
