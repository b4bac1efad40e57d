//! One layer of a catalog: what a single source holds.

use std::cmp::Ordering;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::claude_code::ListingSize;
use super::definition::Definition;
use super::kind::Kind;
use super::lookup::NameIndex;
use super::origin::Scope;
use super::problem::Problem;
use super::role_registry::RoleRegistry;
use super::scan::ScanCache;
use super::user_scope::UserFiles;

impl Scope {
    /// The precedence of `definition` in a layer of this scope: of one id, the definition with the lowest number serves.
    ///
    /// As in Claude Code, a user's own skills and commands (those of no plugin) come before the project's, agents after
    /// it, and what is installed for the user after both, unless the ids of its plugin mean it
    /// ([`Origin::is_meant_by_ids`](crate::Origin::is_meant_by_ids)).
    pub fn precedence(self, definition: &Definition) -> u8 {
        let rank = 2 * (self as u8 + 1);
        match self {
            Scope::User if definition.origin.is_meant_by_ids => Scope::Project.precedence(definition) - 1,
            Scope::User if !definition.plugin.is_empty() => rank + 1,
            Scope::User if definition.kind != Kind::Agent => Scope::Managed.precedence(definition) + 1,
            _ => rank,
        }
    }
}

/// Which layer it is; no two layers of a catalog have the same id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerId {
    /// Where it comes from.
    pub scope: Scope,
    /// Which one of that scope, such as the name of an upstream server; empty where there is only one.
    pub name: Arc<str>,
}

impl LayerId {
    /// The only layer of `scope`.
    pub fn only(scope: Scope) -> LayerId {
        LayerId { scope, name: Arc::default() }
    }
}

/// As messages name it: `user`, `upstream github`.
impl fmt::Display for LayerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.scope {
            Scope::Managed => "managed",
            Scope::Project => "project",
            Scope::User => "user",
            Scope::Runtime => "runtime",
            Scope::Upstream => "upstream",
            Scope::BuiltIn => "built-in",
        })?;
        if self.name.is_empty() { Ok(()) } else { write!(formatter, " {}", self.name) }
    }
}

/// A plugin folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Its name: the manifest's, else the marketplace's, else the folder's.
    pub name: String,
    /// Its folder: relative to the root it was found under, absolute for an installed one.
    pub root: PathBuf,
    /// Whether Claude Code would load it.
    pub loaded: bool,
}

impl Plugin {
    /// Whether it is one that Claude Code installed.
    pub fn is_installed(&self) -> bool {
        self.root.is_absolute()
    }
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

/// What one source holds, immutable.
#[derive(Debug)]
pub struct Layer {
    pub(super) id: LayerId,
    /// Ordered by kind, id and path.
    pub(super) definitions: Arc<[Arc<Definition>]>,
    pub(super) names: NameIndex,
    /// Ordered, with repetitions; without those that only the catalog as a whole has.
    pub(super) problems: Arc<[Problem]>,
    pub(super) plugins: Arc<[Plugin]>,
    pub(super) registry: RoleRegistry,
    /// What Claude Code would list of its definitions.
    pub(super) listing: ListingSize,
    pub(super) report: ScanReport,
    /// What a file source builds its next scan on; empty for other sources.
    pub(super) cache: ScanCache,
    /// What the client's settings and registries said when the source of installed plugins read them.
    pub(super) user_files: Option<Arc<UserFiles>>,
}

impl Layer {
    /// A layer of these definitions, in any order; for sources that are not files.
    pub fn new<D: Into<Arc<Definition>>>(
        id: LayerId,
        definitions: impl IntoIterator<Item = D>,
        mut problems: Vec<Problem>,
    ) -> Layer {
        let mut definitions: Vec<Arc<Definition>> = definitions.into_iter().map(Into::into).collect();
        definitions.sort_by(|a, b| order(a, b));
        problems.sort();
        let definitions: Arc<[Arc<Definition>]> = definitions.into();
        Layer {
            names: NameIndex::new(&definitions),
            listing: ListingSize::of(&definitions, &problems),
            definitions,
            problems: problems.into(),
            ..Layer::empty(id)
        }
    }

    pub(super) fn empty(id: LayerId) -> Layer {
        Layer {
            id,
            definitions: Arc::default(),
            names: NameIndex::default(),
            problems: Arc::default(),
            plugins: Arc::default(),
            registry: RoleRegistry::default(),
            listing: ListingSize::default(),
            report: ScanReport::default(),
            cache: ScanCache::default(),
            user_files: None,
        }
    }

    /// Which layer it is.
    pub fn id(&self) -> &LayerId {
        &self.id
    }

    /// Its definitions, ordered by kind, id and path. Several may have one id.
    pub fn definitions(&self) -> &[Arc<Definition>] {
        &self.definitions
    }

    /// What is wrong with what the source holds, ordered by path.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// The order in which a layer and a catalog hold definitions.
pub(super) fn order(a: &Definition, b: &Definition) -> Ordering {
    (a.kind, &a.id, &a.path).cmp(&(b.kind, &b.id, &b.path))
}
