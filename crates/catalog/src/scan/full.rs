//! A full scan: finding plugins, listing their entries, reading what changed.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::agent_links;
use super::dedupe::dedupe;
use super::files::{File, Files};
use super::options::ScanOptions;
use super::plugin_selection::RootKind;
use super::reader::{Located, ReadOutcome, Reader};
use super::roots::Finder;
use super::scan_cache::{
    CachedComponentRoot, CachedManifests, CachedRoot, ManifestReader, ScanCache, ScanState,
};
use crate::cancellation::Cancellation;
use crate::claude_code::ListingSize;
use crate::definition::Definition;
use crate::layer::{self, Layer, LayerId, Plugin, ScanReport};
use crate::layout::{Candidate, Collector, ComponentRoot, PluginFacts, path_order};
use crate::lookup::NameIndex;
use crate::manifest::Components;
use crate::origin::Origin;
use crate::persist::PersistedScan;
use crate::problem::{Problem, code};
use crate::role_registry::RoleRegistry;
use crate::source::{Known, Loaded};
use confined_fs::scan_root::ScanRoot;

/// The roots of a scan, each with what was found to be read.
pub(crate) type ListedRoots = Vec<(ScanRoot, Vec<Candidate>)>;

/// Scans everything that `options` name. Never fails as a whole: what cannot be read becomes a [`Problem`].
pub(super) fn scan(
    id: &LayerId,
    options: &ScanOptions,
    known: Known<'_>,
    cancellation: &Cancellation,
) -> Loaded {
    scan_listed(id, options, known, cancellation, list_named)
}

/// Scans what `list` finds.
///
/// A file whose stamp (modification and change time in nanoseconds, size, inode, device) and whose plugin's manifest
/// and marketplace are the same as in `known` is not opened again.
pub(crate) fn scan_listed(
    id: &LayerId,
    options: &ScanOptions,
    known: Known<'_>,
    cancellation: &Cancellation,
    list: impl FnOnce(&mut Pass<'_>) -> ListedRoots,
) -> Loaded {
    let cache = match known {
        Known::Nothing => None,
        Known::Layer(layer) => Some(&layer.cache),
        Known::Persisted(persisted) => return scan_persisted(id, options, persisted, cancellation, list),
    };
    let manifests = cache.map(|cache| &*cache.manifests);
    let layer = scan_with(
        Pass::new(id, options, manifests, cancellation),
        list,
        move || cache.map(|cache| &cache.roots),
        |_, _| (),
    );
    Loaded { layer, before: None }
}

/// The same with a persisted scan, whose files are decoded while folders are listed.
fn scan_persisted(
    id: &LayerId,
    options: &ScanOptions,
    persisted: &PersistedScan,
    cancellation: &Cancellation,
    list: impl FnOnce(&mut Pass<'_>) -> ListedRoots,
) -> Loaded {
    let mut before = None;
    let layer = std::thread::scope(|scope| {
        let files = scope.spawn(|| persisted.files(id));
        // Decoding returns `None` for damaged bytes and has no other reason to fail.
        let files = || files.join().ok().flatten();
        let pass = Pass::new(id, options, Some(&persisted.manifests), cancellation);
        scan_with(pass, list, files, |known: Vec<CachedRoot>, report| {
            let n_known: usize = known.iter().map(|root| root.files.len()).sum();
            if report.files_read > 0 || report.files_reused != n_known {
                before = Some(of_files(id, &known));
            }
        })
    });
    Loaded { layer, before }
}

/// A layer that has the definitions of these files and nothing else.
fn of_files(id: &LayerId, roots: &[CachedRoot]) -> Layer {
    let files = roots.iter().flat_map(|root| root.files.iter());
    let mut definitions: Vec<Arc<Definition>> = files.filter_map(File::definition).cloned().collect();
    definitions.sort_by(|a, b| layer::order(a, b));
    Layer { definitions: dedupe(definitions).kept.into(), ..Layer::empty(id.clone()) }
}

/// Runs a pass. It gets the known files from `files` once it has listed the folders, and hands them to `done` once it has
/// read what changed.
fn scan_with<R: Borrow<Vec<CachedRoot>>>(
    mut pass: Pass<'_>,
    list: impl FnOnce(&mut Pass<'_>) -> ListedRoots,
    files: impl FnOnce() -> Option<R>,
    done: impl FnOnce(R, &ScanReport),
) -> Layer {
    let (mut beneath, mut candidates) = (Vec::new(), Vec::new());
    for (at, (root, mut own)) in list(&mut pass).into_iter().enumerate() {
        // The limit must not depend on the order in which the file system lists a folder.
        own.sort_by(|a, b| path_order(&a.path, &b.path));
        candidates.extend(own.into_iter().map(|candidate| (at, candidate)));
        beneath.push(root);
    }
    pass.bound(&mut candidates);
    let beneath: Vec<&ScanRoot> = beneath.iter().collect();
    let known = files();
    let recalled = known.as_ref().map(|known| known.borrow().as_slice()).unwrap_or_default();
    let reading = Reader {
        roots: &beneath,
        known: recalled,
        cap: pass.options.limits.file_bytes,
        cancellation: pass.cancellation,
    };
    let mut outcomes = reading.all(&candidates);
    agent_links::link(&mut outcomes);
    pass.gather(&beneath, &candidates, outcomes);
    if let Some(known) = known {
        done(known, &pass.report);
    }
    pass.finish()
}

/// The state of one scan.
pub(crate) struct Pass<'a> {
    id: &'a LayerId,
    pub(crate) options: &'a ScanOptions,
    pub(crate) cancellation: &'a Cancellation,
    pub(crate) manifests: ManifestReader<'a>,
    roots: Vec<CachedRoot>,
    component_roots: Vec<CachedComponentRoot>,
    /// Whether component roots are independent: a change in one cannot affect what is found in others.
    is_independent: bool,
    definitions: Vec<Arc<Definition>>,
    pub(crate) plugins: Vec<Plugin>,
    plugin_folders: HashSet<PathBuf>,
    pub(crate) problems: Vec<Problem>,
    report: ScanReport,
    /// Where the definitions come from, unless their plugin says otherwise.
    origin: Arc<Origin>,
}

impl<'a> Pass<'a> {
    fn new(
        id: &'a LayerId,
        options: &'a ScanOptions,
        manifests: Option<&'a CachedManifests>,
        cancellation: &'a Cancellation,
    ) -> Pass<'a> {
        Pass {
            id,
            options,
            cancellation,
            manifests: ManifestReader::new(manifests),
            roots: Vec::new(),
            component_roots: Vec::new(),
            is_independent: true,
            definitions: Vec::new(),
            plugins: Vec::new(),
            plugin_folders: HashSet::new(),
            problems: Vec::new(),
            report: ScanReport::default(),
            origin: Arc::new(Origin { scope: id.scope, ..Origin::default() }),
        }
    }

    fn open_roots(&mut self) -> Vec<(ScanRoot, RootKind)> {
        let extra = self.options.extra_plugin_dirs.iter().map(|path| (path, RootKind::Extra));
        let mut roots: Vec<(ScanRoot, RootKind)> = Vec::new();
        for (path, kind) in std::iter::once((&self.options.project, RootKind::Project)).chain(extra) {
            match ScanRoot::open_named(&self.options.project, path) {
                Ok(root) if roots.iter().any(|(known, _)| known.path() == root.path()) => {}
                Ok(root) => {
                    let overlaps = |known: &ScanRoot| {
                        known.path().starts_with(root.path()) || root.path().starts_with(known.path())
                    };
                    self.is_independent &= !roots.iter().any(|(known, _)| overlaps(known));
                    roots.push((root, kind));
                }
                Err(error) => {
                    let reason = match error.kind() {
                        std::io::ErrorKind::InvalidInput => "a link leads out of the project".to_owned(),
                        kind => kind.to_string(),
                    };
                    let message = format!("the folder cannot be read: {reason}");
                    self.problems.push(Problem::new(path.clone(), code::ROOT_UNREADABLE, "skipped", message));
                    self.is_independent = false;
                }
            }
        }
        roots
    }

    /// The candidates of the root number `at`.
    fn list(&mut self, at: usize, root: &ScanRoot, kind: RootKind) -> Vec<Candidate> {
        let finder = Finder::new(root, kind, self.options.limits, &mut self.manifests);
        let mut found = finder.find();
        let mut layout = Collector::new(root, self.options.limits);
        let mut is_empty = found.plugins.is_empty();
        // The report on a root without entries depends on whether there is a plugin at all.
        self.is_independent &= !is_empty && !found.linked;
        if kind == RootKind::Project {
            self.collect(at, &mut layout, own_component_root(Path::new(".claude"), &self.origin.clone()));
            is_empty &= layout.candidates.is_empty();
        }
        for (plugin, mut component_root) in found.plugins {
            Arc::make_mut(&mut component_root.facts).origin = Arc::clone(&self.origin);
            if self.cancellation.is_cancelled() {
                break;
            }
            // A root that is named twice or lies in another contains the same plugin again.
            let real = root.path().join(&plugin.root);
            if self.plugin_folders.insert(real) || component_root.is_shared {
                self.collect(at, &mut layout, component_root);
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
        self.is_independent &= !layout.linked;
        layout.candidates
    }

    /// Collects the candidates of one more component root.
    pub(crate) fn collect(&mut self, root: usize, layout: &mut Collector<'_>, component_root: ComponentRoot) {
        // There are no more component roots than folders, which are bounded.
        layout.component_root = u32::try_from(self.component_roots.len()).unwrap_or(u32::MAX);
        layout.collect(&component_root);
        self.component_roots.push(CachedComponentRoot {
            root,
            component_root,
            problems: std::mem::take(&mut layout.problems),
        });
    }

    fn bound(&mut self, candidates: &mut Vec<Located>) {
        let limit = self.options.limits.files;
        if let Some((_, first)) = candidates.get(limit) {
            let message = format!("{} entries were found and {limit} are read", candidates.len());
            self.problems.push(Problem::new(first.path.clone(), code::LIMIT_FILES, "skipped", message));
            candidates.truncate(limit);
            self.is_independent = false;
        }
    }

    fn gather(&mut self, roots: &[&ScanRoot], candidates: &[Located], outcomes: Vec<ReadOutcome>) {
        let mut files: Vec<Vec<File>> = roots.iter().map(|_| Vec::new()).collect();
        for ((root, candidate), mut outcome) in candidates.iter().zip(outcomes) {
            self.component_roots[candidate.component_root as usize].problems.append(&mut outcome.problems);
            let Some(file) = outcome.file else { continue };
            if outcome.opened {
                self.report.files_read += 1;
            } else {
                self.report.files_reused += 1;
            }
            let origin = &candidate.context.facts.origin;
            self.problems.extend(file.problems.iter().map(|problem| problem.beneath(&origin.root)));
            self.definitions.extend(file.definition().cloned());
            files[*root].push(file);
        }
        let known = roots.iter().zip(files);
        let known =
            known.map(|(root, files)| CachedRoot { path: root.path().into(), files: Files::new(files) });
        self.roots = known.collect();
    }

    fn finish(mut self) -> Layer {
        self.definitions.sort_by(|a, b| layer::order(a, b));
        let mut deduped = dedupe(self.definitions);
        self.problems.append(&mut deduped.problems);
        self.problems.extend(self.component_roots.iter().flat_map(|of| {
            let root = &of.component_root.facts.origin.root;
            of.problems.iter().map(|problem| problem.beneath(root))
        }));
        self.problems.sort();
        self.report.manifests_read = self.manifests.read;
        let definitions: Arc<[Arc<Definition>]> = deduped.kept.into();
        let state = ScanState {
            options: self.options.clone(),
            is_independent: self.is_independent,
            component_roots: self.component_roots.into_iter().map(Arc::new).collect(),
            claimants: deduped.claimants.into(),
        };
        Layer {
            id: self.id.clone(),
            names: NameIndex::new(&definitions),
            listing: ListingSize::of(&definitions, &self.problems),
            definitions,
            problems: self.problems.into(),
            plugins: self.plugins.into(),
            registry: RoleRegistry::read(self.options),
            report: self.report,
            cache: ScanCache { roots: self.roots, manifests: Arc::new(self.manifests.known), state },
            user_files: None,
        }
    }
}

/// Lists the folders that the options name.
fn list_named(pass: &mut Pass<'_>) -> ListedRoots {
    let roots = pass.open_roots().into_iter().enumerate();
    let list = |(at, (root, kind)): (usize, (ScanRoot, RootKind))| {
        let candidates = pass.list(at, &root, kind);
        (root, candidates)
    };
    roots.map(list).collect()
}

/// The component root of entries that belong to no plugin.
pub(crate) fn own_component_root(base: &Path, origin: &Arc<Origin>) -> ComponentRoot {
    let facts = PluginFacts { origin: Arc::clone(origin), ..PluginFacts::default() };
    ComponentRoot {
        base: base.to_owned(),
        facts: Arc::new(facts),
        components: Components::default(),
        added: Components::default(),
        has_skills_folder: true,
        only_added: false,
        is_shared: false,
    }
}
