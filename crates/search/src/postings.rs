//! Posting lists of one kind of entries, packed into bytes.
//!
//! What a term brings to an entry is worked out when the index is built, in 255 steps (an "impact"; Anh, de Kretser,
//! Moffat: "Vector-space ranking with effective early termination", 2001), so that scoring is an addition. Most postings
//! have one of three [`Shapes`], of which an entry tells once what they bring: a posting is the distance to the one before
//! and the number of its shape.
//!
//! A list is cut into blocks of 128 postings, packed into as few bits as the largest needs, and the rest as varints. The
//! fields and impacts of those of no shape follow their block. A list brought up to date lies beside the others until all
//! are packed anew.

use std::sync::Arc;

use bitpacking::{BitPacker, BitPacker4x};

use super::short;
use crate::codec::{ByteReader, ByteWriter};
use crate::numeric::as_u32;
use crate::varint::{read_varint, write_varint};

/// Postings packed together, and between two places at which reading can begin.
const STRIDE: usize = BitPacker4x::BLOCK_LEN;
/// Shapes that postings may have.
pub(super) const SHAPES: usize = 3;
/// The number of a posting of no such shape.
pub(super) const OTHER: u32 = 3;
/// Bits of a shape's number.
pub(super) const SHAPE_BITS: u32 = 2;

/// Terms between two known starts of short lists.
const GROUP: usize = 16;
/// Sizes of short lists: of a single posting, and then of several with their number before them.
const ONE: u8 = 8;
/// The size that stands for a long list.
const LONG: u8 = u8::MAX;

/// The share of all bytes that lists brought up to date may take before all are packed anew: half.
const CHANGED_SHARE: usize = 2;

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

/// What each shape brings to an entry; nothing where a posting has none.
pub(super) type OfShapes = [u8; SHAPES + 1];

/// What most postings are like.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shapes {
    /// The fields of each shape.
    pub(super) fields: [u8; SHAPES],
    /// What each shape brings to each entry.
    pub(super) impacts: Vec<OfShapes>,
}

impl Shapes {
    /// What tells a posting beside the distance to the one before: its shape, or its fields and impact.
    pub(super) fn told(&self, posting: Posting) -> (u32, Option<(u8, u8)>) {
        let shape = self.of(posting);
        (shape, (shape == OTHER).then_some((posting.fields, posting.impact)))
    }

    fn of(&self, posting: Posting) -> u32 {
        let impacts = self.impacts.get(posting.document as usize);
        let same = |shape: &usize| {
            self.fields[*shape] == posting.fields
                && impacts.is_some_and(|impacts| impacts[*shape] == posting.impact)
        };
        (0..SHAPES).find(same).map_or(OTHER, as_u32)
    }
}

/// The posting lists of all terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lists {
    pub(super) shapes: Shapes,
    packed: Arc<Packed>,
    /// Terms whose lists changed since all were packed, sorted, and their lists, numbered by place in it.
    changed: Vec<u32>,
    own: Packed,
}

/// Lists one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
struct Packed {
    /// Of each term's list: 0 for none, then as [`ONE`] and [`LONG`] say; nothing where there are no postings at all.
    sizes: Vec<u8>,
    /// Where the short lists of every [`GROUP`]th term start.
    starts: Vec<u32>,
    short: Vec<u8>,
    /// Sorted by term.
    longs: Vec<Long>,
    long: Vec<u8>,
    /// Of all long lists, one after the other.
    blocks: Vec<Block>,
}

/// A list of at least [`STRIDE`] postings, or of many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Long {
    term: u32,
    count: u32,
    /// Its first byte.
    at: u32,
    /// Its first block.
    block: u32,
}

/// A place in a long list: [`STRIDE`] postings, or the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    /// Distances are told from here.
    base: u32,
    at: u32,
}

/// Packs lists, term by term.
#[derive(Debug)]
pub(crate) struct Packer {
    shapes: Shapes,
    packed: Packed,
}

impl Packer {
    pub(crate) fn new(shapes: Shapes) -> Packer {
        Packer { shapes, packed: Packed::default() }
    }

    /// Adds the list of the next term; `postings` are sorted by document.
    pub(crate) fn add(&mut self, postings: &[Posting]) {
        self.packed.begin();
        if postings.is_empty() {
            return self.packed.sizes.push(0);
        }
        if postings.len() < STRIDE {
            let before = self.packed.short.len();
            if postings.len() > 1 {
                self.packed.short.push(as_u32(postings.len()).to_le_bytes()[0]);
            }
            plain(&mut self.packed.short, &self.shapes, 0, postings);
            let size = self.packed.short.len() - before + if postings.len() > 1 { ONE as usize } else { 0 };
            if let Some(size) = u8::try_from(size).ok().filter(|size| *size < LONG) {
                return self.packed.sizes.push(size);
            }
            self.packed.short.truncate(before);
        }
        let Packed { sizes, longs, long, blocks, .. } = &mut self.packed;
        let [at, block] = [long.len(), blocks.len()].map(as_u32);
        longs.push(Long { term: as_u32(sizes.len()), count: as_u32(postings.len()), at, block });
        sizes.push(LONG);
        let bitpacker = BitPacker4x::new();
        let (full, rest) = postings.as_chunks::<STRIDE>();
        let mut base = 0;
        for postings in full {
            blocks.push(Block { base, at: as_u32(long.len()) });
            let mut codes = [0; STRIDE];
            codes.iter_mut().zip(told(&self.shapes, &mut base, postings)).for_each(|(to, code)| *to = code);
            let bits = bitpacker.num_bits(&codes);
            long.push(bits);
            let start = long.len();
            long.resize(start + BitPacker4x::compressed_block_size(bits), 0);
            bitpacker.compress(&codes, &mut long[start..], bits);
            others(long, &self.shapes, postings);
        }
        blocks.push(Block { base, at: as_u32(long.len()) });
        plain(long, &self.shapes, base, rest);
    }

    /// Adds the list of the next term as it is in `other`, in which the entries have the same shapes as far as they are
    /// in it.
    pub(crate) fn copy(&mut self, other: &Lists, from: u32) {
        let (from, packed) = other.place(from);
        self.packed.begin();
        match packed.place(from) {
            Place::None => self.packed.sizes.push(0),
            Place::Short(size, bytes) => {
                self.packed.sizes.push(size);
                self.packed.short.extend_from_slice(bytes);
            }
            Place::Long(long, bytes) => {
                let Packed { sizes, longs, long: own, blocks, .. } = &mut self.packed;
                let [at, block] = [own.len(), blocks.len()].map(as_u32);
                longs.push(Long { term: as_u32(sizes.len()), at, block, count: long.count });
                sizes.push(LONG);
                own.extend_from_slice(bytes);
                let moved = |place: &Block| Block { at: place.at - long.at + at, ..*place };
                blocks.extend(packed.blocks_of(long).iter().map(moved));
            }
        }
    }

    /// All lists added.
    pub(crate) fn finish(self) -> Lists {
        let Packer { shapes, packed } = self;
        Lists { shapes, packed: Arc::new(packed.finish()), ..Lists::default() }
    }

    /// The lists of `old` of which those of the terms `changed`, sorted, are the ones added.
    fn finish_beside(self, old: &Lists, changed: Vec<u32>) -> Lists {
        let Packer { shapes, packed } = self;
        Lists { shapes, packed: Arc::clone(&old.packed), changed, own: packed.finish() }
    }
}

/// The numbers of postings that follow each other from `base`: distance and shape.
fn told(shapes: &Shapes, base: &mut u32, postings: &[Posting]) -> impl Iterator<Item = u32> {
    postings.iter().map(|posting| {
        let code = (posting.document - *base) << SHAPE_BITS | shapes.of(*posting);
        *base = posting.document + 1;
        code
    })
}

/// Adds the fields and impacts of postings of no shape.
fn others(bytes: &mut Vec<u8>, shapes: &Shapes, postings: &[Posting]) {
    let others = postings.iter().filter(|posting| shapes.of(**posting) == OTHER);
    bytes.extend(others.flat_map(|posting| [posting.fields, posting.impact]));
}

/// Adds a block of fewer than [`STRIDE`] postings.
fn plain(bytes: &mut Vec<u8>, shapes: &Shapes, mut base: u32, postings: &[Posting]) {
    told(shapes, &mut base, postings).for_each(|code| write_varint(bytes, code));
    others(bytes, shapes, postings);
}

/// Where a list lies.
enum Place<'l> {
    None,
    Short(u8, &'l [u8]),
    Long(&'l Long, &'l [u8]),
}

impl Packed {
    /// Notes where the next list starts, where that is noted.
    fn begin(&mut self) {
        if self.sizes.len().is_multiple_of(GROUP) {
            self.starts.push(as_u32(self.short.len()));
        }
    }

    fn finish(mut self) -> Packed {
        if self.short.is_empty() && self.long.is_empty() {
            return Packed::default();
        }
        self.sizes.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.short.shrink_to_fit();
        self.longs.shrink_to_fit();
        self.long.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self
    }

    fn place(&self, term: u32) -> Place<'_> {
        let at = term as usize;
        match self.sizes.get(at) {
            None | Some(0) => Place::None,
            Some(&LONG) => {
                let Ok(nth) = self.longs.binary_search_by_key(&term, |long| long.term) else {
                    return Place::None;
                };
                let end = self.longs.get(nth + 1).map_or(self.long.len(), |next| next.at as usize);
                let long = &self.longs[nth];
                Place::Long(long, self.long.get(long.at as usize..end).unwrap_or_default())
            }
            Some(&size) => {
                let group = at / GROUP * GROUP;
                let before: usize = self.sizes[group..at].iter().map(|size| bytes_of(*size)).sum();
                let start = self.starts[at / GROUP] as usize + before;
                Place::Short(size, self.short.get(start..start + bytes_of(size)).unwrap_or_default())
            }
        }
    }

    fn blocks_of(&self, long: &Long) -> &[Block] {
        let from = long.block as usize;
        self.blocks.get(from..=from + long.count as usize / STRIDE).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.short.len() + self.long.len()
    }
}

/// Bytes of a list among the short ones, by its size.
fn bytes_of(size: u8) -> usize {
    match size {
        LONG => 0,
        0..=ONE => size.into(),
        _ => (size - ONE).into(),
    }
}

impl Lists {
    /// The lists among which that of a term is, and its number there.
    fn place(&self, term: u32) -> (u32, &Packed) {
        match self.changed.binary_search(&term) {
            Ok(at) => (as_u32(at), &self.own),
            Err(_) => (term, &self.packed),
        }
    }

    /// These lists with those of the terms `touched`, which are sorted, as `each` puts them together.
    /// The others must stay as they are, of entries that stay where they are.
    pub(super) fn updated(
        &self,
        shapes: Shapes,
        touched: &[u32],
        mut each: impl FnMut(u32, &mut Vec<Posting>),
    ) -> Lists {
        let mut changed: Vec<u32> = self.changed.iter().chain(touched).copied().collect();
        changed.sort_unstable();
        changed.dedup();
        let mut packer = Packer::new(shapes);
        let mut postings = Vec::new();
        for &term in &changed {
            if touched.binary_search(&term).is_ok() {
                postings.clear();
                each(term, &mut postings);
                packer.add(&postings);
            } else {
                packer.copy(self, term);
            }
        }
        packer.finish_beside(self, changed)
    }

    /// The same lists, all packed together where much changed; `terms` there are.
    pub(super) fn compacted(self, terms: usize) -> Lists {
        let much = self.own.bytes() * CHANGED_SHARE > self.packed.bytes();
        if much { self.whole(terms) } else { self }
    }

    fn whole(&self, terms: usize) -> Lists {
        let mut packer = Packer::new(self.shapes.clone());
        (0..as_u32(terms)).for_each(|term| packer.copy(self, term));
        packer.finish()
    }

    /// In how many entries a term stands.
    pub(crate) fn found(&self, term: u32) -> usize {
        self.list(term).n
    }

    /// The bytes of a term's list.
    fn list(&self, term: u32) -> List<'_> {
        let (term, packed) = self.place(term);
        match packed.place(term) {
            Place::None => List { n: 0, bytes: &[], long: None },
            Place::Short(0..=ONE, bytes) => List { n: 1, bytes, long: None },
            Place::Short(_, bytes) => {
                let (n, bytes) = bytes.split_first().map_or((0, bytes), |(n, rest)| ((*n).into(), rest));
                List { n, bytes, long: None }
            }
            Place::Long(long, bytes) => {
                List { n: long.count as usize, bytes, long: Some(packed.blocks_of(long)) }
            }
        }
    }

    /// The postings of a term, by document.
    pub(crate) fn read(&self, term: u32) -> Reading<'_> {
        let List { n, bytes, .. } = self.list(term);
        Reading::new(&self.shapes, bytes, n, 0)
    }

    /// The posting of a term in one document, and how many it has.
    pub(crate) fn find(&self, term: u32, document: u32) -> Option<(Posting, usize)> {
        let List { n, bytes, long } = self.list(term);
        let Some(blocks) = long else {
            return short::find(bytes, n, &self.shapes, document).map(|posting| (posting, n));
        };
        let nth = blocks.partition_point(|block| block.base <= document).checked_sub(1)?;
        let start = blocks[nth].at.checked_sub(blocks.first()?.at)?;
        let rest = bytes.get(start as usize..)?;
        let mut reading = Reading::new(&self.shapes, rest, n - nth * STRIDE, blocks[nth].base);
        let posting = reading.find(|posting| posting.document >= document);
        posting.filter(|posting| posting.document == document).map(|posting| (posting, n))
    }

    /// Adds what a term brings to the documents it stands in to their scores; `step` says from their number how much a
    /// step of an impact is.
    pub(crate) fn add_to(&self, term: u32, step: impl FnOnce(usize) -> f32, scores: &mut [f32]) {
        let List { n, bytes, long } = self.list(term);
        let step = step(n);
        if long.is_none() {
            return short::add(bytes, n, &self.shapes, step, scores);
        }
        let mut reading = Reading::new(&self.shapes, bytes, n, 0);
        let impacts = self.shapes.impacts.as_slice();
        let (mut documents, mut others) = ([0; STRIDE], [0u8; STRIDE]);
        while reading.fill() {
            // Neither kind of posting is foreseeable, so that a branch would cost more than an addition of nothing.
            let mut n_others = 0;
            for (nth, &code) in (0u8..).zip(&reading.codes[..reading.filled]) {
                let document = reading.base.wrapping_add(code >> SHAPE_BITS);
                reading.base = document.wrapping_add(1);
                let shape = code % (1 << SHAPE_BITS);
                documents[usize::from(nth)] = document;
                others[n_others] = nth;
                n_others += usize::from(shape == OTHER);
                let at = document as usize;
                if let (Some(score), Some(impacts)) = (scores.get_mut(at), impacts.get(at)) {
                    *score += step * f32::from(impacts[shape as usize]);
                }
            }
            for &nth in &others[..n_others] {
                let (_, impact) = reading.other();
                if let Some(score) = scores.get_mut(documents[usize::from(nth)] as usize) {
                    *score += step * f32::from(impact);
                }
            }
        }
    }
}

/// The list of one term: its `n` postings, and the blocks of a long one.
struct List<'l> {
    n: usize,
    bytes: &'l [u8],
    long: Option<&'l [Block]>,
}

/// A list being read.
#[derive(Debug, Clone)]
pub(crate) struct Reading<'l> {
    shapes: &'l Shapes,
    rest: &'l [u8],
    /// Postings behind those of this block.
    left: usize,
    base: u32,
    /// This block.
    codes: [u32; STRIDE],
    filled: usize,
    /// The next of this block.
    at: usize,
}

impl<'l> Reading<'l> {
    fn new(shapes: &'l Shapes, rest: &'l [u8], left: usize, base: u32) -> Reading<'l> {
        Reading { shapes, rest, left, base, codes: [0; STRIDE], filled: 0, at: 0 }
    }

    /// Unpacks the next block, where there is one.
    fn fill(&mut self) -> bool {
        let n = self.left.min(STRIDE);
        let read = if n == STRIDE { self.unpack() } else { self.take(n) };
        if read.is_none() {
            // Less than there should be: the list ends here.
            (self.left, self.at, self.filled) = (0, 0, 0);
            return false;
        }
        (self.left, self.at, self.filled) = (self.left - n, 0, n);
        n > 0
    }

    fn unpack(&mut self) -> Option<()> {
        let (&bits, rest) = self.rest.split_first()?;
        if u32::from(bits) > u32::BITS {
            return None;
        }
        let (packed, rest) = rest.split_at_checked(BitPacker4x::compressed_block_size(bits))?;
        BitPacker4x::new().decompress(packed, &mut self.codes, bits);
        self.rest = rest;
        Some(())
    }

    fn take(&mut self, n: usize) -> Option<()> {
        for code in &mut self.codes[..n] {
            *code = read_varint(&mut self.rest)?;
        }
        Some(())
    }

    /// The fields and the impact of a posting of no shape.
    fn other(&mut self) -> (u8, u8) {
        let Some((&[fields, impact], rest)) = self.rest.split_first_chunk::<2>() else { return (0, 0) };
        self.rest = rest;
        (fields, impact)
    }
}

impl Iterator for Reading<'_> {
    type Item = Posting;

    #[inline]
    fn next(&mut self) -> Option<Posting> {
        if self.at == self.filled && !self.fill() {
            return None;
        }
        let code = self.codes[self.at];
        self.at += 1;
        let document = self.base.checked_add(code >> SHAPE_BITS)?;
        self.base = document.checked_add(1)?;
        let shape = code % (1 << SHAPE_BITS);
        let (fields, impact) = if shape == OTHER {
            self.other()
        } else {
            let impacts = self.shapes.impacts.get(document as usize)?;
            (self.shapes.fields[shape as usize], impacts[shape as usize])
        };
        Some(Posting { document, fields, impact })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left + self.filled - self.at))
    }
}

impl Lists {
    /// Their parts, all packed together, for [`Lists::read_from`].
    pub(super) fn write(&self, terms: usize, writer: &mut ByteWriter) {
        let whole;
        let lists = if self.changed.is_empty() {
            self
        } else {
            whole = self.whole(terms);
            &whole
        };
        writer.block(&lists.shapes.fields);
        writer.block(lists.shapes.impacts.as_flattened());
        let Packed { sizes, short, longs, long, blocks, .. } = &*lists.packed;
        writer.block(sizes);
        writer.block(short);
        writer.block(long);
        let longs = longs.iter().flat_map(|&Long { term, count, at, block }| [term, count, at, block]);
        writer.u32s(longs.collect::<Vec<u32>>().into_iter());
        let blocks = blocks.iter().flat_map(|&Block { base, at }| [base, at]);
        writer.u32s(blocks.collect::<Vec<u32>>().into_iter());
    }

    /// What [`Lists::write`] wrote of so many entries and terms, if it can be that.
    pub(super) fn read_from(reader: &mut ByteReader<'_>, entries: usize, terms: usize) -> Option<Lists> {
        let fields = reader.block()?.try_into().ok()?;
        let (impacts, rest) = reader.block()?.as_chunks();
        let shapes = Shapes { fields, impacts: impacts.to_vec() };
        let [sizes, short, long] = [reader.block()?, reader.block()?, reader.block()?].map(<[u8]>::to_vec);
        let (longs, blocks) = (reader.u32s()?, reader.u32s()?);
        let longs: Vec<Long> = (longs.as_chunks().0.iter())
            .map(|&[term, count, at, block]| Long { term, count, at, block })
            .collect();
        let blocks: Vec<Block> = blocks.as_chunks().0.iter().map(|&[base, at]| Block { base, at }).collect();
        let mut starts = Vec::with_capacity(sizes.len().div_ceil(GROUP));
        let mut end = 0;
        for group in sizes.chunks(GROUP) {
            starts.push(as_u32(end));
            end += group.iter().map(|size| bytes_of(*size)).sum::<usize>();
        }
        let fits = shapes.impacts.len() == entries
            && rest.is_empty()
            && end == short.len()
            && sizes.len() <= terms
            && longs.is_sorted_by(|a, b| a.term < b.term && a.at <= b.at && a.block <= b.block);
        let packed = Packed { sizes, starts, short, longs, long, blocks };
        fits.then(|| Lists { shapes, packed: Arc::new(packed), ..Lists::default() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Packer, Posting, Shapes};

    /// Lists of which most postings have a shape.
    fn postings() -> impl Strategy<Value = Vec<Posting>> {
        let posting = (0u32..180, prop::sample::select(vec![2u8, 2, 2, 8, 32, 35]), 1u8..6);
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
        fn what_is_packed_is_read(
            mut all in prop::collection::vec(postings(), 0..40),
            others in prop::collection::vec((0usize..40, postings()), 0..3),
            wanted in 0u32..100_000,
        ) {
            let shapes = Shapes { fields: [2, 8, 2], impacts: vec![[1, 2, 3, 0]; 100_000] };
            let mut packer = Packer::new(shapes.clone());
            for postings in &all {
                packer.add(postings);
            }
            let lists = packer.finish();
            prop_assert_eq!(&lists.whole(all.len()), &lists);
            let mut touched: Vec<u32> = Vec::new();
            for (term, postings) in others {
                if let Some(list) = all.get_mut(term) {
                    touched.push(u32::try_from(term).unwrap());
                    *list = postings;
                }
            }
            touched.sort_unstable();
            touched.dedup();
            let changed = lists.updated(shapes, &touched, |term, own| own.extend(&all[term as usize]));
            for lists in [&changed, &changed.whole(all.len()), &changed.clone().compacted(all.len())] {
                for (term, postings) in (0u32..).zip(&all) {
                    prop_assert_eq!(lists.found(term), postings.len());
                    prop_assert_eq!(&lists.read(term).collect::<Vec<_>>(), postings);
                    let (mut scores, mut plain) = (vec![1.0; 50_000], vec![1.0; 50_000]);
                    lists.add_to(term, |n| if n == postings.len() { 0.5 } else { f32::NAN }, &mut scores);
                    for posting in postings.iter().filter(|posting| posting.document < 50_000) {
                        plain[posting.document as usize] += 0.5 * f32::from(posting.impact);
                    }
                    prop_assert_eq!(scores, plain);
                    for document in postings.iter().map(|posting| posting.document).chain([wanted]) {
                        let plain = postings.iter().copied().find(|posting| posting.document == document);
                        prop_assert_eq!(lists.find(term, document), plain.map(|posting| (posting, postings.len())));
                    }
                }
                prop_assert_eq!(lists.found(99), 0);
            }
        }
    }
}
