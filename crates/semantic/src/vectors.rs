//! Vectors as bytes, and how alike they are.
//!
//! A vector of unit length is kept as 127ths of its largest part: a quarter of the memory, and a cosine that is off by
//! some thousandths. A request is compared with every vector one after the other; there are at most some hundred
//! thousand, and an index that skips most of them would cost more than it saves.

use foldhash::{HashMap, HashMapExt};
use sha2::{Digest, Sha256};

/// What a text's vector is kept under: the first half of the SHA-256 of the text.
pub type TextKey = [u8; 16];

/// The key of a text.
pub fn text_key(text: &str) -> TextKey {
    let digest = Sha256::digest(text);
    let mut key = TextKey::default();
    key.copy_from_slice(&digest[..16]);
    key
}

/// Vectors of texts, all of one model.
#[derive(Debug, Clone, Default)]
pub struct Vectors {
    dimensions: usize,
    rows: HashMap<TextKey, u32>,
    scales: Vec<f32>,
    parts: Vec<i8>,
}

impl Vectors {
    /// None yet, of that many numbers each.
    pub fn new(dimensions: usize) -> Vectors {
        Vectors { dimensions, rows: HashMap::new(), scales: Vec::new(), parts: Vec::new() }
    }

    /// Numbers of each vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The row of a text's vector, where it has one.
    pub fn row(&self, key: &TextKey) -> Option<u32> {
        self.rows.get(key).copied()
    }

    /// Adds a text's vector, which must have as many numbers as the others; a text that has one keeps it.
    pub fn add(&mut self, key: TextKey, vector: &[f32]) {
        let largest = vector.iter().fold(0.0f32, |largest, part| largest.max(part.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded and within ±127 by the choice of the scale"
        )]
        let parts = vector.iter().map(|part| (part / scale).round() as i8);
        self.add_packed(key, scale, parts);
    }

    /// The same for one that is packed.
    pub(super) fn add_packed(&mut self, key: TextKey, scale: f32, parts: impl ExactSizeIterator<Item = i8>) {
        if parts.len() != self.dimensions || self.rows.contains_key(&key) {
            return;
        }
        // Bounded far below four thousand million by the entries of a catalog and their passages.
        self.rows.insert(key, u32::try_from(self.scales.len()).unwrap_or(u32::MAX));
        self.scales.push(scale);
        self.parts.extend(parts);
    }

    /// Those of the given texts only.
    #[must_use]
    pub fn subset(&self, keys: impl IntoIterator<Item = TextKey>) -> Vectors {
        let mut kept = Vectors::new(self.dimensions);
        for key in keys {
            if let Some((scale, parts)) = self.packed(&key) {
                kept.add_packed(key, scale, parts.iter().copied());
            }
        }
        kept
    }

    /// All keys, in the order they were added.
    pub(super) fn keys(&self) -> Vec<TextKey> {
        let mut keys = vec![TextKey::default(); self.len()];
        for (key, &row) in &self.rows {
            keys[row as usize] = *key;
        }
        keys
    }

    pub(super) fn packed(&self, key: &TextKey) -> Option<(f32, &[i8])> {
        let row = self.row(key)?;
        Some((self.scales[row as usize], self.parts_of(row)))
    }

    fn parts_of(&self, row: u32) -> &[i8] {
        let from = row as usize * self.dimensions;
        &self.parts[from..from + self.dimensions]
    }

    /// Cosine of a request with the vector of a row, -1 to 1.
    pub fn cosine(&self, request: &QuantizedQuery, row: u32) -> f32 {
        let sum = dot(&request.parts, self.parts_of(row));
        #[expect(clippy::cast_precision_loss, reason = "a likeness needs no more than four digits")]
        let sum = sum as f32;
        sum * request.scale * self.scales[row as usize]
    }
}

/// A request's vector, ready to be compared with many.
#[derive(Debug, Clone)]
pub struct QuantizedQuery {
    scale: f32,
    parts: Vec<i16>,
}

impl QuantizedQuery {
    /// Of a vector of unit length.
    pub fn new(vector: &[f32]) -> QuantizedQuery {
        let largest = vector.iter().fold(0.0f32, |largest, part| largest.max(part.abs()));
        // Finer than a stored vector, and still a sum of a thousand products fits 32 bits.
        let scale = if largest > 0.0 { largest / 2047.0 } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded and within ±2047 by the choice of the scale"
        )]
        let parts = vector.iter().map(|part| (part / scale).round() as i16).collect();
        QuantizedQuery { scale, parts }
    }
}

/// Inner product. Products of 16-bit numbers summed in 32 bits are what processors have an instruction for.
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
    fn packed_cosines_are_those_of_the_vectors() {
        let wave = |step: f32| unit(&(0..384u16).map(|at| (f32::from(at) * step).sin()).collect::<Vec<_>>());
        let mut vectors = Vectors::new(384);
        for at in 1..20u8 {
            vectors.add(text_key(&at.to_string()), &wave(f32::from(at) / 50.0));
        }
        let request = wave(0.1);
        for at in 1..20u8 {
            let row = vectors.row(&text_key(&at.to_string())).unwrap();
            let exact: f32 = request.iter().zip(wave(f32::from(at) / 50.0)).map(|(a, b)| a * b).sum();
            let packed = vectors.cosine(&QuantizedQuery::new(&request), row);
            assert!((packed - exact).abs() < 0.005, "{at}: {packed} for {exact}");
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
        let kept = vectors.subset([text_key("c"), text_key("d")]);
        assert_eq!((kept.len(), kept.row(&text_key("c"))), (1, Some(0)));
    }
}
