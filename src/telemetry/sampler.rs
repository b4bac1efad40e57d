//! So many of something a second, and the rest left out: for what is worth writing down once, but not a thousand times.

use std::sync::atomic::{AtomicU64, Ordering};

/// Lets at most so many pass in each second. Without a lock; several threads at once may let a few more pass.
#[derive(Debug)]
pub struct Sampler {
    most: u32,
    /// The second in the upper half, how many passed in it in the lower.
    state: AtomicU64,
}

impl Sampler {
    /// Lets at most `most` through in a second.
    pub const fn of(most: u32) -> Self {
        Sampler { most, state: AtomicU64::new(0) }
    }

    /// Whether one more passes in the second `second`, which counts from any start. Seconds may be given out of order by a
    /// few: the later one counts.
    pub fn admits(&self, second: u64) -> bool {
        let second = second & u64::from(u32::MAX);
        let state = self.state.load(Ordering::Relaxed);
        let (current, passed) = (state >> 32, state & u64::from(u32::MAX));
        let passed = if current >= second { passed } else { 0 };
        if passed >= u64::from(self.most) {
            return false;
        }
        self.state.store(current.max(second) << 32 | (passed + 1), Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Sampler;

    #[test]
    fn so_many_pass_in_each_second() {
        let sampler = Sampler::of(3);
        for second in [0, 1, 7] {
            let passed = (0..10).filter(|_| sampler.admits(second)).count();
            assert_eq!(passed, 3, "in second {second}");
        }
        assert!(!sampler.admits(6), "a second that is over lets nothing more pass");
        assert!(!Sampler::of(0).admits(1));
    }
}
