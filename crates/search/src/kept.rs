//! An index as bytes, so that the next start need not read the entries again.
//!
//! Layout, little endian: magic, version, the fingerprint it was made from, then the parts in the order of [`Index::to_bytes`],
//! then a checksum of all before it. What an index derives from the catalog and the aliases in no time is left out.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::Index;
use super::aliases::Aliases;
use super::bm25f::{Bm25fIndex, FieldLengths, KindIndex};
use super::capability_index::{CapabilityIndex, CapabilityPostings};
use super::fingerprint::Fingerprint;
use super::index::{Core, Sizes, alias_terms, kinds, roles};
use super::name_index::NameIndex;
use super::near_duplicates::NearDuplicates;
use super::postings::PostingLists;
use super::vocabulary::Vocabulary;
use crate::codec::{ByteReader, ByteWriter};
use crate::numeric::as_u32;
use crate::weights::Weights;
use catalog::Catalog;

const MAGIC: &[u8; 8] = b"adjidx\0\0";
/// Raised with every change that makes kept indexes differ from built ones.
const VERSION: u32 = 3;

impl Index {
    /// For keeping on disk. Without the latent space, which is kept by itself.
    pub fn to_bytes(&self) -> Vec<u8> {
        let core = &*self.core;
        let mut writer = ByteWriter::default();
        writer.bytes.extend_from_slice(MAGIC);
        writer.u32(VERSION);
        writer.block(&core.fingerprint.0.to_le_bytes());
        core.vocabulary.write(&mut writer);
        let n_ids = core.vocabulary.n_ids();
        core.lexical.kinds.iter().for_each(|of_kind| write_kind(&mut writer, n_ids, of_kind));
        core.sizes.iter().for_each(|sizes| writer.u32s(sizes.entries.iter().copied()));
        write_pairs(&mut writer, &core.names.entries);
        writer.u32s(core.copies.name_hashes.iter().copied());
        write_pairs(&mut writer, &core.copies.representatives);
        writer.u32(as_u32(core.capabilities.entries.len()));
        for capability in &core.capabilities.entries {
            writer.block(capability.key.as_bytes());
            writer.block(capability.written.as_bytes());
            writer.u32s(capability.documents.iter().copied());
        }
        let checksum = checksum(&writer.bytes);
        writer.bytes.extend_from_slice(&checksum.to_le_bytes());
        writer.bytes
    }

    /// The index over `catalog` that [`Index::to_bytes`] wrote; `None` where the bytes are of another catalog or version,
    /// damaged, or no index at all: then it is built.
    pub fn from_bytes(bytes: &[u8], catalog: &Catalog, aliases: &Aliases) -> Option<Index> {
        let (body, sum) = bytes.split_last_chunk::<8>()?;
        let rest = body.strip_prefix(MAGIC)?;
        let mut reader = ByteReader { rest };
        if reader.u32()? != VERSION {
            return None;
        }
        let fingerprint = Fingerprint(u128::from_le_bytes(reader.block()?.try_into().ok()?));
        if fingerprint != Fingerprint::of_catalog(catalog) || u64::from_le_bytes(*sum) != checksum(body) {
            return None;
        }
        let core = core(&mut reader, fingerprint, catalog, aliases).filter(|_| reader.rest.is_empty())?;
        Some(Index { core: Arc::new(core), latent: None })
    }
}

/// Tells accidents; whoever can write the file on purpose can do without it.
fn checksum(bytes: &[u8]) -> u64 {
    FixedState::default().hash_one(bytes)
}

fn core(
    reader: &mut ByteReader<'_>,
    fingerprint: Fingerprint,
    catalog: &Catalog,
    aliases: &Aliases,
) -> Option<Core> {
    let definitions = catalog.shared_definitions();
    let is_entry = |document: &u32| (*document as usize) < definitions.len();
    let kinds = kinds(&definitions);
    let vocabulary = Arc::new(Vocabulary::read(reader)?);
    let weights = Weights::default();
    let [one, other, third] = kinds.each_ref().map(std::ops::Range::len);
    let n_ids = vocabulary.n_ids();
    let of_kinds =
        [read_kind(reader, one, n_ids)?, read_kind(reader, other, n_ids)?, read_kind(reader, third, n_ids)?];
    let mut sizes = || Some(Sizes { entries: reader.u32s()? });
    let sizes = [sizes()?, sizes()?, sizes()?];
    let names = NameIndex { entries: read_pairs(reader)? };
    let called = reader.u32s().filter(|called| called.len() == definitions.len())?;
    let leaders = read_pairs(reader)?;
    let mut capabilities = CapabilityIndex::default();
    for _ in 0..reader.count()? {
        let (key, written) = (reader.text()?.into(), reader.text()?.into());
        let documents = reader.u32s()?.into_boxed_slice();
        capabilities.entries.push(Arc::new(CapabilityPostings { key, written, documents }));
    }
    let documents = capabilities.entries.iter().flat_map(|capability| &capability.documents);
    let are_entries = leaders.iter().all(|(copy, leader)| is_entry(copy) && is_entry(leader))
        && documents.into_iter().all(is_entry);
    are_entries.then(|| Core {
        fingerprint,
        kinds,
        alias_terms: alias_terms(aliases, &vocabulary),
        vocabulary,
        lexical: Bm25fIndex { kinds: of_kinds, field: weights.field },
        aliases: aliases.clone(),
        capabilities,
        names,
        roles: roles(catalog),
        copies: NearDuplicates::from_pairs(called, leaders),
        sizes,
        weights,
        definitions,
    })
}

fn write_kind(writer: &mut ByteWriter, n_ids: usize, of_kind: &KindIndex) {
    let KindIndex { lists, templates, entries, lengths } = of_kind;
    writer.u32(as_u32(*entries));
    writer.block(templates.as_flattened());
    lists.write(n_ids, writer);
    writer.block(&lengths.totals.map(u64::to_le_bytes).concat());
    writer.u32s(lengths.filled.iter().copied());
}

fn read_kind(reader: &mut ByteReader<'_>, entries: usize, n_ids: usize) -> Option<KindIndex> {
    if reader.count()? != entries {
        return None;
    }
    let (templates, _) = reader.block()?.as_chunks();
    let templates = templates.try_into().ok()?;
    let lists = PostingLists::read(reader, entries, n_ids)?;
    let (totals, _) = reader.block()?.as_chunks::<8>();
    let totals: Vec<u64> = totals.iter().map(|total| u64::from_le_bytes(*total)).collect();
    let lengths = FieldLengths { totals: totals.try_into().ok()?, filled: reader.u32s()?.try_into().ok()? };
    Some(KindIndex { lists, templates, entries, lengths })
}

fn write_pairs(writer: &mut ByteWriter, pairs: &[(u32, u32)]) {
    writer.u32s(pairs.iter().map(|pair| pair.0));
    writer.u32s(pairs.iter().map(|pair| pair.1));
}

fn read_pairs(reader: &mut ByteReader<'_>) -> Option<Vec<(u32, u32)>> {
    let (first, second) = (reader.u32s()?, reader.u32s()?);
    (first.len() == second.len()).then(|| first.into_iter().zip(second).collect())
}
