//! Decoding a posting list in order.

use bitpacking::{BitPacker, BitPacker4x};

use super::packed::BLOCK;
use super::posting::{NO_TEMPLATE, Posting, PostingTemplates, TEMPLATE_BITS};
use crate::varint::read_varint;

/// A position in a posting list; iterates over its postings by document. A list that ends early is cut off there.
#[derive(Debug, Clone)]
pub(crate) struct PostingCursor<'l> {
    templates: &'l PostingTemplates,
    rest: &'l [u8],
    /// Postings behind the current block.
    left: usize,
    /// The document from which the next distance counts.
    pub(super) base: u32,
    /// The codes of the current block.
    pub(super) codes: [u32; BLOCK],
    /// How many codes the current block has.
    pub(super) filled: usize,
    /// The next code of the current block.
    at: usize,
}

impl<'l> PostingCursor<'l> {
    /// A cursor before `left` postings that `rest` encodes, the first of which counts from document `base`.
    pub(super) fn new(
        templates: &'l PostingTemplates,
        rest: &'l [u8],
        left: usize,
        base: u32,
    ) -> PostingCursor<'l> {
        PostingCursor { templates, rest, left, base, codes: [0; BLOCK], filled: 0, at: 0 }
    }

    /// Decodes the codes of the next block; `false` where there is none.
    pub(super) fn fill(&mut self) -> bool {
        let n = self.left.min(BLOCK);
        let decoded = if n == BLOCK { self.unpack_block() } else { self.read_tail(n) };
        if decoded.is_none() {
            (self.left, self.at, self.filled) = (0, 0, 0);
            return false;
        }
        (self.left, self.at, self.filled) = (self.left - n, 0, n);
        n > 0
    }

    fn unpack_block(&mut self) -> Option<()> {
        let (&bits, rest) = self.rest.split_first()?;
        if u32::from(bits) > u32::BITS {
            return None;
        }
        let (packed, rest) = rest.split_at_checked(BitPacker4x::compressed_block_size(bits))?;
        BitPacker4x::new().decompress(packed, &mut self.codes, bits);
        self.rest = rest;
        Some(())
    }

    fn read_tail(&mut self, n: usize) -> Option<()> {
        for code in &mut self.codes[..n] {
            *code = read_varint(&mut self.rest)?;
        }
        Some(())
    }

    /// The fields and the impact of the next posting that follows no template.
    #[inline]
    pub(super) fn untemplated(&mut self) -> (u8, u8) {
        let Some((&[fields, impact], rest)) = self.rest.split_first_chunk::<2>() else { return (0, 0) };
        self.rest = rest;
        (fields, impact)
    }
}

impl Iterator for PostingCursor<'_> {
    type Item = Posting;

    #[inline]
    fn next(&mut self) -> Option<Posting> {
        if self.at == self.filled && !self.fill() {
            return None;
        }
        let code = self.codes[self.at];
        self.at += 1;
        let document = self.base.checked_add(code >> TEMPLATE_BITS)?;
        self.base = document.checked_add(1)?;
        let template = code % (1 << TEMPLATE_BITS);
        let (fields, impact) = if template == NO_TEMPLATE {
            self.untemplated()
        } else {
            let impacts = self.templates.impacts.get(document as usize)?;
            (self.templates.fields[template as usize], impacts[template as usize])
        };
        Some(Posting { document, fields, impact })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left + self.filled - self.at))
    }
}
