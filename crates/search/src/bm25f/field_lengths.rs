//! Field lengths of a kind, and their averages.

use crate::fields::FIELDS;
use crate::numeric::as_f32;

/// Averages are rounded to this many steps for each power of two.
const AVERAGE_STEPS: f32 = 8.0;

/// The sums of field lengths over the entries of a kind, in terms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FieldLengths {
    /// Terms in each field, of all entries together.
    pub(crate) totals: [u64; FIELDS],
    /// How many entries have the field at all.
    pub(crate) filled: [u32; FIELDS],
}

impl FieldLengths {
    /// Adds an entry.
    pub(crate) fn add(&mut self, lengths: &[u32; FIELDS]) {
        for (slot, &length) in lengths.iter().enumerate() {
            self.totals[slot] += u64::from(length);
            self.filled[slot] += u32::from(length > 0);
        }
    }

    /// Removes an entry that was added.
    pub(crate) fn subtract(&mut self, lengths: &[u32; FIELDS]) {
        for (slot, &length) in lengths.iter().enumerate() {
            self.totals[slot] = self.totals[slot].saturating_sub(u64::from(length));
            self.filled[slot] = self.filled[slot].saturating_sub(u32::from(length > 0));
        }
    }

    /// The average length of each field among the entries that have it (an absent field says nothing about length),
    /// rounded.
    pub(crate) fn averages(&self) -> [f32; FIELDS] {
        std::array::from_fn(|slot| {
            let total = usize::try_from(self.totals[slot]).unwrap_or(usize::MAX);
            let average = as_f32(total.max(1)) / as_f32((self.filled[slot] as usize).max(1));
            ((average.log2() * AVERAGE_STEPS).round() / AVERAGE_STEPS).exp2()
        })
    }
}
