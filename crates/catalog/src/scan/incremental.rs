//! Incremental scans: only component roots in which something changed are scanned again.
//!
//! Their components are listed and changed files read by the code of a full scan; everything else is taken over, most of it
//! shared. If a change may affect more than the components of known plugins, or if links, limits or overlapping roots make
//! component roots depend on each other, the result is `None` and a full scan is necessary.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::agent_links;
use super::files::File;
use super::options::ScanOptions;
use super::patch::Patch;
use super::reader::{ReadOutcome, Reader};
use super::scan_cache::{CachedComponentRoot, CachedRoot, ScanCache, ScanState};
use crate::cancellation::Cancellation;
use crate::layer::{Layer, ScanReport};
use crate::layout::{Collector, ComponentRoot, MARKETPLACE_FILE, normalize_path, path_order};
use crate::role_registry::RoleRegistry;
use confined_fs::scan_root::ScanRoot;

/// The component folders of a plugin.
const COMPONENTS: [&str; 3] = ["agents", "commands", "skills"];

/// The layer that a full scan would find now, provided that nothing but `changed` (absolute paths that were created, written,
/// renamed or removed) differs since `previous`. The cost depends on the plugins that these paths lie in. `None` if a full
/// scan is necessary.
pub(super) fn rescan(
    options: &ScanOptions,
    previous: &Layer,
    changed: &[PathBuf],
    cancellation: &Cancellation,
) -> Option<Layer> {
    let state = &previous.cache.state;
    if !state.is_independent || state.options != *options {
        return None;
    }
    let component_roots = affected(previous, changed)?;
    let mut patch = Patch::new(previous);
    let mut report = ScanReport::default();
    let mut renewed: BTreeMap<u32, CachedComponentRoot> = BTreeMap::new();
    let mut roots = Vec::with_capacity(previous.cache.roots.len());
    for (number, known) in previous.cache.roots.iter().enumerate() {
        let own: Vec<u32> = component_roots
            .iter()
            .copied()
            .filter(|&at| state.component_roots[at as usize].root == number)
            .collect();
        let files = if own.is_empty() {
            known.files.clone()
        } else {
            let listed = list_again(options, previous, (number, &own), cancellation)?;
            report.files_read += listed.outcomes.iter().filter(|outcome| outcome.opened).count();
            let edits = edits(known, &own, &listed)?;
            let is_elsewhere = |path: &Path| {
                let mut others =
                    previous.cache.roots.iter().enumerate().filter(|(other, _)| *other != number);
                others.any(|(_, other)| other.files.at(path).next().is_some())
            };
            // Whether the client loads a file is looked up by its path, whatever the root.
            if edits.keys().any(|path| is_elsewhere(path)) {
                return None;
            }
            patch.note_files(known, &edits);
            renewed.extend(listed.component_roots);
            known.files.with(edits)
        };
        roots.push(CachedRoot { path: known.path.clone(), files });
    }
    let component_roots = patch.note_component_roots(&state.component_roots, renewed);
    let count: usize = roots.iter().map(|root| root.files.len()).sum();
    // Files that could not be read count as entries, too.
    if count + component_roots.iter().map(|component_root| component_root.problems.len()).sum::<usize>()
        > options.limits.files
    {
        return None;
    }
    report.files_reused = count.saturating_sub(report.files_read);
    let patched = patch.finish()?;
    let state = ScanState {
        options: options.clone(),
        is_independent: true,
        component_roots,
        claimants: patched.claimants,
    };
    Some(Layer {
        id: previous.id.clone(),
        definitions: patched.definitions,
        names: patched.names,
        problems: patched.problems,
        plugins: Arc::clone(&previous.plugins),
        registry: RoleRegistry::read(options),
        listing: patched.listing,
        report,
        cache: ScanCache { roots, manifests: Arc::clone(&previous.cache.manifests), state },
        user_files: None,
    })
}

/// The result of scanning some component roots of a root.
struct Listed {
    /// Ordered by path.
    outcomes: Vec<ReadOutcome>,
    component_roots: BTreeMap<u32, CachedComponentRoot>,
}

fn list_again(
    options: &ScanOptions,
    previous: &Layer,
    (number, component_roots): (usize, &[u32]),
    cancellation: &Cancellation,
) -> Option<Listed> {
    let ScanCache { roots, state, .. } = &previous.cache;
    let root = ScanRoot::open(&roots[number].path).ok().filter(|root| root.path() == roots[number].path)?;
    let mut layout = Collector::new(&root, options.limits);
    let mut renewed = BTreeMap::new();
    for &at in component_roots {
        let CachedComponentRoot { root, component_root, .. } = &*state.component_roots[at as usize];
        layout.component_root = at;
        layout.collect(component_root);
        let problems = std::mem::take(&mut layout.problems);
        renewed.insert(
            at,
            CachedComponentRoot { root: *root, component_root: component_root.clone(), problems },
        );
    }
    if layout.linked {
        return None;
    }
    layout.candidates.sort_by(|a, b| path_order(&a.path, &b.path));
    let located: Vec<_> = layout.candidates.into_iter().map(|candidate| (0, candidate)).collect();
    let reading = Reader { roots: &[&root], known: roots, cap: options.limits.file_bytes, cancellation };
    let mut outcomes = reading.all(&located);
    agent_links::link(&mut outcomes);
    for ((_, candidate), outcome) in located.iter().zip(&mut outcomes) {
        renewed.get_mut(&candidate.component_root)?.problems.append(&mut outcome.problems);
    }
    Some(Listed { outcomes, component_roots: renewed })
}

/// The new files at each path where something differs. `None` if a file there belongs to a component root that was not
/// scanned.
fn edits(
    known: &CachedRoot,
    component_roots: &[u32],
    listed: &Listed,
) -> Option<BTreeMap<PathBuf, Vec<File>>> {
    let mut now: BTreeMap<&Path, Vec<&File>> = BTreeMap::new();
    for file in listed.outcomes.iter().filter_map(|outcome| outcome.file.as_ref()) {
        now.entry(file.path()).or_default().push(file);
    }
    let mut before: BTreeMap<&Path, Vec<&File>> = BTreeMap::new();
    let bases: BTreeSet<&Path> =
        listed.component_roots.values().map(|component_root| &*component_root.component_root.base).collect();
    for base in &bases {
        // Files below two of the bases are visited once.
        if base.ancestors().skip(1).any(|above| bases.contains(above)) {
            continue;
        }
        for file in known.files.below(base).filter(|file| component_roots.contains(&file.component_root)) {
            before.entry(file.path()).or_default().push(file);
        }
    }
    let mut edits = BTreeMap::new();
    let paths: BTreeSet<&Path> = now.keys().chain(before.keys()).copied().collect();
    for path in paths {
        let (old, new) =
            (before.get(path).map_or(&[][..], Vec::as_slice), now.get(path).map_or(&[][..], Vec::as_slice));
        if old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.is_as(new)) {
            continue;
        }
        if known.files.at(path).any(|file| !component_roots.contains(&file.component_root)) {
            return None;
        }
        edits.insert(path.to_owned(), new.iter().map(|&file| file.clone()).collect());
    }
    Some(edits)
}

/// The component roots whose components changed; `None` if more may have changed.
fn affected(previous: &Layer, changed: &[PathBuf]) -> Option<BTreeSet<u32>> {
    let cache = &previous.cache;
    let component_roots = &cache.state.component_roots;
    let mut by_base: HashMap<(usize, &Path), Vec<u32>> = HashMap::new();
    for (component_root, at) in component_roots.iter().zip(0_u32..) {
        by_base.entry((component_root.root, &component_root.component_root.base)).or_default().push(at);
    }
    let mut affected = BTreeSet::new();
    for path in changed {
        let mut within = cache.roots.iter().enumerate();
        let (number, relative) =
            within.find_map(|(number, root)| Some((number, path.strip_prefix(&root.path).ok()?)))?;
        let mut concerned = Vec::new();
        let mut in_plugin = false;
        for base in relative.ancestors() {
            for &at in by_base.get(&(number, base)).into_iter().flatten() {
                let inside = relative.strip_prefix(base).ok()?;
                in_plugin |= base != Path::new("");
                if concerns(&component_roots[at as usize].component_root, inside)? {
                    concerned.push(at);
                }
            }
        }
        if concerned.is_empty() && !is_beside(previous, number, relative, in_plugin) {
            return None;
        }
        affected.extend(concerned);
    }
    // A file in two component roots of one plugin is listed only once.
    let overlap = |at: u32| {
        let one = &component_roots[at as usize];
        let (plugin, base) = (&one.component_root.facts.plugin, &one.component_root.base);
        component_roots.iter().zip(0_u32..).any(|(other, number)| {
            other.root == one.root
                && other.component_root.facts.plugin == *plugin
                && !affected.contains(&number)
                && (other.component_root.base.starts_with(base)
                    || base.starts_with(&other.component_root.base))
        })
    };
    (!affected.iter().any(|&at| overlap(at))).then_some(affected)
}

/// Whether a change at `inside`, relative to the component root, affects its components; `None` if it may affect the
/// component root itself or whether the client loads it.
fn concerns(component_root: &ComponentRoot, inside: &Path) -> Option<bool> {
    if component_root.is_shared || !component_root.has_skills_folder {
        return None;
    }
    let mut parts = inside.components();
    let first = parts.next()?.as_os_str();
    let is_alone = parts.next().is_none();
    if first == ".claude-plugin" || (is_alone && first.eq_ignore_ascii_case("SKILL.md")) {
        return None;
    }
    if COMPONENTS.iter().any(|component| first == *component) {
        return (!is_alone).then_some(true);
    }
    let ComponentRoot { components, added, .. } = component_root;
    let mut stated = components.paths().chain(added.paths()).filter_map(normalize_path);
    Some(stated.any(|path| inside.starts_with(&path) || path.starts_with(inside)))
}

/// Whether a change at a path outside all components cannot affect a scan, apart from roles, which are read each time.
fn is_beside(previous: &Layer, number: usize, path: &Path, in_plugin: bool) -> bool {
    let cache = &previous.cache;
    let root = &cache.roots[number];
    if path.components().any(|part| part.as_os_str() == ".claude-plugin")
        || path.file_name().is_none_or(|name| name.eq_ignore_ascii_case("SKILL.md"))
    {
        return false;
    }
    let component_roots = &cache.state.component_roots;
    let stood_above = component_roots.iter().any(|component_root| {
        component_root.root == number && component_root.component_root.base.starts_with(path)
    }) || root.files.below(path).next().is_some()
        || previous.problems.iter().any(|problem| problem.path.starts_with(path));
    let marketplace = cache.manifests.marketplaces.get(&root.path.join(MARKETPLACE_FILE));
    let listings =
        marketplace.and_then(|(_, listings)| listings.as_ref().as_ref().ok()).into_iter().flatten();
    // A listed plugin that was missing may have been added.
    let awaited = listings.filter_map(|listing| normalize_path(&listing.source)).any(|source| {
        (path.starts_with(&source) || source.starts_with(path))
            && !component_roots.iter().any(|component_root| {
                component_root.root == number && component_root.component_root.base == source
            })
    });
    if stood_above || awaited {
        return false;
    }
    match root.path.join(path).symlink_metadata() {
        // In a folder that is not a known plugin it may turn that into one.
        Ok(metadata) => metadata.is_file() && (in_plugin || path.components().count() == 1),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}
