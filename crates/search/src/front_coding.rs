//! A sorted list of distinct strings, front coded (Witten, Moffat, Bell: "Managing Gigabytes", 1999).
//!
//! Neighbours in a sorted list share a prefix, so that only its length and the remaining suffix are stored, together with
//! a small number for each string, its tag. Every [`BLOCK`]th string is stored whole: a lookup searches the block heads
//! and then decodes at most one block.

use crate::numeric::as_u32;
use crate::text;
use crate::varint::{read_varint, write_varint};

/// Strings in a block.
const BLOCK: usize = 16;
/// Lengths from here on do not fit into half a byte; the excess follows as a varint.
const LONG: usize = 15;
/// Longest string in bytes that [`FrontCodedList::from_bytes`] accepts: no term is longer, and without a limit a small
/// file could demand a large allocation.
const MAX_BYTES: usize = 4 * text::MAX_WORD_CHARS + 16;

/// Distinct strings in ascending order, each with a tag. A string's rank is its position in that order.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct FrontCodedList {
    /// For each string: one byte with the lengths of the shared prefix and of the suffix (for those of 15 and more the
    /// excess as varints), the suffix, the tag as a varint.
    bytes: Vec<u8>,
    /// Offset of each block in `bytes`.
    block_starts: Vec<u32>,
    /// The [`sort_key`] of each block's first string.
    block_keys: Vec<u64>,
    len: usize,
}

/// Encodes strings in ascending order.
#[derive(Debug, Default)]
pub(crate) struct FrontCoder {
    list: FrontCodedList,
    previous: Vec<u8>,
}

impl FrontCoder {
    /// Appends a string, which must be greater than all before it.
    pub(crate) fn add(&mut self, string: &str, tag: u32) {
        let FrontCodedList { bytes, block_starts, block_keys, len } = &mut self.list;
        let string = string.as_bytes();
        let mut shared = 0;
        if len.is_multiple_of(BLOCK) {
            block_starts.push(as_u32(bytes.len()));
            block_keys.push(sort_key(string));
        } else {
            shared = string.iter().zip(&self.previous).take_while(|(a, b)| a == b).count();
        }
        let suffix = &string[shared..];
        let nibble = |length: usize| length.min(LONG).to_le_bytes()[0];
        bytes.push(nibble(shared) | nibble(suffix.len()) << 4);
        for length in [shared, suffix.len()].into_iter().filter(|length| *length >= LONG) {
            write_varint(bytes, as_u32(length - LONG));
        }
        bytes.extend_from_slice(suffix);
        write_varint(bytes, tag);
        self.previous.truncate(shared);
        self.previous.extend_from_slice(suffix);
        *len += 1;
    }

    /// The list of all strings added.
    pub(crate) fn finish(mut self) -> FrontCodedList {
        self.list.bytes.shrink_to_fit();
        self.list.block_starts.shrink_to_fit();
        self.list.block_keys.shrink_to_fit();
        self.list
    }
}

impl FrontCodedList {
    /// How many strings there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The encoded strings, which [`FrontCodedList::from_bytes`] decodes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The list that these bytes encode; `None` where they are malformed, not UTF-8, or the strings are not in strictly
    /// ascending order.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<FrontCodedList> {
        let mut list = FrontCodedList { bytes: bytes.to_vec(), ..FrontCodedList::default() };
        let (mut rest, mut previous) = (bytes, Vec::new());
        while !rest.is_empty() {
            let is_head = list.len.is_multiple_of(BLOCK);
            if is_head {
                list.block_starts.push(as_u32(bytes.len() - rest.len()));
            }
            let Entry { shared, suffix, .. } = decode(&mut rest)?;
            if shared > previous.len() || is_head && shared > 0 || shared + suffix.len() > MAX_BYTES {
                return None;
            }
            if list.len > 0 && previous[shared..] >= *suffix {
                return None;
            }
            previous.truncate(shared);
            previous.extend_from_slice(suffix);
            if !previous.is_ascii() && std::str::from_utf8(&previous).is_err() {
                return None;
            }
            if is_head {
                list.block_keys.push(sort_key(&previous));
            }
            list.len += 1;
        }
        Some(list)
    }

    /// The rank of a string, with its tag; `None` where it is not in the list.
    pub(crate) fn find(&self, string: &str) -> Option<(u32, u32)> {
        let wanted = string.as_bytes();
        let block = self.block_before(wanted)?;
        let mut rest = self.encoded_from(block)?;
        // Length of the prefix that the previous string, which sorts before `wanted`, has in common with it.
        let mut matched = 0;
        for rank in block * BLOCK..((block + 1) * BLOCK).min(self.len) {
            let Entry { shared, suffix, tag } = decode(&mut rest)?;
            if shared > matched {
                continue;
            }
            if shared < matched {
                return None;
            }
            let wanted = &wanted[matched..];
            let more = suffix.iter().zip(wanted).take_while(|(a, b)| a == b).count();
            match (suffix.get(more), wanted.get(more)) {
                (None, None) => return Some((as_u32(rank), tag)),
                (Some(here), Some(wanted)) if here > wanted => return None,
                (Some(_), None) => return None,
                _ => matched += more,
            }
        }
        None
    }

    /// The string at a rank, with its tag.
    pub(crate) fn get(&self, rank: u32) -> Option<(String, u32)> {
        let mut cursor = self.cursor_at(rank as usize / BLOCK);
        (0..=rank as usize % BLOCK).try_for_each(|_| cursor.advance().map(|_| ()))?;
        Some((cursor.text().to_owned(), cursor.tag))
    }

    /// The tag of the string at a rank.
    pub(crate) fn tag(&self, rank: u32) -> Option<u32> {
        let mut rest = self.encoded_from(rank as usize / BLOCK)?;
        let mut tag = None;
        for _ in 0..=rank as usize % BLOCK {
            tag = Some(decode(&mut rest)?.tag);
        }
        tag
    }

    /// A cursor before the first string.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        self.cursor_at(0)
    }

    /// A cursor before the first string that starts with `prefix`: at most one block before it.
    pub(crate) fn cursor_near(&self, prefix: &str) -> Cursor<'_> {
        self.cursor_at(self.block_before(prefix.as_bytes()).unwrap_or(0))
    }

    fn cursor_at(&self, block: usize) -> Cursor<'_> {
        let rest = self.encoded_from(block).unwrap_or_default();
        Cursor { rest, next_rank: as_u32(block * BLOCK), text: Vec::new(), tag: 0 }
    }

    fn encoded_from(&self, block: usize) -> Option<&[u8]> {
        self.bytes.get(*self.block_starts.get(block)? as usize..)
    }

    /// The last block whose head is not greater than `wanted`.
    fn block_before(&self, wanted: &[u8]) -> Option<usize> {
        let wanted_key = sort_key(wanted);
        let from = self.block_keys.partition_point(|key| *key < wanted_key);
        let equal = self.block_keys[from..].partition_point(|key| *key == wanted_key);
        let head = |block: usize| decode(&mut self.encoded_from(block)?).map(|entry| entry.suffix);
        let (mut low, mut high) = (from, from + equal);
        while low < high {
            let middle = usize::midpoint(low, high);
            if head(middle).is_some_and(|head| head <= wanted) { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1)
    }
}

/// A position in a list, which decodes one string after the other.
#[derive(Debug)]
pub(crate) struct Cursor<'s> {
    rest: &'s [u8],
    next_rank: u32,
    text: Vec<u8>,
    /// The tag of the current string.
    pub(crate) tag: u32,
}

impl Cursor<'_> {
    /// Moves to the next string and returns its rank; `None` behind the last one.
    pub(crate) fn advance(&mut self) -> Option<u32> {
        let Entry { shared, suffix, tag } = decode(&mut self.rest)?;
        self.text.truncate(shared);
        self.text.extend_from_slice(suffix);
        self.tag = tag;
        self.next_rank += 1;
        Some(self.next_rank - 1)
    }

    /// The bytes of the current string.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// The current string.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

/// One string as it is stored.
struct Entry<'s> {
    /// Length in bytes of the prefix shared with the string before.
    shared: usize,
    suffix: &'s [u8],
    tag: u32,
}

#[inline]
fn decode<'s>(rest: &mut &'s [u8]) -> Option<Entry<'s>> {
    let (&nibbles, after) = rest.split_first()?;
    *rest = after;
    let (mut shared, mut length) = (usize::from(nibbles & 15), usize::from(nibbles >> 4));
    for length in [&mut shared, &mut length] {
        if *length == LONG {
            *length += read_varint(rest)? as usize;
        }
    }
    let (suffix, after) = rest.split_at_checked(length)?;
    *rest = after;
    let tag = read_varint(rest)?;
    Some(Entry { shared, suffix, tag })
}

/// The first eight bytes as a number with the same order; shorter strings are padded with zeros.
fn sort_key(string: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = string.len().min(8);
    first[..length].copy_from_slice(&string[..length]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{FrontCodedList, FrontCoder};

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

        #[test]
        fn every_coded_string_is_found(
            all in prop::collection::btree_set("[a-c]{0,12}|[a-bä]{0,40}|aaaaaaaa[a-b\u{0}]{0,9}", 0..200),
            absent in prop::collection::vec("[a-cä]{0,12}|aaaaaaaa[a-b\u{0}]{0,9}", 0..50),
        ) {
            let mut coder = FrontCoder::default();
            for (string, tag) in all.iter().zip((0..).step_by(77)) {
                coder.add(string, tag);
            }
            let list = coder.finish();
            let decoded = FrontCodedList::from_bytes(list.as_bytes());
            prop_assert_eq!(decoded.as_ref(), Some(&list));
            let mut cursor = list.cursor();
            for ((string, rank), tag) in all.iter().zip(0..).zip((0..).step_by(77)) {
                prop_assert_eq!(list.find(string), Some((rank, tag)));
                prop_assert_eq!(list.get(rank), Some((string.clone(), tag)));
                prop_assert_eq!(list.tag(rank), Some(tag));
                prop_assert_eq!((cursor.advance(), cursor.text()), (Some(rank), string.as_str()));
            }
            prop_assert_eq!(cursor.advance(), None);
            for other in &absent {
                prop_assert_eq!(list.find(other).is_some(), all.contains(other));
                let mut cursor = list.cursor_near(other);
                let mut after = BTreeSet::new();
                while cursor.advance().is_some() {
                    after.insert(cursor.text().to_owned());
                }
                prop_assert!(all.iter().filter(|string| string.starts_with(other.as_str())).all(|string| after.contains(string)));
            }
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_decoded(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(list) = FrontCodedList::from_bytes(&bytes) {
                let mut cursor = list.cursor();
                while cursor.advance().is_some() {}
            }
        }
    }
}
