//! The file that scan caches are persisted in.
//!
//! It has the content of files and manifests and the stamps at which they were read, and nothing else is taken from it: a scan
//! lists folders itself, looks up each file by path, and uses the persisted one only if stamp and context are the same. A
//! damaged file is ignored as a whole and never an error.
//!
//! Layout: [`MAGIC`], then sections, each consisting of its length (8 bytes, little-endian), its CRC-32 (4 bytes, likewise)
//! and its content in `postcard` format. The first section describes the others, each of which has one block of files.

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::forms::{BlockForm, ListingForm, ManifestForm, Numbers, bytes_of, path_of};
use crate::layer::LayerId;
use crate::origin::Scope;
use crate::scan::{CachedManifests, CachedRoot, Files, ScanCache};
use crate::threads::in_shares;
use confined_fs::scan_root::Stamp;

/// Identifies the file and the version of its layout, which is incremented with every change to it or to a form.
const MAGIC: &[u8; 16] = b"adjutant-files\0\x05";

/// Sections that a thread decodes at a time; one holds some 64 files.
const SHARE: usize = 1;

/// The first section, which describes the others.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents<'a> {
    /// The program that wrote the file.
    #[serde(borrow)]
    program: &'a str,
    #[serde(borrow)]
    layers: Vec<LayerForm<'a>>,
    #[serde(borrow)]
    manifests: Vec<(&'a [u8], Numbers, ManifestForm<'a>)>,
    #[serde(borrow)]
    marketplaces: Vec<(&'a [u8], Numbers, MarketplaceForm<'a>)>,
}

/// A marketplace's plugins, or why it cannot be used.
type MarketplaceForm<'a> = Result<Vec<ListingForm<'a>>, &'a str>;

/// A layer, and the roots it was read from.
#[derive(Debug, Serialize, Deserialize)]
struct LayerForm<'a> {
    /// By position in [`Scope::ALL`].
    scope: u8,
    name: &'a str,
    #[serde(borrow)]
    roots: Vec<RootForm<'a>>,
}

/// A root, and how many sections hold its files.
#[derive(Debug, Serialize, Deserialize)]
struct RootForm<'a> {
    path: &'a [u8],
    blocks: u32,
}

/// Writes the scan caches of layers, for [`PersistedScan::open`] by the same `program`.
pub(crate) fn write<'a>(
    layers: impl Iterator<Item = (&'a LayerId, &'a ScanCache)>,
    program: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut contents = Contents { program, ..Contents::default() };
    let mut blocks = Vec::new();
    for (id, cache) in layers.filter(|(_, cache)| !cache.roots.is_empty()) {
        contents.layers.push(LayerForm::of(id, cache)?);
        blocks.extend(cache.roots.iter().flat_map(|root| root.files.blocks()));
        for (path, (stamp, manifest)) in &cache.manifests.manifests {
            contents.manifests.push((bytes_of(path), stamp.numbers(), ManifestForm::of(manifest)));
        }
        for (path, (stamp, listings)) in &cache.manifests.marketplaces {
            let listings = match &**listings {
                Ok(listings) => Ok(listings.iter().map(ListingForm::of).collect()),
                Err(reason) => Err(reason.as_str()),
            };
            contents.marketplaces.push((bytes_of(path), stamp.numbers(), listings));
        }
    }
    // The same caches make the same bytes.
    contents.manifests.sort_by_key(|(path, ..)| *path);
    contents.marketplaces.sort_by_key(|(path, ..)| *path);
    out.write_all(MAGIC)?;
    write_section(out, &contents)?;
    for block in blocks {
        let form = BlockForm::of(block).ok_or_else(|| io::Error::other("a problem of no known kind"))?;
        write_section(out, &form)?;
    }
    Ok(())
}

/// The scan caches of an earlier process, see [`crate::Known::Persisted`].
#[derive(Debug)]
pub struct PersistedScan {
    bytes: Vec<u8>,
    layers: Vec<(LayerId, Vec<PersistedRoot>)>,
    pub(crate) manifests: CachedManifests,
}

/// The path of a root, and where the sections of its files are.
type PersistedRoot = (PathBuf, Vec<Section>);

/// The position of a section, and its checksum.
#[derive(Debug, Clone)]
struct Section {
    bytes: Range<usize>,
    sum: u32,
}

impl PersistedScan {
    /// Opens what [`crate::Catalog::persist`] wrote; `None` if another program wrote it or it is damaged.
    pub fn open(bytes: Vec<u8>, program: &str) -> Option<PersistedScan> {
        let sections = sections(&bytes)?;
        let (first, mut rest) = sections.split_first()?;
        let contents: Contents<'_> = first.decoded(&bytes)?;
        if contents.program != program {
            return None;
        }
        let mut layers = Vec::new();
        for layer in &contents.layers {
            let scope = *Scope::ALL.get(usize::from(layer.scope))?;
            let mut roots = Vec::new();
            for root in &layer.roots {
                let (own, behind) = rest.split_at_checked(root.blocks as usize)?;
                roots.push((path_of(root.path).to_owned(), own.to_vec()));
                rest = behind;
            }
            layers.push((LayerId { scope, name: layer.name.into() }, roots));
        }
        let manifests = contents.known();
        rest.is_empty().then_some(PersistedScan { bytes, layers, manifests })
    }

    /// The files of that layer; `None` if there are none or they are damaged.
    pub(crate) fn files(&self, id: &LayerId) -> Option<Vec<CachedRoot>> {
        let one_root = |(path, sections): &PersistedRoot| {
            let blocks = in_shares(sections, SHARE, |some| {
                some.iter().map(|section| section.decoded::<BlockForm<'_>>(&self.bytes)?.to_files()).collect()
            });
            let blocks = blocks.into_iter().collect::<Option<Vec<_>>>()?;
            Some(CachedRoot { path: path.clone(), files: Files::of_blocks(blocks)? })
        };
        let (_, roots) = self.layers.iter().find(|(known, _)| known == id)?;
        roots.iter().map(one_root).collect()
    }
}

impl<'a> LayerForm<'a> {
    fn of(id: &'a LayerId, cache: &'a ScanCache) -> io::Result<Self> {
        let scope =
            Scope::ALL.iter().position(|scope| *scope == id.scope).and_then(|at| u8::try_from(at).ok());
        let scope = scope.ok_or_else(|| io::Error::other("a layer of no known scope"))?;
        let roots = cache.roots.iter().map(|root| {
            let blocks = u32::try_from(root.files.blocks().len()).map_err(io::Error::other)?;
            Ok(RootForm { path: bytes_of(&root.path), blocks })
        });
        Ok(LayerForm { scope, name: &id.name, roots: roots.collect::<io::Result<_>>()? })
    }
}

/// The positions of the sections, by their lengths.
fn sections(bytes: &[u8]) -> Option<Vec<Section>> {
    let mut sections = Vec::new();
    let mut rest = bytes.strip_prefix(MAGIC)?;
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk::<8>()?;
        let (sum, behind) = behind.split_first_chunk::<4>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let start = bytes.len() - behind.len();
        rest = behind.get(length..)?;
        sections.push(Section { bytes: start..start + length, sum: u32::from_le_bytes(*sum) });
    }
    Some(sections)
}

impl Section {
    /// Its content, if the checksum is right and nothing is left over.
    fn decoded<'a, T: Deserialize<'a>>(&self, bytes: &'a [u8]) -> Option<T> {
        let bytes = bytes.get(self.bytes.clone())?;
        if crc32fast::hash(bytes) != self.sum {
            return None;
        }
        let (form, rest) = postcard::take_from_bytes(bytes).ok()?;
        rest.is_empty().then_some(form)
    }
}

impl Contents<'_> {
    fn known(&self) -> CachedManifests {
        let manifests = self.manifests.iter().map(|(path, stamp, manifest)| {
            (path_of(path).into(), (Stamp::of_numbers(*stamp), Arc::new(manifest.to_manifest())))
        });
        let marketplaces = self.marketplaces.iter().map(|(path, stamp, listings)| {
            let listings = match listings {
                Ok(listings) => Ok(listings.iter().map(ListingForm::to_listing).collect()),
                Err(reason) => Err((*reason).to_owned()),
            };
            (path_of(path).into(), (Stamp::of_numbers(*stamp), Arc::new(listings)))
        });
        CachedManifests { manifests: manifests.collect(), marketplaces: marketplaces.collect() }
    }
}

fn write_section<T: Serialize>(out: &mut impl Write, form: &T) -> io::Result<()> {
    let bytes = postcard::to_allocvec(form).map_err(io::Error::other)?;
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(&crc32fast::hash(&bytes).to_le_bytes())?;
    out.write_all(&bytes)
}
