//! Filling the caches of a snapshot, before it serves, with the queries that are asked most.

use super::Project;
use super::snapshot::Snapshot;
use store::FrequentQuery;

/// Asks `queries` of a snapshot, so that their answers are cached when it begins to serve.
pub(super) fn warm(project: &Project, snapshot: &Snapshot, queries: &[FrequentQuery]) {
    if project.embedding().serves() {
        // An answer without the model's scores has another key.
        return;
    }
    let warmed = queries.iter().filter(|query| project.warm_one(snapshot, query)).count();
    tracing::debug!(warmed, generation = snapshot.generation, "caches warmed");
}
