//! Conversions between counts, compact ids and floating-point numbers.

/// A count as a single-precision number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of documents and words stay far below 2^24, or need no such precision"
)]
pub(crate) fn as_f32(count: usize) -> f32 {
    count as f32
}

/// A position or a size as a 32-bit id. Catalogs are bounded far below 2^32 of anything; beyond, it saturates.
pub(crate) fn as_u32(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// `a / b`, or 0 where `b` is not positive.
pub(crate) fn ratio(a: f32, b: f32) -> f32 {
    if b > 0.0 { a / b } else { 0.0 }
}
