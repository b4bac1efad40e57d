//! Numbers and texts as bytes, for keeping beside the database: little endian, each array with its length before it.

use super::weights::compact;

/// Gathers parts.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn number(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn part(&mut self, part: &[u8]) {
        self.number(compact(part.len()));
        self.bytes.extend_from_slice(part);
    }

    pub(crate) fn numbers(&mut self, numbers: impl ExactSizeIterator<Item = u32>) {
        self.number(compact(numbers.len()).saturating_mul(4));
        self.bytes.extend(numbers.flat_map(u32::to_le_bytes));
    }

    pub(crate) fn floats(&mut self, floats: &[f32]) {
        self.numbers(floats.iter().map(|float| float.to_bits()));
    }
}

/// Takes parts in the order they were written; `None` where there is less than there should be.
#[derive(Debug)]
pub(crate) struct Reader<'b> {
    pub(crate) rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(crate) fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*number))
    }

    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(crate) fn part(&mut self) -> Option<&'b [u8]> {
        let length = self.count()?;
        let (part, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(part)
    }

    pub(crate) fn text(&mut self) -> Option<&'b str> {
        std::str::from_utf8(self.part()?).ok()
    }

    pub(crate) fn numbers(&mut self) -> Option<Vec<u32>> {
        let (numbers, rest) = self.part()?.as_chunks::<4>();
        rest.is_empty().then(|| numbers.iter().map(|number| u32::from_le_bytes(*number)).collect())
    }

    pub(crate) fn floats(&mut self) -> Option<Vec<f32>> {
        Some(self.numbers()?.into_iter().map(f32::from_bits).collect())
    }
}
