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
    pub role: RootKind,
    pub limits: Limits,
    pub manifests: &'a mut ManifestReader<'m>,
    pub problems: Vec<Problem>,
    linked: bool,
    folders_seen: usize,
    listings: Vec<Listing>,
    /// The first listing of each folder, by position in `listings`.
    listed: HashMap<PathBuf, usize>,
    found: HashSet<PathBuf>,
    plugins: Vec<(Plugin, ComponentRoot)>,
}

impl<'a, 'm> Finder<'a, 'm> {
    pub(crate) fn new(
        root: &'a ScanRoot,
        role: RootKind,
        limits: Limits,
        manifests: &'a mut ManifestReader<'m>,
    ) -> Finder<'a, 'm> {
        Finder {
            root,
            role,
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
        self.consider(Path::new(""), self.role == RootKind::Extra);
        for listing in std::mem::take(&mut self.listings) {
            self.consider_listing(&listing);
            self.listings.push(listing);
        }
        let is_plugin = self.found.contains(self.root.path());
        if !(self.role == RootKind::Extra && is_plugin) {
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
        self.add(folder, manifest.as_ref(), Some(listing));
        FoundPlugins { plugins: self.plugins, problems: self.problems, linked: self.linked }
    }

    fn read_marketplace(&mut self) {
        let path = Path::new(MARKETPLACE_FILE);
        let Some(marketplace) = self.manifests.marketplace(self.root, path) else { return };
        match &*marketplace {
            Ok(listings) => {
                self.listings.clone_from(listings);
                for (at, listing) in listings.iter().enumerate() {
                    if let Some(folder) = normalize_path(&listing.source) {
                        self.listed.entry(folder).or_insert(at);
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
            let bare = needs_no_manifest(self.role, folder, &name);
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
            let wanted = in_plugins || path == Path::new("plugins") || self.role == RootKind::Extra;
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
        let listing = self.listed.get(folder).and_then(|&at| self.listings.get(at)).cloned();
        self.add(folder, manifest.as_deref(), listing.as_ref());
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
            self.add(&folder, manifest.as_deref(), Some(listing));
        }
        self.linked |= layout.linked;
        self.problems.append(&mut layout.problems);
    }

    fn has_components(&self, folder: &Path) -> bool {
        let base = self.root.path().join(folder);
        ["agents", "commands", "skills"].iter().any(|part| base.join(part).is_dir())
            || base.join("SKILL.md").is_file()
    }

    fn add(&mut self, folder: &Path, manifest: Option<&Manifest>, listing: Option<&Listing>) {
        let real = self.root.path().join(folder).canonicalize().unwrap_or_else(|_| folder.to_owned());
        // Several listings may share a folder without a manifest, each with a selection of its own.
        let selection = manifest.is_none() && listing.is_some_and(|listing| listing.components.selects());
        if !self.found.insert(real.clone()) && !selection {
            return;
        }
        let stated = manifest.and_then(|manifest| manifest.name.clone());
        let folder_name = || real.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = stated.or_else(|| listing.map(|listing| listing.name.clone())).unwrap_or_else(folder_name);
        let obstacle = manifest.and_then(|manifest| unloaded(folder, manifest));
        let loaded = obstacle.is_none() && (manifest.is_some() || self.has_components(folder));
        self.problems.extend(obstacle);
        let facts = facts(&name, manifest, listing);
        let components = match (manifest, listing) {
            (Some(manifest), _) => manifest.components.clone(),
            (None, Some(listing)) => listing.components.clone(),
            (None, None) => Components::default(),
        };
        let component_root =
            ComponentRoot { base: folder.to_owned(), facts, components, only_listed: selection };
        self.plugins.push((Plugin { name, root: folder.to_owned(), loaded }, component_root));
    }
}

fn facts(name: &str, manifest: Option<&Manifest>, listing: Option<&Listing>) -> Arc<PluginFacts> {
    let mut keywords = Vec::new();
    let stated = manifest.map(|manifest| &manifest.keywords);
    for keyword in stated.into_iter().chain(listing.map(|listing| &listing.keywords)).flatten() {
        let keyword = crate::sanitize::one_line(keyword).trim().to_lowercase();
        if !keyword.is_empty() && !keywords.contains(&keyword) {
            keywords.push(keyword);
        }
    }
    let category = listing
        .map(|listing| listing.category.as_str())
        .filter(|category| !category.is_empty())
        .or_else(|| manifest.map(|manifest| manifest.category.as_str()))
        .unwrap_or_default();
    let category = category.to_lowercase();
    Arc::new(PluginFacts { plugin: name.to_owned(), category, keywords, ..PluginFacts::default() })
}
