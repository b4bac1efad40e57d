//! A histogram of entry sizes.

use crate::numeric::as_f32;

/// Larger entries count as this large.
const MAX_SIZE: usize = 4_095;

/// How many entries have how many distinct terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SizeHistogram {
    /// Entries by number of distinct terms.
    pub(crate) counts: Vec<u32>,
}

impl SizeHistogram {
    /// Adds an entry.
    pub(crate) fn add(&mut self, n_terms: usize) {
        let n_terms = n_terms.min(MAX_SIZE);
        if self.counts.len() <= n_terms {
            self.counts.resize(n_terms + 1, 0);
        }
        self.counts[n_terms] += 1;
    }

    /// Removes an entry that was added.
    pub(crate) fn remove(&mut self, n_terms: usize) {
        if let Some(count) = self.counts.get_mut(n_terms.min(MAX_SIZE)) {
            *count = count.saturating_sub(1);
        }
    }

    /// The median number of distinct terms; 0 without entries.
    pub(crate) fn median(&self) -> f32 {
        let mut left = self.counts.iter().map(|&count| count as usize).sum::<usize>() / 2;
        let holds_median = |&count: &u32| {
            let holds = left < count as usize;
            left = left.saturating_sub(count as usize);
            holds
        };
        self.counts.iter().position(holds_median).map_or(0.0, as_f32)
    }
}

impl FromIterator<usize> for SizeHistogram {
    fn from_iter<T: IntoIterator<Item = usize>>(sizes: T) -> SizeHistogram {
        let mut histogram = SizeHistogram::default();
        sizes.into_iter().for_each(|n_terms| histogram.add(n_terms));
        histogram
    }
}
