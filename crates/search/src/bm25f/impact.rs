//! The impact of a posting: what a term contributes to an entry, before idf.

use super::term_counter::TermFrequencies;
use crate::fields::FIELDS;
use crate::numeric::as_f32;
use crate::postings::{Posting, TEMPLATES, TemplateImpacts};
use crate::weights::Weights;

/// Impacts are quantised to this many steps; the largest stands for 1.
pub(super) const IMPACT_STEPS: f32 = 255.0;

/// Computes impacts from term frequencies and field lengths, for one kind.
#[derive(Debug)]
pub(crate) struct ImpactModel {
    averages: [f32; FIELDS],
    length: [f32; FIELDS],
    field: [f32; FIELDS],
    saturation: f32,
    /// `1 + ln tf` for frequencies of 1 to 255; 0 for 0.
    damped: [f32; 256],
}

impl ImpactModel {
    /// The model for a kind whose fields have these average lengths.
    pub(crate) fn new(averages: [f32; FIELDS], weights: &Weights) -> ImpactModel {
        let damped = std::array::from_fn(|count| if count == 0 { 0.0 } else { 1.0 + as_f32(count).ln() });
        let Weights { length, field, saturation, .. } = *weights;
        ImpactModel { averages, length, field, saturation, damped }
    }

    /// The posting of a term with these frequencies in an entry with fields of these lengths.
    pub(crate) fn posting(
        &self,
        document: u32,
        frequencies: TermFrequencies,
        lengths: &[u32; FIELDS],
    ) -> Posting {
        let mut evidence = 0.0;
        for slot in 0..FIELDS {
            if frequencies[slot] > 0 {
                let b = self.length[slot];
                let length = as_f32(lengths[slot] as usize) / self.averages[slot];
                evidence +=
                    self.field[slot] * self.damped[frequencies[slot] as usize] / (1.0 - b + b * length);
            }
        }
        let saturated = evidence / (self.saturation + evidence);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a ratio below 1, times 255 and rounded, is a byte"
        )]
        let impact = (saturated * IMPACT_STEPS).round().max(1.0) as u8;
        Posting { document, fields: field_mask(frequencies), impact }
    }

    /// The impacts of template postings in an entry with fields of these lengths.
    pub(crate) fn template_impacts(
        &self,
        templates: &[TermFrequencies; TEMPLATES],
        lengths: &[u32; FIELDS],
    ) -> TemplateImpacts {
        let [first, second, third] = templates.map(|template| self.posting(0, template, lengths).impact);
        [first, second, third, 0]
    }
}

/// The fields that contain a term with these frequencies, a bit each.
pub(super) fn field_mask(frequencies: TermFrequencies) -> u8 {
    frequencies.iter().rev().fold(0, |mask, frequency| mask << 1 | u8::from(*frequency > 0))
}
