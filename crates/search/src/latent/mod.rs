//! Likeness of meaning, learned from the collection itself: latent semantic analysis (Deerwester et al., 1990).
//!
//! Entries are cut into passages, passages become rows of sublinear TF-IDF, and a truncated singular value
//! decomposition finds the directions along which the collection's words go together. A request and an entry that share
//! no word can still point the same way. No model comes from outside; the same files always give the same space.

mod bytes;
mod passages;
mod svd;

use std::ops::Range;

pub use bytes::LatentError;
use passages::Corpus;
use pulp::{Arch, Simd, WithSimd};

use super::fingerprint::Fingerprint;
use super::vocabulary::Vocabulary;
use crate::bm25f::WeightedTerm;
use crate::numeric::as_u32;
use catalog::{Cancellation, Catalog};

/// Directions kept. Quality is flat between 100 and 150.
const DIMENSIONS: usize = 128;
/// Entries of a collection that is learned from: beyond, a vector for each would take more memory than all else, and what
/// a sample teaches of so many is little.
pub const MAX_ENTRIES: usize = 50_000;
/// The largest part of a request's vector in whole numbers.
const FIXED: f32 = 32_767.0;
/// Raised with every change that makes stored spaces differ from trained ones.
const VERSION: u32 = 3;
/// A vocabulary term the space does not know.
const NO_ROW: u32 = u32::MAX;

/// A latent space trained on one catalog: a vector for every term and every entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatentSpace {
    key: String,
    dimensions: usize,
    /// Sorted.
    terms: Vec<Box<str>>,
    idf: Vec<f32>,
    /// One row for each term, as eighths of bits: the row's scale times -127..127. Requests are sums of a dozen rows, whose
    /// rounding averages out, and rows are by far the largest part of the space.
    term_rows: Vec<i8>,
    term_scales: Vec<f32>,
    /// One unit vector for each entry, in catalog order; zero where it has no known term. Bytes with a scale each, as
    /// for terms.
    documents: Vec<i8>,
    document_scales: Vec<f32>,
}

impl LatentSpace {
    /// Learns the space of a catalog. Seconds of work: keep it off the request path. Large collections are sampled, so
    /// that they cost quality, not time without bound; of more than [`MAX_ENTRIES`] nothing is learned.
    pub fn train(catalog: &Catalog) -> LatentSpace {
        LatentSpace::train_unless(catalog, &Cancellation::default()).unwrap_or_default()
    }

    /// The same; `None` where it was cancelled before it was done.
    pub fn train_unless(catalog: &Catalog, cancellation: &Cancellation) -> Option<LatentSpace> {
        if catalog.definitions().len() > MAX_ENTRIES {
            return Some(LatentSpace::default());
        }
        let key = LatentSpace::key(catalog);
        let corpus = Corpus::read(catalog.definitions(), cancellation)?;
        let dimensions = DIMENSIONS.min(corpus.rows()).min(corpus.terms.len());
        let vectors = svd::right_vectors(&corpus, dimensions, cancellation)?;
        let (documents, document_scales) = quantised(&corpus.documents(&vectors, dimensions), dimensions);
        let (term_rows, term_scales) = quantised(&vectors, dimensions);
        let Corpus { terms, idf, .. } = corpus;
        let latent =
            LatentSpace { key, dimensions, terms, idf, term_rows, term_scales, documents, document_scales };
        Some(latent)
    }

    /// What a space depends on: the version of the method and the fingerprint of every entry. As hex.
    pub fn key(catalog: &Catalog) -> String {
        LatentSpace::key_of(Fingerprint::of_catalog(catalog))
    }

    pub(crate) fn key_of(fingerprint: Fingerprint) -> String {
        format!("{VERSION}-{:032x}", fingerprint.0)
    }

    /// The key of the catalog it was trained on.
    pub fn trained_on(&self) -> &str {
        &self.key
    }

    /// Whether this space was trained on exactly this catalog.
    pub fn fits(&self, catalog: &Catalog) -> bool {
        self.key == LatentSpace::key(catalog)
    }

    /// Whether it knows nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.dimensions == 0
    }

    /// Whether it has a vector for each of that many entries; a collection too small to learn from has none at all, and
    /// that is all there is to know of it.
    pub(crate) fn places(&self, entries: usize) -> bool {
        entries <= MAX_ENTRIES && self.documents.len() == entries * self.dimensions
    }

    /// The row of each vocabulary term, by term id.
    pub(crate) fn rows(&self, vocabulary: &Vocabulary) -> Vec<u32> {
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

    /// Cosine of a request with each entry of `range`, negative ones as 0, into `cosines`, which holds zeros. `rows` is
    /// from [`LatentSpace::rows`].
    pub(crate) fn cosines(
        &self,
        wanted: &[WeightedTerm],
        rows: &[u32],
        range: &Range<usize>,
        cosines: &mut [f32],
    ) {
        Arch::new().dispatch(Cosines { space: self, wanted, rows, range, out: cosines });
    }
}

/// Works out cosines in loops that are compiled for several generations of processors; the numbers are the same on each.
struct Cosines<'a> {
    space: &'a LatentSpace,
    wanted: &'a [WeightedTerm],
    rows: &'a [u32],
    range: &'a Range<usize>,
    out: &'a mut [f32],
}

impl WithSimd for Cosines<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "only what is inlined is compiled for the processor at hand")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Cosines { space, wanted, rows, range, out } = self;
        let dimensions = space.dimensions;
        let mut request = vec![0.0; dimensions];
        for want in wanted {
            let Some(&row) = rows.get(want.term as usize).filter(|row| **row != NO_ROW) else { continue };
            let row = row as usize;
            let factor = want.weight * space.idf[row] * space.term_scales[row];
            let vector = &space.term_rows[row * dimensions..(row + 1) * dimensions];
            for (sum, &part) in request.iter_mut().zip(vector) {
                *sum += factor * f32::from(part);
            }
        }
        if !unit(&mut request) {
            return;
        }
        let request: Vec<i16> = request.iter().map(|part| fixed(*part)).collect();
        let documents = &space.documents[range.start * dimensions..range.end * dimensions];
        let scales = &space.document_scales[range.clone()];
        let cosine = |dot: f32, scale: f32| (dot * scale / FIXED).max(0.0);
        // A loop whose length is known is laid out in a row, with no test of what is left.
        if let Some(request) = request.as_array::<DIMENSIONS>() {
            let documents = documents.as_chunks::<DIMENSIONS>().0;
            for (out, (document, scale)) in out.iter_mut().zip(documents.iter().zip(scales)) {
                *out = cosine(dot_fixed(request, document), *scale);
            }
        } else {
            for (out, (document, scale)) in out.iter_mut().zip(documents.chunks_exact(dimensions).zip(scales))
            {
                *out = cosine(dot_fixed(&request, document), *scale);
            }
        }
    }
}

/// Rows of `dimensions` numbers as bytes with a scale each.
fn quantised(vectors: &[f32], dimensions: usize) -> (Vec<i8>, Vec<f32>) {
    let mut rows = Vec::with_capacity(vectors.len());
    let mut scales = Vec::new();
    for row in vectors.chunks_exact(dimensions.max(1)) {
        let largest = row.iter().fold(0.0f32, |largest, part| largest.max(part.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded and within ±127 by the choice of the scale"
        )]
        rows.extend(row.iter().map(|part| (part / scale).round() as i8));
        scales.push(scale);
    }
    (rows, scales)
}

/// A part of a unit vector in steps of `1 / FIXED`.
#[expect(clippy::cast_possible_truncation, reason = "parts of a unit vector lie within ±1")]
#[inline]
fn fixed(part: f32) -> i16 {
    (part * FIXED).round() as i16
}

/// Inner product in whole numbers, which processors work out several at a time; 128 products of a 15-bit number and a
/// byte stay within 32 bits.
#[expect(clippy::cast_precision_loss, reason = "a cosine needs no more than seven digits")]
#[inline]
fn dot_fixed(a: &[i16], b: &[i8]) -> f32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(i16::from(b))).sum::<i32>() as f32
}

/// Inner product, in eight lanes that the compiler can keep in one register.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a_rest, b_rest) = (a.chunks_exact(8).remainder(), b.chunks_exact(8).remainder());
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Scales a vector to length 1; false, and unchanged, where it has none.
fn unit(vector: &mut [f32]) -> bool {
    let length = dot(vector, vector).sqrt();
    let has_length = length.is_finite() && length > f32::MIN_POSITIVE;
    if has_length {
        for part in vector.iter_mut() {
            *part /= length;
        }
    }
    has_length
}
