//! The binary encoding of persisted indexes: little-endian numbers, and arrays prefixed with their length in bytes.

use crate::numeric::as_u32;

/// Encodes values one after the other.
#[derive(Debug, Default)]
pub(crate) struct ByteWriter {
    /// Everything written so far.
    pub(crate) bytes: Vec<u8>,
}

impl ByteWriter {
    /// A 32-bit number.
    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Bytes with their length in front.
    pub(crate) fn block(&mut self, block: &[u8]) {
        self.u32(as_u32(block.len()));
        self.bytes.extend_from_slice(block);
    }

    /// An array of 32-bit numbers with its length in bytes in front.
    pub(crate) fn u32s(&mut self, values: impl ExactSizeIterator<Item = u32>) {
        self.u32(as_u32(values.len()).saturating_mul(4));
        self.bytes.extend(values.flat_map(u32::to_le_bytes));
    }

    /// An array of single-precision numbers, bit for bit.
    pub(crate) fn f32s(&mut self, values: &[f32]) {
        self.u32s(values.iter().map(|value| value.to_bits()));
    }
}

/// Decodes values in the order in which they were written. Every method returns `None` where the input is too short or
/// malformed.
#[derive(Debug)]
pub(crate) struct ByteReader<'b> {
    /// What has not been decoded yet.
    pub(crate) rest: &'b [u8],
}

impl<'b> ByteReader<'b> {
    /// A 32-bit number.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        let (value, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*value))
    }

    /// A 32-bit number as a count.
    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    /// Bytes with their length in front.
    pub(crate) fn block(&mut self) -> Option<&'b [u8]> {
        let length = self.count()?;
        let (block, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(block)
    }

    /// A block that is UTF-8.
    pub(crate) fn text(&mut self) -> Option<&'b str> {
        std::str::from_utf8(self.block()?).ok()
    }

    /// An array of 32-bit numbers.
    pub(crate) fn u32s(&mut self) -> Option<Vec<u32>> {
        let (values, rest) = self.block()?.as_chunks::<4>();
        rest.is_empty().then(|| values.iter().map(|value| u32::from_le_bytes(*value)).collect())
    }

    /// An array of single-precision numbers.
    pub(crate) fn f32s(&mut self) -> Option<Vec<f32>> {
        Some(self.u32s()?.into_iter().map(f32::from_bits).collect())
    }
}
