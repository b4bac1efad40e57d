//! Sorted strings, each told by how it differs from the one before.
//!
//! Neighbours in a sorted list begin alike, so only what follows the common beginning is kept (front coding; Witten,
//! Moffat, Bell: "Managing Gigabytes", 1999), with a small number for each string. Every [`BLOCK`]th string is whole: a
//! search looks among those and then reads at most one block.

use super::postings::{put, take};
use super::text;
use super::weights::compact;

/// Strings of one block.
const BLOCK: usize = 16;
/// Lengths that do not fit into half a byte follow as a number of their own.
const LONG: usize = 15;
/// Bytes of a string that are read again: more than a word of the most letters has, so that no file costs more than its size.
const MAX_BYTES: usize = 4 * text::MAX_TOKEN_CHARS + 16;

/// Distinct strings in order, each with a note.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Strings {
    /// For each string: a byte with the lengths of what it shares with the one before and of what it does not (those of
    /// 15 and more after it, less 15), the latter, its note.
    bytes: Vec<u8>,
    /// Where each block starts in `bytes`.
    starts: Vec<u32>,
    /// The first bytes of each block's first string, as [`key`] tells.
    keys: Vec<u64>,
    len: usize,
}

/// Gathers strings in order.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    strings: Strings,
    last: Vec<u8>,
}

impl Gathering {
    /// Adds the next string, which is behind all before.
    pub(super) fn add(&mut self, string: &str, note: u32) {
        let Strings { bytes, starts, keys, len } = &mut self.strings;
        let string = string.as_bytes();
        let mut common = 0;
        if len.is_multiple_of(BLOCK) {
            starts.push(compact(bytes.len()));
            keys.push(key(string));
        } else {
            common = string.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        }
        let own = &string[common..];
        let half = |length: usize| length.min(LONG).to_le_bytes()[0];
        bytes.push(half(common) | half(own.len()) << 4);
        for length in [common, own.len()].into_iter().filter(|length| *length >= LONG) {
            put(bytes, compact(length - LONG));
        }
        bytes.extend_from_slice(own);
        put(bytes, note);
        self.last.truncate(common);
        self.last.extend_from_slice(own);
        *len += 1;
    }

    pub(super) fn finish(mut self) -> Strings {
        self.strings.bytes.shrink_to_fit();
        self.strings.starts.shrink_to_fit();
        self.strings.keys.shrink_to_fit();
        self.strings
    }
}

impl Strings {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// For [`Strings::of_bytes`].
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The strings that [`Strings::as_bytes`] told of; `None` where the bytes are none or they are not in order.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Strings> {
        let mut strings = Strings { bytes: bytes.to_vec(), ..Strings::default() };
        let (mut rest, mut last) = (bytes, Vec::new());
        while !rest.is_empty() {
            let is_first = strings.len.is_multiple_of(BLOCK);
            if is_first {
                strings.starts.push(compact(bytes.len() - rest.len()));
            }
            let Part { common, own, .. } = part(&mut rest)?;
            if common > last.len() || is_first && common > 0 || common + own.len() > MAX_BYTES {
                return None;
            }
            if strings.len > 0 && last[common..] >= *own {
                return None;
            }
            last.truncate(common);
            last.extend_from_slice(own);
            if !last.is_ascii() && std::str::from_utf8(&last).is_err() {
                return None;
            }
            if is_first {
                strings.keys.push(key(&last));
            }
            strings.len += 1;
        }
        Some(strings)
    }

    /// The place of a string, with its note.
    pub(super) fn find(&self, string: &str) -> Option<(u32, u32)> {
        let wanted = string.as_bytes();
        let block = self.block_before(wanted)?;
        let mut rest = self.rest(block)?;
        // How far the string before, which comes before what is wanted, begins like it.
        let mut alike = 0;
        for at in block * BLOCK..((block + 1) * BLOCK).min(self.len) {
            let Part { common, own, note } = part(&mut rest)?;
            if common > alike {
                continue;
            }
            if common < alike {
                return None;
            }
            let wanted = &wanted[alike..];
            let more = own.iter().zip(wanted).take_while(|(a, b)| a == b).count();
            match (own.get(more), wanted.get(more)) {
                (None, None) => return Some((compact(at), note)),
                (Some(own), Some(wanted)) if own > wanted => return None,
                (Some(_), None) => return None,
                _ => alike += more,
            }
        }
        None
    }

    /// The string at a place, with its note.
    pub(super) fn get(&self, place: u32) -> Option<(String, u32)> {
        let mut reading = self.read(place as usize / BLOCK);
        (0..=place as usize % BLOCK).try_for_each(|_| reading.next().map(|_| ()))?;
        Some((reading.text().to_owned(), reading.note))
    }

    /// The note of the string at a place.
    pub(super) fn note(&self, place: u32) -> Option<u32> {
        let mut rest = self.rest(place as usize / BLOCK)?;
        let mut note = None;
        for _ in 0..=place as usize % BLOCK {
            note = Some(part(&mut rest)?.note);
        }
        note
    }

    /// All strings.
    pub(super) fn all(&self) -> Reading<'_> {
        self.read(0)
    }

    /// The strings of the blocks that hold those that begin with `start`, and of all after.
    pub(super) fn from(&self, start: &str) -> Reading<'_> {
        self.read(self.block_before(start.as_bytes()).unwrap_or(0))
    }

    fn read(&self, block: usize) -> Reading<'_> {
        let rest = self.rest(block).unwrap_or_default();
        Reading { rest, next: compact(block * BLOCK), text: Vec::new(), note: 0 }
    }

    fn rest(&self, block: usize) -> Option<&[u8]> {
        self.bytes.get(*self.starts.get(block)? as usize..)
    }

    /// The last block whose first string is not behind `wanted`.
    fn block_before(&self, wanted: &[u8]) -> Option<usize> {
        let of_wanted = key(wanted);
        let from = self.keys.partition_point(|key| *key < of_wanted);
        let alike = self.keys[from..].partition_point(|key| *key == of_wanted);
        let head = |block: usize| part(&mut self.rest(block)?).map(|part| part.own);
        let (mut low, mut high) = (from, from + alike);
        while low < high {
            let middle = usize::midpoint(low, high);
            if head(middle).is_some_and(|head| head <= wanted) { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1)
    }
}

/// Strings being read one after the other.
#[derive(Debug)]
pub(super) struct Reading<'s> {
    rest: &'s [u8],
    next: u32,
    text: Vec<u8>,
    /// Of the string read last.
    pub(super) note: u32,
}

impl Reading<'_> {
    /// Goes on to the next string and answers its place.
    pub(super) fn next(&mut self) -> Option<u32> {
        let Part { common, own, note } = part(&mut self.rest)?;
        self.text.truncate(common);
        self.text.extend_from_slice(own);
        self.note = note;
        self.next += 1;
        Some(self.next - 1)
    }

    /// Bytes of the string read last.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// The string read last.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

/// One string as it is kept.
struct Part<'s> {
    common: usize,
    own: &'s [u8],
    note: u32,
}

#[inline]
fn part<'s>(rest: &mut &'s [u8]) -> Option<Part<'s>> {
    let (&halves, after) = rest.split_first()?;
    *rest = after;
    let (mut common, mut length) = (usize::from(halves & 15), usize::from(halves >> 4));
    for length in [&mut common, &mut length] {
        if *length == LONG {
            *length += take(rest)? as usize;
        }
    }
    let (own, after) = rest.split_at_checked(length)?;
    *rest = after;
    let note = take(rest)?;
    Some(Part { common, own, note })
}

/// The first eight bytes as a number that orders as they do; shorter strings end in zeros.
fn key(string: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = string.len().min(8);
    first[..length].copy_from_slice(&string[..length]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{Gathering, Strings};

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

        #[test]
        fn what_is_gathered_is_found(
            all in prop::collection::btree_set("[a-c]{0,12}|[a-bä]{0,40}|aaaaaaaa[a-b\u{0}]{0,9}", 0..200),
            others in prop::collection::vec("[a-cä]{0,12}|aaaaaaaa[a-b\u{0}]{0,9}", 0..50),
        ) {
            let mut gathering = Gathering::default();
            for (string, note) in all.iter().zip((0..).step_by(77)) {
                gathering.add(string, note);
            }
            let strings = gathering.finish();
            let read = Strings::of_bytes(strings.as_bytes());
            prop_assert_eq!(read.as_ref(), Some(&strings));
            let mut reading = strings.all();
            for ((string, place), note) in all.iter().zip(0..).zip((0..).step_by(77)) {
                prop_assert_eq!(strings.find(string), Some((place, note)));
                prop_assert_eq!(strings.get(place), Some((string.clone(), note)));
                prop_assert_eq!(strings.note(place), Some(note));
                prop_assert_eq!((reading.next(), reading.text()), (Some(place), string.as_str()));
            }
            prop_assert_eq!(reading.next(), None);
            for other in &others {
                prop_assert_eq!(strings.find(other).is_some(), all.contains(other));
                let mut reading = strings.from(other);
                let mut after = BTreeSet::new();
                while reading.next().is_some() {
                    after.insert(reading.text().to_owned());
                }
                prop_assert!(all.iter().filter(|string| string.starts_with(other.as_str())).all(|string| after.contains(string)));
            }
        }

        #[test]
        fn bytes_that_are_no_strings_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(strings) = Strings::of_bytes(&bytes) {
                let mut reading = strings.all();
                while reading.next().is_some() {}
            }
        }
    }
}
