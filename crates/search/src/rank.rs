//! One ranking out of all evidence.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::evidence::{Asked, Evidence, Shares, ratio};
use super::index::{Core, Index};
use super::score_buffer::{ScoreBuffer, for_each_above};
use super::{
    Explanation, Field, Findings, Hit, Prior, Request, ScoreBreakdown, TermContribution, reasoning, text,
};
use crate::bm25f::WeightedTerm;
use catalog::Kind;

/// Below this confidence the catalog cannot serve a request: no hits, only suggestions. Set low: of labelled servable
/// requests 95 % lie above 0.38 (0.23 without aliases), but requests in quite other words than the collection's lie
/// lower and still deserve an answer, if one marked as doubtful. What no entry can serve mostly lies below 0.35.
pub const SERVABLE: f32 = 0.05;
/// Most suggestions of one answer.
const MAX_SUGGESTIONS: usize = 5;
/// Most hits of one answer.
const MAX_LIMIT: usize = 100;

/// Entries that the prior is told of.
const LEADERS: usize = 10;
/// Entries of which each is asked about rather than found by its name.
const FEW: usize = 1_000;
/// Rows worked out beyond those asked for, since several may turn out to be copies of one.
const ROOM: usize = 32;
/// Rows of which the lower half is cut off at least.
const CUT: usize = 64;
/// The same as [`ROOM`] for an answer, which is worked out again with more of them where they do not suffice.
const LITTLE_ROOM: usize = 10;

/// A row before it is dressed: the entry and its score.
type Row = (usize, f32);

pub(crate) fn find(index: &Index, request: &Request<'_>) -> Findings {
    let asked = Asked::read(&index.core, request);
    let evidence = Evidence::gather(index, request, &asked);
    answer(&evidence, request).0
}

pub(crate) fn explain(index: &Index, request: &Request<'_>) -> Explanation {
    let asked = Asked::read(&index.core, request);
    let evidence = Evidence::gather(index, request, &asked);
    let (findings, rows) = answer(&evidence, request);
    let shares = rows.iter().map(|&(document, _)| detail(&evidence, document)).collect();
    Explanation {
        findings,
        breakdowns: shares,
        unknown: evidence.query.unknown.iter().map(|&word| word.to_owned()).collect(),
    }
}

/// The best entries by BM25F over the words themselves.
pub(crate) fn top(index: &Index, kind: Kind, words: &str, limit: usize) -> Vec<(usize, f32)> {
    let core = &index.core;
    let range = core.range(kind);
    let mut wanted: Vec<WeightedTerm> = Vec::new();
    text::tokenize(words, |word, _| {
        let term =
            core.vocabulary.id_of_word(word).or_else(|| core.vocabulary.id_of_term(&text::term(word)?));
        if let Some(term) = term.filter(|term| wanted.iter().all(|other| other.term != *term)) {
            wanted.push(WeightedTerm { term, weight: 1.0 });
        }
    });
    let mut scores = ScoreBuffer::zeros(range.len());
    core.lexical.add_scores(kind, &wanted, &mut scores);
    let mut rows: Vec<Row> = Vec::with_capacity(limit.min(scores.len()) + 1);
    if limit > 0 {
        for_each_above(&scores, 0.0, |at, score| {
            let row = (range.start + at, score);
            rows.insert(rows.partition_point(|other| better(other, &row).is_lt()), row);
            rows.truncate(limit);
            rows.get(limit - 1).map_or(0.0, |row| row.1)
        });
    }
    rows
}

fn answer(evidence: &Evidence<'_>, request: &Request<'_>) -> (Findings, Vec<Row>) {
    let confidence = evidence.confidence();
    let found = rows(evidence, request);
    let (rows, near) = if confidence < SERVABLE { (Vec::new(), found) } else { (found, Vec::new()) };
    let hits: Vec<Hit> = rows.iter().map(|&row| hit(evidence, row)).collect();
    let suggestions = if hits.is_empty() { suggestions(evidence, request, &near) } else { Vec::new() };
    let confidence = if hits.is_empty() { confidence.min(SERVABLE) } else { confidence };
    let reasoning = reasoning::sentence(evidence, rows.first().map(|row| row.0));
    (Findings { hits, confidence, reasoning, suggestions }, rows)
}

/// The best rows, copies folded into one.
fn rows(evidence: &Evidence<'_>, request: &Request<'_>) -> Vec<Row> {
    let core = evidence.core();
    let limit = request.limit.min(MAX_LIMIT);
    let known = request.prior.map_or_else(Vec::new, |prior| told(evidence, prior));
    let mut most = LITTLE_ROOM + 2 * limit + known.len();
    loop {
        let mut best = best(evidence, most);
        if let Some(prior) = request.prior {
            learned(evidence, prior, &known, &mut best.rows);
        }
        let rows = folded(core, best.rows.into_iter(), limit);
        if rows.len() == limit || !best.is_cut {
            return rows;
        }
        // NearDuplicates took the room.
        most *= 8;
    }
}

/// Tells the prior who leads; answers the entries it may know something of.
fn told(evidence: &Evidence<'_>, prior: &dyn Prior) -> Vec<usize> {
    let core = evidence.core();
    let best = best(evidence, ROOM);
    let leaders = folded(core, best.rows.into_iter(), LEADERS);
    let leaders: Vec<_> = leaders.iter().map(|&(at, score)| (&*core.definitions[at], score)).collect();
    prior.observe_leaders(&leaders);
    let few = evidence.range.len() <= FEW;
    let Some(names) = prior.known_names().filter(|_| !few) else { return evidence.range.clone().collect() };
    let mut known: Vec<usize> = (names.iter())
        .flat_map(|name| core.names.find(name, &core.definitions))
        .map(|document| document as usize)
        .filter(|document| evidence.range.contains(document))
        .collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// Adds what outcomes say of the `known` entries, which need not be among `rows` yet.
fn learned(evidence: &Evidence<'_>, prior: &dyn Prior, known: &[usize], rows: &mut Vec<Row>) {
    rows.retain(|(document, _)| known.binary_search(document).is_err());
    let candidates =
        known.iter().filter(|&&document| evidence.open(document) && evidence.is_candidate(document));
    rows.extend(candidates.map(|&document| {
        let score = evidence.shares_but_prior(document).sum();
        (document, score + evidence.prior_share(prior, document, score))
    }));
    rows.sort_unstable_by(better);
}

/// Rows by everything but outcomes, best first.
struct Best {
    rows: Vec<Row>,
    /// Whether there are more.
    is_cut: bool,
}

/// At least the `most` best rows, where there are so many.
fn best(evidence: &Evidence<'_>, most: usize) -> Best {
    let sums = evidence.sums();
    let mut wanted = most;
    loop {
        let best = best_by_sums(evidence, &sums, wanted);
        if best.rows.len() >= most || !best.is_cut {
            return best;
        }
        // Hidden entries took the room.
        wanted *= 8;
    }
}

/// The same out of the best `most` by their sums, hidden ones included.
fn best_by_sums(evidence: &Evidence<'_>, sums: &[f32], most: usize) -> Best {
    let start = evidence.range.start;
    // What is cut off is below the last of the best by more than a score may exceed its sum.
    let cut = |rows: &mut Vec<Row>| {
        let (_, last, _) = rows.select_nth_unstable_by(most, better);
        let floor = last.1 - evidence.beyond_sums();
        rows.retain(|row| row.1 > floor);
        floor
    };
    // Cutting costs as much for few rows as for many.
    let (mut floor, mut room) = (0.0, 2 * most.max(CUT));
    let mut rows: Vec<Row> = Vec::with_capacity(room);
    for_each_above(sums, 0.0, |at, sum| {
        let document = start + at;
        if evidence.open(document) {
            rows.push((document, sum));
            if rows.len() >= room {
                floor = cut(&mut rows);
                // Where many are equal, so many stay.
                room = 2 * rows.len().max(most).max(CUT);
            }
        }
        floor
    });
    if rows.len() > most {
        floor = cut(&mut rows);
    }
    // Looking into an entry costs more than adding up all that speaks for it, so that few are.
    rows.retain(|(document, _)| !evidence.is_hidden(*document));
    for (document, sum) in &mut rows {
        *sum = evidence.shares_but_prior(*document).sum();
    }
    rows.sort_unstable_by(better);
    Best { rows, is_cut: floor > 0.0 }
}

/// Better first; between equals the order of the catalog.
fn better(a: &Row, b: &Row) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// The first `most` rows of which none is a copy of one before.
fn folded(core: &Core, rows: impl Iterator<Item = Row>, most: usize) -> Vec<Row> {
    let mut seen: Vec<usize> = Vec::new();
    let mut new = rows.filter(|&(document, _)| {
        let leader = core.copies.representative(document);
        let new = !seen.contains(&leader);
        if new {
            seen.push(leader);
        }
        new
    });
    new.by_ref().take(most).collect()
}

fn hit(evidence: &Evidence<'_>, (document, score): Row) -> Hit {
    let core = evidence.core();
    let mut copies: Vec<String> = (core.copies.group(core.copies.representative(document)))
        .filter(|&other| other != document)
        .filter(|&other| evidence.open(other))
        .map(|other| core.definitions[other].id.clone())
        .collect();
    copies.sort_unstable();
    let role = evidence.role.filter(|role| role.documents.contains(&document));
    let primary = role.filter(|role| role.has_primary && role.documents.first() == Some(&document));
    Hit {
        definition: Arc::clone(&core.definitions[document]),
        position: document,
        score: score.clamp(0.0, 1.0),
        copies,
        role: role.map(|role| role.name.clone()),
        fallbacks: primary.map_or_else(Vec::new, |role| role.fallbacks.clone()),
    }
}

/// The shares of one hit, term by term.
fn detail(evidence: &Evidence<'_>, document: usize) -> ScoreBreakdown {
    let core = evidence.core();
    let shares = evidence.shares(document);
    let at = document - evidence.range.start;
    let per_point = ratio(shares.lexical, evidence.lexical[at]);
    let mut terms: Vec<TermContribution> = (evidence.query.terms.iter())
        .filter_map(|term| {
            let (score, fields) =
                core.lexical.contribution(evidence.kind, term.wanted, document - evidence.range.start)?;
            let fields = Field::ALL.into_iter().zip(fields).filter(|(_, part)| *part > 0.0);
            Some(TermContribution {
                term: term.shown(&core.vocabulary).into_owned(),
                via: term.via.clone().map(Cow::into_owned),
                score: score * per_point,
                fields: fields.map(|(field, part)| (field, part * per_point)).collect(),
            })
        })
        .collect();
    terms.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.term.cmp(&b.term)));
    let Shares { latent, semantic, need, capability, name, role, model, prior, .. } = shares;
    ScoreBreakdown { terms, latent, semantic, intent: need, capability, name, role, model, prior }
}

/// What comes near: roles, capabilities, then entries, since there is no hit.
fn suggestions(evidence: &Evidence<'_>, request: &Request<'_>, near: &[Row]) -> Vec<String> {
    let core = evidence.core();
    let roles = request.role.map_or_else(Vec::new, |role| core.roles.suggest(role, MAX_SUGGESTIONS));
    let capabilities =
        request.capability.map_or_else(Vec::new, |asked| core.capabilities.suggest(asked, MAX_SUGGESTIONS));
    let entries = near.iter().map(|&(document, _)| core.definitions[document].id.clone());
    let mut suggestions: Vec<String> = Vec::new();
    for suggestion in roles.into_iter().chain(capabilities).chain(entries) {
        if suggestions.len() < MAX_SUGGESTIONS && !suggestions.contains(&suggestion) {
            suggestions.push(suggestion);
        }
    }
    suggestions
}
