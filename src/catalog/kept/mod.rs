//! What a scan remembers as bytes, for the first scan of a next run.
//!
//! The bytes hold what files and manifests said and the stamps they were read at. They decide nothing else: a scan lists
//! folders itself, looks up what it lists by path, and takes what is here only where stamp and context are the same.
//! Whatever is odd about them makes them worthless as a whole, never an error.
//!
//! Layout: [`MAGIC`], then sections, each its length (8 bytes, little end first), the first 16 bytes of its SHA-256, and
//! itself in the form of `postcard`. The first section says what is in the others, which each hold the files of one block.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::forms::{BlockForm, ListingForm, ManifestForm, Numbers};
use super::Catalog;
use super::beneath::Stamp;
use super::scan::files::Files;
use super::scan::memory::{Known, Memory, RootMemory};
use super::threads::in_shares;

mod forms;

/// What it is, and the version of the layout, counted up with every change to it or to a form.
const MAGIC: &[u8; 16] = b"adjutant-files\0\x01";

/// Bytes of a section's checksum.
const SUM: usize = 16;

/// Sections that a thread decodes at a time; one holds some 256 files.
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
    /// Writes what a scan remembers, for [`Catalog::recalled`] by the same `program`, a text that is another whenever
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

    /// A catalog without definitions, of use only as the one before to [`super::scan`]: it remembers what was kept. `None`
    /// where another program wrote the bytes, or anything is odd about them.
    pub fn recalled(bytes: &[u8], program: &str) -> Option<Catalog> {
        let mut sections = Vec::new();
        let mut rest = bytes.strip_prefix(MAGIC)?;
        while !rest.is_empty() {
            let (length, behind) = rest.split_first_chunk::<8>()?;
            let (sum, behind) = behind.split_first_chunk::<SUM>()?;
            let (section, behind) =
                behind.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
            sections.push((sum, section));
            rest = behind;
        }
        let (first, blocks) = sections.split_first()?;
        let contents: Contents<'_> = decoded(first)?;
        if contents.program != program {
            return None;
        }
        let read = in_shares(blocks, SHARE, |some| {
            some.iter().map(|block| decoded::<BlockForm<'_>>(block)?.to_files()).collect()
        });
        let mut read = read.into_iter();
        let mut roots = Vec::new();
        for root in &contents.roots {
            let files = (0..root.blocks).map(|_| read.next().flatten()).collect::<Option<Vec<_>>>()?;
            roots.push(RootMemory { path: path_of(root.path).into(), files: Files::of_blocks(files)? });
        }
        let manifests = Arc::new(contents.known());
        read.next().is_none().then(|| Catalog {
            memory: Memory { roots, manifests, ..Memory::default() },
            ..Catalog::default()
        })
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
    out.write_all(&Sha256::digest(&bytes)[..SUM])?;
    out.write_all(&bytes)
}

/// What a section holds, where its sum is right and nothing is left over.
fn decoded<'a, T: Deserialize<'a>>((sum, bytes): &(&[u8; SUM], &'a [u8])) -> Option<T> {
    if Sha256::digest(bytes)[..SUM] != **sum {
        return None;
    }
    let (form, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(form)
}

fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
