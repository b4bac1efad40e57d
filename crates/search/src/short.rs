//! Posting lists of fewer postings than are packed together, read from their bytes as they are.
//!
//! Most lists of a small collection are so short that clearing the room to unpack them into would take longer than reading
//! them. First come all numbers (distance and shape), then the fields and impacts of the postings of no shape.

use super::postings::{OTHER, Posting, SHAPE_BITS, Shapes};
use crate::varint::read_varint;

/// Adds what `n` postings bring to the scores of their documents: `step` for each step of their impacts.
pub(super) fn add(bytes: &[u8], n: usize, shapes: &Shapes, step: f32, scores: &mut [f32]) {
    let others = behind(bytes, n).unwrap_or_default();
    let impacts = shapes.impacts.as_slice();
    let (mut codes, mut base, mut at_other) = (bytes, 0u32, 0);
    for _ in 0..n {
        let Some(code) = read_varint(&mut codes) else { return };
        let document = base.wrapping_add(code >> SHAPE_BITS);
        base = document.wrapping_add(1);
        let shape = code % (1 << SHAPE_BITS);
        // Neither kind of posting is foreseeable, so that a branch would cost more than looking for both impacts.
        let other = others.get(at_other + 1).copied().unwrap_or_default();
        let is_other = u8::from(shape == OTHER);
        at_other += 2 * usize::from(is_other);
        let at = document as usize;
        if let (Some(score), Some(impacts)) = (scores.get_mut(at), impacts.get(at)) {
            *score += step * f32::from(impacts[shape as usize] | other & is_other.wrapping_neg());
        }
    }
}

/// The posting of one document among `n`.
pub(super) fn find(bytes: &[u8], n: usize, shapes: &Shapes, document: u32) -> Option<Posting> {
    let (mut codes, mut base, mut others) = (bytes, 0u32, 0);
    for nth in 1..=n {
        let code = read_varint(&mut codes)?;
        let here = base.checked_add(code >> SHAPE_BITS)?;
        base = here.checked_add(1)?;
        let shape = code % (1 << SHAPE_BITS);
        if here < document {
            others += usize::from(shape == OTHER);
            continue;
        }
        if here > document {
            return None;
        }
        let (fields, impact) = if shape == OTHER {
            let pairs = behind(codes, n - nth)?;
            (*pairs.get(2 * others)?, *pairs.get(2 * others + 1)?)
        } else {
            let impacts = shapes.impacts.get(document as usize)?;
            (shapes.fields[shape as usize], impacts[shape as usize])
        };
        return Some(Posting { document, fields, impact });
    }
    None
}

/// What follows `n` numbers.
fn behind(bytes: &[u8], n: usize) -> Option<&[u8]> {
    // Most are of one byte.
    let (first, mut rest) = bytes.split_at_checked(n)?;
    let mut longer = first.iter().filter(|byte| **byte >= 0x80).count();
    while longer > 0 {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        longer -= usize::from(byte < 0x80);
    }
    Some(rest)
}
