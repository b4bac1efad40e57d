//! What the plugin folders hold: files read into [`Definition`]s, and what was wrong with them into [`Problem`]s.
//!
//! A scan never fails as a whole. This module knows no clock, network, async or database, and nothing of search.
//!
//! ```
//! use adjutant_catalog::{Kind, ScanOptions, scan};
//!
//! let catalog = scan(&ScanOptions::new("../../fixtures"), None);
//! let agent = catalog.find(Kind::Agent, "accessibility-reviewer").one().unwrap();
//! assert_eq!(agent.id, "frontend-web:accessibility-reviewer");
//! // What is wrong with files is told; the rest of them is there all the same.
//! assert!(catalog.problems().iter().all(|problem| !problem.message.is_empty()));
//! // What Claude Code would carry of it in every prompt.
//! let carried: usize = catalog.client_listing(true).iter().map(|listed| listed.line.len()).sum();
//! assert!(carried > 1_000);
//! ```

mod cancellation;
mod capability;
mod changes;
mod claude_code;
mod definition;
mod entry;
mod frontmatter;
mod layout;
mod limits;
mod lookup;
mod manifest;
mod markdown;
mod persist;
mod problem;
mod prompt_injection;
mod roles;
mod sanitize;
mod scan;
mod threads;
mod workflow;

pub use cancellation::Cancellation;
pub use changes::Changes;
pub use claude_code::{LISTING_BUDGET, Listed};
pub use definition::{Definition, Kind};
pub use limits::Limits;
pub use lookup::Lookup;
pub use persist::Kept;
pub use problem::{CODES, Problem, Severity, code};
pub use roles::{Role, RoleAgent, Roles};
pub use scan::{ScanOptions, rescan, scan, scan_recalling};

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything one scan read, immutable from then on.
#[derive(Debug, Default)]
pub struct Catalog {
    definitions: Arc<[Arc<Definition>]>,
    problems: Arc<[Problem]>,
    plugins: Arc<[Plugin]>,
    roles: Roles,
    names: lookup::Names,
    report: ScanReport,
    memory: scan::scan_cache::Memory,
}

/// A plugin folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Its name: the manifest's, else the marketplace's, else the folder's.
    pub name: String,
    /// Its folder, relative to the root it was found under.
    pub root: PathBuf,
    /// Whether Claude Code would load it.
    pub loaded: bool,
}

/// The entry that a file of these bytes would be at `path`, read as a scan reads it, and what was odd about it.
pub fn read_entry(kind: Kind, path: &Path, bytes: &[u8]) -> (Option<Definition>, Vec<Problem>) {
    entry::read(path, bytes, &layout::Context::alone(kind, path))
}

/// What Claude Code would reject a manifest of these bytes for, if it would.
pub fn check_manifest(bytes: &[u8]) -> Option<String> {
    manifest::read_manifest(bytes).rejected
}

/// How many local plugins a marketplace of these bytes lists, or why it cannot be used.
///
/// # Errors
/// A sentence.
pub fn check_marketplace(bytes: &[u8]) -> Result<usize, String> {
    manifest::read_marketplace(bytes).map(|listings| listings.len())
}

/// How many definitions of each kind a catalog holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Agents.
    pub agents: usize,
    /// Skills.
    pub skills: usize,
    /// Workflows.
    pub workflows: usize,
}

/// What one scan cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Entry files opened and parsed.
    pub files_read: usize,
    /// Entry files whose definition was taken over from the scan before.
    pub files_reused: usize,
    /// Plugin manifests and marketplaces opened.
    pub manifests_read: usize,
}

impl Catalog {
    /// A catalog of these definitions alone, in the catalog's order; for tests and for callers with another source.
    pub fn from_definitions<D: Into<Arc<Definition>>>(definitions: impl IntoIterator<Item = D>) -> Catalog {
        let mut definitions: Vec<Arc<Definition>> = definitions.into_iter().map(Into::into).collect();
        definitions.sort_by(|a, b| (a.kind, &a.id, &a.path).cmp(&(b.kind, &b.id, &b.path)));
        let definitions: Arc<[Arc<Definition>]> = definitions.into();
        let names = lookup::Names::new(&definitions);
        Catalog { definitions, names, ..Catalog::default() }
    }

    /// All definitions, ordered by kind, then id; an index into this slice is stable for the life of the catalog.
    pub fn definitions(&self) -> &[Arc<Definition>] {
        &self.definitions
    }

    /// The same to keep.
    pub fn shared_definitions(&self) -> Arc<[Arc<Definition>]> {
        Arc::clone(&self.definitions)
    }

    /// What was wrong with files, and what was done about it, ordered by path.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Adds problems that somebody else found with the project's files.
    pub fn add_problems(&mut self, more: Vec<Problem>) {
        if more.is_empty() {
            return;
        }
        let mut all = self.problems.to_vec();
        all.extend(more);
        all.sort();
        self.problems = all.into();
    }

    /// How many files and folders have a problem.
    pub fn files_with_problems(&self) -> usize {
        // Problems are ordered by path.
        self.problems.chunk_by(|a, b| a.path == b.path).count()
    }

    /// The plugins, in the order of their roots and folders.
    pub fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// The project's roles.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// What the scan cost.
    pub fn report(&self) -> ScanReport {
        self.report
    }

    /// How many definitions of each kind there are.
    pub fn counts(&self) -> Counts {
        // They are ordered by kind.
        let until = |kind| self.definitions.partition_point(|definition| definition.kind <= kind);
        let (agents, skills) = (until(Kind::Agent), until(Kind::Skill));
        Counts { agents, skills: skills - agents, workflows: self.definitions.len() - skills }
    }

    /// The definition of `kind` that `name` means: an id, else an alias id, else a bare name that one definition
    /// carries. `plugin/name` means `plugin:name`.
    pub fn find(&self, kind: Kind, name: &str) -> Lookup<'_> {
        let mut found = self.names.find(kind, name);
        match (found.pop(), found.is_empty()) {
            (None, _) => Lookup::Missing,
            (Some(only), true) => Lookup::One(only),
            (Some(last), false) => {
                found.push(last);
                Lookup::Ambiguous(found)
            }
        }
    }

    /// What differs from `previous`, by id and everything a definition says.
    pub fn changes_since(&self, previous: &Catalog) -> Changes {
        Changes::between(&previous.definitions, &self.definitions)
    }
}
