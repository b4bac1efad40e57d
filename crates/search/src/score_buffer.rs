//! Arrays of scores, one for each entry of a kind, whose memory is reused between requests.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Buffers that a thread retains: as many as one request uses at a time.
const MAX_RETAINED: usize = 4;
/// Larger buffers are freed: a thread should not retain megabytes.
const MAX_RETAINED_LEN: usize = 1 << 18;
/// Scores that are skipped together where none of them is large.
const CHUNK: usize = 64;

thread_local! {
    static RETAINED: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// A score for each entry of a kind, initially 0.
#[derive(Debug, Default)]
pub(crate) struct ScoreBuffer(Vec<f32>);

impl ScoreBuffer {
    /// Zeros for `n` entries.
    pub(crate) fn zeros(n: usize) -> ScoreBuffer {
        let mut buffer = RETAINED.with_borrow_mut(Vec::pop).unwrap_or_default();
        buffer.clear();
        buffer.resize(n, 0.0);
        ScoreBuffer(buffer)
    }

    /// The largest score, none of which may be negative; 0 where there are none.
    pub(crate) fn max(&self) -> f32 {
        max(&self.0)
    }
}

/// The largest of scores that are not negative.
fn max(scores: &[f32]) -> f32 {
    // Lane by lane, which the compiler vectorises.
    let (chunks, rest) = scores.as_chunks::<16>();
    let mut lanes = [0.0f32; 16];
    for chunk in chunks {
        for (lane, &score) in lanes.iter_mut().zip(chunk) {
            *lane = if score > *lane { score } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(0.0, f32::max)
}

/// Calls `each` with the position and the value of every score above `floor`, in order. `each` returns the new floor,
/// which it may raise.
pub(crate) fn for_each_above(scores: &[f32], mut floor: f32, mut each: impl FnMut(usize, f32) -> f32) {
    for (nth, chunk) in scores.chunks(CHUNK).enumerate() {
        if max(chunk) <= floor {
            continue;
        }
        for (at, &score) in chunk.iter().enumerate() {
            if score > floor {
                floor = each(nth * CHUNK + at, score);
            }
        }
    }
}

impl Deref for ScoreBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for ScoreBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl Drop for ScoreBuffer {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        if (1..=MAX_RETAINED_LEN).contains(&buffer.capacity()) {
            // While a thread ends, its retained buffers may be gone already.
            let _ = RETAINED.try_with(|retained| {
                let mut retained = retained.borrow_mut();
                if retained.len() < MAX_RETAINED {
                    retained.push(buffer);
                }
            });
        }
    }
}
