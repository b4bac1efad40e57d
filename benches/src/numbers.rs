//! Numbers that look random and are the same in every run.

/// A source of numbers, by splitmix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// The source that begins at `seed`.
    pub fn of(seed: u64) -> Numbers {
        Numbers(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = self.next() % u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(number).unwrap_or_default()
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }

    /// One of these, which are not none.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A rank below `bound` by Zipf's law: rank `r` comes about `1 / (r + 1)` as often as the first one.
    ///
    /// `floor(bound^u) - 1` of an even `u` in 0..1 has that distribution but for the very first ranks, where it is
    /// steeper by a factor of ln 2 and less.
    pub fn zipf(&mut self, bound: u32) -> u32 {
        let even = f64::from(u32::try_from(self.next() >> 32).unwrap_or_default()) / f64::from(u32::MAX);
        let rank = f64::from(bound).powf(even).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in 1..=bound")]
        let rank = rank as u32;
        rank.clamp(1, bound) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn ranks_fall_off_as_zipf_says() {
        let mut numbers = Numbers::of(7);
        let mut counts = [0u32; 1_000];
        for _ in 0..200_000 {
            counts[numbers.zipf(1_000) as usize] += 1;
        }
        let share = |range: std::ops::Range<usize>| f64::from(counts[range].iter().sum::<u32>()) / 200_000.0;
        for (range, expected) in
            [(0..1, 0.100), (0..9, 1.0 / 3.0), (0..99, 2.0 / 3.0), (99..1_000, 1.0 / 3.0)]
        {
            assert!((share(range.clone()) - expected).abs() < 0.01, "{range:?}");
        }
    }
}
