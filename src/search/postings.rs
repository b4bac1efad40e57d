//! Posting lists of one kind of entries, packed into bytes.
//!
//! A list is the number of its postings as a varint, then for each posting the distance to the one before with a flag in
//! its lowest bit, the fields it stands in where they are not the usual one (the flag), and its impact: some two and a half
//! bytes a posting. What a term brings to an entry is worked out when the index is built, in 255 steps (an "impact";
//! Anh, de Kretser, Moffat: "Vector-space ranking with effective early termination", 2001), so that scoring is an
//! addition.

use super::weights::compact;

/// Postings between two places at which reading can begin in the middle of a long list.
const STRIDE: usize = 128;

/// One term in one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    /// Counted from the kind's first entry.
    pub(crate) document: u32,
    /// A bit for each field it stands in, in the order of the fields.
    pub(crate) fields: u8,
    /// What it brings, saturated: 255 stands for 1.
    pub(crate) impact: u8,
}

/// The posting lists of all terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lists {
    /// Start of each term's list in `bytes`, and the end of the last; nothing where there are no postings at all.
    pub(super) starts: Vec<u32>,
    pub(super) bytes: Vec<u8>,
    /// Sorted by term, then document.
    pub(super) skips: Vec<Skip>,
    /// The fields of most postings.
    pub(super) usual: u8,
}

/// A place in the middle of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skip {
    pub(super) term: u32,
    /// The first document that is not before this place.
    pub(super) document: u32,
    /// Distances are told from here.
    pub(super) base: u32,
    /// Place in the bytes of all lists.
    pub(super) at: u32,
    /// Postings from here to the list's end.
    pub(super) left: u32,
}

/// Packs lists, term by term.
#[derive(Debug)]
pub(crate) struct Packer {
    lists: Lists,
}

impl Packer {
    /// For lists of which most postings stand in the `usual` fields.
    pub(crate) fn new(usual: u8) -> Packer {
        Packer { lists: Lists { starts: vec![0], usual, ..Lists::default() } }
    }

    /// For lists about as large as `old` ones.
    pub(crate) fn like(old: &Lists) -> Packer {
        let mut packer = Packer::new(old.usual);
        packer.lists.bytes.reserve_exact(old.bytes.len() + old.bytes.len() / 64 + 4 * STRIDE);
        packer.lists.starts.reserve_exact(old.starts.len() + 2 * STRIDE);
        packer
    }

    /// Adds the list of the next term; `postings` are sorted by document.
    pub(crate) fn add(&mut self, postings: &[Posting]) {
        let term = compact(self.lists.starts.len() - 1);
        if !postings.is_empty() {
            put(&mut self.lists.bytes, compact(postings.len()));
        }
        let mut base = 0;
        for (nth, posting) in postings.iter().enumerate() {
            if nth > 0 && nth % STRIDE == 0 {
                let at = compact(self.lists.bytes.len());
                let left = compact(postings.len() - nth);
                self.lists.skips.push(Skip { term, document: posting.document, base, at, left });
            }
            let unusual = posting.fields != self.lists.usual;
            put(&mut self.lists.bytes, (posting.document - base) << 1 | u32::from(unusual));
            if unusual {
                self.lists.bytes.push(posting.fields);
            }
            self.lists.bytes.push(posting.impact);
            base = posting.document + 1;
        }
        self.lists.starts.push(compact(self.lists.bytes.len()));
    }

    /// Adds the list of the next term as it is in `other`, whose usual fields are the same.
    pub(crate) fn copy(&mut self, other: &Lists, from: u32) {
        let term = compact(self.lists.starts.len() - 1);
        let Some((start, end)) = other.bounds(from) else {
            return self.lists.starts.push(compact(self.lists.bytes.len()));
        };
        let here = self.lists.bytes.len();
        self.lists.bytes.extend_from_slice(&other.bytes[start..end]);
        let moved = |skip: &Skip| Skip { term, at: compact(skip.at as usize - start + here), ..*skip };
        self.lists.skips.extend(other.skips_of(from).iter().map(moved));
        self.lists.starts.push(compact(self.lists.bytes.len()));
    }

    /// All lists added.
    pub(crate) fn finish(mut self) -> Lists {
        if self.lists.bytes.is_empty() {
            self.lists.starts = Vec::new();
        }
        // A little room is not worth a copy.
        if self.lists.bytes.capacity() / 16 * 15 > self.lists.bytes.len() {
            self.lists.starts.shrink_to_fit();
            self.lists.bytes.shrink_to_fit();
            self.lists.skips.shrink_to_fit();
        }
        self.lists
    }
}

impl Lists {
    fn bounds(&self, term: u32) -> Option<(usize, usize)> {
        let term = term as usize;
        let (start, end) = (*self.starts.get(term)?, *self.starts.get(term + 1)?);
        (start < end).then_some((start as usize, end as usize))
    }

    fn skips_of(&self, term: u32) -> &[Skip] {
        let from = self.skips.partition_point(|skip| skip.term < term);
        let to = from + self.skips[from..].partition_point(|skip| skip.term == term);
        &self.skips[from..to]
    }

    /// In how many entries a term stands.
    pub(crate) fn found(&self, term: u32) -> usize {
        self.read(term).left
    }

    /// The postings of a term, by document.
    pub(crate) fn read(&self, term: u32) -> Reading<'_> {
        let Some((start, end)) = self.bounds(term) else {
            return Reading { rest: &[], left: 0, base: 0, usual: self.usual };
        };
        let mut rest = &self.bytes[start..end];
        let left = take(&mut rest).unwrap_or_default() as usize;
        Reading { rest, left, base: 0, usual: self.usual }
    }

    /// The posting of a term in one document.
    pub(crate) fn find(&self, term: u32, document: u32) -> Option<Posting> {
        let skips = self.skips_of(term);
        let mut reading = match skips.partition_point(|skip| skip.document <= document).checked_sub(1) {
            None => self.read(term),
            Some(last) => {
                let Skip { at, base, left, .. } = skips[last];
                Reading { rest: &self.bytes[at as usize..], left: left as usize, base, usual: self.usual }
            }
        };
        reading.find(|posting| posting.document >= document).filter(|posting| posting.document == document)
    }
}

/// A list being read.
#[derive(Debug, Clone)]
pub(crate) struct Reading<'l> {
    rest: &'l [u8],
    left: usize,
    base: u32,
    usual: u8,
}

impl Iterator for Reading<'_> {
    type Item = Posting;

    #[inline]
    fn next(&mut self) -> Option<Posting> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let code = take(&mut self.rest)?;
        let mut fields = self.usual;
        if code & 1 == 1 {
            let (first, rest) = self.rest.split_first()?;
            (fields, self.rest) = (*first, rest);
        }
        let (impact, rest) = self.rest.split_first()?;
        self.rest = rest;
        let document = self.base + (code >> 1);
        self.base = document + 1;
        Some(Posting { document, fields, impact: *impact })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow (LEB128).
fn put(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

#[inline]
fn take(rest: &mut &[u8]) -> Option<u32> {
    let (&first, after) = rest.split_first()?;
    *rest = after;
    let mut number = u32::from(first & 0x7f);
    if first < 0x80 {
        return Some(number);
    }
    let mut shift = 7;
    loop {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Packer, Posting};

    fn postings() -> impl Strategy<Value = Vec<Posting>> {
        let posting = (0u32..400, prop::sample::select(vec![2u8, 2, 2, 32, 35]), 1u8..);
        prop::collection::vec(posting, 0..500).prop_map(|steps| {
            let mut document = 0;
            let next = |(step, fields, impact): (u32, u8, u8)| {
                document += step + 1;
                Posting { document: document - 1, fields, impact }
            };
            steps.into_iter().map(next).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn what_is_packed_is_read(all in prop::collection::vec(postings(), 0..4), wanted in 0u32..100_000) {
            let mut packer = Packer::new(2);
            all.iter().for_each(|postings| packer.add(postings));
            let lists = packer.finish();
            let mut copier = Packer::new(2);
            (0..all.len()).for_each(|term| copier.copy(&lists, u32::try_from(term).unwrap()));
            prop_assert_eq!(&copier.finish(), &lists);
            for (term, postings) in (0u32..).zip(&all) {
                prop_assert_eq!(lists.found(term), postings.len());
                prop_assert_eq!(&lists.read(term).collect::<Vec<_>>(), postings);
                for document in postings.iter().map(|posting| posting.document).chain([wanted]) {
                    let plain = postings.iter().copied().find(|posting| posting.document == document);
                    prop_assert_eq!(lists.find(term, document), plain);
                }
            }
            prop_assert_eq!(lists.found(9), 0);
        }
    }
}
