//! Scores of all entries of a kind, in memory that is used again.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Arrays a thread keeps for its next requests: as many as one request holds at a time.
const KEPT: usize = 4;
/// Scores of more entries than this are given back: a thread should not hold megabytes.
const MAX_KEPT: usize = 1 << 18;
/// Scores looked at together in search of large ones.
const CHUNK: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// A score for each entry of a kind, 0 at first.
#[derive(Debug, Default)]
pub(crate) struct Scores(Vec<f32>);

impl Scores {
    /// Zeros for `n` entries.
    pub(crate) fn zeros(n: usize) -> Scores {
        let mut spare = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
        spare.clear();
        spare.resize(n, 0.0);
        Scores(spare)
    }

    /// The largest, of scores that are never negative; 0 where there are none.
    pub(crate) fn top(&self) -> f32 {
        top(&self.0)
    }
}

/// The largest of scores that are never negative.
pub(crate) fn top(scores: &[f32]) -> f32 {
    // Lane by lane, which the compiler can do several at a time.
    let (chunks, rest) = scores.as_chunks::<16>();
    let mut lanes = [0.0f32; 16];
    for chunk in chunks {
        for (lane, &score) in lanes.iter_mut().zip(chunk) {
            *lane = if score > *lane { score } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(0.0, f32::max)
}

/// The places of the scores above `floor`, which `each` is told and may raise by what it answers.
pub(crate) fn above(scores: &[f32], mut floor: f32, mut each: impl FnMut(usize, f32) -> f32) {
    for (nth, chunk) in scores.chunks(CHUNK).enumerate() {
        if top(chunk) <= floor {
            continue;
        }
        for (at, &score) in chunk.iter().enumerate() {
            if score > floor {
                floor = each(nth * CHUNK + at, score);
            }
        }
    }
}

impl Deref for Scores {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Scores {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl Drop for Scores {
    fn drop(&mut self) {
        let scores = std::mem::take(&mut self.0);
        if (1..=MAX_KEPT).contains(&scores.capacity()) {
            // A thread that ends has no use for them any more.
            let _ = SPARE.try_with(|spare| {
                let mut spare = spare.borrow_mut();
                if spare.len() < KEPT {
                    spare.push(scores);
                }
            });
        }
    }
}
