//! How long the parts of a start took.

use std::sync::OnceLock;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::refresh::millis;

/// Milliseconds of each part; parts that run beside others are counted in full.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Timings {
    /// Reading the folders, what was kept of them included.
    scan: f64,
    /// The index: read where it was kept, else built.
    index: f64,
    /// The likeness of meaning: read where it was kept, else learned. `null` until it is there.
    #[serde(serialize_with = "once")]
    latent: OnceLock<f64>,
}

fn once<S: Serializer>(time: &OnceLock<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    time.get().serialize(serializer)
}

impl Timings {
    pub(super) fn new(scan: Duration, index: Duration) -> Timings {
        Timings { scan: millis(scan), index: millis(index), latent: OnceLock::new() }
    }

    /// The first time counts: later ones are no part of the start.
    pub(super) fn record_latent(&self, took: Duration) {
        self.latent.get_or_init(|| millis(took));
    }
}
