//! Compressed lists in contiguous buffers, and where the list of a term lies in them.

use bitpacking::{BitPacker, BitPacker4x};

use crate::numeric::as_u32;

/// Postings of a bit-packed block, and the distance between two entry points of a long list.
pub(super) const BLOCK: usize = BitPacker4x::BLOCK_LEN;
/// Terms between two recorded starts of short lists.
pub(super) const GROUP: usize = 16;
/// Size codes up to this are the bytes of a single posting. Above, they are 8 more than the bytes of a list of several,
/// which starts with its number of postings.
pub(super) const SINGLE: u8 = 8;
/// The size code of a long list.
pub(super) const LONG: u8 = u8::MAX;

/// Lists one after the other, by term.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PackedLists {
    /// The size code of each term's list: 0 for none, otherwise see [`SINGLE`] and [`LONG`]. Empty where no term has a
    /// list.
    pub(super) sizes: Vec<u8>,
    /// Where the short list of every [`GROUP`]th term starts.
    pub(super) starts: Vec<u32>,
    /// The short lists.
    pub(super) short: Vec<u8>,
    /// The headers of the long lists, sorted by term.
    pub(super) longs: Vec<LongList>,
    /// The long lists.
    pub(super) long: Vec<u8>,
    /// The blocks of all long lists, one after the other.
    pub(super) blocks: Vec<Block>,
}

/// A list of at least [`BLOCK`] postings, or of more bytes than a size code can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LongList {
    pub(super) term: u32,
    /// How many postings it has.
    pub(super) count: u32,
    /// Its first byte.
    pub(super) at: u32,
    /// Its first block.
    pub(super) block: u32,
}

/// An entry point of a long list: a full block, or the tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// The document from which the first distance counts.
    pub(super) base: u32,
    /// Its first byte.
    pub(super) at: u32,
}

/// The stored form of one list.
pub(super) enum Stored<'l> {
    /// The term has no postings.
    None,
    /// Size code and bytes.
    Short(u8, &'l [u8]),
    /// Header and bytes.
    Long(&'l LongList, &'l [u8]),
}

impl PackedLists {
    /// Records where the next list starts, for every [`GROUP`]th term.
    pub(super) fn begin_list(&mut self) {
        if self.sizes.len().is_multiple_of(GROUP) {
            self.starts.push(as_u32(self.short.len()));
        }
    }

    /// The same lists without spare capacity.
    pub(super) fn shrunk(mut self) -> PackedLists {
        if self.short.is_empty() && self.long.is_empty() {
            return PackedLists::default();
        }
        self.sizes.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.short.shrink_to_fit();
        self.longs.shrink_to_fit();
        self.long.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self
    }

    /// The list of a term.
    pub(super) fn stored(&self, term: u32) -> Stored<'_> {
        let at = term as usize;
        match self.sizes.get(at) {
            None | Some(0) => Stored::None,
            Some(&LONG) => {
                let Ok(nth) = self.longs.binary_search_by_key(&term, |long| long.term) else {
                    return Stored::None;
                };
                let end = self.longs.get(nth + 1).map_or(self.long.len(), |next| next.at as usize);
                let long = &self.longs[nth];
                Stored::Long(long, self.long.get(long.at as usize..end).unwrap_or_default())
            }
            Some(&size) => {
                let group = at / GROUP * GROUP;
                let before: usize = self.sizes[group..at].iter().map(|size| byte_len(*size)).sum();
                let start = self.starts[at / GROUP] as usize + before;
                Stored::Short(size, self.short.get(start..start + byte_len(size)).unwrap_or_default())
            }
        }
    }

    /// The blocks of a long list.
    pub(super) fn blocks_of(&self, long: &LongList) -> &[Block] {
        let from = long.block as usize;
        self.blocks.get(from..=from + long.count as usize / BLOCK).unwrap_or_default()
    }

    /// Bytes of all lists.
    pub(super) fn n_bytes(&self) -> usize {
        self.short.len() + self.long.len()
    }
}

/// The bytes that a list of this size code takes among the short ones.
pub(super) fn byte_len(size: u8) -> usize {
    match size {
        LONG => 0,
        0..=SINGLE => size.into(),
        _ => (size - SINGLE).into(),
    }
}
