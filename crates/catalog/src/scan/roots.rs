//! Finding the plugins below one root.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::plugin_selection::{
    RootKind, is_in_plugins, is_never_opened, is_passed_by, may_have_plugins, needs_no_manifest, unloaded,
};
use super::scan_cache::ManifestReader;
use crate::Plugin;
use crate::layout::{Collector, ComponentRoot, MANIFEST_FILE, MARKETPLACE_FILE, PluginFacts, normalize_path};
use crate::limits::Limits;
use crate::manifest::{Components, Listing, Manifest};
use crate::problem::{Problem, code};
use confined_fs::scan_root::ScanRoot;

/// The plugins below one root.
pub(crate) struct FoundPlugins {
    pub plugins: Vec<(Plugin, ComponentRoot)>,
    pub problems: Vec<Problem>,
    /// Whether a link was followed.
    pub linked: bool,
}

/// Finds plugins below one root.
pub(crate) struct Finder<'a, 'm> {
    pub root: &'a ScanRoot,
    pub kind: RootKind,
    pub limits: Limits,
    pub manifests: &'a mut ManifestReader<'m>,
    pub problems: Vec<Problem>,
    linked: bool,
    folders_seen: usize,
    listings: Vec<Listing>,
    /// The listings of each folder, by position in `listings`.
    listed: HashMap<PathBuf, Vec<usize>>,
    found: HashSet<PathBuf>,
    plugins: Vec<(Plugin, ComponentRoot)>,
}

impl<'a, 'm> Finder<'a, 'm> {
    pub(crate) fn new(
        root: &'a ScanRoot,
        kind: RootKind,
        limits: Limits,
        manifests: &'a mut ManifestReader<'m>,
    ) -> Finder<'a, 'm> {
        Finder {
            root,
            kind,
            limits,
            manifests,
            problems: Vec::new(),
            linked: false,
            folders_seen: 0,
            listings: Vec::new(),
            listed: HashMap::new(),
            found: HashSet::new(),
            plugins: Vec::new(),
        }
    }

    /// The plugins, ordered by folder, and their component roots.
    pub(super) fn find(mut self) -> FoundPlugins {
        self.read_marketplace();
        self.consider(Path::new(""), self.kind == RootKind::Extra);
        for listing in self.listings.clone() {
            self.consider_listing(&listing);
        }
        let is_plugin = self.found.contains(self.root.path());
        if !(self.kind == RootKind::Extra && is_plugin) {
            self.descend(Path::new(""), 1);
        }
        self.plugins.sort_by(|a, b| (&a.0.root, &a.0.name).cmp(&(&b.0.root, &b.0.name)));
        FoundPlugins { plugins: self.plugins, problems: self.problems, linked: self.linked }
    }

    /// The plugin in `folder` alone, which is enabled, whatever its manifest says; `listing` is what its marketplace says of
    /// it.
    pub(crate) fn enabled(mut self, folder: &Path, listing: &Listing) -> FoundPlugins {
        let manifest = self.manifests.manifest(self.root, &folder.join(MANIFEST_FILE));
        let manifest = manifest.map(|manifest| Manifest { disabled: false, ..(*manifest).clone() });
        self.add_listed(folder, manifest.as_ref(), std::slice::from_ref(listing));
        FoundPlugins { plugins: self.plugins, problems: self.problems, linked: self.linked }
    }

    fn read_marketplace(&mut self) {
        let path = Path::new(MARKETPLACE_FILE);
        let Some(marketplace) = self.manifests.marketplace(self.root, path) else { return };
        match &*marketplace {
            Ok(listings) => {
                for fault in listings.iter().filter_map(|listing| listing.fault.as_ref()) {
                    let message = format!("a plugin of the marketplace is not as it should be: {fault}");
                    self.problems.push(Problem::new(path, code::MARKETPLACE_INVALID, "kept", message));
                }
                self.listings = listings.iter().filter(|listing| !listing.name.is_empty()).cloned().collect();
                for (at, listing) in self.listings.iter().enumerate() {
                    if let Some(folder) = normalize_path(&listing.source) {
                        self.listed.entry(folder).or_default().push(at);
                    }
                }
            }
            Err(reason) => {
                let message = format!("the marketplace cannot be used: {reason}");
                self.problems.push(Problem::new(path, code::MARKETPLACE_INVALID, "skipped", message));
            }
        }
    }

    /// Searches the children of `folder`, which are `depth` levels below the root.
    fn descend(&mut self, folder: &Path, depth: usize) {
        if !may_have_plugins(folder, depth) {
            return;
        }
        let mut layout = Collector::new(self.root, self.limits);
        for name in layout.list(folder) {
            let path = folder.join(&name);
            if is_never_opened(&path) || !self.may_enter(&mut layout, &path, is_in_plugins(folder)) {
                continue;
            }
            self.folders_seen += 1;
            if self.folders_seen > self.limits.folders {
                let message = format!("plugins are looked for in {} folders at most", self.limits.folders);
                self.problems.push(Problem::new(".", code::LIMIT_FOLDERS, "skipped", message));
                self.linked = true;
                break;
            }
            let name = name.to_string_lossy();
            let bare = needs_no_manifest(self.kind, folder, &name);
            if !is_passed_by(folder, &name) && !self.consider(&path, bare) {
                self.descend(&path, depth + 1);
            }
        }
        self.linked |= layout.linked;
        self.problems.append(&mut layout.problems);
    }

    /// Whether `path` is a folder. A link to one counts only where plugins belong, and only if its target is below the root.
    fn may_enter(&self, layout: &mut Collector<'_>, path: &Path, in_plugins: bool) -> bool {
        let Ok(metadata) = self.root.path().join(path).symlink_metadata() else { return false };
        if metadata.is_symlink() {
            let wanted = in_plugins || path == Path::new("plugins") || self.kind == RootKind::Extra;
            return wanted && layout.is_dir(path) && layout.stays_inside(path);
        }
        metadata.is_dir()
    }

    /// Adds the plugin in `folder` and returns whether there is one: a manifest, or, with `bare`, components make it one.
    fn consider(&mut self, folder: &Path, bare: bool) -> bool {
        let manifest = self.manifests.manifest(self.root, &folder.join(MANIFEST_FILE));
        if manifest.is_none() && !(bare && self.has_components(folder)) {
            return false;
        }
        self.add(folder, manifest.as_deref());
        true
    }

    fn consider_listing(&mut self, listing: &Listing) {
        let Some(folder) = normalize_path(&listing.source) else {
            let message = format!("the source {:?} leads out of the marketplace", listing.source);
            let path = MARKETPLACE_FILE;
            self.problems.push(Problem::new(path, code::COMPONENT_REFUSED, "skipped", message));
            return;
        };
        let mut layout = Collector::new(self.root, self.limits);
        if layout.enter(&folder).is_some() {
            let manifest = self.manifests.manifest(self.root, &folder.join(MANIFEST_FILE));
            self.add(&folder, manifest.as_deref());
        } else if layout.problems.is_empty() {
            let message = format!("the plugin {:?} is not at {:?}", listing.name, listing.source);
            self.problems.push(Problem::new(MARKETPLACE_FILE, code::COMPONENT_MISSING, "skipped", message));
        }
        self.linked |= layout.linked;
        self.problems.append(&mut layout.problems);
    }

    fn has_components(&self, folder: &Path) -> bool {
        let base = self.root.path().join(folder);
        ["agents", "commands", "skills"].iter().any(|part| base.join(part).is_dir())
            || Collector::new(self.root, self.limits).skill_file(folder).is_some()
    }

    /// Adds the plugin in `folder`, or each that the root's marketplace makes of it.
    fn add(&mut self, folder: &Path, manifest: Option<&Manifest>) {
        let listings = self.listed.get(folder).into_iter().flatten();
        let listings: Vec<Listing> = listings.filter_map(|&at| self.listings.get(at)).cloned().collect();
        self.add_listed(folder, manifest, &listings);
    }

    /// Adds the plugin in `folder`, or each that these listings make of it.
    fn add_listed(&mut self, folder: &Path, manifest: Option<&Manifest>, listings: &[Listing]) {
        let real = self.root.path().join(folder).canonicalize().unwrap_or_else(|_| folder.to_owned());
        if !self.found.insert(real.clone()) {
            return;
        }
        let obstacle = manifest.and_then(|manifest| unloaded(folder, manifest, listings));
        let selects = listings.iter().any(|listing| listing.components.selects());
        let loaded = obstacle.is_none() && (manifest.is_some() || selects || self.has_components(folder));
        self.problems.extend(obstacle);
        let is_shared = manifest.is_none() && listings.iter().any(|listing| listing.shares_folder);
        if !is_shared {
            let stated = manifest.and_then(|manifest| manifest.name.clone());
            let folder_name = || real.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = stated.or_else(|| listings.first().map(|listing| listing.name.clone()));
            let added = added(listings);
            let selected = added.selected();
            let component_root = ComponentRoot {
                base: folder.to_owned(),
                facts: facts(&name.unwrap_or_else(folder_name), manifest, listings, loaded),
                components: manifest.map_or_else(
                    || Components { skills: Vec::new(), ..selected.clone() },
                    |manifest| manifest.components.clone(),
                ),
                has_skills_folder: manifest.is_some() || selected.skills.is_empty(),
                added,
                only_added: false,
                is_shared,
            };
            if !component_root.has_skills_folder {
                self.report_unlisted(folder, &component_root.added, &["skills"]);
            }
            self.push(component_root);
            return;
        }
        for listing in listings {
            self.push(ComponentRoot {
                base: folder.to_owned(),
                facts: facts(&listing.name, None, std::slice::from_ref(listing), loaded),
                components: Components::default(),
                has_skills_folder: true,
                added: listing.components.clone(),
                only_added: listing.components.selects(),
                is_shared,
            });
        }
        if listings.len() > 1 && listings.iter().all(|listing| listing.components.selects()) {
            self.report_unlisted(folder, &added(listings), &["agents", "commands", "skills"]);
        }
    }

    fn push(&mut self, component_root: ComponentRoot) {
        let ComponentRoot { base, facts, .. } = &component_root;
        let plugin = Plugin { name: facts.plugin.clone(), root: base.clone(), loaded: !facts.not_loaded };
        self.plugins.push((plugin, component_root));
    }

    /// Reports what these parts of a folder have and no plugin of the marketplace lists, where it lists others.
    fn report_unlisted(&mut self, folder: &Path, listed: &Components, parts: &[&str]) {
        let paths: Vec<PathBuf> = listed.paths().filter_map(normalize_path).collect();
        let mut layout = Collector::new(self.root, self.limits);
        for part in parts {
            if layout.enter(&folder.join(part)).is_none() {
                continue;
            }
            let mut left = layout.list(&folder.join(part));
            left.retain(|name| {
                let path = Path::new(part).join(name);
                let is_entry =
                    layout.is_dir(&folder.join(&path)) || path.extension().is_some_and(|end| end == "md");
                is_entry && !paths.iter().any(|listed| listed.starts_with(&path) || path.starts_with(listed))
            });
            if let Some(first) = left.first() {
                let message = format!(
                    "the marketplace lists parts of this folder, and no plugin of it lists {} others, such as {:?}: they are not \
                     indexed",
                    left.len(),
                    first.to_string_lossy()
                );
                self.problems.push(Problem::new(
                    folder.join(part),
                    code::COMPONENT_UNLISTED,
                    "skipped",
                    message,
                ));
            }
        }
        self.linked |= layout.linked;
    }
}

/// What all of these list.
fn added(listings: &[Listing]) -> Components {
    let mut all = Components::default();
    for listing in listings {
        all.add(&listing.components);
    }
    all
}

fn facts(name: &str, manifest: Option<&Manifest>, listings: &[Listing], loaded: bool) -> Arc<PluginFacts> {
    let mut keywords = Vec::new();
    let stated = manifest.map(|manifest| &manifest.keywords);
    for keyword in stated.into_iter().chain(listings.iter().map(|listing| &listing.keywords)).flatten() {
        let keyword = crate::sanitize::one_line(keyword).trim().to_lowercase();
        if !keyword.is_empty() && !keywords.contains(&keyword) {
            keywords.push(keyword);
        }
    }
    let categories = listings.iter().map(|listing| listing.category.as_str());
    let category = categories
        .chain(manifest.map(|manifest| manifest.category.as_str()))
        .find(|category| !category.is_empty())
        .unwrap_or_default();
    let category = category.to_lowercase();
    let not_loaded = !loaded;
    Arc::new(PluginFacts {
        plugin: name.to_owned(),
        category,
        keywords,
        not_loaded,
        ..PluginFacts::default()
    })
}
