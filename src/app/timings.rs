//! How long the parts of a start took.

use std::sync::OnceLock;
use std::time::Duration;

use protocol::StartTimings;

/// Milliseconds of each part; parts that run beside others are counted in full.
#[derive(Debug, Clone, Default)]
pub(super) struct Timings {
    /// Reading the folders, including what an earlier run persisted of them.
    scan: f64,
    /// The index: read where it was persisted, else built.
    index: f64,
    /// The latent score: read where it was persisted, else trained. `null` until it is there.
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

    /// Only the first time counts: later ones are no part of the start.
    pub(super) fn record_latent(&self, took: Duration) {
        self.latent.get_or_init(|| millis(took));
    }
}

/// Milliseconds with three decimals.
pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
