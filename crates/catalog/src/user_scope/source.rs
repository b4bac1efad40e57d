//! The source that reads what the user has, or what an administrator prescribes.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::installs::PluginId;
use super::places::{
    COMPONENTS, INSTALLED, INSTALLED_V2, LOCAL_SETTINGS, MANAGED_SETTINGS, MARKETPLACES, SETTINGS, UserPlaces,
};
use super::selection::{Roots, Selected, Selector};
use super::user_files::UserFiles;
use crate::cancellation::Cancellation;
use crate::layer::{Layer, LayerId, Plugin};
use crate::layout::{Collector, ComponentRoot};
use crate::limits::Limits;
use crate::origin::{Origin, Scope};
use crate::problem::{Problem, code};
use crate::scan::{Finder, ListedRoots, Pass, RootKind, ScanOptions, own_component_root, scan_listed};
use crate::source::{CatalogSource, Known, Loaded, WatchRoot};
use confined_fs::scan_root::ScanRoot;

/// Reads the plugins that are installed and enabled, and entries of no plugin. Its cost follows what is installed, so that
/// it reads everything again after any change; unchanged files are not opened.
#[derive(Debug)]
pub struct UserSource {
    id: LayerId,
    places: UserPlaces,
    options: ScanOptions,
    /// Folders that were named to be read and are the client's cache: of them, what is installed is read.
    cache: Vec<PathBuf>,
    offloaded: OffloadedPlugins,
}

/// Plugins that were taken out of the client's listing, each `NAME@MARKETPLACE`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffloadedPlugins {
    /// Those that count although they are switched off.
    pub included: HashSet<String>,
    /// Those that their ids mean ([`Origin::is_meant_by_ids`]).
    pub meant_by_ids: HashSet<String>,
}

impl UserSource {
    /// The source of the user's own entries and of installed plugins. `cache` are folders that were named to be read and are
    /// the client's cache ([`UserPlaces::is_cache`]): what is installed there counts unless it is disabled.
    pub fn new(places: UserPlaces, limits: Limits, cache: Vec<PathBuf>) -> UserSource {
        UserSource::of(Scope::User, places, limits, cache)
    }

    /// The source of the entries that an administrator prescribes.
    pub fn managed(places: UserPlaces, limits: Limits) -> UserSource {
        UserSource::of(Scope::Managed, places, limits, Vec::new())
    }

    fn of(scope: Scope, places: UserPlaces, limits: Limits, cache: Vec<PathBuf>) -> UserSource {
        let options = ScanOptions { limits, ..ScanOptions::default() };
        UserSource {
            id: LayerId::only(scope),
            places,
            options,
            cache,
            offloaded: OffloadedPlugins::default(),
        }
    }

    /// The same where these plugins were taken out of the client's listing.
    #[must_use]
    pub fn with_offloaded(self, offloaded: OffloadedPlugins) -> UserSource {
        UserSource { offloaded, ..self }
    }

    fn is_managed(&self) -> bool {
        self.id.scope == Scope::Managed
    }

    /// The root of the entries of no plugin and their folder in it; `None` where they are the project's.
    fn personal(&self) -> Option<(PathBuf, PathBuf)> {
        if self.is_managed() {
            return Some((self.places.managed.clone(), PathBuf::from(".claude")));
        }
        (!self.places.are_the_projects()).then(|| self.places.personal())
    }

    /// Lists everything that counts.
    fn list(&self, files: &UserFiles, pass: &mut Pass<'_>) -> ListedRoots {
        let mut roots = Roots::default();
        let mut found: Vec<(usize, ComponentRoot, Option<Plugin>)> = Vec::new();
        if let Some((root, base)) = self.personal()
            && let Ok(root) = roots.open(&root)
        {
            let origin = origin(self.id.scope, None, &roots.0[root]);
            found.push((root, own_component_root(&base, &origin), None));
        }
        if !self.is_managed() {
            let registry = self.places.plugins.join(INSTALLED);
            let mut names = Names { registry, given: HashMap::new() };
            for selected in self.select(files, &mut roots, pass) {
                found.extend(self.open(&selected, &roots, &mut names, pass));
            }
        }
        collect(roots, found, pass)
    }

    /// The plugins that count.
    fn select(&self, files: &UserFiles, roots: &mut Roots, pass: &mut Pass<'_>) -> Vec<Selected> {
        pass.problems.extend(files.problems.iter().cloned());
        pass.problems.extend(self.cache.iter().map(|folder| is_cache(folder)));
        let selector = Selector {
            places: &self.places,
            files,
            roots,
            manifests: &mut pass.manifests,
            problems: &mut pass.problems,
            named: &self.cache.iter().map(|folder| real(folder)).collect::<Vec<_>>(),
            included: &self.offloaded.included,
        };
        selector.select()
    }

    /// The component root of a plugin.
    fn open(
        &self,
        selected: &Selected,
        roots: &Roots,
        names: &mut Names,
        pass: &mut Pass<'_>,
    ) -> Vec<(usize, ComponentRoot, Option<Plugin>)> {
        let Selected { id, scope, root: at, folder, listing } = selected;
        let root = &roots.0[*at];
        let finder = Finder::new(root, RootKind::Extra, self.options.limits, &mut pass.manifests);
        let found = finder.enabled(folder, listing);
        pass.problems.extend(found.problems.iter().map(|problem| problem.beneath(root.path())));
        let is_meant_by_ids = self.offloaded.meant_by_ids.contains(&id.to_string());
        let origin = Arc::new(Origin { is_meant_by_ids, ..Origin::clone(&origin(*scope, Some(id), root)) });
        let own = |(mut plugin, mut component_root): (Plugin, ComponentRoot)| {
            let name = names.give(&plugin.name, id, pass);
            let facts = Arc::make_mut(&mut component_root.facts);
            facts.origin = Arc::clone(&origin);
            facts.plugin.clone_from(&name);
            plugin.name = name;
            plugin.root = root.path().join(&plugin.root);
            (*at, component_root, Some(plugin))
        };
        found.plugins.into_iter().map(own).collect()
    }

    /// The folders of plugins that are loaded where they are developed.
    fn in_place(&self, layer: &Layer) -> Vec<WatchRoot> {
        let is_elsewhere = |plugin: &&Plugin| !plugin.root.starts_with(real(&self.places.plugins));
        let parts = COMPONENTS.into_iter().chain([".claude-plugin"]);
        let of_plugin = |plugin: &Plugin| -> Vec<WatchRoot> {
            parts.clone().map(|part| WatchRoot::tree(plugin.root.join(part))).collect()
        };
        layer.plugins.iter().filter(is_elsewhere).flat_map(of_plugin).collect()
    }
}

impl CatalogSource for UserSource {
    fn id(&self) -> &LayerId {
        &self.id
    }

    fn load(&self, known: Known<'_>, cancellation: &Cancellation) -> Loaded {
        let before = match known {
            Known::Layer(layer) => layer.user_files.as_deref(),
            Known::Nothing | Known::Persisted(_) => None,
        };
        let files =
            if self.is_managed() { UserFiles::default() } else { UserFiles::read(&self.places, before) };
        let list = |pass: &mut Pass<'_>| self.list(&files, pass);
        let mut loaded = scan_listed(&self.id, &self.options, known, cancellation, list);
        loaded.layer.user_files = Some(Arc::new(files));
        loaded
    }

    fn reload(&self, layer: &Layer, _: &[PathBuf], cancellation: &Cancellation) -> Option<Layer> {
        Some(self.load(Known::Layer(layer), cancellation).layer)
    }

    fn watch_roots(&self, layer: Option<&Layer>) -> Vec<WatchRoot> {
        let UserPlaces { home, base, plugins, managed, project } = &self.places;
        if self.is_managed() {
            let own = managed.join(".claude");
            let parts = COMPONENTS.map(|part| WatchRoot::tree(own.join(part)));
            return parts.into_iter().chain([WatchRoot::folder(own)]).collect();
        }
        let mut roots: Vec<WatchRoot> = COMPONENTS.map(|part| WatchRoot::tree(base.join(part))).into();
        roots.push(WatchRoot::entries(base, &[SETTINGS, "plugins", "agents", "commands", "skills"]));
        roots.push(WatchRoot::entries(plugins, &[INSTALLED, INSTALLED_V2, MARKETPLACES]));
        roots.push(WatchRoot::entries(managed, &[MANAGED_SETTINGS, ".claude"]));
        roots.push(WatchRoot::entries(project.join(".claude"), &[SETTINGS, LOCAL_SETTINGS]));
        if let Some(home) = home.as_ref().filter(|home| base.parent() == Some(home)) {
            // Until the client is started for the first time, its folder is not there.
            roots.push(WatchRoot::entries(home, &[".claude"]));
        }
        roots.extend(layer.into_iter().flat_map(|layer| self.in_place(layer)));
        roots
    }
}

/// Collects what was found, root by root.
fn collect(
    roots: Roots,
    mut found: Vec<(usize, ComponentRoot, Option<Plugin>)>,
    pass: &mut Pass<'_>,
) -> ListedRoots {
    let mut listed = Vec::with_capacity(roots.0.len());
    for (at, root) in roots.0.into_iter().enumerate() {
        let mut layout = Collector::new(&root, pass.options.limits);
        for (_, component_root, plugin) in found.extract_if(.., |(of, ..)| *of == at) {
            if pass.cancellation.is_cancelled() {
                break;
            }
            pass.collect(at, &mut layout, component_root);
            pass.plugins.extend(plugin);
        }
        let candidates = std::mem::take(&mut layout.candidates);
        listed.push((root, candidates));
    }
    listed
}

/// The names that plugins have in ids so far, each with its plugin.
#[derive(Debug)]
struct Names {
    /// The file that problems name.
    registry: PathBuf,
    given: HashMap<String, PluginId>,
}

impl Names {
    /// The name of the plugin in ids: its own, unless another plugin has that already.
    fn give(&mut self, name: &str, id: &PluginId, pass: &mut Pass<'_>) -> String {
        let (given, first) = match self.given.get(name) {
            Some(first) if first != id => (format!("{name}@{}", id.marketplace), Some(first.clone())),
            _ => (name.to_owned(), None),
        };
        if let Some(first) = first {
            let message =
                format!("{id}: {first} has the name {name:?} already: its ids begin with {given:?}");
            let registry = self.registry.clone();
            pass.problems.push(Problem::new(registry, code::PLUGIN_NAME_TAKEN, "kept", message));
        }
        self.given.entry(given.clone()).or_insert_with(|| id.clone());
        given
    }
}

fn origin(scope: Scope, plugin: Option<&PluginId>, root: &ScanRoot) -> Arc<Origin> {
    let (installed_as, marketplace) =
        plugin.map_or_else(Default::default, |id| (id.name.clone(), id.marketplace.clone()));
    Arc::new(Origin {
        scope,
        marketplace,
        installed_as,
        root: root.path().to_owned(),
        is_meant_by_ids: false,
    })
}

fn is_cache(folder: &Path) -> Problem {
    let message =
        "the folder is the client's cache of plugins, also of old versions: what is installed is read";
    Problem::new(folder, code::CACHE_NAMED, "skipped", message)
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
