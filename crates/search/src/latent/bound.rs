//! A space bound to the vocabulary of an index.

use std::ops::Range;
use std::sync::Arc;

use super::space::LatentSpace;
use crate::bm25f::WeightedTerm;
use crate::vocabulary::Vocabulary;

/// A latent space with the row of each term of a vocabulary.
#[derive(Debug)]
pub(crate) struct BoundLatentSpace {
    space: Arc<LatentSpace>,
    /// By term id.
    rows: Vec<u32>,
}

impl BoundLatentSpace {
    /// Binds a space to a vocabulary.
    pub(crate) fn new(space: Arc<LatentSpace>, vocabulary: &Vocabulary) -> BoundLatentSpace {
        BoundLatentSpace { rows: space.rows(vocabulary), space }
    }

    /// Whether the space has no vectors at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.space.is_empty()
    }

    /// Writes the cosine of a query with each entry of `range` into `cosines`, which holds zeros; negative cosines become
    /// 0.
    pub(crate) fn cosines(&self, query: &[WeightedTerm], range: &Range<usize>, cosines: &mut [f32]) {
        self.space.cosines(query, &self.rows, range, cosines);
    }
}
