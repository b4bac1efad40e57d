//! Ranking: the top entries by all signals, with near duplicates folded into one row.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::bm25f::WeightedTerm;
use crate::explain::explain_hit;
use crate::index::{Index, IndexCore};
use crate::reasoning;
use crate::request::{Prior, Request};
use crate::response::{Explanation, Findings, Hit};
use crate::score_buffer::{ScoreBuffer, for_each_above};
use crate::signals::{ParsedQuery, RankingSignals};
use crate::text;
use catalog::Kind;

/// Below this confidence the catalog cannot serve a request: the answer has no hits, only suggestions. Set low: 95 % of the
/// labelled requests that can be served lie above 0.38 (0.23 without aliases), but requests in quite other words than the
/// collection's lie lower and still deserve an answer, if one marked as doubtful. Requests that no entry can serve mostly
/// lie below 0.35.
const MIN_CONFIDENCE: f32 = 0.05;
/// Suggestions in one answer.
const MAX_SUGGESTIONS: usize = 5;
/// Hits in one answer.
const MAX_LIMIT: usize = 100;

/// Leaders that the prior observes.
const N_LEADERS: usize = 10;
/// In a kind of so few entries the prior is asked about each, rather than for the names that it knows.
const FEW_ENTRIES: usize = 1_000;
/// Rows that are ranked in search of the leaders; several may be duplicates of one another.
const LEADER_ROWS: usize = 32;
/// Rows that are ranked beyond twice the requested number, since several may be duplicates; more are ranked where these do
/// not suffice.
const SPARE_ROWS: usize = 10;
/// The least number of rows at which the lower half is dropped.
const MIN_PRUNED: usize = 64;

/// An entry's position in the catalog, and its score.
type Row = (usize, f32);

impl Index {
    /// Ranks the entries of the requested kind. A request without a usable word gets no hits and confidence 0.
    pub fn find(&self, request: &Request<'_>) -> Findings {
        let parsed = ParsedQuery::parse(&self.core, request);
        let signals = RankingSignals::gather(self, request, &parsed);
        answer(&signals, request).0
    }

    /// [`Index::find`] with the score breakdown of each hit.
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        let parsed = ParsedQuery::parse(&self.core, request);
        let signals = RankingSignals::gather(self, request, &parsed);
        let (findings, rows) = answer(&signals, request);
        let breakdowns = rows.iter().map(|&(document, _)| explain_hit(&signals, document)).collect();
        Explanation {
            findings,
            breakdowns,
            unknown: signals.query.unknown.iter().map(|&word| word.to_owned()).collect(),
        }
    }

    /// The top `limit` entries of a kind by BM25F alone, without aliases and other signals, best first: positions in the
    /// catalog and scores. This is what a plain search engine would answer; for measurements.
    pub fn top_by_bm25f(&self, kind: Kind, words: &str, limit: usize) -> Vec<(usize, f32)> {
        let core = &self.core;
        let range = core.range(kind);
        let mut query: Vec<WeightedTerm> = Vec::new();
        text::tokenize(words, |word, _| {
            let vocabulary = &core.vocabulary;
            let term = vocabulary.id_of_word(word).or_else(|| vocabulary.id_of_term(&text::term(word)?));
            if let Some(term) = term.filter(|term| query.iter().all(|other| other.term != *term)) {
                query.push(WeightedTerm { term, weight: 1.0 });
            }
        });
        let mut scores = ScoreBuffer::zeros(range.len());
        core.lexical.add_scores(kind, &query, &mut scores);
        let mut rows: Vec<Row> = Vec::with_capacity(limit.min(scores.len()) + 1);
        if limit > 0 {
            for_each_above(&scores, 0.0, |at, score| {
                let row = (range.start + at, score);
                rows.insert(rows.partition_point(|other| by_rank(other, &row).is_lt()), row);
                rows.truncate(limit);
                rows.get(limit - 1).map_or(0.0, |row| row.1)
            });
        }
        rows
    }
}

fn answer(signals: &RankingSignals<'_>, request: &Request<'_>) -> (Findings, Vec<Row>) {
    let confidence = signals.confidence();
    let found = ranked(signals, request);
    let (rows, near) = if confidence < MIN_CONFIDENCE { (Vec::new(), found) } else { (found, Vec::new()) };
    let hits: Vec<Hit> = rows.iter().map(|&row| hit(signals, row)).collect();
    let suggestions = if hits.is_empty() { suggestions(signals, request, &near) } else { Vec::new() };
    let confidence = if hits.is_empty() { confidence.min(MIN_CONFIDENCE) } else { confidence };
    let reasoning = reasoning::sentence(signals, rows.first().map(|row| row.0));
    (Findings { hits, confidence, reasoning, suggestions }, rows)
}

/// The best rows, without near duplicates.
fn ranked(signals: &RankingSignals<'_>, request: &Request<'_>) -> Vec<Row> {
    let core = signals.core();
    let limit = request.limit.min(MAX_LIMIT);
    let known = request.prior.map_or_else(Vec::new, |prior| notify_prior(signals, prior));
    let mut wanted = SPARE_ROWS + 2 * limit + known.len();
    loop {
        let mut top = top_rows(signals, wanted);
        if let Some(prior) = request.prior {
            apply_prior(signals, prior, &known, &mut top.rows);
        }
        put_owners_first(core, &mut top.rows);
        let rows = dedup(core, &top.rows, limit);
        if rows.len() == limit || !top.is_cut {
            return rows;
        }
        // Duplicates took the places.
        wanted *= 8;
    }
}

/// Lets the prior observe the leaders. Returns the entries that it may know something about, sorted.
fn notify_prior(signals: &RankingSignals<'_>, prior: &dyn Prior) -> Vec<usize> {
    let core = signals.core();
    let top = top_rows(signals, LEADER_ROWS);
    let leaders = dedup(core, &top.rows, N_LEADERS);
    let leaders: Vec<_> = leaders.iter().map(|&(at, score)| (&*core.definitions[at], score)).collect();
    prior.observe_leaders(&leaders);
    let are_few = signals.range.len() <= FEW_ENTRIES;
    let Some(names) = prior.known_names().filter(|_| !are_few) else {
        return signals.range.clone().collect();
    };
    let mut known: Vec<usize> = (names.iter())
        .flat_map(|name| core.names.find(name, &core.definitions))
        .map(|document| document as usize)
        .filter(|document| signals.range.contains(document))
        .collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// Adds the prior to the scores of the `known` entries, which need not be among `rows` yet.
fn apply_prior(signals: &RankingSignals<'_>, prior: &dyn Prior, known: &[usize], rows: &mut Vec<Row>) {
    rows.retain(|(document, _)| known.binary_search(document).is_err());
    let candidates =
        known.iter().filter(|&&document| signals.is_eligible(document) && signals.is_candidate(document));
    rows.extend(candidates.map(|&document| {
        let score = signals.parts_without_prior(document).sum();
        (document, score + signals.prior_part(prior, document, score))
    }));
    rows.sort_unstable_by(by_rank);
}

/// Rows by everything but the prior, best first.
struct TopRows {
    rows: Vec<Row>,
    /// Whether further rows were cut off.
    is_cut: bool,
}

/// At least the `wanted` best rows, where there are so many.
fn top_rows(signals: &RankingSignals<'_>, wanted: usize) -> TopRows {
    let scores = signals.base_scores();
    let mut n = wanted;
    loop {
        let top = top_by_base_score(signals, &scores, n);
        if top.rows.len() >= wanted || !top.is_cut {
            return top;
        }
        // Hidden entries took the places.
        n *= 8;
    }
}

/// The best rows among those with the `n` best base scores, hidden entries included.
fn top_by_base_score(signals: &RankingSignals<'_>, base_scores: &[f32], n: usize) -> TopRows {
    let start = signals.range.start;
    // A row is dropped where its base score lies below the n-th best by more than a score may exceed it.
    let cut = |rows: &mut Vec<Row>| {
        let (_, last, _) = rows.select_nth_unstable_by(n, by_rank);
        let floor = last.1 - signals.base_score_slack();
        rows.retain(|row| row.1 > floor);
        floor
    };
    // Cutting has a fixed cost, so that it is done for many rows at a time.
    let (mut floor, mut capacity) = (0.0, 2 * n.max(MIN_PRUNED));
    let mut rows: Vec<Row> = Vec::with_capacity(capacity);
    for_each_above(base_scores, 0.0, |at, score| {
        let document = start + at;
        if signals.is_eligible(document) {
            rows.push((document, score));
            if rows.len() >= capacity {
                floor = cut(&mut rows);
                // Rows of equal score all survive a cut.
                capacity = 2 * rows.len().max(n).max(MIN_PRUNED);
            }
        }
        floor
    });
    if rows.len() > n {
        floor = cut(&mut rows);
    }
    // Access to a definition costs more than adding up its signals, so that it is left to the last.
    rows.retain(|(document, _)| !signals.is_hidden(*document));
    for (document, score) in &mut rows {
        *score = signals.parts_without_prior(*document).sum();
    }
    rows.sort_unstable_by(by_rank);
    TopRows { rows, is_cut: floor > 0.0 }
}

/// The higher score first; between equals the order of the catalog.
fn by_rank(a: &Row, b: &Row) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// Moves each entry that the client does not load, since another has its id, behind the one that has it.
fn put_owners_first(core: &IndexCore, rows: &mut [Row]) {
    let definition = |row: &Row| &core.definitions[row.0];
    let mut at = 0;
    while at < rows.len() {
        let loser = definition(&rows[at]);
        if !loser.not_loaded {
            at += 1;
            continue;
        }
        let is_owner = |row: &Row| {
            let owner = definition(row);
            !owner.not_loaded && loser.id.strip_prefix(&*owner.id).is_some_and(|rest| rest.starts_with('@'))
        };
        match rows[at + 1..].iter().position(is_owner) {
            Some(offset) => rows[at..at + offset + 2].rotate_left(1),
            None => at += 1,
        }
    }
}

/// The first `limit` rows of which none is a near duplicate of one before. What the client does not load leaves the place to
/// a near duplicate among the rows that it does load.
fn dedup(core: &IndexCore, rows: &[Row], limit: usize) -> Vec<Row> {
    let mut seen: Vec<usize> = Vec::new();
    let is_loaded = |document: usize| !core.definitions[document].not_loaded;
    let mut distinct = rows.iter().copied().filter(|&(document, _)| {
        let representative = core.duplicates.representative(document);
        let is_loaded_twin =
            |&(twin, _): &Row| core.duplicates.representative(twin) == representative && is_loaded(twin);
        if !is_loaded(document) && rows.iter().any(is_loaded_twin) {
            return false;
        }
        let is_new = !seen.contains(&representative);
        if is_new {
            seen.push(representative);
        }
        is_new
    });
    distinct.by_ref().take(limit).collect()
}

fn hit(signals: &RankingSignals<'_>, (document, score): Row) -> Hit {
    let core = signals.core();
    let duplicates = &core.duplicates;
    let mut copies: Vec<String> = (duplicates.group(duplicates.representative(document)))
        .filter(|&other| other != document)
        .filter(|&other| signals.is_eligible(other))
        .map(|other| core.definitions[other].id.clone())
        .collect();
    copies.sort_unstable();
    let role = signals.role.filter(|role| role.documents.contains(&document));
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

/// Suggestions where there is no hit: similar roles and capabilities, then the nearest entries.
fn suggestions(signals: &RankingSignals<'_>, request: &Request<'_>, near: &[Row]) -> Vec<String> {
    let core = signals.core();
    let roles = request.role.map_or_else(Vec::new, |role| core.roles.suggest(role, MAX_SUGGESTIONS));
    let capabilities = request
        .capability
        .map_or_else(Vec::new, |requested| core.capabilities.suggest(requested, MAX_SUGGESTIONS));
    let entries = near.iter().map(|&(document, _)| core.definitions[document].id.clone());
    let mut suggestions: Vec<String> = Vec::new();
    for suggestion in roles.into_iter().chain(capabilities).chain(entries) {
        if suggestions.len() < MAX_SUGGESTIONS && !suggestions.contains(&suggestion) {
            suggestions.push(suggestion);
        }
    }
    suggestions
}
