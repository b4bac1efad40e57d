//! The persisted form of posting lists: the compressed buffers as they are, in one piece.

use std::sync::Arc;

use super::lists::PostingLists;
use super::packed::{Block, GROUP, LongList, PackedLists, byte_len};
use super::posting::PostingTemplates;
use crate::codec::{ByteReader, ByteWriter};
use crate::numeric::as_u32;

impl PostingLists {
    /// Encodes the lists for [`PostingLists::read`]. `n_terms` is the number of term ids.
    pub(crate) fn write(&self, n_terms: usize, writer: &mut ByteWriter) {
        let merged;
        let lists = if self.changed.is_empty() {
            self
        } else {
            merged = self.merged(n_terms);
            &merged
        };
        writer.block(&lists.templates.fields);
        writer.block(lists.templates.impacts.as_flattened());
        let PackedLists { sizes, short, longs, long, blocks, .. } = &*lists.packed;
        writer.block(sizes);
        writer.block(short);
        writer.block(long);
        let longs = longs.iter().flat_map(|&LongList { term, count, at, block }| [term, count, at, block]);
        writer.u32s(longs.collect::<Vec<u32>>().into_iter());
        let blocks = blocks.iter().flat_map(|&Block { base, at }| [base, at]);
        writer.u32s(blocks.collect::<Vec<u32>>().into_iter());
    }

    /// Decodes the lists of `entries` entries and `n_terms` term ids that [`PostingLists::write`] encoded; `None` where
    /// they are malformed.
    pub(crate) fn read(reader: &mut ByteReader<'_>, entries: usize, n_terms: usize) -> Option<PostingLists> {
        let fields = reader.block()?.try_into().ok()?;
        let (impacts, rest) = reader.block()?.as_chunks();
        let templates = PostingTemplates { fields, impacts: impacts.to_vec() };
        let [sizes, short, long] = [reader.block()?, reader.block()?, reader.block()?].map(<[u8]>::to_vec);
        let (longs, blocks) = (reader.u32s()?, reader.u32s()?);
        let longs: Vec<LongList> = (longs.as_chunks().0.iter())
            .map(|&[term, count, at, block]| LongList { term, count, at, block })
            .collect();
        let blocks: Vec<Block> = blocks.as_chunks().0.iter().map(|&[base, at]| Block { base, at }).collect();
        let mut starts = Vec::with_capacity(sizes.len().div_ceil(GROUP));
        let mut end = 0;
        for group in sizes.chunks(GROUP) {
            starts.push(as_u32(end));
            end += group.iter().map(|size| byte_len(*size)).sum::<usize>();
        }
        let sound = templates.impacts.len() == entries
            && rest.is_empty()
            && end == short.len()
            && sizes.len() <= n_terms
            && longs.is_sorted_by(|a, b| a.term < b.term && a.at <= b.at && a.block <= b.block);
        let packed = PackedLists { sizes, starts, short, longs, long, blocks };
        sound.then(|| PostingLists { templates, packed: Arc::new(packed), ..PostingLists::default() })
    }
}
