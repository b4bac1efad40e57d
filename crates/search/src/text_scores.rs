//! The text scores of one query: BM25F, and the cosine in the latent semantic space.

use crate::bm25f::WeightedTerm;
use crate::index::Index;
use crate::request::EntryFilter;
use crate::score_buffer::ScoreBuffer;
use catalog::Kind;

/// The text scores of the entries of one kind.
pub(crate) struct TextScores {
    /// BM25F.
    pub(crate) lexical: ScoreBuffer,
    /// The largest lexical score.
    pub(crate) lexical_max: f32,
    /// Cosines, negative ones as 0; empty without a latent space.
    pub(crate) latent: ScoreBuffer,
    /// The largest latent score.
    pub(crate) latent_max: f32,
}

impl TextScores {
    /// Scores a query; entries that `filter` does not admit get 0.
    pub(crate) fn compute(
        index: &Index,
        query: &[WeightedTerm],
        kind: Kind,
        filter: &EntryFilter<'_>,
    ) -> TextScores {
        let range = index.core.range(kind);
        let mut lexical = ScoreBuffer::zeros(range.len());
        index.core.lexical.add_scores(kind, query, &mut lexical);
        let mut latent = ScoreBuffer::default();
        if let Some(bound) = index.latent.as_ref().filter(|bound| !bound.is_empty()) {
            latent = ScoreBuffer::zeros(range.len());
            bound.cosines(query, &range, &mut latent);
        }
        if !filter.admits_all() {
            for (at, definition) in index.core.definitions[range].iter().enumerate() {
                let cosine = latent.get(at).copied().unwrap_or_default();
                if (lexical[at] > 0.0 || cosine > 0.0) && !filter.admits(definition) {
                    lexical[at] = 0.0;
                    latent.iter_mut().skip(at).take(1).for_each(|cosine| *cosine = 0.0);
                }
            }
        }
        TextScores { lexical_max: lexical.max(), latent_max: latent.max(), lexical, latent }
    }
}
