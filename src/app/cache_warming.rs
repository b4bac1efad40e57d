//! Filling the caches of a snapshot, before it serves, with the queries that are asked most.

use super::App;
use super::snapshot::Snapshot;
use store::FrequentQuery;

/// Queries asked again: the ones a session is likely to begin with.
const MAX_WARMED: usize = 50;

impl App {
    /// The queries worth warming for.
    pub(super) fn frequent_queries(&self) -> Vec<FrequentQuery> {
        self.store.frequent_queries(MAX_WARMED).unwrap_or_else(|error| {
            tracing::warn!(%error, "the caches are not warmed");
            Vec::new()
        })
    }

    /// Asks `queries` of a snapshot, so that their answers are kept when it begins to serve.
    pub(super) fn warm(&self, snapshot: &Snapshot, queries: &[FrequentQuery]) {
        if self.embedding.serves() {
            // An answer without the model's judgement would not be asked for.
            return;
        }
        let warmed = queries.iter().filter(|query| self.warm_one(snapshot, query)).count();
        tracing::debug!(warmed, generation = snapshot.generation, "caches warmed");
    }
}
