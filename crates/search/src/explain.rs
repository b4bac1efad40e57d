//! The score of a hit broken down by signal and term.

use std::borrow::Cow;

use crate::fields::Field;
use crate::numeric::ratio;
use crate::response::{ScoreBreakdown, TermContribution};
use crate::signals::{RankingSignals, ScoreParts};

/// Breaks down the score of an entry. The numbers add up to its score.
pub(crate) fn explain_hit(signals: &RankingSignals<'_>, document: usize) -> ScoreBreakdown {
    let core = signals.core();
    let parts = signals.parts(document);
    let at = document - signals.range.start;
    let scale = ratio(parts.lexical, signals.text.lexical[at]);
    let mut terms: Vec<TermContribution> = (signals.query.terms.iter())
        .filter_map(|term| {
            let (score, fields) = core.lexical.contribution(signals.kind, term.weighted, at)?;
            let fields = Field::ALL.into_iter().zip(fields).filter(|(_, part)| *part > 0.0);
            Some(TermContribution {
                term: term.display(&core.vocabulary).into_owned(),
                via: term.via.clone().map(Cow::into_owned),
                score: score * scale,
                fields: fields.map(|(field, part)| (field, part * scale)).collect(),
            })
        })
        .collect();
    terms.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.term.cmp(&b.term)));
    let ScoreParts { latent, semantic, intent, capability, name, role, model, prior, .. } = parts;
    ScoreBreakdown { terms, latent, semantic, intent, capability, name, role, model, prior }
}
