//! The scan cache: what a scan remembers so that the next one opens only what changed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::options::ScanOptions;
use crate::definition::Definition;
use crate::layout::ComponentRoot;
use crate::manifest::{Listing, Manifest, read_manifest, read_marketplace};
use crate::problem::Problem;
use confined_fs::scan_root::{ScanRoot, Stamp};

/// Bytes of a manifest or marketplace; the largest known is 190 KB.
const MANIFEST_BYTES: usize = 4 << 20;

/// Everything that a scan leaves to the next.
#[derive(Debug, Default)]
pub(crate) struct ScanCache {
    pub roots: Vec<CachedRoot>,
    pub manifests: Arc<CachedManifests>,
    pub state: ScanState,
}

/// What an incremental scan needs to know about the scan before.
#[derive(Debug, Default)]
pub(crate) struct ScanState {
    pub options: ScanOptions,
    /// Whether component roots are independent of each other.
    pub is_independent: bool,
    /// In the order in which they were collected: a file refers to its own by position.
    pub component_roots: Arc<[Arc<CachedComponentRoot>]>,
    /// Definitions whose id others claim as well, as their files state them, in the catalog's order.
    pub claimants: Arc<[Arc<Definition>]>,
}

/// A component root, and its problems besides those of its files.
#[derive(Debug, Clone)]
pub(crate) struct CachedComponentRoot {
    /// The number of its scan root.
    pub root: usize,
    pub component_root: ComponentRoot,
    pub problems: Vec<Problem>,
}

/// The files below one scan root.
#[derive(Debug)]
pub(crate) struct CachedRoot {
    /// Its absolute path, links resolved.
    pub path: PathBuf,
    pub files: Files,
}

/// A marketplace's local plugins, or why it cannot be used.
pub(crate) type Marketplace = Arc<Result<Vec<Listing>, String>>;

/// Manifests and marketplaces by absolute path, with the stamp they were read at.
#[derive(Debug, Default)]
pub(crate) struct CachedManifests {
    pub manifests: HashMap<PathBuf, (Stamp, Arc<Manifest>)>,
    pub marketplaces: HashMap<PathBuf, (Stamp, Marketplace)>,
}

/// Reads manifests, unchanged ones from the cache.
pub(crate) struct ManifestReader<'a> {
    last: Option<&'a CachedManifests>,
    /// Those of this scan, for the next one.
    pub known: CachedManifests,
    /// How many were opened.
    pub read: usize,
}

impl<'a> ManifestReader<'a> {
    pub(super) fn new(last: Option<&'a CachedManifests>) -> ManifestReader<'a> {
        ManifestReader { last, known: CachedManifests::default(), read: 0 }
    }

    /// The manifest at `path`; `None` if there is no such file.
    pub(crate) fn manifest(&mut self, root: &ScanRoot, path: &Path) -> Option<Arc<Manifest>> {
        let stamp = root.stamp(path)?;
        let absolute = root.path().join(path);
        let last = self.last.and_then(|last| last.manifests.get(&absolute));
        let manifest = match self.known.manifests.get(&absolute).or(last) {
            Some((known, manifest)) if *known == stamp => Arc::clone(manifest),
            _ => Arc::new(match self.bytes(root, path) {
                Ok(bytes) => read_manifest(&bytes),
                Err(reason) => Manifest { rejected: Some(reason), ..Manifest::default() },
            }),
        };
        self.known.manifests.insert(absolute, (stamp, Arc::clone(&manifest)));
        Some(manifest)
    }

    /// The local plugins of the marketplace at `path`; `None` if there is no such file.
    pub(crate) fn marketplace(&mut self, root: &ScanRoot, path: &Path) -> Option<Marketplace> {
        let stamp = root.stamp(path)?;
        let absolute = root.path().join(path);
        let last = self.last.and_then(|last| last.marketplaces.get(&absolute));
        let listings = match self.known.marketplaces.get(&absolute).or(last) {
            Some((known, listings)) if *known == stamp => Arc::clone(listings),
            _ => Arc::new(self.bytes(root, path).and_then(|bytes| read_marketplace(&bytes))),
        };
        self.known.marketplaces.insert(absolute, (stamp, Arc::clone(&listings)));
        Some(listings)
    }

    fn bytes(&mut self, root: &ScanRoot, path: &Path) -> Result<Vec<u8>, String> {
        self.read += 1;
        root.read(path, MANIFEST_BYTES).map(|read| read.0).map_err(|error| error.phrase())
    }
}
