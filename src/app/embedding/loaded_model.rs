//! A model in memory with the vectors it made.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use moka::sync::Cache;

use semantic::{Encoder, PassageIndex};

/// Requests whose vectors are cached: some two megabytes.
const MAX_CACHED_REQUESTS: u64 = 1_000;

/// A loaded model.
#[derive(Debug)]
pub(super) struct LoadedModel {
    pub(super) encoder: Encoder,
    /// Vectors of requests, by their text.
    pub(super) requests: Cache<String, Arc<[f32]>>,
    /// The entries that are embedded so far.
    pub(super) passages: ArcSwapOption<PassageIndex>,
}

impl LoadedModel {
    pub(super) fn new(encoder: Encoder) -> LoadedModel {
        LoadedModel { encoder, requests: Cache::new(MAX_CACHED_REQUESTS), passages: ArcSwapOption::empty() }
    }
}
