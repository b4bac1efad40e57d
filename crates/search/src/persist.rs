//! The persisted form of an index, so that the next start need not analyse the entries again.
//!
//! Layout, little endian: magic, version, the catalog's fingerprint, the parts in the order of [`Index::to_bytes`], and a
//! checksum of everything before it. What follows from catalog and aliases at little cost is left out.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;

use crate::aliases::Aliases;
use crate::bm25f::{Bm25fIndex, FieldLengths, KindIndex};
use crate::capability_index::{CapabilityIndex, CapabilityPostings};
use crate::catalog_parts::{alias_terms, kind_ranges, role_index};
use crate::codec::{ByteReader, ByteWriter};
use crate::fingerprint::Fingerprint;
use crate::index::{Index, IndexCore};
use crate::name_index::NameIndex;
use crate::near_duplicates::NearDuplicates;
use crate::numeric::as_u32;
use crate::postings::PostingLists;
use crate::size_histogram::SizeHistogram;
use crate::vocabulary::Vocabulary;
use crate::weights::Weights;
use catalog::{Catalog, KindMap};

const MAGIC: &[u8; 8] = b"adjidx\0\0";
/// Increased with every change that makes persisted indexes differ from built ones.
const VERSION: u32 = 3;

impl Index {
    /// Encodes the index for [`Index::from_bytes`], without the latent space, which is persisted by itself.
    pub fn to_bytes(&self) -> Vec<u8> {
        let core = &*self.core;
        let mut writer = ByteWriter::default();
        writer.bytes.extend_from_slice(MAGIC);
        writer.u32(VERSION);
        writer.block(&core.fingerprint.0.to_le_bytes());
        core.vocabulary.write(&mut writer);
        let n_terms = core.vocabulary.n_ids();
        core.lexical.kinds.values().for_each(|index| write_kind(&mut writer, n_terms, index));
        core.sizes.values().for_each(|sizes| writer.u32s(sizes.counts.iter().copied()));
        write_pairs(&mut writer, &core.names.entries);
        writer.u32s(core.duplicates.name_hashes.iter().copied());
        write_pairs(&mut writer, &core.duplicates.representatives);
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

    /// Decodes the index over `catalog` that [`Index::to_bytes`] encoded; `None` where the bytes are damaged, or of another
    /// catalog or version. The caller then builds a new one.
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
        let core = read_core(&mut reader, fingerprint, catalog, aliases);
        let core = core.filter(|_| reader.rest.is_empty())?;
        Some(Index { core: Arc::new(core), latent: None })
    }
}

/// Detects accidental damage; whoever can forge the file has other ways.
fn checksum(bytes: &[u8]) -> u64 {
    FixedState::default().hash_one(bytes)
}

fn read_core(
    reader: &mut ByteReader<'_>,
    fingerprint: Fingerprint,
    catalog: &Catalog,
    aliases: &Aliases,
) -> Option<IndexCore> {
    let definitions = catalog.shared_definitions();
    let is_entry = |document: &u32| (*document as usize) < definitions.len();
    let kinds = kind_ranges(&definitions);
    let vocabulary = Arc::new(Vocabulary::read(reader)?);
    let weights = Weights::default();
    let n_terms = vocabulary.n_ids();
    let indexes = KindMap::try_from_fn(|kind| read_kind(reader, kinds[kind].len(), n_terms))?;
    let sizes = KindMap::try_from_fn(|_| Some(SizeHistogram { counts: reader.u32s()? }))?;
    let names = NameIndex { entries: read_pairs(reader)? };
    let name_hashes = reader.u32s().filter(|hashes| hashes.len() == definitions.len())?;
    let representatives = read_pairs(reader)?;
    let mut capabilities = CapabilityIndex::default();
    for _ in 0..reader.count()? {
        let (key, written) = (reader.text()?.into(), reader.text()?.into());
        let documents = reader.u32s()?.into_boxed_slice();
        capabilities.entries.push(Arc::new(CapabilityPostings { key, written, documents }));
    }
    let documents = capabilities.entries.iter().flat_map(|capability| &capability.documents);
    let are_entries = representatives.iter().flat_map(|(duplicate, of)| [duplicate, of]).all(is_entry)
        && documents.into_iter().all(is_entry);
    if !are_entries {
        return None;
    }
    Some(IndexCore {
        fingerprint,
        kinds,
        alias_terms: alias_terms(aliases, &vocabulary),
        vocabulary,
        lexical: Bm25fIndex { kinds: indexes, field: weights.field },
        aliases: aliases.clone(),
        capabilities,
        names,
        roles: role_index(catalog),
        duplicates: NearDuplicates::from_pairs(name_hashes, representatives),
        sizes,
        weights,
        definitions,
    })
}

fn write_kind(writer: &mut ByteWriter, n_terms: usize, index: &KindIndex) {
    let KindIndex { lists, templates, entries, lengths } = index;
    writer.u32(as_u32(*entries));
    writer.block(templates.as_flattened());
    lists.write(n_terms, writer);
    writer.block(&lengths.totals.map(u64::to_le_bytes).concat());
    writer.u32s(lengths.filled.iter().copied());
}

fn read_kind(reader: &mut ByteReader<'_>, entries: usize, n_terms: usize) -> Option<KindIndex> {
    if reader.count()? != entries {
        return None;
    }
    let (templates, _) = reader.block()?.as_chunks();
    let templates = templates.try_into().ok()?;
    let lists = PostingLists::read(reader, entries, n_terms)?;
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
