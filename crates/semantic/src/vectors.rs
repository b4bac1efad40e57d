//! Quantised vectors, and their cosines with a request.
//!
//! A unit vector is quantised to 127ths of its largest component: a quarter of the memory, and cosines accurate to a few
//! thousandths. A request is compared with every vector in turn; there are at most some hundred thousand, and an
//! approximate index would cost more than it saves.

use foldhash::{HashMap, HashMapExt};
use sha2::{Digest, Sha256};

/// The key of a passage: the first half of the SHA-256 of its text.
pub type TextKey = [u8; 16];

/// The key of a passage with this text.
pub fn text_key(text: &str) -> TextKey {
    let digest = Sha256::digest(text);
    let mut key = TextKey::default();
    key.copy_from_slice(&digest[..16]);
    key
}

/// The vectors of passages, all of one model, by key.
#[derive(Debug, Clone, Default)]
pub struct Vectors {
    dimensions: usize,
    rows: HashMap<TextKey, u32>,
    scales: Vec<f32>,
    parts: Vec<i8>,
}

impl Vectors {
    /// An empty collection of vectors with `dimensions` numbers each.
    pub fn new(dimensions: usize) -> Vectors {
        Vectors { dimensions, rows: HashMap::new(), scales: Vec::new(), parts: Vec::new() }
    }

    /// Numbers in each vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The number of vectors.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are no vectors.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The row of a passage's vector; `None` where it is not embedded.
    pub fn row(&self, key: &TextKey) -> Option<u32> {
        self.rows.get(key).copied()
    }

    /// Adds the vector of a passage. Ignored where the passage has one already, or where the number of components is wrong.
    pub fn add(&mut self, key: TextKey, vector: &[f32]) {
        let largest = vector.iter().fold(0.0f32, |largest, part| largest.max(part.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded and within ±127 by the choice of the scale"
        )]
        let parts = vector.iter().map(|part| (part / scale).round() as i8);
        self.add_quantised(key, scale, parts);
    }

    /// [`Vectors::add`] for a quantised vector: a component is its byte times `scale`.
    pub(super) fn add_quantised(
        &mut self,
        key: TextKey,
        scale: f32,
        parts: impl ExactSizeIterator<Item = i8>,
    ) {
        if parts.len() != self.dimensions || self.rows.contains_key(&key) {
            return;
        }
        // The entries of a catalog and their passages stay far below 2^32.
        self.rows.insert(key, u32::try_from(self.scales.len()).unwrap_or(u32::MAX));
        self.scales.push(scale);
        self.parts.extend(parts);
    }

    /// The vectors of these passages only.
    #[must_use]
    pub fn subset(&self, keys: impl IntoIterator<Item = TextKey>) -> Vectors {
        let mut subset = Vectors::new(self.dimensions);
        for key in keys {
            if let Some((scale, parts)) = self.quantised(&key) {
                subset.add_quantised(key, scale, parts.iter().copied());
            }
        }
        subset
    }

    /// All keys in order of insertion.
    pub(super) fn keys(&self) -> Vec<TextKey> {
        let mut keys = vec![TextKey::default(); self.len()];
        for (key, &row) in &self.rows {
            keys[row as usize] = *key;
        }
        keys
    }

    /// The scale and the components of a passage's vector.
    pub(super) fn quantised(&self, key: &TextKey) -> Option<(f32, &[i8])> {
        let row = self.row(key)?;
        Some((self.scales[row as usize], self.parts_of(row)))
    }

    fn parts_of(&self, row: u32) -> &[i8] {
        let from = row as usize * self.dimensions;
        &self.parts[from..from + self.dimensions]
    }

    /// The cosine of a request and the vector at a row, -1..=1.
    pub fn cosine(&self, request: &QuantizedQuery, row: u32) -> f32 {
        let sum = dot(&request.parts, self.parts_of(row));
        #[expect(clippy::cast_precision_loss, reason = "a similarity needs no more than four digits")]
        let sum = sum as f32;
        sum * request.scale * self.scales[row as usize]
    }
}

/// A request's vector, quantised for comparison with many.
#[derive(Debug, Clone)]
pub struct QuantizedQuery {
    scale: f32,
    parts: Vec<i16>,
}

impl QuantizedQuery {
    /// Quantises a unit vector.
    pub fn new(vector: &[f32]) -> QuantizedQuery {
        let largest = vector.iter().fold(0.0f32, |largest, part| largest.max(part.abs()));
        // Finer than a stored vector, while the sum of a thousand products still fits 32 bits.
        let scale = if largest > 0.0 { largest / 2047.0 } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded and within ±2047 by the choice of the scale"
        )]
        let parts = vector.iter().map(|part| (part / scale).round() as i16).collect();
        QuantizedQuery { scale, parts }
    }
}

/// Inner product. Processors have an instruction for 16-bit products summed in 32 bits.
fn dot(a: &[i16], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(i16::from(b))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(numbers: &[f32]) -> Vec<f32> {
        let length = numbers.iter().map(|part| part * part).sum::<f32>().sqrt();
        numbers.iter().map(|part| part / length).collect()
    }

    #[test]
    fn quantised_cosines_approximate_those_of_the_vectors() {
        let wave = |step: f32| unit(&(0..384u16).map(|at| (f32::from(at) * step).sin()).collect::<Vec<_>>());
        let mut vectors = Vectors::new(384);
        for at in 1..20u8 {
            vectors.add(text_key(&at.to_string()), &wave(f32::from(at) / 50.0));
        }
        let request = wave(0.1);
        for at in 1..20u8 {
            let row = vectors.row(&text_key(&at.to_string())).unwrap();
            let exact: f32 = request.iter().zip(wave(f32::from(at) / 50.0)).map(|(a, b)| a * b).sum();
            let quantised = vectors.cosine(&QuantizedQuery::new(&request), row);
            assert!((quantised - exact).abs() < 0.005, "{at}: {quantised} for {exact}");
        }
    }

    #[test]
    fn a_text_has_one_vector_of_the_right_size() {
        let mut vectors = Vectors::new(2);
        vectors.add(text_key("a"), &[1.0, 0.0]);
        vectors.add(text_key("a"), &[0.0, 1.0]);
        vectors.add(text_key("b"), &[1.0, 0.0, 0.0]);
        vectors.add(text_key("c"), &[0.0, 0.0]);
        assert_eq!((vectors.len(), vectors.row(&text_key("b"))), (2, None));
        assert!(vectors.cosine(&QuantizedQuery::new(&[1.0, 0.0]), 0) > 0.99);
        assert_eq!(vectors.cosine(&QuantizedQuery::new(&[0.0, 0.0]), 1).to_bits(), 0.0f32.to_bits());
        let subset = vectors.subset([text_key("c"), text_key("d")]);
        assert_eq!((subset.len(), subset.row(&text_key("c"))), (1, Some(0)));
    }
}
