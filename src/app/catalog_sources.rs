//! The sources of a project's catalog, and when the built-in collection stands in for them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{ProjectConfig, UserScope};
use crate::offload::{ClientState, Places};
use catalog::{
    Cancellation, Catalog, CatalogSource, Definition, FileSource, Kind, Layer, LayerId, Limits,
    OffloadedPlugins, PersistedScan, ScanOptions, Scope, UserPlaces, UserSource, WatchRoot,
};

/// The collection a checkout of this project carries, which stands in where there are no plugins.
pub(super) const FIXTURES: &str = "fixtures";

/// The plugin through which clients query this service: a project that has nothing else has nothing to find.
const OWN_PLUGIN: &str = "adjutant";

/// What a load may build on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known<'a> {
    /// Nothing: all is read.
    Nothing,
    /// What an earlier process persisted.
    Persisted(&'a PersistedScan),
    /// The catalog that serves.
    Served(&'a Catalog),
}

/// A catalog as its sources hold it now.
#[derive(Debug)]
pub(super) struct Loaded {
    pub catalog: Catalog,
    /// The catalog as it was persisted, where that differs.
    pub before: Option<Catalog>,
}

/// The sources of one project. Making them costs next to nothing: what they know is in the layers.
#[derive(Debug)]
pub(super) struct CatalogSources {
    sources: Vec<Arc<dyn CatalogSource>>,
    /// What stands in for all of them while they hold nothing but [`OWN_PLUGIN`].
    stand_in: Option<Arc<dyn CatalogSource>>,
}

impl CatalogSources {
    pub(super) fn new(config: &ProjectConfig) -> CatalogSources {
        let mut sources: Vec<Arc<dyn CatalogSource>> = Vec::with_capacity(3);
        let mut plugin_dirs = config.plugin_dirs.clone();
        if let Some(places) = config.user_scope.as_ref().map(|scope| places(scope, config)) {
            let limits = limits(config);
            let cache: Vec<PathBuf> = plugin_dirs.extract_if(.., |dir| places.is_cache(dir)).collect();
            sources.push(Arc::new(UserSource::managed(places.clone(), limits)));
            let state = ClientState::load(&Places::of(config));
            let offloaded = OffloadedPlugins {
                included: state.offloaded_plugins().map(str::to_owned).collect(),
                meant_by_ids: state.plugins_meant_by_ids().map(str::to_owned).collect(),
            };
            sources.push(Arc::new(UserSource::new(places, limits, cache).with_offloaded(offloaded)));
        }
        sources.push(Arc::new(project_files(config, plugin_dirs)));
        CatalogSources { sources, stand_in: built_in(config) }
    }

    /// Loads every source. What is the same as in `known` is taken over instead of read; once `cancellation` is set the
    /// catalog is incomplete.
    pub(super) fn load(&self, known: Known<'_>, cancellation: &Cancellation) -> Loaded {
        let loaded = load(&self.sources, known, cancellation);
        match &self.stand_in {
            Some(stand_in) if holds_only_own(&loaded.catalog) => {
                load(std::slice::from_ref(stand_in), known, cancellation)
            }
            _ => loaded,
        }
    }

    /// The catalog where nothing but the files at `changed` differs from `served`; `None` where only a full load can tell.
    pub(super) fn reload(
        &self,
        served: &Catalog,
        changed: &[PathBuf],
        cancellation: &Cancellation,
    ) -> Option<Catalog> {
        if is_built_in(served) {
            return None;
        }
        let catalog = catalog::reload(&self.sources, served, changed, cancellation)?;
        (self.stand_in.is_none() || !holds_only_own(&catalog)).then_some(catalog)
    }

    /// The folders to watch while `served` serves, or whatever does. Those of the built-in collection are not: it comes with
    /// the service.
    pub(super) fn watch_roots(&self, served: Option<&Catalog>) -> Vec<WatchRoot> {
        let of_source = |source: &Arc<dyn CatalogSource>| {
            source.watch_roots(served.and_then(|served| served.layer(source.id())).map(|layer| &**layer))
        };
        self.sources.iter().flat_map(of_source).collect()
    }
}

/// Whether the built-in collection serves.
pub(super) fn is_built_in(catalog: &Catalog) -> bool {
    catalog.layer(&LayerId::only(Scope::BuiltIn)).is_some()
}

fn load(sources: &[Arc<dyn CatalogSource>], known: Known<'_>, cancellation: &Cancellation) -> Loaded {
    let (mut layers, mut before): (Vec<Arc<Layer>>, Vec<Arc<Layer>>) = (Vec::new(), Vec::new());
    let mut is_changed = false;
    for source in sources {
        let of_source = match known {
            Known::Nothing => catalog::Known::Nothing,
            Known::Persisted(persisted) => catalog::Known::Persisted(persisted),
            Known::Served(served) => {
                let layer = served.layer(source.id());
                layer.map_or(catalog::Known::Nothing, |layer| catalog::Known::Layer(layer))
            }
        };
        let loaded = source.load(of_source, cancellation);
        let layer = Arc::new(loaded.layer);
        is_changed |= loaded.before.is_some();
        before.push(loaded.before.map_or_else(|| Arc::clone(&layer), Arc::new));
        layers.push(layer);
    }
    Loaded { catalog: Catalog::merge(layers), before: is_changed.then(|| Catalog::merge(before)) }
}

fn limits(config: &ProjectConfig) -> Limits {
    let usual = Limits::default();
    // Each entry may have a plugin's folder to itself.
    Limits { files: config.max_files, folders: usual.folders.max(config.max_files), ..usual }
}

/// The project's own files and the further plugin folders.
fn project_files(config: &ProjectConfig, extra_plugin_dirs: Vec<PathBuf>) -> FileSource {
    let options = ScanOptions { extra_plugin_dirs, limits: limits(config), ..ScanOptions::new(&config.root) };
    FileSource::new(LayerId::only(Scope::Project), options)
}

/// The user's folders as the catalog wants them.
fn places(scope: &UserScope, config: &ProjectConfig) -> UserPlaces {
    let UserScope { home, base, plugins, managed } = scope.clone();
    UserPlaces { home, base, plugins, managed, project: config.root.clone() }
}

/// The built-in collection, where the project carries it and names no further plugin folders.
fn built_in(config: &ProjectConfig) -> Option<Arc<dyn CatalogSource>> {
    // What a link leads to is not the project's.
    let is_there = config.dir().sub(FIXTURES).sub("plugins").open().is_ok();
    if !is_there || !config.plugin_dirs.is_empty() {
        return None;
    }
    let fixtures = config.root.join(FIXTURES);
    let registry = Some(fixtures.join("agent-registry.yml")).filter(|file| file.is_file());
    let options = ScanOptions { registry, ..ScanOptions::new(fixtures) };
    Some(Arc::new(FileSource::new(LayerId::only(Scope::BuiltIn), options)))
}

/// Files of a checkout that projects copy. The plugin has its own copy of the command, and none of the agents: it would carry
/// them in every prompt.
const OWN_FILES: [&str; 3] = [
    ".claude/agents/orchestrator.md",
    ".claude/agents/orchestrator-shell.md",
    ".claude/commands/orchestrate.md",
];

/// Whether all there is belongs to [`OWN_PLUGIN`] or is one of [`OWN_FILES`].
fn holds_only_own(catalog: &Catalog) -> bool {
    let own: HashSet<&Path> = Kind::ALL
        .into_iter()
        .flat_map(|kind| of_own_plugin(catalog.of_kind(kind)))
        .map(|own| own.path.as_path())
        .collect();
    // The first that is not among them decides.
    catalog
        .definitions()
        .iter()
        .map(|definition| definition.path.as_path())
        .all(|path| own.contains(path) || OWN_FILES.iter().any(|file| path == Path::new(file)))
}

/// The definitions of [`OWN_PLUGIN`] among those of one kind, which are ordered by id.
fn of_own_plugin(definitions: &[Arc<Definition>]) -> impl Iterator<Item = &Arc<Definition>> {
    let from = definitions.partition_point(|definition| definition.id.as_str() < OWN_PLUGIN);
    let alike = definitions[from..].iter().take_while(|one| one.id.starts_with(OWN_PLUGIN));
    alike.filter(|definition| definition.plugin == OWN_PLUGIN)
}
