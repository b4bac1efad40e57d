//! Scanning again only the places in which something changed.
//!
//! A plugin's components are listed and its changed files read by the code that a full scan uses; everything else is
//! taken over, most of it shared. Where a change may concern more than the components of known plugins, or where links,
//! limits or overlapping roots make one place depend on another, there is no answer, and a full scan gives it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::File;
use super::options::ScanOptions;
use super::patch::Patch;
use super::reader::{ReadOutcome, Reader};
use super::scan_cache::{CachedPlace, CachedRoot, ScanCache, ScanState};
use crate::cancellation::Cancellation;
use crate::layer::{Layer, ScanReport};
use crate::layout::{Collector, ComponentRoot, MARKETPLACE_FILE, normalize_path, path_order};
use crate::manifest::Command;
use crate::role_registry::RoleRegistry;
use confined_fs::scan_root::ScanRoot;

/// Folders of a plugin's components.
const COMPONENTS: [&str; 3] = ["agents", "commands", "skills"];

/// What [`super::scan`] would find now, if besides `changed` (absolute paths of what was created, written, renamed or
/// removed) all is as it was for `previous`; its cost follows the plugins that these paths lie in. `None` where only a
/// full scan can tell.
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
    let places = affected(previous, changed)?;
    let mut patch = Patch::new(previous);
    let mut report = ScanReport::default();
    let mut renewed: BTreeMap<u32, CachedPlace> = BTreeMap::new();
    let mut roots = Vec::with_capacity(previous.cache.roots.len());
    for (number, known) in previous.cache.roots.iter().enumerate() {
        let own: Vec<u32> =
            places.iter().copied().filter(|&at| state.places[at as usize].root == number).collect();
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
            // What the client makes of a file is known by its path, whatever the root.
            if edits.keys().any(|path| is_elsewhere(path)) {
                return None;
            }
            patch.note_files(known, &edits);
            renewed.extend(listed.places);
            known.files.with(edits)
        };
        roots.push(CachedRoot { path: known.path.clone(), files });
    }
    let places = patch.note_places(&state.places, renewed);
    let count: usize = roots.iter().map(|root| root.files.len()).sum();
    // Files that could not be read are entries as well.
    if count + places.iter().map(|place| place.problems.len()).sum::<usize>() > options.limits.files {
        return None;
    }
    report.files_reused = count.saturating_sub(report.files_read);
    let patched = patch.finish()?;
    let state = ScanState { options: options.clone(), is_independent: true, places, copies: patched.copies };
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
    })
}

/// What is found in some places of a root.
struct Listed {
    /// In the order of their paths.
    outcomes: Vec<ReadOutcome>,
    places: BTreeMap<u32, CachedPlace>,
}

fn list_again(
    options: &ScanOptions,
    previous: &Layer,
    (number, places): (usize, &[u32]),
    cancellation: &Cancellation,
) -> Option<Listed> {
    let ScanCache { roots, state, .. } = &previous.cache;
    let root = ScanRoot::open(&roots[number].path).ok().filter(|root| root.path() == roots[number].path)?;
    let mut layout = Collector::new(&root, options.limits);
    let mut renewed = BTreeMap::new();
    for &at in places {
        let CachedPlace { root, place, .. } = &*state.places[at as usize];
        layout.place = at;
        layout.collect(place);
        let problems = std::mem::take(&mut layout.problems);
        renewed.insert(at, CachedPlace { root: *root, place: place.clone(), problems });
    }
    if layout.linked {
        return None;
    }
    layout.candidates.sort_by(|a, b| path_order(&a.path, &b.path));
    let located: Vec<_> = layout.candidates.into_iter().map(|candidate| (0, candidate)).collect();
    let reading = Reader { roots: &[&root], known: roots, cap: options.limits.file_bytes, cancellation };
    let mut outcomes = reading.all(&located);
    for ((_, candidate), outcome) in located.iter().zip(&mut outcomes) {
        renewed.get_mut(&candidate.place)?.problems.append(&mut outcome.problems);
    }
    Some(Listed { outcomes, places: renewed })
}

/// What is to stand at each path at which something differs. `None` where a file there belongs to a place that was not
/// looked at.
fn edits(known: &CachedRoot, places: &[u32], listed: &Listed) -> Option<BTreeMap<PathBuf, Vec<File>>> {
    let mut now: BTreeMap<&Path, Vec<&File>> = BTreeMap::new();
    for file in listed.outcomes.iter().filter_map(|outcome| outcome.file.as_ref()) {
        now.entry(file.path()).or_default().push(file);
    }
    let mut before: BTreeMap<&Path, Vec<&File>> = BTreeMap::new();
    let bases: BTreeSet<&Path> = listed.places.values().map(|place| &*place.place.base).collect();
    for base in &bases {
        // What lies below another of the bases is gone through once.
        if base.ancestors().skip(1).any(|above| bases.contains(above)) {
            continue;
        }
        for file in known.files.below(base).filter(|file| places.contains(&file.place)) {
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
        if known.files.at(path).any(|file| !places.contains(&file.place)) {
            return None;
        }
        edits.insert(path.to_owned(), new.iter().map(|&file| file.clone()).collect());
    }
    Some(edits)
}

/// The places in whose components something changed; `None` where more than that may have changed.
fn affected(previous: &Layer, changed: &[PathBuf]) -> Option<BTreeSet<u32>> {
    let cache = &previous.cache;
    let places = &cache.state.places;
    let mut by_base: HashMap<(usize, &Path), Vec<u32>> = HashMap::new();
    for (place, at) in places.iter().zip(0_u32..) {
        by_base.entry((place.root, &place.place.base)).or_default().push(at);
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
                if concerns(&places[at as usize].place, inside)? {
                    concerned.push(at);
                }
            }
        }
        if concerned.is_empty() && !is_beside(previous, number, relative, in_plugin) {
            return None;
        }
        affected.extend(concerned);
    }
    // Two places of one plugin list a file that both could hold only once.
    let overlap = |at: u32| {
        let one = &places[at as usize];
        let (plugin, base) = (&one.place.facts.plugin, &one.place.base);
        places.iter().zip(0_u32..).any(|(other, number)| {
            other.root == one.root
                && other.place.facts.plugin == *plugin
                && !affected.contains(&number)
                && (other.place.base.starts_with(base) || base.starts_with(&other.place.base))
        })
    };
    (!affected.iter().any(|&at| overlap(at))).then_some(affected)
}

/// Whether a change at `inside`, relative to the place, is one of its components; `None` where the place itself, or what
/// the client makes of it, may be another.
fn concerns(place: &ComponentRoot, inside: &Path) -> Option<bool> {
    let mut parts = inside.components();
    let first = parts.next()?.as_os_str();
    let is_alone = parts.next().is_none();
    if first == ".claude-plugin" || (is_alone && first.eq_ignore_ascii_case("SKILL.md")) {
        return None;
    }
    if COMPONENTS.iter().any(|component| first == *component) {
        return (!is_alone).then_some(true);
    }
    let commands = place.components.commands.iter().flatten().filter_map(|command| match command {
        Command::Path(path) | Command::Named(_, path) => Some(path),
        Command::Inline(..) => None,
    });
    let agents = place.components.agents.iter().flatten();
    let mut stated =
        agents.chain(&place.components.skills).chain(commands).filter_map(|path| normalize_path(path));
    Some(stated.any(|path| inside.starts_with(&path) || path.starts_with(inside)))
}

/// Whether a change at a path that is no component of any place changes nothing that a scan finds, apart from roles,
/// which are read each time.
fn is_beside(previous: &Layer, number: usize, path: &Path, in_plugin: bool) -> bool {
    let cache = &previous.cache;
    let root = &cache.roots[number];
    if path.components().any(|part| part.as_os_str() == ".claude-plugin")
        || path.file_name().is_none_or(|name| name.eq_ignore_ascii_case("SKILL.md"))
    {
        return false;
    }
    let places = &cache.state.places;
    let stood_above = places.iter().any(|place| place.root == number && place.place.base.starts_with(path))
        || root.files.below(path).next().is_some()
        || previous.problems.iter().any(|problem| problem.path.starts_with(path));
    let marketplace = cache.manifests.marketplaces.get(&root.path.join(MARKETPLACE_FILE));
    let listings =
        marketplace.and_then(|(_, listings)| listings.as_ref().as_ref().ok()).into_iter().flatten();
    // A plugin that is listed and was not there may have come.
    let awaited = listings.filter_map(|listing| normalize_path(&listing.source)).any(|source| {
        (path.starts_with(&source) || source.starts_with(path))
            && !places.iter().any(|place| place.root == number && place.place.base == source)
    });
    if stood_above || awaited {
        return false;
    }
    match root.path.join(path).symlink_metadata() {
        // In a folder that is not known to be a plugin it may make one.
        Ok(metadata) => metadata.is_file() && (in_plugin || path.components().count() == 1),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}
