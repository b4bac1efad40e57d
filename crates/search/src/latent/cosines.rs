//! The cosine of a request with every entry.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::space::{LatentSpace, NO_ROW};
use super::training::DIMENSIONS;
use super::vector_math::normalise;
use crate::bm25f::WeightedTerm;

/// The fixed-point value of 1 in a request's vector.
const FIXED: f32 = 32_767.0;

impl LatentSpace {
    /// Writes the cosine of a query with each entry of `range` into `cosines`, which holds zeros; negative cosines become
    /// 0. `rows` are the [rows](LatentSpace::rows) of the vocabulary's terms.
    pub(super) fn cosines(
        &self,
        query: &[WeightedTerm],
        rows: &[u32],
        range: &Range<usize>,
        cosines: &mut [f32],
    ) {
        Arch::new().dispatch(Cosines { space: self, query, rows, range, out: cosines });
    }
}

/// Computes cosines in loops that are compiled for several instruction sets; the results are the same on each.
struct Cosines<'a> {
    space: &'a LatentSpace,
    query: &'a [WeightedTerm],
    rows: &'a [u32],
    range: &'a Range<usize>,
    out: &'a mut [f32],
}

impl WithSimd for Cosines<'_> {
    type Output = ();

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instruction set at hand"
    )]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Cosines { space, query, rows, range, out } = self;
        let dimensions = space.dimensions;
        let mut request = vec![0.0; dimensions];
        for term in query {
            let Some(&row) = rows.get(term.term as usize).filter(|row| **row != NO_ROW) else { continue };
            let row = row as usize;
            let factor = term.weight * space.idf[row] * space.term_scales[row];
            let vector = &space.term_rows[row * dimensions..(row + 1) * dimensions];
            for (sum, &part) in request.iter_mut().zip(vector) {
                *sum += factor * f32::from(part);
            }
        }
        if !normalise(&mut request) {
            return;
        }
        let request: Vec<i16> = request.iter().map(|part| fixed(*part)).collect();
        let documents = &space.documents[range.start * dimensions..range.end * dimensions];
        let scales = &space.document_scales[range.clone()];
        let cosine = |dot: f32, scale: f32| (dot * scale / FIXED).max(0.0);
        // A loop of known length is unrolled, without a test for the remainder.
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

/// A component of a unit vector in steps of `1 / FIXED`.
#[expect(clippy::cast_possible_truncation, reason = "components of a unit vector lie within ±1")]
#[inline]
fn fixed(part: f32) -> i16 {
    (part * FIXED).round() as i16
}

/// Inner product in integers, which processors compute several at a time; the sum of 128 products of a 15-bit number and a
/// byte fits 32 bits.
#[expect(clippy::cast_precision_loss, reason = "a cosine needs no more than seven digits")]
#[inline]
fn dot_fixed(a: &[i16], b: &[i8]) -> f32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(i16::from(b))).sum::<i32>() as f32
}
