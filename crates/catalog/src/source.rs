//! Where the layers of a catalog come from, and how a catalog is brought up to date from them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cancellation::Cancellation;
use super::catalog::Catalog;
use super::layer::{Layer, LayerId};
use super::persist::PersistedScan;

/// A source of definitions. Each fills one layer of a catalog.
///
/// A source never fails as a whole: what it cannot read becomes a [`super::Problem`] of its layer.
pub trait CatalogSource: fmt::Debug + Send + Sync {
    /// The layer it fills; another than any other source of the same catalog.
    fn id(&self) -> &LayerId;

    /// Reads all of it. What is the same as in `known` is taken over instead of read. Once `cancellation` is set the layer is
    /// incomplete.
    fn load(&self, known: Known<'_>, cancellation: &Cancellation) -> Loaded;

    /// What [`CatalogSource::load`] would read now, if besides `changed` (absolute paths of what was created, written,
    /// renamed or removed beneath its watch roots) all is as it was for `layer`. `None` where only a full load can tell.
    fn reload(&self, layer: &Layer, changed: &[PathBuf], cancellation: &Cancellation) -> Option<Layer>;

    /// The folders in which a change may concern it, given the `layer` it filled last, if any.
    fn watch_roots(&self, layer: Option<&Layer>) -> Vec<WatchRoot>;
}

/// What a source may build on.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// Nothing: everything is read.
    Nothing,
    /// What an earlier process wrote down.
    Persisted(&'a PersistedScan),
    /// The layer that the same source filled before.
    Layer(&'a Layer),
}

/// What a source read.
#[derive(Debug)]
pub struct Loaded {
    /// What it holds now.
    pub layer: Layer,
    /// What it held when [`Known::Persisted`] was written, where that differs. Definitions that are the same in both are
    /// shared.
    pub before: Option<Layer>,
}

/// A folder that is watched for changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchRoot {
    /// Its absolute path; it may not exist yet.
    pub path: PathBuf,
    /// Whether changes in the folders below count as well.
    pub recursive: bool,
    /// If not empty, only these entries of the folder count.
    pub names: Vec<&'static str>,
}

impl WatchRoot {
    /// A folder with everything below it.
    pub fn tree(path: impl Into<PathBuf>) -> WatchRoot {
        WatchRoot { path: path.into(), recursive: true, names: Vec::new() }
    }

    /// A folder alone.
    pub fn folder(path: impl Into<PathBuf>) -> WatchRoot {
        WatchRoot { recursive: false, ..WatchRoot::tree(path) }
    }

    /// Some entries of a folder, in which much else happens.
    pub fn entries(path: impl Into<PathBuf>, names: &[&'static str]) -> WatchRoot {
        WatchRoot { names: names.to_vec(), ..WatchRoot::folder(path) }
    }

    /// Whether a change at `path` counts, if it is heard of.
    pub fn covers(&self, path: &Path) -> bool {
        let Ok(inside) = path.strip_prefix(&self.path) else { return false };
        self.names.is_empty() || self.names.iter().any(|name| inside == Path::new(name))
    }
}

/// The catalog of `sources` where nothing but `changed` differs from `previous`: each source is asked about the changes
/// beneath its own watch roots, layers of the others are shared. `None` where only a full load can tell.
pub fn reload(
    sources: &[Arc<dyn CatalogSource>],
    previous: &Catalog,
    changed: &[PathBuf],
    cancellation: &Cancellation,
) -> Option<Catalog> {
    let mut is_covered = vec![false; changed.len()];
    let mut layers = Vec::with_capacity(sources.len());
    for source in sources {
        let layer = previous.layer(source.id())?;
        let roots = source.watch_roots(Some(layer));
        let concerns = |path: &Path| roots.iter().any(|root| root.covers(path));
        let mut own = Vec::new();
        for (path, is_covered) in changed.iter().zip(&mut is_covered) {
            if concerns(path) {
                *is_covered = true;
                own.push(path.clone());
            }
        }
        layers.push(if own.is_empty() {
            Arc::clone(layer)
        } else {
            Arc::new(source.reload(layer, &own, cancellation)?)
        });
    }
    // Whatever changed elsewhere, nobody can say what it means.
    is_covered.into_iter().all(|is_covered| is_covered).then(|| Catalog::merge(layers))
}
