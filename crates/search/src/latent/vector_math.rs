//! Vector arithmetic in single precision and in quantised form.

/// Rows of `dimensions` numbers as bytes, with a scale for each row: a number is its byte times the row's scale.
pub(super) fn quantised(vectors: &[f32], dimensions: usize) -> (Vec<i8>, Vec<f32>) {
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

/// Scales a vector to length 1; returns `false`, and leaves it unchanged, where its length is 0 or not finite.
#[inline]
pub(super) fn normalise(vector: &mut [f32]) -> bool {
    let length = dot(vector, vector).sqrt();
    let has_length = length.is_finite() && length > f32::MIN_POSITIVE;
    if has_length {
        for part in vector.iter_mut() {
            *part /= length;
        }
    }
    has_length
}

/// Inner product, in eight lanes that fit one vector register.
#[inline]
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
