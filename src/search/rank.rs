//! One ranking out of all evidence.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::capability::Fit;
use super::index::{Core, Index};
use super::lexical::Wanted;
use super::query::Query;
use super::roles::Role;
use super::weights::{Field, number};
use super::{Explanation, Findings, Hit, HitShares, Request, TermShare, reasoning};
use crate::catalog::{Definition, Kind};

/// Below this confidence the catalog cannot serve a request: no hits, only suggestions.
pub(crate) const SERVABLE: f32 = 0.0;
/// Needs told apart in one request.
const MAX_NEEDS: usize = 4;
/// Most hits of one answer.
const MAX_LIMIT: usize = 100;

/// All evidence about the entries of one kind, as arrays over them.
pub(crate) struct Evidence<'a> {
    pub(crate) index: &'a Index,
    pub(crate) range: Range<usize>,
    pub(crate) query: Query,
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) role: Option<&'a Role>,
    pub(crate) fits: Vec<Fit<'a>>,
    /// BM25F, and its largest value.
    pub(crate) lexical: Vec<f32>,
    pub(crate) lexical_top: f32,
    /// Cosine in the latent space, never negative, and its largest value; empty without a space.
    pub(crate) latent: Vec<f32>,
    pub(crate) latent_top: f32,
    /// The best fused score for one of several needs; empty for a single need.
    pub(crate) need: Vec<f32>,
    /// Entries the request names outright.
    named: Vec<u32>,
    complexity: f32,
    prior: Option<&'a dyn Fn(&Definition) -> f32>,
    scale: f32,
}

impl<'a> Evidence<'a> {
    fn gather(index: &'a Index, request: &Request<'a>) -> Evidence<'a> {
        let core = &*index.core;
        let range = core.range(request.kind);
        let agents = request.kind == Kind::Agent;
        let role = request.role.filter(|_| agents).and_then(|name| core.roles.find(name));
        // A role nobody registered still says what is wanted.
        let role_words = request.role.filter(|_| role.is_none());
        let parts = [request.capability, role_words, request.context];
        let asked: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect();
        let whole = asked.join("\n");
        let query = core.reader().read(&whole);
        let wanted = query.wanted();
        let (lexical, latent) = scores(index, &wanted, &range);
        let (lexical_top, latent_top) = (top(&lexical), top(&latent));
        let fits = request.capability.map_or_else(Vec::new, |asked| core.capabilities.find(asked));
        let need = needs(index, request.context.unwrap_or_default(), &range);
        let complexity = complexity(&query);
        let named = if asked.len() == 1 { core.names.find(&whole) } else { Vec::new() };
        let mut evidence = Evidence {
            index,
            range,
            query,
            wanted,
            role,
            fits,
            lexical,
            lexical_top,
            latent,
            latent_top,
            need,
            named,
            complexity,
            prior: request.prior,
            scale: 1.0,
        };
        let weights = &core.weights;
        let most = 1.0
            + weights.name
            + weights.model
            + if evidence.fits.is_empty() { 0.0 } else { weights.capability }
            + if request.prior.is_some() { weights.prior } else { 0.0 };
        evidence.scale = 1.0 / (most + evidence.role_lead(0));
        evidence
    }

    fn core(&self) -> &'a Core {
        &self.index.core
    }

    /// What the place in a role adds: each place leads whatever else an entry may gather.
    fn role_lead(&self, place: usize) -> f32 {
        let places = self.role.map_or(0, |role| role.documents.len());
        2.0 * number(places.saturating_sub(place))
    }

    /// The parts of an entry's score, save the terms one by one.
    fn shares(&self, document: usize) -> Shares {
        let weights = &self.core().weights;
        let at = document - self.range.start;
        let definition = &*self.core().definitions[document];
        let several = if self.need.is_empty() { 0.0 } else { weights.need };
        let latent = if self.latent_top > 0.0 { weights.latent } else { 0.0 };
        let lexical = (1.0 - latent) * (1.0 - several);
        let fit = self
            .fits
            .iter()
            .filter(|fit| fit.documents.binary_search(&super::weights::compact(document)).is_ok());
        let fit = fit.map(|fit| fit.strength).fold(0.0, f32::max);
        let named = self.named.binary_search(&super::weights::compact(document)).is_ok();
        let prior = self.prior.map_or(0.0, |prior| prior(definition));
        let place = self.role.and_then(|role| role.documents.iter().position(|&other| other == document));
        let scale = self.scale;
        Shares {
            lexical: scale * lexical * ratio(self.lexical[at], self.lexical_top),
            latent: scale
                * latent
                * (1.0 - several)
                * self.latent.get(at).map_or(0.0, |&cosine| ratio(cosine, self.latent_top)),
            need: scale * several * self.need.get(at).copied().unwrap_or(0.0),
            capability: scale * weights.capability * fit,
            name: if named { scale * weights.name } else { 0.0 },
            role: place.map_or(0.0, |place| scale * self.role_lead(place)),
            model: scale * weights.model * model_fit(definition, self.complexity),
            prior: if prior.is_nan() { 0.0 } else { scale * weights.prior * prior.clamp(-1.0, 1.0) },
        }
    }

    fn is_candidate(&self, document: usize) -> bool {
        let at = document - self.range.start;
        self.lexical[at] > 0.0
            || self.latent.get(at).is_some_and(|&cosine| cosine > 0.0)
            || self.role.is_some_and(|role| role.documents.contains(&document))
            || self
                .fits
                .iter()
                .any(|fit| fit.documents.binary_search(&super::weights::compact(document)).is_ok())
    }

    /// Raw evidence for the best entry against the information asked for.
    pub(crate) fn confidence(&self) -> f32 {
        let information = self.query.information(&self.core().lexical, &self.range);
        let lexical = ratio(self.lexical_top, information).min(1.0);
        if self.latent.is_empty() {
            return lexical;
        }
        (0.5 * lexical + 0.5 * self.latent_top).clamp(0.0, 1.0)
    }
}

/// The parts of one score.
#[derive(Debug, Clone, Copy, Default)]
struct Shares {
    lexical: f32,
    latent: f32,
    need: f32,
    capability: f32,
    name: f32,
    role: f32,
    model: f32,
    prior: f32,
}

impl Shares {
    fn total(&self) -> f32 {
        let Shares { lexical, latent, need, capability, name, role, model, prior } = self;
        (lexical + latent + need + capability + name + role + model + prior).clamp(0.0, 1.0)
    }
}

/// A row before it is dressed: the entry and its score.
type Row = (usize, f32);

pub(crate) fn find(index: &Index, request: &Request<'_>) -> Findings {
    let evidence = Evidence::gather(index, request);
    answer(&evidence, request).0
}

pub(crate) fn explain(index: &Index, request: &Request<'_>) -> Explanation {
    let evidence = Evidence::gather(index, request);
    let (findings, rows) = answer(&evidence, request);
    let shares = rows.iter().map(|&(document, _)| detail(&evidence, document)).collect();
    Explanation { findings, shares, unknown: evidence.query.unknown }
}

fn answer(evidence: &Evidence<'_>, request: &Request<'_>) -> (Findings, Vec<Row>) {
    let core = evidence.core();
    let confidence = if evidence.role.is_some_and(|role| !role.documents.is_empty()) {
        1.0
    } else {
        evidence.confidence()
    };
    let mut rows = rows(evidence, request);
    if confidence < SERVABLE {
        rows.clear();
    }
    let hits: Vec<Hit> = rows.iter().map(|&row| hit(evidence, request, row)).collect();
    let suggestions = if hits.is_empty() { suggestions(core, request) } else { Vec::new() };
    let confidence = if hits.is_empty() { confidence.min(SERVABLE) } else { confidence };
    let reasoning = reasoning::sentence(evidence, rows.first().map(|row| row.0));
    (Findings { hits, confidence, reasoning, suggestions }, rows)
}

/// The best rows, copies folded into one.
fn rows(evidence: &Evidence<'_>, request: &Request<'_>) -> Vec<Row> {
    let core = evidence.core();
    let wanted =
        |document: &usize| request.plugin.is_none_or(|plugin| core.definitions[*document].plugin == plugin);
    let mut rows: Vec<Row> = (evidence.range.clone())
        .filter(|document| evidence.is_candidate(*document))
        .filter(wanted)
        .map(|document| (document, evidence.shares(document).total()))
        .collect();
    let order = |a: &Row, b: &Row| -> Ordering { b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)) };
    rows.sort_unstable_by(order);
    let mut seen: Vec<usize> = Vec::new();
    rows.retain(|&(document, _)| {
        let leader = core.copies.leader(document);
        let new = seen.len() < request.limit.min(MAX_LIMIT) && !seen.contains(&leader);
        if new {
            seen.push(leader);
        }
        new
    });
    rows
}

fn hit(evidence: &Evidence<'_>, request: &Request<'_>, (document, score): Row) -> Hit {
    let core = evidence.core();
    let mut copies: Vec<String> = (core.copies.members(core.copies.leader(document)))
        .filter(|&other| other != document)
        .map(|other| &core.definitions[other])
        .filter(|other| request.plugin.is_none_or(|plugin| other.plugin == plugin))
        .map(|other| other.id.clone())
        .collect();
    copies.sort_unstable();
    let role = evidence.role.filter(|role| role.documents.contains(&document));
    let primary = role.filter(|role| role.has_primary && role.documents.first() == Some(&document));
    Hit {
        definition: Arc::clone(&core.definitions[document]),
        score,
        copies,
        role: role.map(|role| role.name.clone()),
        fallbacks: primary.map_or_else(Vec::new, |role| role.fallbacks.clone()),
    }
}

/// The shares of one hit, term by term.
fn detail(evidence: &Evidence<'_>, document: usize) -> HitShares {
    let core = evidence.core();
    let shares = evidence.shares(document);
    let at = document - evidence.range.start;
    let per_point = ratio(shares.lexical, evidence.lexical[at]);
    let mut terms: Vec<TermShare> = (evidence.query.terms.iter())
        .filter_map(|term| {
            let (score, fields) = core.lexical.share(term.wanted, document, &evidence.range)?;
            let fields = Field::ALL.into_iter().zip(fields).filter(|(_, part)| *part > 0.0);
            Some(TermShare {
                term: term.text.clone(),
                via: term.via.clone(),
                share: score * per_point,
                fields: fields.map(|(field, part)| (field, part * per_point)).collect(),
            })
        })
        .collect();
    terms.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.term.cmp(&b.term)));
    let Shares { latent, need, capability, name, role, model, prior, .. } = shares;
    HitShares { terms, latent, need, capability, name, role, model, prior }
}

fn suggestions(core: &Core, request: &Request<'_>) -> Vec<String> {
    let roles = request.role.map_or_else(Vec::new, |role| core.roles.suggest(role, 5));
    let capabilities = request.capability.map_or_else(Vec::new, |asked| core.capabilities.suggest(asked, 5));
    roles.into_iter().chain(capabilities).take(5).collect()
}

/// Lexical and latent scores of the entries of `range`.
fn scores(index: &Index, wanted: &[Wanted], range: &Range<usize>) -> (Vec<f32>, Vec<f32>) {
    let mut lexical = vec![0.0; range.len()];
    index.core.lexical.score(wanted, range, &mut lexical);
    let latent = (index.latent.as_ref()).map(|placed| placed.space.cosines(wanted, &placed.rows, range));
    (lexical, latent.unwrap_or_default())
}

/// The best fused score of each entry over the needs a request names one after the other; empty for a single need.
fn needs(index: &Index, context: &str, range: &Range<usize>) -> Vec<f32> {
    let queries: Vec<Query> = (clauses(context).into_iter())
        .map(|clause| index.core.reader().read(clause))
        .filter(|query| !query.terms.is_empty())
        .take(MAX_NEEDS)
        .collect();
    if queries.len() < 2 {
        return Vec::new();
    }
    let share = index.core.weights.latent;
    let mut best = vec![0.0f32; range.len()];
    for query in queries {
        let (lexical, latent) = scores(index, &query.wanted(), range);
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

/// Words that tell a hard task.
const HARD: [&str; 8] =
    ["complex", "architecture", "architect", "redesign", "migration", "legacy", "distributed", "concurrency"];
/// Words that tell a simple one.
const SIMPLE: [&str; 8] = ["simple", "quick", "trivial", "small", "typo", "rename", "easy", "tiny"];

/// How hard a task sounds, -1 (simple) to 1 (hard): by its length and a few telling words.
fn complexity(query: &Query) -> f32 {
    let said = |words: &[&str]| {
        query.terms.iter().any(|term| term.via.is_none() && words.contains(&term.text.as_str()))
    };
    let hard = said(&HARD);
    let simple = said(&SIMPLE);
    match (hard || query.asked.len() > 14, simple) {
        (true, false) => 1.0,
        (false, true) => -1.0,
        _ => 0.0,
    }
}

/// 0..1: opus, then sonnet, for a hard task; haiku for a simple one.
fn model_fit(definition: &Definition, complexity: f32) -> f32 {
    let model = definition.model.as_deref().unwrap_or_default();
    let strength = match () {
        () if model.contains("opus") => 1.0,
        () if model.contains("sonnet") => 0.5,
        () if model.contains("haiku") => -1.0,
        () => 0.0,
    };
    (strength * complexity).max(0.0)
}

fn top(scores: &[f32]) -> f32 {
    scores.iter().copied().fold(0.0, f32::max)
}

/// `a / b`, and 0 where there is nothing to divide by.
pub(crate) fn ratio(a: f32, b: f32) -> f32 {
    if b > 0.0 { a / b } else { 0.0 }
}
