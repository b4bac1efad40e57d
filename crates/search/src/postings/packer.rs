//! Compressing posting lists, term by term.

use bitpacking::{BitPacker, BitPacker4x};

use super::packed::{BLOCK, Block, LONG, LongList, PackedLists, SINGLE, Stored};
use super::posting::{NO_TEMPLATE, Posting, PostingTemplates, TEMPLATE_BITS};
use crate::numeric::as_u32;
use crate::varint::write_varint;

/// Compresses the lists of successive terms.
#[derive(Debug)]
pub(crate) struct PostingsPacker {
    pub(super) templates: PostingTemplates,
    pub(super) packed: PackedLists,
}

impl PostingsPacker {
    /// A packer without a list yet; postings that follow one of `templates` take less room.
    pub(crate) fn new(templates: PostingTemplates) -> PostingsPacker {
        PostingsPacker { templates, packed: PackedLists::default() }
    }

    /// Appends the list of the next term; `postings` are sorted by document.
    pub(crate) fn add(&mut self, postings: &[Posting]) {
        self.packed.begin_list();
        if postings.is_empty() {
            return self.packed.sizes.push(0);
        }
        if postings.len() < BLOCK {
            let before = self.packed.short.len();
            if postings.len() > 1 {
                self.packed.short.push(as_u32(postings.len()).to_le_bytes()[0]);
            }
            write_tail(&mut self.packed.short, &self.templates, 0, postings);
            let size =
                self.packed.short.len() - before + if postings.len() > 1 { SINGLE as usize } else { 0 };
            if let Some(size) = u8::try_from(size).ok().filter(|size| *size < LONG) {
                return self.packed.sizes.push(size);
            }
            self.packed.short.truncate(before);
        }
        let PackedLists { sizes, longs, long, blocks, .. } = &mut self.packed;
        let [at, block] = [long.len(), blocks.len()].map(as_u32);
        longs.push(LongList { term: as_u32(sizes.len()), count: as_u32(postings.len()), at, block });
        sizes.push(LONG);
        let bitpacker = BitPacker4x::new();
        let (full, tail) = postings.as_chunks::<BLOCK>();
        let mut base = 0;
        for postings in full {
            blocks.push(Block { base, at: as_u32(long.len()) });
            let mut encoded = [0; BLOCK];
            encoded
                .iter_mut()
                .zip(codes(&self.templates, &mut base, postings))
                .for_each(|(to, code)| *to = code);
            let bits = bitpacker.num_bits(&encoded);
            long.push(bits);
            let start = long.len();
            long.resize(start + BitPacker4x::compressed_block_size(bits), 0);
            bitpacker.compress(&encoded, &mut long[start..], bits);
            write_untemplated(long, &self.templates, postings);
        }
        blocks.push(Block { base, at: as_u32(long.len()) });
        write_tail(long, &self.templates, base, tail);
    }

    /// Appends the list of the next term as it is stored under `from` in `other`, whose entries have the same templates.
    pub(super) fn copy(&mut self, other: &PackedLists, from: u32) {
        self.packed.begin_list();
        match other.stored(from) {
            Stored::None => self.packed.sizes.push(0),
            Stored::Short(size, bytes) => {
                self.packed.sizes.push(size);
                self.packed.short.extend_from_slice(bytes);
            }
            Stored::Long(header, bytes) => {
                let PackedLists { sizes, longs, long, blocks, .. } = &mut self.packed;
                let [at, block] = [long.len(), blocks.len()].map(as_u32);
                longs.push(LongList { term: as_u32(sizes.len()), at, block, count: header.count });
                sizes.push(LONG);
                long.extend_from_slice(bytes);
                let moved = |block: &Block| Block { at: block.at - header.at + at, ..*block };
                blocks.extend(other.blocks_of(header).iter().map(moved));
            }
        }
    }
}

/// The codes of postings that follow the document `base`: distance and template. Moves `base` behind the last one.
fn codes(templates: &PostingTemplates, base: &mut u32, postings: &[Posting]) -> impl Iterator<Item = u32> {
    postings.iter().map(|posting| {
        let code = (posting.document - *base) << TEMPLATE_BITS | templates.of(*posting);
        *base = posting.document + 1;
        code
    })
}

/// Appends the fields and impacts of the postings that follow no template.
fn write_untemplated(bytes: &mut Vec<u8>, templates: &PostingTemplates, postings: &[Posting]) {
    let untemplated = postings.iter().filter(|posting| templates.of(**posting) == NO_TEMPLATE);
    bytes.extend(untemplated.flat_map(|posting| [posting.fields, posting.impact]));
}

/// Appends fewer than [`BLOCK`] postings as varints.
fn write_tail(bytes: &mut Vec<u8>, templates: &PostingTemplates, mut base: u32, postings: &[Posting]) {
    codes(templates, &mut base, postings).for_each(|code| write_varint(bytes, code));
    write_untemplated(bytes, templates, postings);
}
