//! What a scan remembers as bytes, for the first scan of a next run.
//!
//! The bytes hold what files and manifests said and the stamps they were read at. They decide nothing else: a scan lists
//! folders itself, looks up what it lists by path, and takes what is here only where stamp and context are the same.
//! Whatever is odd about them makes them worthless as a whole, never an error.
//!
//! Layout: [`MAGIC`], then sections, each its length (8 bytes, little end first), its CRC-32 (4 bytes, likewise), and itself
//! in the form of `postcard`. The first section says what is in the others, which each hold the files of one block.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::forms::{BlockForm, ListingForm, ManifestForm, Numbers};
use super::Catalog;
use super::scan::files::Files;
use super::scan::scan_cache::{Known, Memory, RootMemory};
use super::threads::in_shares;
use confined_fs::scan_root::Stamp;

mod forms;

/// What it is, and the version of the layout, counted up with every change to it or to a form.
const MAGIC: &[u8; 16] = b"adjutant-files\0\x01";

/// Sections that a thread decodes at a time; one holds some 64 files.
const SHARE: usize = 1;

/// What is in the other sections.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents<'a> {
    /// Which program wrote them.
    #[serde(borrow)]
    program: &'a str,
    #[serde(borrow)]
    roots: Vec<RootForm<'a>>,
    #[serde(borrow)]
    manifests: Vec<(&'a [u8], Numbers, ManifestForm<'a>)>,
    #[serde(borrow)]
    marketplaces: Vec<(&'a [u8], Numbers, MarketplaceForm<'a>)>,
}

/// A marketplace's plugins, or why it cannot be used.
type MarketplaceForm<'a> = Result<Vec<ListingForm<'a>>, &'a str>;

/// A root, and how many sections hold its files.
#[derive(Debug, Serialize, Deserialize)]
struct RootForm<'a> {
    path: &'a [u8],
    blocks: u32,
}

impl Catalog {
    /// Writes what a scan remembers, for [`Kept::open`] by the same `program`, a text that is another whenever
    /// files may be read otherwise.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn keep(&self, program: &str, out: &mut impl Write) -> io::Result<()> {
        let Memory { roots, manifests, .. } = &self.memory;
        let mut contents = Contents { program, ..Contents::default() };
        for root in roots {
            let blocks = u32::try_from(root.files.blocks().len()).map_err(io::Error::other)?;
            contents.roots.push(RootForm { path: bytes_of(&root.path), blocks });
        }
        for (path, (stamp, manifest)) in &manifests.manifests {
            contents.manifests.push((bytes_of(path), stamp.numbers(), ManifestForm::of(manifest)));
        }
        for (path, (stamp, listings)) in &manifests.marketplaces {
            let listings = match &**listings {
                Ok(listings) => Ok(listings.iter().map(ListingForm::of).collect()),
                Err(reason) => Err(reason.as_str()),
            };
            contents.marketplaces.push((bytes_of(path), stamp.numbers(), listings));
        }
        // The same memory makes the same bytes.
        contents.manifests.sort_by_key(|(path, ..)| *path);
        contents.marketplaces.sort_by_key(|(path, ..)| *path);
        out.write_all(MAGIC)?;
        write_section(out, &contents)?;
        for block in roots.iter().flat_map(|root| root.files.blocks()) {
            let form = BlockForm::of(block).ok_or_else(|| io::Error::other("a problem of no known kind"))?;
            write_section(out, &form)?;
        }
        Ok(())
    }
}

/// What was kept, of use to [`super::scan_recalling`].
#[derive(Debug)]
pub struct Kept {
    bytes: Vec<u8>,
    /// The path of each root, and where in `bytes` the sections of its files are.
    roots: Vec<(PathBuf, Vec<Section>)>,
    pub(super) manifests: Known,
}

/// Where a section is, and its checksum.
#[derive(Debug, Clone)]
struct Section {
    bytes: Range<usize>,
    sum: u32,
}

impl Kept {
    /// What [`Catalog::keep`] wrote; `None` where another program did, or anything is odd about the bytes so far.
    pub fn open(bytes: Vec<u8>, program: &str) -> Option<Kept> {
        let sections = sections(&bytes)?;
        let (first, mut rest) = sections.split_first()?;
        let contents: Contents<'_> = first.decoded(&bytes)?;
        if contents.program != program {
            return None;
        }
        let mut roots = Vec::new();
        for root in &contents.roots {
            let (own, behind) = rest.split_at_checked(root.blocks as usize)?;
            roots.push((path_of(root.path).to_owned(), own.to_vec()));
            rest = behind;
        }
        let manifests = contents.known();
        rest.is_empty().then_some(Kept { bytes, roots, manifests })
    }

    /// The files; `None` where anything is odd about them.
    pub(super) fn files(&self) -> Option<Vec<RootMemory>> {
        let one_root = |(path, sections): &(PathBuf, Vec<Section>)| {
            let blocks = in_shares(sections, SHARE, |some| {
                some.iter().map(|section| section.decoded::<BlockForm<'_>>(&self.bytes)?.to_files()).collect()
            });
            let blocks = blocks.into_iter().collect::<Option<Vec<_>>>()?;
            Some(RootMemory { path: path.clone(), files: Files::of_blocks(blocks)? })
        };
        self.roots.iter().map(one_root).collect()
    }
}

/// Where the sections are, as far as their lengths say.
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
    /// What it holds, where its sum is right and nothing is left over.
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
    fn known(&self) -> Known {
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
        Known { manifests: manifests.collect(), marketplaces: marketplaces.collect() }
    }
}

fn write_section<T: Serialize>(out: &mut impl Write, form: &T) -> io::Result<()> {
    let bytes = postcard::to_allocvec(form).map_err(io::Error::other)?;
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(&crc32fast::hash(&bytes).to_le_bytes())?;
    out.write_all(&bytes)
}

fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
