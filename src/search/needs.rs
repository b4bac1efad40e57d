//! Requests that state several needs: "dockerize it, deploy to EKS and watch it in grafana".

use super::Request;
use super::evidence::{ratio, scores};
use super::index::Index;
use super::query::Query;
use super::scores::Scores;

/// Needs told apart in one request.
const MAX_NEEDS: usize = 4;
/// The best fused score of each entry over the needs a request names one after the other; empty for a single need.
pub(crate) fn best(index: &Index, request: &Request<'_>) -> Scores {
    let clauses = clauses(request.context.unwrap_or_default());
    if clauses.len() < 2 {
        return Scores::default();
    }
    let queries: Vec<Query> = (clauses.into_iter())
        .map(|clause| index.core.reader().read(clause))
        .filter(|query| !query.terms.is_empty())
        .take(MAX_NEEDS)
        .collect();
    if queries.len() < 2 {
        return Scores::default();
    }
    let share = index.core.latent_share(request.kind);
    let mut best = Scores::zeros(index.core.range(request.kind).len());
    for query in queries {
        let (lexical, latent) = scores(index, &query.wanted(), request.kind, request.plugin);
        let (lexical_top, latent_top) = (lexical.top(), latent.top());
        for (at, best) in best.iter_mut().enumerate() {
            let words = ratio(lexical[at], lexical_top);
            let fused = if latent_top > 0.0 {
                (1.0 - share) * words + share * ratio(latent[at], latent_top)
            } else {
                words
            };
            *best = best.max(fused);
        }
    }
    best
}

/// The parts of a request between commas, semicolons, line ends, `and` and `then`.
fn clauses(context: &str) -> Vec<&str> {
    context
        .split([',', ';', '\n'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" then "))
        .filter(|clause| !clause.trim().is_empty())
        .collect()
}
