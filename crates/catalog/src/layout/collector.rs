//! Collecting the files below a component root that are entries.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::IndexSet;
use walkdir::WalkDir;

use super::entry_context::{ComponentRoot, EntryContext, Naming, Site};
use super::path::{
    MANIFEST_FILE, MARKETPLACE_FILE, SKILL_FILE, command_name, describe, has_md_extension, is_skipped, lossy,
    normalize_path, stem,
};
use crate::kind::Kind;
use crate::limits::Limits;
use crate::manifest::Command;
use crate::problem::{Problem, code, shown};
use confined_fs::scan_root::ScanRoot;

/// A file to be read as an entry.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Relative to the root.
    pub path: PathBuf,
    pub context: EntryContext,
    /// The text of a command that is in the manifest itself.
    pub inline: Option<String>,
    /// Its component root, by position in the scan.
    pub component_root: u32,
}

/// Collects the candidates of all component roots below one scan root.
pub(crate) struct Collector<'a> {
    pub(super) root: &'a ScanRoot,
    pub(super) limits: Limits,
    /// The kind, plugin and real file of every candidate.
    seen: HashSet<(Kind, usize, OsString), RandomState>,
    /// The names of the plugins so far.
    plugins: IndexSet<String>,
    /// The plugin being collected, by position in `plugins`.
    plugin: usize,
    /// How many candidates were met, including files that were added before.
    pub(super) n_met: usize,
    /// Candidates of the component root that the client does not load, with their real files.
    unloaded: Vec<(PathBuf, PathBuf, EntryContext)>,
    /// The candidates, in order.
    pub candidates: Vec<Candidate>,
    /// Problems met on the way.
    pub problems: Vec<Problem>,
    /// The component root of the next candidates.
    pub component_root: u32,
    /// Whether a link was followed, so that a file may be found at a path other than its own.
    pub linked: bool,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(root: &'a ScanRoot, limits: Limits) -> Collector<'a> {
        Collector {
            root,
            limits,
            seen: HashSet::default(),
            plugins: IndexSet::new(),
            plugin: 0,
            n_met: 0,
            unloaded: Vec::new(),
            candidates: Vec::new(),
            problems: Vec::new(),
            component_root: 0,
            linked: false,
        }
    }

    /// Collects the entries of a component root. A file that is found both where the client loads it and where it does not is
    /// loaded, whatever the order.
    pub(crate) fn collect(&mut self, component_root: &ComponentRoot) {
        let plugin = &component_root.facts.plugin;
        self.plugin = self.plugins.insert_full(plugin.clone()).0;
        let prefix = if plugin.is_empty() { Arc::default() } else { Arc::from(format!("{plugin}:")) };
        let site = Site { facts: &component_root.facts, base: &component_root.base, prefix: &prefix };
        let ComponentRoot { components, added, only_added, .. } = component_root;
        if !only_added {
            match &components.agents {
                Some(listed) => self.listed_agents(&site, listed),
                None => self.default_folder(&site, Kind::Agent),
            }
            match &components.commands {
                Some(listed) => self.listed_commands(&site, listed),
                None => self.default_folder(&site, Kind::Workflow),
            }
            if component_root.has_skills_folder {
                self.skills(&site);
            }
        }
        self.listed_agents(&site, added.agents.as_deref().unwrap_or_default());
        self.listed_commands(&site, added.commands.as_deref().unwrap_or_default());
        for written in components.skills.iter().chain(&added.skills) {
            self.listed_skill(&site, written);
        }
        for (path, real, context) in std::mem::take(&mut self.unloaded) {
            self.push_once(path, real, context);
        }
        if !only_added {
            let lists =
                [(Kind::Agent, components.agents.is_some()), (Kind::Workflow, components.commands.is_some())];
            for (kind, _) in lists.into_iter().filter(|(_, is_listed)| *is_listed) {
                self.report_unlisted(site.base, kind);
            }
        }
    }

    /// Reports the files of a default folder that a manifest replaces by a list without them.
    fn report_unlisted(&mut self, base: &Path, kind: Kind) {
        let folder = base.join(default_name(kind));
        if !self.root.path().join(&folder).symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return;
        }
        let files =
            self.walker(&folder).into_iter().filter_entry(|entry| !is_skipped(entry.path())).flatten();
        let paths =
            files.filter(|entry| entry.file_type().is_file()).map(|entry| self.relative(entry.path()));
        let is_unlisted = |path: &PathBuf| {
            has_md_extension(path)
                && !stem(path).eq_ignore_ascii_case("README")
                && !self.seen.contains(&(kind, self.plugin, path.clone().into_os_string()))
        };
        let unlisted: Vec<PathBuf> = paths.filter(is_unlisted).take(self.limits.files).collect();
        if let Some(first) = unlisted.iter().min() {
            let message = format!(
                "the manifest or marketplace lists {0} in place of this folder: {1} files in it are not indexed, such as {2}",
                default_name(kind),
                unlisted.len(),
                shown(first)
            );
            self.problems.push(Problem::new(folder, code::COMPONENT_UNLISTED, "skipped", message));
        }
    }

    /// Collects the agents or commands of the folder that they are in unless a manifest says otherwise.
    fn default_folder(&mut self, site: &Site<'_>, kind: Kind) {
        if let Some(folder) = self.enter(&site.base.join(default_name(kind))) {
            self.walk(site, &folder, kind);
        }
    }

    fn listed_agents(&mut self, site: &Site<'_>, listed: &[String]) {
        for written in listed {
            let Some(path) = self.component(site.base, written) else { continue };
            if self.is_dir(&path) {
                self.walk(site, &path, Kind::Agent);
            } else if has_md_extension(&path) {
                let naming = Naming::Stated { stem: stem(&path).into() };
                self.push(path, site.context(Kind::Agent, naming));
            }
        }
    }

    fn listed_commands(&mut self, site: &Site<'_>, listed: &[Command]) {
        for command in listed {
            match command {
                Command::Path(written) => {
                    let Some(path) = self.component(site.base, written) else { continue };
                    if self.is_dir(&path) {
                        self.walk(site, &path, Kind::Workflow);
                    } else {
                        let naming = Naming::Fixed { name: command_name(&path).into() };
                        self.push(path, site.context(Kind::Workflow, naming));
                    }
                }
                Command::Named(name, written) => {
                    let Some(path) = self.component(site.base, written) else { continue };
                    if self.is_dir(&path) {
                        let message = format!("the source {written:?} of the command {name:?} is a folder");
                        self.refuse(site.base, message);
                        continue;
                    }
                    let naming = Naming::Fixed { name: name.as_str().into() };
                    self.push(path, site.context(Kind::Workflow, naming));
                }
                Command::Inline(name, content) => {
                    let naming = Naming::Fixed { name: name.as_str().into() };
                    self.candidates.push(Candidate {
                        path: site.base.join(MANIFEST_FILE),
                        context: site.context(Kind::Workflow, naming),
                        inline: Some(content.clone()),
                        component_root: self.component_root,
                    });
                }
            }
        }
    }

    /// Collects every markdown file below `folder`; sub-folders become part of the id.
    fn walk(&mut self, site: &Site<'_>, folder: &Path, kind: Kind) {
        let mut entries = self.walker(folder).into_iter();
        while let Some(entry) = entries.next().filter(|_| self.has_room()) {
            let Some(entry) = self.entry(folder, entry) else { continue };
            let path = self.relative(entry.path());
            let kind_of_file = entry.file_type();
            if kind_of_file.is_dir() {
                if is_skipped(&path) {
                    entries.skip_current_dir();
                } else if kind == Kind::Workflow && self.is_file(&path.join(SKILL_FILE)) {
                    let naming = Naming::Fixed { name: lossy(path.file_name()).into() };
                    let context = site.below(folder, &path, Kind::Skill, naming);
                    self.push(path.join(SKILL_FILE), context);
                    entries.skip_current_dir();
                }
            } else if kind_of_file.is_symlink() {
                if has_md_extension(&path) || self.root.path().join(&path).is_dir() {
                    self.report_link(&path);
                }
            } else if has_md_extension(&path) {
                if !kind_of_file.is_file() {
                    self.report_special(&path);
                    continue;
                }
                let naming = match kind {
                    Kind::Agent => Naming::Stated { stem: stem(&path).into() },
                    _ => Naming::Fixed { name: command_name(&path).into() },
                };
                let context = site.below(folder, &path, kind, naming);
                self.push(path, context);
            }
        }
    }

    /// Whether there are no more candidates than will be read, so that one more is noticed.
    pub(super) fn has_room(&self) -> bool {
        self.candidates.len() + self.unloaded.len() <= self.limits.files
    }

    pub(super) fn push(&mut self, path: PathBuf, context: EntryContext) {
        let real = path.clone();
        self.push_linked(path, real, context);
    }

    /// Adds the candidate at `path`, whose real file is `real`: at once if the client loads it, else at the end.
    pub(super) fn push_linked(&mut self, path: PathBuf, real: PathBuf, context: EntryContext) {
        self.n_met += 1;
        if context.not_loaded.is_empty() {
            self.push_once(path, real, context);
        } else if self.has_room() {
            self.unloaded.push((path, real, context));
        }
    }

    /// Adds the candidate at `path` unless the same real file was added for this plugin before.
    fn push_once(&mut self, path: PathBuf, real: PathBuf, context: EntryContext) {
        if self.candidates.len() <= self.limits.files
            && self.seen.insert((context.kind, self.plugin, real.into_os_string()))
        {
            self.candidates.push(Candidate {
                path,
                context,
                inline: None,
                component_root: self.component_root,
            });
        }
    }

    pub(super) fn walker(&self, folder: &Path) -> WalkDir {
        WalkDir::new(self.root.path().join(folder))
            .follow_links(false)
            .min_depth(1)
            .max_depth(self.limits.depth)
    }

    /// The entry, unless it failed or is a folder at the depth limit; both are reported.
    pub(super) fn entry(
        &mut self,
        folder: &Path,
        entry: walkdir::Result<walkdir::DirEntry>,
    ) -> Option<walkdir::DirEntry> {
        match entry {
            Ok(entry) => {
                if entry.depth() == self.limits.depth && entry.file_type().is_dir() {
                    let path = self.relative(entry.path());
                    let message = format!("folders deeper than {} levels are not read", self.limits.depth);
                    self.problems.push(Problem::new(path, code::LIMIT_DEPTH, "skipped", message));
                    return None;
                }
                Some(entry)
            }
            Err(error) => {
                let path = error.path().map_or_else(|| folder.to_owned(), |path| self.relative(path));
                let reason = error.io_error().map_or_else(|| "a loop".to_owned(), describe);
                let message = format!("the folder cannot be read: {reason}");
                self.problems.push(Problem::new(path, code::FILE_UNREADABLE, "skipped", message));
                None
            }
        }
    }

    /// The names in `folder`, sorted; a folder that cannot be listed is reported.
    pub(crate) fn list(&mut self, folder: &Path) -> Vec<std::ffi::OsString> {
        match self.root.names(folder) {
            Ok(mut names) => {
                names.sort_unstable();
                names
            }
            Err(error) => {
                let message = format!("the folder cannot be read: {}", describe(&error));
                self.problems.push(Problem::new(folder, code::FILE_UNREADABLE, "skipped", message));
                Vec::new()
            }
        }
    }

    pub(super) fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root.path()).unwrap_or(path).to_owned()
    }

    /// `folder` if it is one and lies below the root; its parents are known to.
    pub(crate) fn enter(&mut self, folder: &Path) -> Option<PathBuf> {
        let metadata = self.root.path().join(folder).symlink_metadata().ok()?;
        let is_inside =
            metadata.is_dir() || (metadata.is_symlink() && self.is_dir(folder) && self.stays_inside(folder));
        self.linked |= is_inside && metadata.is_symlink();
        is_inside.then(|| folder.to_owned())
    }

    /// A path from a manifest, if it exists and stays inside the plugin; else the reason is reported.
    pub(super) fn component(&mut self, base: &Path, written: &str) -> Option<PathBuf> {
        let Some(inside) = normalize_path(written) else {
            let message = format!("the component path {written:?} leads out of the plugin");
            self.problems.push(Problem::new(
                self.manifest_of(base),
                code::COMPONENT_REFUSED,
                "skipped",
                message,
            ));
            return None;
        };
        let path = base.join(inside);
        if self.root.path().join(&path).symlink_metadata().is_err() {
            let message = format!("the component path {written:?} does not exist");
            self.problems.push(Problem::new(
                self.manifest_of(base),
                code::COMPONENT_MISSING,
                "skipped",
                message,
            ));
            return None;
        }
        self.stays_inside(&path).then_some(path)
    }

    /// Reports a component path that the client does not take, although what it names may be indexed.
    pub(super) fn refuse(&mut self, base: &Path, message: String) {
        self.problems.push(Problem::new(self.manifest_of(base), code::COMPONENT_REFUSED, "kept", message));
    }

    /// The manifest that names the components of the plugin in `base`.
    fn manifest_of(&self, base: &Path) -> PathBuf {
        let manifest = base.join(MANIFEST_FILE);
        if self.is_file(&manifest) { manifest } else { PathBuf::from(MARKETPLACE_FILE) }
    }

    /// Whether `path`, links resolved, lies below the root; an escape is reported.
    pub(crate) fn stays_inside(&mut self, path: &Path) -> bool {
        let named = self.root.path().join(path);
        let real = named.canonicalize();
        let inside = real.as_ref().is_ok_and(|real| real.starts_with(self.root.path()));
        self.linked |= real.is_ok_and(|real| real != named);
        if !inside {
            self.report_link(path);
        }
        inside
    }

    pub(super) fn report_link(&mut self, path: &Path) {
        // The report depends on the target.
        self.linked = true;
        let real = self.root.path().join(path).canonicalize();
        let problem = match real {
            Ok(real) if real.starts_with(self.root.path()) => Problem::new(
                path,
                code::SKIPPED_SYMLINK,
                "skipped",
                "Claude Code does not follow symbolic links to agents and commands",
            ),
            Ok(_) => Problem::new(path, code::SKIPPED_ESCAPE, "skipped", "the link leads out of the root"),
            Err(error) => {
                let message = format!("the link leads nowhere: {}", describe(&error));
                Problem::new(path, code::SKIPPED_SYMLINK, "skipped", message)
            }
        };
        self.problems.push(problem);
    }

    fn report_special(&mut self, path: &Path) {
        let message = format!("{} is a pipe, socket or device", shown(path));
        self.problems.push(Problem::new(path, code::FILE_NOT_REGULAR, "skipped", message));
    }

    pub(crate) fn is_dir(&self, path: &Path) -> bool {
        self.root.path().join(path).is_dir()
    }

    pub(crate) fn is_file(&self, path: &Path) -> bool {
        self.root.path().join(path).symlink_metadata().is_ok_and(|metadata| metadata.is_file())
    }
}

/// The folder of agents or commands in a plugin whose manifest names no other.
fn default_name(kind: Kind) -> &'static str {
    if kind == Kind::Agent { "agents" } else { "commands" }
}
