//! What an embedding model says of a request, weighed against what its words tell.
//!
//! A model's cosines are no shares: those of one model lie between 0 and 0.6, those of another between 0.7 and 0.9. What
//! counts is how far an entry rises above the usual one, the median of its kind.

use super::weights::Weights;

/// Rise of the best entry above the median, as a part of what is possible, at which the model's confidence is one half.
const EVEN: f32 = 0.25;
/// The model's part of the confidence.
const PART: f32 = 0.5;
/// Of fewer entries than this the median says nothing of what is usual.
const MIN_USUAL: usize = 3;
/// Rise above which an entry is close in meaning.
const CLOSE: f32 = 0.3;

/// A judgement of all entries of one kind.
#[derive(Debug)]
pub(crate) struct Semantic {
    /// How far each entry rises above the median, as a part of what is possible; never negative, NaN where the model does
    /// not know it yet.
    rise: Vec<f32>,
    /// The largest among the entries that may be answered.
    top: f32,
    /// The model's share of a score.
    share: f32,
    /// The largest that words say of an entry.
    text_top: f32,
    /// Whether enough is known for the confidence.
    tells: bool,
}

impl Semantic {
    /// `similarity` is a cosine for each entry, NaN where it is not known; `open` says which may be answered; `by_words` is
    /// the confidence that the words give. `None` where nothing is known.
    pub(crate) fn of(
        similarity: &[f32],
        open: impl Fn(usize) -> bool,
        weights: &Weights,
        by_words: f32,
        text_top: f32,
    ) -> Option<Semantic> {
        let mut known: Vec<f32> = similarity.iter().copied().filter(|cosine| cosine.is_finite()).collect();
        let middle = known.len().checked_sub(1)? / 2;
        let usual = known.select_nth_unstable_by(middle, f32::total_cmp).1.clamp(-1.0, 1.0);
        let tells = known.len() >= MIN_USUAL && known.len() * 2 > similarity.len();
        let possible = (1.0 - usual).max(f32::EPSILON);
        let rise: Vec<f32> =
            (similarity.iter())
                .map(|cosine| {
                    if cosine.is_finite() { ((cosine - usual) / possible).clamp(0.0, 1.0) } else { f32::NAN }
                })
                .collect();
        let opened = rise.iter().enumerate().filter(|(at, rise)| rise.is_finite() && open(*at));
        let top = opened.map(|(_, &rise)| rise).fold(0.0, f32::max);
        let [least, most] = weights.semantic;
        // Only words that fit well may overrule the model: those that fit by chance fit half as well.
        let told = by_words.clamp(0.0, 1.0).powi(3);
        let share = if top > 0.0 { least + (most - least) * told } else { 0.0 };
        Some(Semantic { rise, top, share, text_top, tells })
    }

    /// By what the words' say of an entry is multiplied, and what the model adds to it. An entry that the model does not
    /// know yet keeps the place that words give it: it is taken to be as close as they say.
    pub(crate) fn shares(&self, at: usize) -> (f32, f32) {
        let whole = if self.text_top > 0.0 { 1.0 / self.text_top } else { 0.0 };
        match self.rise[at] {
            rise if rise.is_nan() => (whole, 0.0),
            rise if self.top > 0.0 => ((1.0 - self.share) * whole, self.share * (rise / self.top).min(1.0)),
            _ => (whole, 0.0),
        }
    }

    /// Whether an entry is close in meaning.
    pub(crate) fn is_close(&self, at: usize) -> bool {
        self.rise[at] > CLOSE
    }

    /// Confidence by words and model.
    pub(crate) fn confidence(&self, by_words: f32) -> f32 {
        if !self.tells {
            return by_words;
        }
        let bent = self.top.powi(3) / (self.top.powi(3) + EVEN.powi(3));
        (1.0 - PART) * by_words + PART * bent
    }
}
