//! Requests that state several needs: "dockerize it, deploy to EKS and watch it in grafana".

use std::ops::Range;

use super::Request;
use super::evidence::{ratio, scores};
use super::index::Index;
use super::query::{Query, Words};
use super::score_buffer::ScoreBuffer;
use super::text;

/// Needs told apart in one request.
const MAX_NEEDS: usize = 4;

/// The best fused score of each entry over the needs a request names one after the other; empty for a single need.
/// `words` are those of the whole request, of which the context comes last; `share` is the part of the latent score.
pub(crate) fn best(index: &Index, request: &Request<'_>, words: &Words, share: f32) -> ScoreBuffer {
    let context = request.context.unwrap_or_default();
    let clauses = clauses(context);
    if clauses.len() < 2 {
        return ScoreBuffer::default();
    }
    let reader = index.core.reader();
    // Of a long request each need is read by itself.
    let own: Vec<Words> = if words.are_cut() {
        clauses.iter().map(|clause| reader.words(&context[clause.clone()])).collect()
    } else {
        Vec::new()
    };
    let queries: Vec<Query<'_>> = if words.are_cut() {
        some_needs(own.iter().map(|words| reader.read(words)))
    } else {
        some_needs(places(context, &clauses, words.len()).map(|part| reader.read_part(words, part)))
    };
    if queries.len() < 2 {
        return ScoreBuffer::default();
    }
    let mut best = ScoreBuffer::zeros(index.core.range(request.kind).len());
    for query in queries {
        let (lexical, latent) = scores(index, &query.wanted(), request.kind, request.plugin);
        let (lexical_top, latent_top) = (lexical.max(), latent.max());
        let rise = |best: &mut f32, fused: f32| *best = if fused > *best { fused } else { *best };
        if latent_top > 0.0 {
            for ((best, &lexical), &latent) in best.iter_mut().zip(&*lexical).zip(&*latent) {
                let words = ratio(lexical, lexical_top);
                rise(best, (1.0 - share) * words + share * ratio(latent, latent_top));
            }
        } else {
            for (best, &lexical) in best.iter_mut().zip(&*lexical) {
                rise(best, ratio(lexical, lexical_top));
            }
        }
    }
    best
}

fn some_needs<'q>(queries: impl Iterator<Item = Query<'q>>) -> Vec<Query<'q>> {
    queries.filter(|query| !query.terms.is_empty()).take(MAX_NEEDS).collect()
}

/// The parts of a request between commas, semicolons, line ends, `and` and `then`.
fn clauses(context: &str) -> Vec<Range<usize>> {
    let place = |part: &str| {
        let start = part.as_ptr().addr() - context.as_ptr().addr();
        start..start + part.len()
    };
    context
        .split([',', ';', '\n'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" then "))
        .filter(|clause| !clause.trim().is_empty())
        .map(place)
        .collect()
}

/// Which words of a request, of which there are `count`, stand in each clause of the text that it ends with. What clauses
/// end at stands between words.
fn places(context: &str, clauses: &[Range<usize>], count: usize) -> impl Iterator<Item = Range<usize>> {
    let words_in = |part: &str| {
        let mut words = 0;
        text::tokenize(part, |_, _| words += 1);
        words
    };
    let mut word = count.saturating_sub(words_in(context));
    let mut end = 0;
    clauses.iter().map(move |clause| {
        let start = word + words_in(&context[end..clause.start]);
        word = start + words_in(&context[clause.clone()]);
        end = clause.end;
        start.min(count)..word.min(count)
    })
}

#[cfg(test)]
mod tests {
    use super::{clauses, places};
    use crate::text;

    #[test]
    fn clauses_are_found_among_the_words_of_the_whole() {
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
                for (clause, place) in clauses.iter().zip(places(context, &clauses, all.len())) {
                    let expected = words(&context[clause.clone()]);
                    assert_eq!(all[place], expected, "{:?} of {whole:?}", &context[clause.clone()]);
                }
            }
        }
    }
}
