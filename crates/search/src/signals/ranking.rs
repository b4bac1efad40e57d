//! The ranking signals of the entries of one kind, and how much each contributes to a score.

use std::ops::Range;

use super::parsed_query::ParsedQuery;
use super::score_parts::{ScoreParts, TextParts};
use crate::capability_index::CapabilityMatch;
use crate::index::{Index, IndexCore};
use crate::intents::best_intent_scores;
use crate::model_fit::model_fit;
use crate::numeric::{as_f32, as_u32, ratio};
use crate::query::WeightedQuery;
use crate::request::{EntryFilter, Prior, Request};
use crate::role_index::FilledRole;
use crate::score_buffer::ScoreBuffer;
use crate::semantic_signal::SemanticSignal;
use crate::text_scores::TextScores;
use catalog::Kind;

/// The largest difference between two ways of adding up the same score.
const ROUNDING: f32 = 1e-5;

/// All signals about the entries of one kind, as arrays over them.
pub(crate) struct RankingSignals<'a> {
    pub(crate) index: &'a Index,
    pub(crate) kind: Kind,
    /// The positions of the kind's entries in the catalog; what is called `document` below is one of these.
    pub(crate) range: Range<usize>,
    /// The request as weighted terms.
    pub(crate) query: WeightedQuery<'a>,
    /// The requested role.
    pub(crate) role: Option<&'a FilledRole>,
    /// The requested capability, or its near misses.
    pub(crate) capability_matches: Vec<CapabilityMatch<'a>>,
    /// Lexical and latent scores.
    pub(crate) text: TextScores,
    latent_share: f32,
    /// The similarity that an embedding model finds, where one was asked.
    pub(super) semantic: Option<SemanticSignal>,
    /// The best fused score for one of several intents; empty for a single intent.
    intent: ScoreBuffer,
    filter: EntryFilter<'a>,
    /// Entries whose name is the request.
    pub(super) named: Vec<u32>,
    complexity: f32,
    prior: Option<&'a dyn Prior>,
    /// Scales scores to at most 1, the prior aside.
    scale: f32,
}

impl<'a> RankingSignals<'a> {
    /// Computes the signals of a request.
    pub(crate) fn gather(
        index: &'a Index,
        request: &Request<'a>,
        parsed: &'a ParsedQuery<'a>,
    ) -> RankingSignals<'a> {
        let core = &*index.core;
        let range = core.range(request.kind);
        let ParsedQuery { role, tokens, is_single_text, complexity } = parsed;
        let (role, complexity) = (*role, *complexity);
        let query = core.query_parser().parse(tokens);
        let filter = EntryFilter::of(request);
        let text = TextScores::compute(index, &query.weighted_terms(), request.kind, &filter);
        let capability_matches =
            request.capability.map_or_else(Vec::new, |requested| core.capabilities.find(requested));
        let latent_share = core.latent_share(request.kind);
        let intent = best_intent_scores(index, request, tokens, latent_share);
        let named = if *is_single_text {
            core.names.find_key(&tokens.name_key(), &core.definitions)
        } else {
            Vec::new()
        };
        let mut signals = RankingSignals {
            index,
            kind: request.kind,
            range,
            query,
            filter,
            role,
            capability_matches,
            text,
            latent_share,
            semantic: None,
            intent,
            named,
            complexity,
            prior: request.prior,
            scale: 1.0,
        };
        let weights = &core.weights;
        let largest = 1.0
            + weights.name
            + weights.model
            + if signals.capability_matches.is_empty() { 0.0 } else { weights.capability };
        signals.scale = 1.0 / (largest + signals.role_bonus(0));
        signals.semantic = signals.calibrated(request.similarity);
        signals
    }

    /// A model's similarities, calibrated against the text scores. They are ignored where their number is not that of the
    /// entries.
    fn calibrated(&self, similarity: Option<&[f32]>) -> Option<SemanticSignal> {
        let cosines = similarity.filter(|cosines| cosines.len() == self.range.len())?;
        let text_max = self.range.clone().map(|document| self.text_parts(document).sum()).fold(0.0, f32::max);
        let is_eligible = |at: usize| self.is_eligible(self.range.start + at);
        SemanticSignal::calibrate(
            cosines,
            is_eligible,
            &self.core().weights,
            self.text_confidence(),
            text_max,
        )
    }

    pub(crate) fn core(&self) -> &'a IndexCore {
        &self.index.core
    }

    /// What the rank in a role adds: an entry of the role leads over any entry of a later rank, whatever else speaks for
    /// either.
    fn role_bonus(&self, rank: usize) -> f32 {
        let n_ranks = self.role.map_or(0, |role| role.documents.len());
        2.0 * as_f32(n_ranks.saturating_sub(rank))
    }

    /// The shares of lexical score, latent score and intents in the text part of a score.
    fn text_shares(&self) -> [f32; 3] {
        let intent = if self.intent.is_empty() { 0.0 } else { self.core().weights.intent };
        let latent = if self.text.latent_max > 0.0 { self.latent_share } else { 0.0 };
        [1.0 - latent, latent, intent]
    }

    /// What the words of the request contribute to an entry's score, before they are blended with a model's.
    fn text_parts(&self, document: usize) -> TextParts {
        let at = document - self.range.start;
        let [lexical, latent, intent] = self.text_shares();
        let cosine = self.text.latent.get(at).copied().unwrap_or(0.0);
        TextParts {
            lexical: lexical * (1.0 - intent) * ratio(self.text.lexical[at], self.text.lexical_max),
            latent: latent * (1.0 - intent) * ratio(cosine, self.text.latent_max),
            intent: intent * self.intent.get(at).copied().unwrap_or(0.0),
        }
    }

    /// The score of every entry without prior and model fit; 0 where nothing speaks for it.
    pub(crate) fn base_scores(&self) -> ScoreBuffer {
        let mut scores = ScoreBuffer::zeros(self.range.len());
        if self.semantic.is_some() {
            for (document, score) in self.range.clone().zip(scores.iter_mut()) {
                *score = self.parts_without_prior(document).sum();
            }
            return scores;
        }
        let [lexical, latent, intent] = self.text_shares();
        let rest = self.scale * (1.0 - intent);
        add_scaled(&mut scores, ratio(rest * lexical, self.text.lexical_max), &self.text.lexical);
        add_scaled(&mut scores, ratio(rest * latent, self.text.latent_max), &self.text.latent);
        add_scaled(&mut scores, self.scale * intent, &self.intent);
        for document in self.singled_out() {
            scores[document - self.range.start] = self.parts_without_prior(document).sum();
        }
        scores
    }

    /// By how much a score without prior may exceed the entry's base score.
    pub(crate) fn base_score_slack(&self) -> f32 {
        self.scale * self.core().weights.model * self.complexity.abs() + ROUNDING
    }

    /// Entries that more than text scores speaks for: those with the requested role, capability or name.
    fn singled_out(&self) -> Vec<usize> {
        let by_role = self.role.into_iter().flat_map(|role| &role.documents).copied();
        let by_match = self.capability_matches.iter().flat_map(|found| found.documents).chain(&self.named);
        let all = by_role.chain(by_match.map(|&document| document as usize));
        all.filter(|document| self.range.contains(document) && self.is_candidate(*document)).collect()
    }

    /// The parts of an entry's score. The prior must have observed the leaders.
    pub(crate) fn parts(&self, document: usize) -> ScoreParts {
        let parts = self.parts_without_prior(document);
        let prior = self.prior.map_or(0.0, |prior| self.prior_part(prior, document, parts.sum()));
        ScoreParts { prior, ..parts }
    }

    /// What past outcomes add to an entry whose other parts sum to `sum`. A bad record takes away no more than that.
    pub(crate) fn prior_part(&self, prior: &dyn Prior, document: usize, sum: f32) -> f32 {
        let prior = prior.prior(&self.core().definitions[document]);
        let prior = if prior.is_nan() { 0.0 } else { prior.clamp(-1.0, 1.0) };
        (self.scale * self.core().weights.prior * prior).max(-sum)
    }

    /// The parts of an entry's score, without the prior.
    pub(crate) fn parts_without_prior(&self, document: usize) -> ScoreParts {
        let weights = &self.core().weights;
        let at = document - self.range.start;
        let definition = &*self.core().definitions[document];
        let matches = self.capability_matches.iter();
        let matches = matches.filter(|found| found.documents.binary_search(&as_u32(document)).is_ok());
        let capability = matches.map(|found| found.strength).fold(0.0, f32::max);
        let is_named = self.named.binary_search(&as_u32(document)).is_ok();
        let rank = self.role.and_then(|role| role.documents.iter().position(|&other| other == document));
        let scale = self.scale;
        let text = self.text_parts(document);
        let (of_text, semantic) = self.semantic.as_ref().map_or((1.0, 0.0), |signal| signal.blend(at));
        ScoreParts {
            lexical: scale * of_text * text.lexical,
            latent: scale * of_text * text.latent,
            intent: scale * of_text * text.intent,
            semantic: scale * semantic,
            capability: scale * weights.capability * capability,
            name: if is_named { scale * weights.name } else { 0.0 },
            role: rank.map_or(0.0, |rank| scale * self.role_bonus(rank)),
            model: scale * weights.model * model_fit(definition, self.complexity),
            prior: 0.0,
        }
    }

    /// Whether an embedding model finds an entry close to the request.
    pub(crate) fn is_close(&self, document: usize) -> bool {
        self.semantic.as_ref().is_some_and(|signal| signal.is_close(document - self.range.start))
    }

    /// Whether an entry passes the request's filter.
    pub(crate) fn is_eligible(&self, document: usize) -> bool {
        self.filter.admits_all() || self.filter.admits(&self.core().definitions[document])
    }

    /// Whether an entry is of the requested kind and passes the filter.
    pub(super) fn is_listed(&self, document: u32) -> bool {
        let document = document as usize;
        self.range.contains(&document) && self.is_eligible(document)
    }

    /// Whether any signal speaks for an entry that may be offered.
    pub(crate) fn is_candidate(&self, document: usize) -> bool {
        let at = document - self.range.start;
        !self.is_hidden(document)
            && (self.text.lexical[at] > 0.0
                || self.text.latent.get(at).is_some_and(|&cosine| cosine > 0.0)
                || self.semantic.as_ref().is_some_and(|signal| signal.blend(at).1 > 0.0)
                || self.role.is_some_and(|role| role.documents.contains(&document))
                || (self.capability_matches.iter())
                    .any(|found| found.documents.binary_search(&as_u32(document)).is_ok()))
    }

    /// Whether an entry is never offered.
    pub(crate) fn is_hidden(&self, document: usize) -> bool {
        self.core().definitions[document].hidden
    }
}

/// Adds `factor` times `scores` to `sums`.
fn add_scaled(sums: &mut [f32], factor: f32, scores: &[f32]) {
    if factor > 0.0 {
        sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += factor * score);
    }
}
