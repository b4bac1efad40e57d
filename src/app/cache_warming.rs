//! Filling the caches of a snapshot, before it serves, with the queries that are asked most.

use super::App;
use super::snapshot::Snapshot;
use store::FrequentQuery;

/// Asks `queries` of a snapshot, so that their answers are cached when it begins to serve.
pub(super) fn warm(app: &App, snapshot: &Snapshot, queries: &[FrequentQuery]) {
    if app.embedding().serves() {
        // An answer without the model's scores has another key.
        return;
    }
    let warmed = queries.iter().filter(|query| app.warm_one(snapshot, query)).count();
    tracing::debug!(warmed, generation = snapshot.generation, "caches warmed");
}
