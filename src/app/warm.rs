//! Filling the caches at start from the queries that were asked most.

use super::App;

/// Queries asked again at start: the ones a session is likely to begin with.
const MAX_WARMED: usize = 50;

/// Asks the most frequent logged queries once.
pub(super) fn run(app: &App) {
    let frequent = match app.store.frequent_queries(MAX_WARMED) {
        Ok(frequent) => frequent,
        Err(error) => {
            tracing::warn!(%error, "the caches are not warmed");
            return;
        }
    };
    let warmed = frequent.iter().filter(|query| app.warm_one(query)).count();
    tracing::debug!(warmed, "caches warmed");
}
