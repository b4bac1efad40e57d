//! Requests that state several needs: "dockerize it, deploy to EKS and watch it in grafana".

use std::ops::Range;

use super::Request;
use super::evidence::{ratio, scores, top};
use super::index::Index;
use super::query::Query;

/// Needs told apart in one request.
const MAX_NEEDS: usize = 4;
/// The best fused score of each entry over the needs a request names one after the other; empty for a single need.
pub(crate) fn best(index: &Index, request: &Request<'_>, range: &Range<usize>) -> Vec<f32> {
    let clauses = clauses(request.context.unwrap_or_default());
    if clauses.len() < 2 {
        return Vec::new();
    }
    let queries: Vec<Query> = (clauses.into_iter())
        .map(|clause| index.core.reader().read(clause))
        .filter(|query| !query.terms.is_empty())
        .take(MAX_NEEDS)
        .collect();
    if queries.len() < 2 {
        return Vec::new();
    }
    let share = index.core.latent_share(request.kind);
    let mut best = vec![0.0f32; range.len()];
    for query in queries {
        let (lexical, latent) = scores(index, &query.wanted(), range, request.plugin);
        let (lexical_top, latent_top) = (top(&lexical), top(&latent));
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
