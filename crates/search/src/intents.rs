//! Requests that state several intents: "dockerize it, deploy to EKS and watch it in grafana".

use std::ops::Range;

use crate::index::Index;
use crate::numeric::ratio;
use crate::query::{QueryTokens, WeightedQuery};
use crate::request::{EntryFilter, Request};
use crate::score_buffer::ScoreBuffer;
use crate::text;
use crate::text_scores::TextScores;

/// Intents that one request is divided into.
const MAX_INTENTS: usize = 4;

/// For each entry, the best fused text score over the intents that a request states one after the other; empty where it
/// states a single one. `tokens` are those of the whole request, which ends with its context; `latent_share` is the weight
/// of the latent score.
pub(crate) fn best_intent_scores(
    index: &Index,
    request: &Request<'_>,
    tokens: &QueryTokens,
    latent_share: f32,
) -> ScoreBuffer {
    let context = request.context.unwrap_or_default();
    let clauses = clauses(context);
    if clauses.len() < 2 {
        return ScoreBuffer::default();
    }
    let parser = index.core.query_parser();
    // The tokens of a long request are truncated: each clause is tokenized by itself.
    let own: Vec<QueryTokens> = if tokens.are_truncated() {
        clauses.iter().map(|clause| parser.tokenize(&context[clause.clone()])).collect()
    } else {
        Vec::new()
    };
    let queries: Vec<WeightedQuery<'_>> = if tokens.are_truncated() {
        first_intents(own.iter().map(|tokens| parser.parse(tokens)))
    } else {
        let ranges = token_ranges(context, &clauses, tokens.len());
        first_intents(ranges.map(|range| parser.parse_part(tokens, range)))
    };
    if queries.len() < 2 {
        return ScoreBuffer::default();
    }
    let mut best = ScoreBuffer::zeros(index.core.range(request.kind).len());
    for query in queries {
        let TextScores { lexical, lexical_max, latent, latent_max } =
            TextScores::compute(index, &query.weighted_terms(), request.kind, &EntryFilter::of(request));
        let raise = |best: &mut f32, fused: f32| *best = if fused > *best { fused } else { *best };
        if latent_max > 0.0 {
            for ((best, &lexical), &latent) in best.iter_mut().zip(&*lexical).zip(&*latent) {
                let lexical = ratio(lexical, lexical_max);
                raise(best, (1.0 - latent_share) * lexical + latent_share * ratio(latent, latent_max));
            }
        } else {
            for (best, &lexical) in best.iter_mut().zip(&*lexical) {
                raise(best, ratio(lexical, lexical_max));
            }
        }
    }
    best
}

/// The first intents that have a term.
fn first_intents<'q>(queries: impl Iterator<Item = WeightedQuery<'q>>) -> Vec<WeightedQuery<'q>> {
    queries.filter(|query| !query.terms.is_empty()).take(MAX_INTENTS).collect()
}

/// The clauses of a request, as byte ranges: what lies between commas, semicolons, line ends, `and` and `then`.
fn clauses(context: &str) -> Vec<Range<usize>> {
    let byte_range = |part: &str| {
        let start = part.as_ptr().addr() - context.as_ptr().addr();
        start..start + part.len()
    };
    context
        .split([',', ';', '\n'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" then "))
        .filter(|clause| !clause.trim().is_empty())
        .map(byte_range)
        .collect()
}

/// The words of each clause, as ranges of the `n_tokens` words of a request that ends with `context`. Clauses end at word
/// boundaries.
fn token_ranges(
    context: &str,
    clauses: &[Range<usize>],
    n_tokens: usize,
) -> impl Iterator<Item = Range<usize>> {
    let count = |part: &str| {
        let mut words = 0;
        text::tokenize(part, |_, _| words += 1);
        words
    };
    let mut token = n_tokens.saturating_sub(count(context));
    let mut end = 0;
    clauses.iter().map(move |clause| {
        let start = token + count(&context[end..clause.start]);
        token = start + count(&context[clause.clone()]);
        end = clause.end;
        start.min(n_tokens)..token.min(n_tokens)
    })
}

#[cfg(test)]
mod tests {
    use super::{clauses, token_ranges};
    use crate::text;

    #[test]
    fn clauses_cover_the_words_they_consist_of() {
        let contexts = [
            "dockerize it, deploy to EKS and watch it in grafana",
            "ci/cd, then; getUser and then camelCase\n\nnode.js and  and also, 日本語 then ünïcode’s and end",
            " and , then ",
        ];
        for context in contexts {
            for before in ["", "react hooks", "c++ and more, of it"] {
                let whole = format!("{before}\n{context}");
                let words = |text: &str| {
                    let mut words = Vec::new();
                    text::tokenize(text, |word, form| words.push((word.to_owned(), form)));
                    words
                };
                let (all, clauses) = (words(&whole), clauses(context));
                for (clause, place) in clauses.iter().zip(token_ranges(context, &clauses, all.len())) {
                    let expected = words(&context[clause.clone()]);
                    assert_eq!(all[place], expected, "{:?} of {whole:?}", &context[clause.clone()]);
                }
            }
        }
    }
}
