//! Confidence: how well the best entry serves the request, comparable between requests.

use super::ranking::RankingSignals;
use crate::numeric::{as_f32, ratio};

/// Evidence at which confidence is one half.
const HALF_CONFIDENT: f32 = 0.4;
/// Exponent that compensates for the length of a request: the more words it has, the smaller the share of them that any
/// one entry contains.
const LENGTH_EXPONENT: f32 = 0.25;
/// The least confidence where the request is an entry's name, and where entries have exactly the requested capability.
const MIN_IF_NAMED: f32 = 0.9;
const MIN_IF_CAPABLE: f32 = 0.7;

impl RankingSignals<'_> {
    /// How well the best entry serves the request, 0..=1, judged by its words and, where one was asked, by an embedding
    /// model. The latent space takes no part: the best cosine of a meaningless request is hardly lower than that of a
    /// sensible one. A request therefore has the same confidence before and after the space is trained.
    pub(crate) fn confidence(&self) -> f32 {
        if self.role.is_some() {
            return 1.0;
        }
        let by_words = self.text_confidence();
        let semantic = self.semantic.as_ref().filter(|_| !self.query.requested.is_empty());
        let blended = semantic.map_or(by_words, |semantic| semantic.confidence(by_words));
        blended.max(self.min_confidence())
    }

    /// Confidence by the words alone: the best BM25F score divided by the request's information content (unknown words
    /// count as the rarest), reduced by the share of unknown words, corrected for length, and passed through a sigmoid
    /// so that 0.5 separates doubtful from good.
    pub(super) fn text_confidence(&self) -> f32 {
        let requested = as_f32(self.query.requested.len());
        let information = self.query.information(&self.core().lexical, self.kind);
        let known = 1.0 - ratio(as_f32(self.query.unknown.len()), requested);
        let evidence = ratio(self.text.lexical_max, information) * known * requested.powf(LENGTH_EXPONENT);
        let confidence = evidence * evidence / (evidence * evidence + HALF_CONFIDENT * HALF_CONFIDENT);
        confidence.max(self.min_confidence())
    }

    /// The least confidence where an eligible entry has the requested name or capability.
    fn min_confidence(&self) -> f32 {
        let matches = self.capability_matches.iter();
        let matches = matches.filter(|found| found.documents.iter().any(|&at| self.is_listed(at)));
        let capable = matches.map(|found| MIN_IF_CAPABLE * found.strength).fold(0.0, f32::max);
        let named = if self.named.iter().any(|&at| self.is_listed(at)) { MIN_IF_NAMED } else { 0.0 };
        capable.max(named)
    }
}
