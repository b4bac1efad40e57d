//! How long the parts of a start took.

use std::sync::OnceLock;
use std::time::Duration;

use super::refresh::millis;
use protocol::StartTimings;

/// Milliseconds of each part; parts that run beside others are counted in full.
#[derive(Debug, Clone, Default)]
pub(super) struct Timings {
    /// Reading the folders, what was kept of them included.
    scan: f64,
    /// The index: read where it was kept, else built.
    index: f64,
    /// The likeness of meaning: read where it was kept, else learned. `null` until it is there.
    latent: OnceLock<f64>,
}

impl Timings {
    pub(super) fn new(scan: Duration, index: Duration) -> Timings {
        Timings { scan: millis(scan), index: millis(index), latent: OnceLock::new() }
    }

    /// As `/health` reports them.
    pub(super) fn report(&self) -> StartTimings {
        StartTimings { scan: self.scan, index: self.index, latent: self.latent.get().copied() }
    }

    /// The first time counts: later ones are no part of the start.
    pub(super) fn record_latent(&self, took: Duration) {
        self.latent.get_or_init(|| millis(took));
    }
}
