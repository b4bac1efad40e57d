//! Lists of fewer postings than a block has, read from their bytes without decoding them first.
//!
//! Most lists of a small collection are so short that clearing a block buffer would take longer than reading them. A list
//! is all codes (distance and template), then the fields and impacts of the postings that follow no template.

use super::posting::{NO_TEMPLATE, Posting, PostingTemplates, TEMPLATE_BITS};
use crate::varint::read_varint;

/// Adds the contributions of `n` postings to the scores of their documents, `step` for each step of impact.
pub(super) fn add_scores(
    bytes: &[u8],
    n: usize,
    templates: &PostingTemplates,
    step: f32,
    scores: &mut [f32],
) {
    let untemplated = after_codes(bytes, n).unwrap_or_default();
    let impacts = templates.impacts.as_slice();
    let (mut codes, mut base, mut at_untemplated) = (bytes, 0u32, 0);
    for _ in 0..n {
        let Some(code) = read_varint(&mut codes) else { return };
        let document = base.wrapping_add(code >> TEMPLATE_BITS);
        base = document.wrapping_add(1);
        let template = code % (1 << TEMPLATE_BITS);
        // Whether a posting follows a template is unpredictable: a branch would cost more than loading both impacts.
        let own = untemplated.get(at_untemplated + 1).copied().unwrap_or_default();
        let is_untemplated = u8::from(template == NO_TEMPLATE);
        at_untemplated += 2 * usize::from(is_untemplated);
        let at = document as usize;
        if let (Some(score), Some(impacts)) = (scores.get_mut(at), impacts.get(at)) {
            *score += step * f32::from(impacts[template as usize] | own & is_untemplated.wrapping_neg());
        }
    }
}

/// The posting of one document among `n`.
pub(super) fn find(bytes: &[u8], n: usize, templates: &PostingTemplates, document: u32) -> Option<Posting> {
    let (mut codes, mut base, mut n_untemplated) = (bytes, 0u32, 0);
    for nth in 1..=n {
        let code = read_varint(&mut codes)?;
        let here = base.checked_add(code >> TEMPLATE_BITS)?;
        base = here.checked_add(1)?;
        let template = code % (1 << TEMPLATE_BITS);
        if here < document {
            n_untemplated += usize::from(template == NO_TEMPLATE);
            continue;
        }
        if here > document {
            return None;
        }
        let (fields, impact) = if template == NO_TEMPLATE {
            let pairs = after_codes(codes, n - nth)?;
            (*pairs.get(2 * n_untemplated)?, *pairs.get(2 * n_untemplated + 1)?)
        } else {
            let impacts = templates.impacts.get(document as usize)?;
            (templates.fields[template as usize], impacts[template as usize])
        };
        return Some(Posting { document, fields, impact });
    }
    None
}

/// The bytes behind `n` codes.
fn after_codes(bytes: &[u8], n: usize) -> Option<&[u8]> {
    // Most codes are of one byte.
    let (first, mut rest) = bytes.split_at_checked(n)?;
    let mut longer = first.iter().filter(|byte| **byte >= 0x80).count();
    while longer > 0 {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        longer -= usize::from(byte < 0x80);
    }
    Some(rest)
}
