//! What a scan remembers, so that the next one opens only what changed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::beneath::{Root, Stamp};
use crate::catalog::definition::Definition;
use crate::catalog::layout::Context;
use crate::catalog::manifest::{Listing, Manifest, read_manifest, read_marketplace};
use crate::catalog::problem::Problem;

/// Bytes of a manifest or marketplace; the largest known is 190 KB.
const MANIFEST_BYTES: usize = 4 << 20;

/// One file as it was read.
#[derive(Debug, Clone)]
pub(in crate::catalog) struct Remembered {
    pub stamp: Stamp,
    pub context: Context,
    pub definition: Option<Arc<Definition>>,
    pub problems: Arc<[Problem]>,
}

/// Everything one scan leaves to the next.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Memory {
    /// By absolute path; a file may serve several plugins.
    pub files: HashMap<PathBuf, Vec<Remembered>>,
    pub manifests: Known,
}

impl Memory {
    /// What was read from `path` at `stamp` for `context`, if it still holds.
    pub(super) fn recall(&self, path: &Path, stamp: Stamp, context: &Context) -> Option<&Remembered> {
        self.files.get(path)?.iter().find(|known| known.stamp == stamp && known.context == *context)
    }
}

/// A marketplace's local plugins, or why it cannot be used.
type Marketplace = Arc<Result<Vec<Listing>, String>>;

/// Manifests and marketplaces by absolute path, with the stamp they were read at.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Known {
    manifests: HashMap<PathBuf, (Stamp, Arc<Manifest>)>,
    marketplaces: HashMap<PathBuf, (Stamp, Marketplace)>,
}

/// Reads manifests, those unchanged since the last scan from memory.
pub(super) struct Manifests<'a> {
    last: Option<&'a Known>,
    /// What this scan used, for the next one.
    pub known: Known,
    /// Manifests opened.
    pub read: usize,
}

impl<'a> Manifests<'a> {
    pub(super) fn new(last: Option<&'a Known>) -> Manifests<'a> {
        Manifests { last, known: Known::default(), read: 0 }
    }

    /// The manifest at `path`, `None` when there is no such file.
    pub(super) fn manifest(&mut self, root: &Root, path: &Path) -> Option<Arc<Manifest>> {
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

    /// The local plugins of the marketplace at `path`, `None` when there is no such file.
    pub(super) fn marketplace(&mut self, root: &Root, path: &Path) -> Option<Marketplace> {
        let stamp = root.stamp(path)?;
        let absolute = root.path().join(path);
        let last = self.last.and_then(|last| last.marketplaces.get(&absolute));
        let listings = match last {
            Some((known, listings)) if *known == stamp => Arc::clone(listings),
            _ => Arc::new(self.bytes(root, path).and_then(|bytes| read_marketplace(&bytes))),
        };
        self.known.marketplaces.insert(absolute, (stamp, Arc::clone(&listings)));
        Some(listings)
    }

    fn bytes(&mut self, root: &Root, path: &Path) -> Result<Vec<u8>, String> {
        self.read += 1;
        root.read(path, MANIFEST_BYTES).map(|read| read.0).map_err(|error| error.phrase())
    }
}
