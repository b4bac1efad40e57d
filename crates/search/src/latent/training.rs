//! Training a space on a catalog.

use super::corpus::Corpus;
use super::space::{LatentSpace, MAX_ENTRIES};
use super::svd;
use super::vector_math::quantised;
use crate::fingerprint::Fingerprint;
use catalog::{Cancellation, Catalog};

/// Dimensions of a space. Quality is flat between 100 and 150.
pub(super) const DIMENSIONS: usize = 128;

impl LatentSpace {
    /// Trains the space of a catalog. This takes seconds: keep it off the request path. Large collections are sampled, so
    /// that they cost quality rather than unbounded time; beyond [`MAX_ENTRIES`] the space is empty.
    pub fn train(catalog: &Catalog) -> LatentSpace {
        LatentSpace::train_unless(catalog, &Cancellation::default()).unwrap_or_default()
    }

    /// [`LatentSpace::train`] that can be cancelled; `None` where it was before it was done.
    pub fn train_unless(catalog: &Catalog, cancellation: &Cancellation) -> Option<LatentSpace> {
        if catalog.definitions().len() > MAX_ENTRIES {
            return Some(LatentSpace::default());
        }
        let key = LatentSpace::key_of(Fingerprint::of_catalog(catalog));
        let corpus = Corpus::read(catalog.definitions(), cancellation)?;
        let dimensions = DIMENSIONS.min(corpus.n_rows()).min(corpus.terms.len());
        let vectors = svd::right_singular_vectors(&corpus, dimensions, cancellation)?;
        let (documents, document_scales) =
            quantised(&corpus.document_vectors(&vectors, dimensions), dimensions);
        let (term_rows, term_scales) = quantised(&vectors, dimensions);
        let Corpus { terms, idf, .. } = corpus;
        let space =
            LatentSpace { key, dimensions, terms, idf, term_rows, term_scales, documents, document_scales };
        Some(space)
    }
}
