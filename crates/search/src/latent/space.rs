//! A trained space: a vector for every term and every entry of one catalog.

use crate::fingerprint::Fingerprint;
use crate::numeric::as_u32;
use crate::vocabulary::Vocabulary;

/// Catalogs of more entries get no space: a vector for each entry would take more memory than everything else, and what a
/// sample teaches about so many is little.
pub const MAX_ENTRIES: usize = 50_000;
/// Increased with every change that makes persisted spaces differ from newly trained ones.
pub(super) const VERSION: u32 = 3;
/// The row of a vocabulary term that the space lacks.
pub(super) const NO_ROW: u32 = u32::MAX;

/// A latent semantic space trained on one catalog.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatentSpace {
    /// See [`LatentSpace::key_of`].
    pub(super) key: String,
    /// Numbers in each vector; 0 in an empty space.
    pub(super) dimensions: usize,
    /// Sorted; a term's row is its rank.
    pub(super) terms: Vec<Box<str>>,
    pub(super) idf: Vec<f32>,
    /// Shape (terms, dimensions), quantised: a number is its byte times the row's scale. A request is the sum of a dozen
    /// rows, whose rounding errors average out, and these rows are by far the largest part of the space.
    pub(super) term_rows: Vec<i8>,
    pub(super) term_scales: Vec<f32>,
    /// Shape (entries, dimensions), in catalog order, quantised alike: unit vectors, or zero where an entry has no known
    /// term.
    pub(super) documents: Vec<i8>,
    pub(super) document_scales: Vec<f32>,
}

impl LatentSpace {
    /// What a space depends on: the version of the method and the content of every entry, as hex.
    pub(crate) fn key_of(fingerprint: Fingerprint) -> String {
        format!("{VERSION}-{:032x}", fingerprint.0)
    }

    /// The key of the catalog that it was trained on.
    pub(crate) fn trained_on(&self) -> &str {
        &self.key
    }

    /// Whether it has no vectors at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.dimensions == 0
    }

    /// Whether it has a vector for each of `entries` entries. A collection too small to learn from has none, and counts as
    /// complete.
    pub(crate) fn covers(&self, entries: usize) -> bool {
        entries <= MAX_ENTRIES && self.documents.len() == entries * self.dimensions
    }

    /// The row of each vocabulary term, by term id; [`NO_ROW`] where the space lacks it.
    pub(super) fn rows(&self, vocabulary: &Vocabulary) -> Vec<u32> {
        let mut rows = Vec::new();
        let mut own = self.terms.iter().enumerate().peekable();
        for (term, id) in vocabulary.iter() {
            while own.next_if(|(_, other)| other.as_ref() < term.as_str()).is_some() {}
            let row = own
                .peek()
                .filter(|(_, other)| other.as_ref() == term.as_str())
                .map_or(NO_ROW, |&(row, _)| as_u32(row));
            if rows.len() <= id as usize {
                rows.resize(id as usize + 1, NO_ROW);
            }
            rows[id as usize] = row;
        }
        rows
    }
}
