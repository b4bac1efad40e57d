//! One pass over the plugin folders: find plugins, list their entries, read what changed.

mod dedupe;
pub(super) mod files;
mod incremental;
mod patch;
mod reader;
mod roots;
pub(super) mod scan_cache;

use std::borrow::Borrow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::incremental::rescan;

use self::files::{File, Files};
use self::reader::{Located, Outcome, Reading};
use self::roots::{Finder, Role};
use self::scan_cache::{Known, Manifests, Memory, PlaceMemory, RootMemory, Standing};
use super::cancellation::Cancellation;
use super::definition::Definition;
use super::layout::{Facts, Layout, Place, order};
use super::limits::Limits;
use super::lookup::Names;
use super::manifest::Components;
use super::persist::Kept;
use super::problem::{Problem, code};
use super::{Catalog, Plugin, Roles, ScanReport, claude_code, roles};
use confined_fs::scan_root::ScanRoot;

/// What to scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanOptions {
    /// The project's folder: its `.claude` entries, its plugins and its role registry are read.
    pub project: PathBuf,
    /// Further plugins, folders of plugins, or collections.
    pub extra_plugin_dirs: Vec<PathBuf>,
    /// The role registry, when it is not the project's `.claude/agent-registry.yml`.
    pub registry: Option<PathBuf>,
    /// Bounds.
    pub limits: Limits,
    /// Ends the scan early; its catalog is incomplete then.
    pub cancellation: Cancellation,
}

impl ScanOptions {
    /// A scan of `project` alone, within the default limits.
    pub fn new(project: impl Into<PathBuf>) -> ScanOptions {
        ScanOptions { project: project.into(), ..ScanOptions::default() }
    }
}

/// Reads everything `options` names. Never fails as a whole: what cannot be read becomes a [`Problem`].
///
/// A file whose stamp (modification and change time in nanoseconds, size, inode, device) and whose plugin's manifest
/// and marketplace are the same as for `previous` is not opened again.
pub fn scan(options: &ScanOptions, previous: Option<&Catalog>) -> Catalog {
    let last = previous.map(|previous| &previous.memory);
    scan_with(options, last.map(|last| &*last.manifests), move || last.map(|last| &last.roots), |_, _| ())
}

/// The same after what was kept of a scan of another run; its files are decoded while folders are listed. With the
/// catalog of that run where files came, went or changed since: what stayed is the same in both.
pub fn scan_recalling(options: &ScanOptions, kept: &Kept) -> (Catalog, Option<Catalog>) {
    let mut before = None;
    let catalog = std::thread::scope(|scope| {
        let files = scope.spawn(|| kept.files());
        // Decoding reports what is odd and has no other reason to fail.
        let files = || files.join().ok().flatten();
        scan_with(options, Some(&kept.manifests), files, |known: Vec<RootMemory>, report| {
            let n_known: usize = known.iter().map(|root| root.files.len()).sum();
            if report.files_read > 0 || report.files_reused != n_known {
                before = Some(of_files(&known));
            }
        })
    });
    (catalog, before)
}

/// A catalog of the definitions alone that were read from these files.
fn of_files(roots: &[RootMemory]) -> Catalog {
    let files = roots.iter().flat_map(|root| root.files.iter());
    let mut definitions: Vec<Arc<Definition>> = files.filter_map(File::definition).cloned().collect();
    in_order(&mut definitions);
    Catalog { definitions: dedupe::merge(definitions).kept.into(), ..Catalog::default() }
}

/// Sorts definitions as a catalog holds them.
fn in_order(definitions: &mut [Arc<Definition>]) {
    definitions.sort_by(|a, b| (a.kind, &a.id, &a.path).cmp(&(b.kind, &b.id, &b.path)));
}

/// A scan that is told what files said once it has listed them, and hands that on once it has read them.
fn scan_with<R: Borrow<Vec<RootMemory>>>(
    options: &ScanOptions,
    manifests: Option<&Known>,
    files: impl FnOnce() -> Option<R>,
    done: impl FnOnce(R, &ScanReport),
) -> Catalog {
    let mut pass = Pass::new(options, manifests);
    let roots = pass.open_roots();
    let mut candidates = Vec::new();
    for (at, (root, role)) in roots.iter().enumerate() {
        pass.list(at, root, *role, &mut candidates);
    }
    pass.bound(&mut candidates);
    let beneath: Vec<&ScanRoot> = roots.iter().map(|(root, _)| root).collect();
    let known = files();
    let recalled = known.as_ref().map(|known| known.borrow().as_slice()).unwrap_or_default();
    let reading = Reading {
        roots: &beneath,
        known: recalled,
        cap: options.limits.file_bytes,
        cancellation: &options.cancellation,
    };
    let outcomes = reading.all(&candidates);
    pass.gather(&beneath, &candidates, outcomes);
    if let Some(known) = known {
        done(known, &pass.report);
    }
    pass.finish()
}

/// The state of one scan.
struct Pass<'a> {
    options: &'a ScanOptions,
    manifests: Manifests<'a>,
    roots: Vec<RootMemory>,
    places: Vec<PlaceMemory>,
    /// Whether what is found depends on each place alone, so that a change in one says nothing of the others.
    steady: bool,
    definitions: Vec<Arc<Definition>>,
    plugins: Vec<Plugin>,
    plugin_folders: HashSet<PathBuf>,
    problems: Vec<Problem>,
    report: ScanReport,
}

impl<'a> Pass<'a> {
    fn new(options: &'a ScanOptions, manifests: Option<&'a Known>) -> Pass<'a> {
        Pass {
            options,
            manifests: Manifests::new(manifests),
            roots: Vec::new(),
            places: Vec::new(),
            steady: true,
            definitions: Vec::new(),
            plugins: Vec::new(),
            plugin_folders: HashSet::new(),
            problems: Vec::new(),
            report: ScanReport::default(),
        }
    }

    fn open_roots(&mut self) -> Vec<(ScanRoot, Role)> {
        let extra = self.options.extra_plugin_dirs.iter().map(|path| (path, Role::Extra));
        let mut roots: Vec<(ScanRoot, Role)> = Vec::new();
        for (path, role) in std::iter::once((&self.options.project, Role::Project)).chain(extra) {
            match ScanRoot::open_named(&self.options.project, path) {
                Ok(root) if roots.iter().any(|(known, _)| known.path() == root.path()) => {}
                Ok(root) => {
                    let overlaps = |known: &ScanRoot| {
                        known.path().starts_with(root.path()) || root.path().starts_with(known.path())
                    };
                    self.steady &= !roots.iter().any(|(known, _)| overlaps(known));
                    roots.push((root, role));
                }
                Err(error) => {
                    let reason = match error.kind() {
                        std::io::ErrorKind::InvalidInput => "a link leads out of the project".to_owned(),
                        kind => kind.to_string(),
                    };
                    let message = format!("the folder cannot be read: {reason}");
                    self.problems.push(Problem::new(path.clone(), code::ROOT_UNREADABLE, "skipped", message));
                    self.steady = false;
                }
            }
        }
        roots
    }

    /// Adds the candidates beneath one root, the `at`th.
    fn list(&mut self, at: usize, root: &ScanRoot, role: Role, candidates: &mut Vec<Located>) {
        let finder = Finder::new(root, role, self.options.limits, &mut self.manifests);
        let mut found = finder.find();
        let mut layout = Layout::new(root, self.options.limits);
        let mut is_empty = found.plugins.is_empty();
        // Whether there is a plugin at all decides what is said of a root without entries.
        self.steady &= !is_empty && !found.linked;
        if role == Role::Project {
            self.collect(at, &mut layout, own_place());
            is_empty &= layout.candidates.is_empty();
        }
        for (plugin, place) in found.plugins {
            if self.options.cancellation.is_cancelled() {
                break;
            }
            // A root named twice, or a root within another, brings the same plugin again.
            let real = root.path().join(&plugin.root);
            if self.plugin_folders.insert(real) || place.only_listed {
                self.collect(at, &mut layout, place);
                self.plugins.push(plugin);
            }
        }
        if is_empty {
            let plugins = Path::new("plugins");
            let message = if root.path().join(plugins).is_file() {
                "`plugins` is a file, and no plugin is elsewhere"
            } else {
                "there is no plugin here"
            };
            found.problems.push(Problem::new(plugins, code::PLUGINS_MISSING, "skipped", message));
        }
        self.problems.append(&mut found.problems);
        self.steady &= !layout.linked;
        // A folder is listed in the file system's order, which must not decide what the limit cuts off.
        layout.candidates.sort_by(|a, b| order(&a.path, &b.path));
        candidates.extend(layout.candidates.into_iter().map(|candidate| (at, candidate)));
    }

    /// Collects the candidates of one more place.
    fn collect(&mut self, root: usize, layout: &mut Layout<'_>, place: Place) {
        // Places are as many as folders at most, which are bounded.
        layout.place = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        layout.collect(&place);
        self.places.push(PlaceMemory { root, place, problems: std::mem::take(&mut layout.problems) });
    }

    fn bound(&mut self, candidates: &mut Vec<Located>) {
        let limit = self.options.limits.files;
        if let Some((_, first)) = candidates.get(limit) {
            let message = format!("{} entries were found and {limit} are read", candidates.len());
            self.problems.push(Problem::new(first.path.clone(), code::LIMIT_FILES, "skipped", message));
            candidates.truncate(limit);
            self.steady = false;
        }
    }

    fn gather(&mut self, roots: &[&ScanRoot], candidates: &[Located], outcomes: Vec<Outcome>) {
        let mut files: Vec<Vec<File>> = roots.iter().map(|_| Vec::new()).collect();
        for ((root, candidate), mut outcome) in candidates.iter().zip(outcomes) {
            self.places[candidate.place as usize].problems.append(&mut outcome.problems);
            let Some(file) = outcome.file else { continue };
            if outcome.opened {
                self.report.files_read += 1;
            } else {
                self.report.files_reused += 1;
            }
            self.problems.extend(file.problems.iter().cloned());
            self.definitions.extend(file.definition().cloned());
            files[*root].push(file);
        }
        let known = roots.iter().zip(files);
        let known =
            known.map(|(root, files)| RootMemory { path: root.path().into(), files: Files::new(files) });
        self.roots = known.collect();
    }

    fn finish(mut self) -> Catalog {
        in_order(&mut self.definitions);
        let mut merged = dedupe::merge(self.definitions);
        self.problems.append(&mut merged.problems);
        self.problems.extend(self.places.iter().flat_map(|place| place.problems.iter().cloned()));
        self.problems.sort();
        self.report.manifests_read = self.manifests.read;
        let definitions: Arc<[Arc<Definition>]> = merged.kept.into();
        let standing = Standing {
            options: self.options.clone(),
            steady: self.steady,
            places: self.places.into_iter().map(Arc::new).collect(),
            stated: claude_code::Stated::of(&definitions, &self.problems),
            noted: self.problems.into(),
            copies: merged.copies.into(),
        };
        let catalog = Catalog {
            names: Names::new(&definitions),
            definitions,
            problems: Arc::default(),
            plugins: self.plugins.into(),
            roles: Roles::default(),
            report: self.report,
            memory: Memory { roots: self.roots, manifests: Arc::new(self.manifests.known), standing },
        };
        with_roles(self.options, catalog)
    }
}

/// The catalog with its roles, and with all problems there are.
fn with_roles(options: &ScanOptions, mut catalog: Catalog) -> Catalog {
    let standing = &catalog.memory.standing;
    let over_budget = claude_code::listing_problem(&catalog.definitions, &standing.noted, standing.stated);
    let (roles, mut problems) = roles::read(options, &catalog);
    problems.extend(over_budget);
    problems.extend(standing.noted.iter().cloned());
    // What is noted is in order, so that this costs little more than a look at it.
    problems.sort();
    problems.dedup();
    catalog.problems = problems.into();
    catalog.roles = roles;
    catalog
}

/// A project's own entries.
fn own_place() -> Place {
    Place {
        base: PathBuf::from(".claude"),
        facts: Arc::new(Facts::default()),
        components: Components::default(),
        only_listed: false,
    }
}
