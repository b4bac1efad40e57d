//! Which plugins count for a project, as in Claude Code, and where they lie.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use super::installs::{Install, InstallScope, PluginId};
use super::marketplaces::Marketplace;
use super::places::{INSTALLED, UserPlaces};
use super::user_files::UserFiles;
use crate::layout::{MANIFEST_FILE, MARKETPLACE_FILE, normalize_path};
use crate::manifest::Listing;
use crate::origin::Scope;
use crate::problem::{Problem, code};
use crate::scan::ManifestReader;
use claude_settings::Level;
use confined_fs::scan_root::ScanRoot;

/// The marketplace of plugins that are part of the client, which has no folder.
const BUILT_IN: &str = "builtin";

/// The folders that plugins and entries lie beneath, each opened once.
#[derive(Debug, Default)]
pub(super) struct Roots(pub Vec<ScanRoot>);

impl Roots {
    /// The number of the root at `path`, links in which are followed.
    pub(super) fn open(&mut self, path: &Path) -> io::Result<usize> {
        let root = ScanRoot::open(path)?;
        if let Some(known) = self.0.iter().position(|known| known.path() == root.path()) {
            return Ok(known);
        }
        self.0.push(root);
        Ok(self.0.len() - 1)
    }
}

/// A plugin that counts.
#[derive(Debug)]
pub(super) struct Selected {
    pub id: PluginId,
    pub scope: Scope,
    /// The number of its root.
    pub root: usize,
    /// Its folder, relative to the root, free of links.
    pub folder: PathBuf,
    /// What its marketplace says of it; its name alone where that is not known.
    pub listing: Listing,
}

/// Why a plugin that counts cannot be read.
struct Absent(&'static str, String);

/// Finds the plugins that count.
pub(super) struct Selector<'a, 'm> {
    pub places: &'a UserPlaces,
    pub files: &'a UserFiles,
    pub roots: &'a mut Roots,
    pub manifests: &'a mut ManifestReader<'m>,
    pub problems: &'a mut Vec<Problem>,
    /// Parts of the client's cache that were named to be read, free of links: what is installed there needs no settings.
    pub named: &'a [PathBuf],
    /// Plugins that count although they are switched off.
    pub included: &'a HashSet<String>,
}

impl Selector<'_, '_> {
    /// Those of the registry in its order, then those that are only enabled.
    pub(super) fn select(mut self) -> Vec<Selected> {
        let (files, mut selected, mut seen) = (self.files, Vec::new(), HashSet::new());
        for (id, installs) in &files.installs.0 {
            let install = self.applicable(installs);
            selected.extend(self.consider(id, install));
            seen.insert(id.to_string());
        }
        for written in files.enabled() {
            if seen.insert(written.to_owned())
                && let Some(id) = PluginId::parse(written).filter(|id| id.marketplace != BUILT_IN)
            {
                selected.extend(self.consider(&id, None));
            }
        }
        selected
    }

    /// The installation that counts in this project: of several, the one that is the most special.
    fn applicable<'i>(&self, installs: &'i [Install]) -> Option<&'i Install> {
        let is_here =
            |project: &PathBuf| project.canonicalize().is_ok_and(|real| real == self.places.project);
        let applies = |install: &&Install| match install.scope {
            InstallScope::User | InstallScope::Managed => true,
            InstallScope::Project | InstallScope::Local => install.project.as_ref().is_some_and(is_here),
        };
        installs.iter().filter(applies).min_by_key(|install| install.scope)
    }

    /// The plugin, if it is enabled and can be read; if it is enabled and cannot, that is reported.
    fn consider(&mut self, id: &PluginId, install: Option<&Install>) -> Option<Selected> {
        let written = id.to_string();
        let decision = self.files.decision(&written);
        // Switched off to be read here alone.
        let decision = decision.map(|(is_on, level)| (is_on || self.included.contains(&written), level));
        let is_named = match (decision, install) {
            (Some((is_enabled, _)), _) if !is_enabled => return None,
            (None, None) => return None,
            // Unless settings name it, its manifest decides.
            (decision, _) => decision.is_some(),
        };
        match self.locate(id, install) {
            Ok((root, folder, listing)) => (is_named || self.is_wanted(root, &folder)).then(|| {
                let scope = scope_of(install, decision.map(|(_, level)| level));
                Selected { id: id.clone(), scope, root, folder, listing }
            }),
            Err(Absent(code, message)) if is_named => {
                let registry = self.places.plugins.join(INSTALLED);
                self.problems.push(Problem::new(registry, code, "skipped", format!("{id}: {message}")));
                None
            }
            // Without its manifest nobody can say whether it would be enabled.
            Err(_) => None,
        }
    }

    /// Whether a plugin that no settings name counts: its manifest says that it is enabled unless it is disabled, or it was
    /// named to be read.
    fn is_wanted(&mut self, root: usize, folder: &Path) -> bool {
        let root = &self.roots.0[root];
        let real = root.path().join(folder);
        let manifest = self.manifests.manifest(root, &folder.join(MANIFEST_FILE));
        manifest.is_some_and(|manifest| manifest.default_enabled)
            || self.named.iter().any(|named| real.starts_with(named))
    }

    /// The root and folder of a plugin, and what its marketplace says of it.
    fn locate(
        &mut self,
        id: &PluginId,
        install: Option<&Install>,
    ) -> Result<(usize, PathBuf, Listing), Absent> {
        let marketplace = self.files.marketplaces.get(&id.marketplace);
        let listed = marketplace.and_then(|marketplace| self.listing(id, marketplace));
        let is_in_place = marketplace.is_some_and(|marketplace| marketplace.in_place);
        if let Some((root, listing)) = listed.as_ref().filter(|_| is_in_place)
            && let Some(source) = normalize_path(&listing.source)
        {
            let folder = self.folder(*root, &source)?;
            return Ok((*root, folder, listing.clone()));
        }
        let Some(install) = install else {
            let message = "it is enabled here and not installed for this project or for the user";
            return Err(Absent(code::PLUGIN_NOT_CACHED, message.to_owned()));
        };
        let (root, inside) = self.beneath(&install.path, marketplace)?;
        let folder = self.folder(root, &inside)?;
        let named = || Listing { name: id.name.clone(), ..Listing::default() };
        Ok((root, folder, listed.map_or_else(named, |(_, listing)| listing)))
    }

    /// What the marketplace says of the plugin, and the root that the marketplace lies in.
    fn listing(&mut self, id: &PluginId, marketplace: &Marketplace) -> Option<(usize, Listing)> {
        // A location is a folder, or the file that lists the plugins.
        let location = &marketplace.location;
        let folder = match location.parent() {
            Some(parent) if location.is_file() => {
                parent.parent().filter(|_| parent.ends_with(".claude-plugin"))
            }
            _ => Some(location.as_path()),
        };
        let (root, base) = if marketplace.in_place {
            (self.roots.open(folder?).ok()?, PathBuf::new())
        } else {
            let root = self.roots.open(&self.places.plugins).ok()?;
            (root, inside(folder?, &self.places.plugins, self.roots.0[root].path())?)
        };
        let listings = self.manifests.marketplace(&self.roots.0[root], &base.join(MARKETPLACE_FILE))?;
        let listing = listings.as_ref().as_ref().ok()?.iter().find(|listing| listing.name == id.name)?;
        Some((root, listing.clone()))
    }

    /// The root that an installation lies beneath, and its path from there: the client's plugins, or its marketplace.
    fn beneath(
        &mut self,
        installed: &Path,
        marketplace: Option<&Marketplace>,
    ) -> Result<(usize, PathBuf), Absent> {
        let location = marketplace.filter(|marketplace| marketplace.in_place);
        let location = location.map(|marketplace| marketplace.location.as_path());
        for folder in std::iter::once(self.places.plugins.as_path()).chain(location) {
            let Ok(root) = self.roots.open(folder) else { continue };
            if let Some(inside) = inside(installed, folder, self.roots.0[root].path()) {
                return Ok((root, inside));
            }
        }
        let message = format!(
            "it is said to be installed at {}, outside of the client's plugins and of its marketplace",
            installed.display()
        );
        Err(Absent(code::PLUGIN_PATH_REFUSED, message))
    }

    /// The folder at `inside` of a root, links resolved.
    fn folder(&self, root: usize, inside: &Path) -> Result<PathBuf, Absent> {
        let root = self.roots.0[root].path();
        let named = root.join(inside);
        let Some(real) = named.canonicalize().ok().filter(|real| real.is_dir()) else {
            let message = format!("its folder {} is not there; reinstall it in Claude Code", named.display());
            return Err(Absent(code::PLUGIN_NOT_CACHED, message));
        };
        real.strip_prefix(root).map(Path::to_owned).map_err(|_| {
            let message = format!("{} is a link that leads out of {}", named.display(), root.display());
            Absent(code::PLUGIN_PATH_REFUSED, message)
        })
    }
}

/// The scope that a plugin's entries belong to.
fn scope_of(install: Option<&Install>, level: Option<Level>) -> Scope {
    match (install.map(|install| install.scope), level) {
        (Some(InstallScope::Managed), _) | (None, Some(Level::Managed)) => Scope::Managed,
        (Some(InstallScope::Local | InstallScope::Project), _)
        | (None, Some(Level::Local | Level::Project)) => Scope::Project,
        (Some(InstallScope::User), _) | (None, Some(Level::User) | None) => Scope::User,
    }
}

/// The path of `path` from a folder that is `named` so and `real` once links are resolved; `None` outside of it.
fn inside(path: &Path, named: &Path, real: &Path) -> Option<PathBuf> {
    let inside = path.strip_prefix(named).or_else(|_| path.strip_prefix(real)).ok()?;
    normalize_path(inside.to_str()?).filter(|inside| !inside.as_os_str().is_empty())
}
