//! One pass over the plugin folders: find plugins, list their entries, read what changed.

pub(super) mod memory;
mod reading;
mod roots;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::memory::{Manifests, Memory};
use self::reading::{Outcome, read_all};
use self::roots::{Finder, Role};
use super::beneath::Root;
use super::definition::Definition;
use super::layout::{Candidate, Facts, Layout, Place};
use super::limits::Limits;
use super::lookup::Names;
use super::manifest::Components;
use super::problem::{Problem, code};
use super::{Catalog, Plugin, Roles, ScanReport, client, roles};

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
    let mut pass = Pass::new(options, previous);
    let roots = pass.open_roots();
    let mut candidates = Vec::new();
    for (root, role) in &roots {
        for candidate in pass.list(root, *role) {
            candidates.push((root, candidate));
        }
    }
    pass.bound(&mut candidates);
    let outcomes = read_all(&candidates, pass.last, options.limits.file_bytes);
    pass.gather(outcomes);
    pass.finish()
}

/// The state of one scan.
struct Pass<'a> {
    options: &'a ScanOptions,
    last: Option<&'a Memory>,
    manifests: Manifests<'a>,
    memory: Memory,
    definitions: Vec<Arc<Definition>>,
    plugins: Vec<Plugin>,
    plugin_folders: HashSet<PathBuf>,
    problems: Vec<Problem>,
    report: ScanReport,
}

impl<'a> Pass<'a> {
    fn new(options: &'a ScanOptions, previous: Option<&'a Catalog>) -> Pass<'a> {
        let last = previous.map(|previous| &previous.memory);
        Pass {
            options,
            last,
            manifests: Manifests::new(last.map(|last| &last.manifests)),
            memory: Memory::default(),
            definitions: Vec::new(),
            plugins: Vec::new(),
            plugin_folders: HashSet::new(),
            problems: Vec::new(),
            report: ScanReport::default(),
        }
    }

    fn open_roots(&mut self) -> Vec<(Root, Role)> {
        let extra = self.options.extra_plugin_dirs.iter().map(|path| (path, Role::Extra));
        let mut roots: Vec<(Root, Role)> = Vec::new();
        for (path, role) in std::iter::once((&self.options.project, Role::Project)).chain(extra) {
            match Root::open(path) {
                Ok(root) if roots.iter().any(|(known, _)| known.path() == root.path()) => {}
                Ok(root) => roots.push((root, role)),
                Err(error) => {
                    let message = format!("the folder cannot be read: {}", error.kind());
                    self.problems.push(Problem::new(path.clone(), code::ROOT_UNREADABLE, "skipped", message));
                }
            }
        }
        roots
    }

    /// The candidates beneath one root.
    fn list(&mut self, root: &Root, role: Role) -> Vec<Candidate> {
        let finder = Finder::new(root, role, self.options.limits, &mut self.manifests);
        let (plugins, mut problems) = finder.find();
        let mut layout = Layout::new(root, self.options.limits);
        let mut is_empty = plugins.is_empty();
        if role == Role::Project {
            layout.collect(&own_place());
            is_empty &= layout.candidates.is_empty();
        }
        for (plugin, place) in plugins {
            // A root named twice, or a root within another, brings the same plugin again.
            let real = root.path().join(&plugin.root);
            if self.plugin_folders.insert(real) || place.only_listed {
                layout.collect(&place);
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
            problems.push(Problem::new(plugins, code::PLUGINS_MISSING, "skipped", message));
        }
        self.problems.append(&mut problems);
        self.problems.append(&mut layout.problems);
        // A folder is listed in the file system's order, which must not decide what the limit cuts off.
        layout.candidates.sort_by(|a, b| a.path.cmp(&b.path));
        layout.candidates
    }

    fn bound(&mut self, candidates: &mut Vec<(&Root, Candidate)>) {
        let limit = self.options.limits.files;
        if let Some((_, first)) = candidates.get(limit) {
            let message = format!("{} entries were found and {limit} are read", candidates.len());
            self.problems.push(Problem::new(first.path.clone(), code::LIMIT_FILES, "skipped", message));
            candidates.truncate(limit);
        }
    }

    fn gather(&mut self, outcomes: Vec<Outcome>) {
        for mut outcome in outcomes {
            self.problems.append(&mut outcome.problems);
            let Some((path, remembered)) = outcome.remembered else { continue };
            if outcome.opened {
                self.report.files_read += 1;
            } else {
                self.report.files_reused += 1;
            }
            self.problems.extend(remembered.problems.iter().cloned());
            self.definitions.extend(remembered.definition.clone());
            self.memory.files.entry(path).or_default().push(remembered);
        }
    }

    fn finish(mut self) -> Catalog {
        self.definitions.sort_by(|a, b| (a.kind, &a.id, &a.path).cmp(&(b.kind, &b.id, &b.path)));
        self.merge_copies();
        let over_budget = client::listing_problem(&self.definitions, &self.problems);
        self.problems.extend(over_budget);
        self.report.manifests_read = self.manifests.read;
        self.memory.manifests = self.manifests.known;
        let names = Names::new(&self.definitions);
        let mut catalog = Catalog {
            definitions: self.definitions,
            problems: self.problems,
            plugins: self.plugins,
            roles: Roles::default(),
            names,
            report: self.report,
            memory: self.memory,
        };
        let (roles, mut problems) = roles::read(self.options, &catalog);
        catalog.roles = roles;
        catalog.problems.append(&mut problems);
        catalog.problems.sort();
        catalog.problems.dedup();
        catalog
    }

    /// Drops what is the same in id and content as its neighbour, and reports ids that differ in content.
    fn merge_copies(&mut self) {
        let mut kept: Vec<Arc<Definition>> = Vec::with_capacity(self.definitions.len());
        for definition in std::mem::take(&mut self.definitions) {
            let twins =
                kept.iter().rev().take_while(|twin| twin.kind == definition.kind && twin.id == definition.id);
            let mut twins = twins.peekable();
            if twins.peek().is_some() {
                let copy = twins.any(|twin| twin.content_hash == definition.content_hash);
                let (code, action, message) = if copy {
                    (code::IDENTICAL_COPY, "skipped", "the same content was found under another path")
                } else {
                    (code::DUPLICATE_ID, "kept", "another file has this id; Claude Code keeps one of them")
                };
                let message = format!("{}: {message}", definition.id);
                self.problems.push(Problem::new(definition.path.clone(), code, action, message));
                if copy {
                    continue;
                }
            }
            kept.push(definition);
        }
        self.definitions = kept;
    }
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
