//! The similarity that an embedding model finds, calibrated and weighed against the text scores.
//!
//! Cosines of different models are not comparable: those of one model lie between 0 and 0.6, those of another between 0.7
//! and 0.9. What counts is the lift of an entry: how far its cosine rises above the median of its kind.

use crate::weights::Weights;

/// The lift of the best entry at which the model's confidence is one half.
const HALF_CONFIDENT: f32 = 0.25;
/// The model's weight in the confidence.
const CONFIDENCE_SHARE: f32 = 0.5;
/// Of fewer cosines the median is meaningless.
const MIN_COSINES: usize = 3;
/// Lift above which an entry counts as close in meaning.
const CLOSE: f32 = 0.3;

/// The semantic signal of all entries of one kind.
#[derive(Debug)]
pub(crate) struct SemanticSignal {
    /// How far each entry's cosine rises above the median, as a fraction of the distance from the median to 1, clamped to
    /// 0..=1; NaN where the model has not embedded the entry yet.
    lift: Vec<f32>,
    /// The largest lift among the eligible entries.
    max_lift: f32,
    /// The model's share of a score.
    share: f32,
    /// The largest text score.
    text_max: f32,
    /// Whether enough entries are embedded for the model to take part in the confidence.
    is_conclusive: bool,
}

impl SemanticSignal {
    /// Calibrates cosines, one for each entry, NaN where the entry is not embedded yet. `is_eligible` says which entries an
    /// answer may contain; `text_confidence` is the confidence that the words give, 0..=1. `None` where no cosine is known.
    pub(crate) fn calibrate(
        cosines: &[f32],
        is_eligible: impl Fn(usize) -> bool,
        weights: &Weights,
        text_confidence: f32,
        text_max: f32,
    ) -> Option<SemanticSignal> {
        let mut known: Vec<f32> = cosines.iter().copied().filter(|cosine| cosine.is_finite()).collect();
        let middle = known.len().checked_sub(1)? / 2;
        let median = known.select_nth_unstable_by(middle, f32::total_cmp).1.clamp(-1.0, 1.0);
        let is_conclusive = known.len() >= MIN_COSINES && known.len() * 2 > cosines.len();
        let headroom = (1.0 - median).max(f32::EPSILON);
        let lift: Vec<f32> =
            (cosines.iter())
                .map(|cosine| {
                    if cosine.is_finite() { ((cosine - median) / headroom).clamp(0.0, 1.0) } else { f32::NAN }
                })
                .collect();
        let eligible = lift.iter().enumerate().filter(|(at, lift)| lift.is_finite() && is_eligible(*at));
        let max_lift = eligible.map(|(_, &lift)| lift).fold(0.0, f32::max);
        let [least, most] = weights.semantic;
        // Only words that match well may overrule the model: those that match by chance match half as well.
        let certainty = text_confidence.clamp(0.0, 1.0).powi(3);
        let share = if max_lift > 0.0 { least + (most - least) * certainty } else { 0.0 };
        Some(SemanticSignal { lift, max_lift, share, text_max, is_conclusive })
    }

    /// The factor for an entry's text score, and what the model adds to it. An entry that is not embedded yet keeps the
    /// rank that its words give it: it is taken to be as close as they say.
    pub(crate) fn blend(&self, at: usize) -> (f32, f32) {
        let whole = if self.text_max > 0.0 { 1.0 / self.text_max } else { 0.0 };
        match self.lift[at] {
            lift if lift.is_nan() => (whole, 0.0),
            lift if self.max_lift > 0.0 => {
                ((1.0 - self.share) * whole, self.share * (lift / self.max_lift).min(1.0))
            }
            _ => (whole, 0.0),
        }
    }

    /// Whether an entry is close to the request in meaning.
    pub(crate) fn is_close(&self, at: usize) -> bool {
        self.lift[at] > CLOSE
    }

    /// The confidence of words and model together.
    pub(crate) fn confidence(&self, text_confidence: f32) -> f32 {
        if !self.is_conclusive {
            return text_confidence;
        }
        let by_model = self.max_lift.powi(3) / (self.max_lift.powi(3) + HALF_CONFIDENT.powi(3));
        (1.0 - CONFIDENCE_SHARE) * text_confidence + CONFIDENCE_SHARE * by_model
    }
}
