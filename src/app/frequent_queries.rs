//! Which queries are asked most.

use store::{FrequentQuery, Store};

/// Queries asked again: the ones a session is likely to begin with.
const MAX_WARMED: usize = 50;

/// The queries worth preparing for; none where the log cannot be read. Blocks.
pub(super) fn frequent_queries(store: &Store) -> Vec<FrequentQuery> {
    store.frequent_queries(MAX_WARMED).unwrap_or_else(|error| {
        tracing::warn!(%error, "the most frequent queries are unknown, so that the caches are not warmed");
        Vec::new()
    })
}
