//! The source that reads files: a project's, or those of any folder laid out like one.

use std::path::PathBuf;
use std::sync::Arc;

use super::options::ScanOptions;
use super::{full, incremental};
use crate::cancellation::Cancellation;
use crate::catalog::Catalog;
use crate::layer::{Layer, LayerId};
use crate::origin::Scope;
use crate::source::{CatalogSource, Known, Loaded, WatchRoot};

/// Folders of components, in a plugin and below `.claude`.
const COMPONENTS: [&str; 3] = ["agents", "skills", "commands"];

/// The plugins, own entries and role registry of a folder, and plugins of further folders.
#[derive(Debug)]
pub struct FileSource {
    id: LayerId,
    options: ScanOptions,
}

impl FileSource {
    /// The source of what `options` name, as the layer `id`.
    pub fn new(id: LayerId, options: ScanOptions) -> FileSource {
        FileSource { id, options }
    }
}

impl CatalogSource for FileSource {
    fn id(&self) -> &LayerId {
        &self.id
    }

    fn load(&self, known: Known<'_>, cancellation: &Cancellation) -> Loaded {
        full::scan(&self.id, &self.options, known, cancellation)
    }

    /// Its cost follows the plugins that the changed paths lie in.
    fn reload(&self, layer: &Layer, changed: &[PathBuf], cancellation: &Cancellation) -> Option<Layer> {
        incremental::rescan(&self.options, layer, changed, cancellation)
    }

    fn watch_roots(&self, layer: Option<&Layer>) -> Vec<WatchRoot> {
        let project = &self.options.project;
        let own = project.join(".claude");
        let mut roots: Vec<WatchRoot> =
            COMPONENTS.iter().map(|part| WatchRoot::tree(own.join(part))).collect();
        roots.extend([WatchRoot::folder(project), WatchRoot::folder(own)]);
        roots.extend(["plugins", ".claude-plugin"].map(|part| WatchRoot::tree(project.join(part))));
        for dir in &self.options.extra_plugin_dirs {
            // Free of links, as the layer knows it.
            roots.push(WatchRoot::tree(dir.canonicalize().unwrap_or_else(|_| dir.clone())));
        }
        for plugin in layer.into_iter().flat_map(|layer| &*layer.plugins) {
            // A plugin of a further folder is covered by that folder, whatever its own path is relative to.
            let plugin_root = project.join(&plugin.root);
            let is_covered = |root: &WatchRoot| root.recursive && plugin_root.starts_with(&root.path);
            if plugin_root == *project {
                // A plugin that is the project itself is watched by its components: below it may lie anything.
                roots.extend(COMPONENTS.map(|part| WatchRoot::tree(project.join(part))));
            } else if !roots.iter().any(is_covered) {
                roots.push(WatchRoot::tree(plugin_root));
            }
        }
        roots.sort();
        roots.dedup();
        roots
    }
}

/// The catalog of a project's files alone, in one call. What is the same as for `previous`, a catalog that this function
/// made, is taken over instead of read.
pub fn scan(options: &ScanOptions, previous: Option<&Catalog>) -> Catalog {
    let source = FileSource::new(LayerId::only(Scope::Project), options.clone());
    let known = previous.and_then(|previous| previous.layer(source.id()));
    let known = known.map_or(Known::Nothing, |layer| Known::Layer(layer));
    let loaded = source.load(known, &Cancellation::default());
    Catalog::merge([Arc::new(loaded.layer)])
}
