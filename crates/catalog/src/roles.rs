//! The role registry: which agents a project asks first for a role.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gray_matter::Pod;

use super::Catalog;
use super::definition::Kind;
use super::frontmatter::{self, Fields};
use super::lookup::Lookup;
use super::problem::{Problem, code};
use super::sanitize::{decode, one_line};
use super::scan::ScanOptions;
use confined_fs::scan_root::{ReadError, ScanRoot};

/// Where a project keeps its registry.
const REGISTRY: [&str; 2] = [".claude/agent-registry.yml", ".claude/agent-registry.yaml"];
/// Bytes of a registry; the known one is 8 KB.
const REGISTRY_BYTES: usize = 256 * 1024;
/// Roles of a registry; the known one has 32.
const MAX_ROLES: usize = 1_000;

/// One role and who fills it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name, as written: `frontend_developer`.
    pub name: String,
    /// Who is asked first.
    pub primary: RoleAgent,
    /// Who is asked next, in order.
    pub fallbacks: Vec<RoleAgent>,
    /// What the role is good at.
    pub capabilities: Vec<String>,
    /// The model the role suggests, as written.
    pub model: Option<String>,
    /// When to ask for it.
    pub use_when: String,
}

/// An agent as a role refers to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleAgent {
    /// As written: `plugin:name` or a bare name.
    pub reference: String,
    /// The id of the agent it resolves to; `None` where the catalog holds none.
    pub id: Option<String>,
}

/// All roles, ordered by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    roles: Vec<Role>,
}

impl Roles {
    /// The roles of a registry's text, of whose agents none is known; what cannot be used is left out.
    pub fn parse(text: &str) -> Roles {
        let catalog = Catalog::default();
        let mut reader = Reader { catalog: &catalog, path: PathBuf::new(), problems: Vec::new() };
        Roles { roles: reader.roles(text) }
    }

    /// The role called `name`; case, blanks, `-` and `_` do not matter.
    pub fn get(&self, name: &str) -> Option<&Role> {
        let wanted = normal(name);
        self.roles.iter().find(|role| normal(&role.name) == wanted)
    }

    /// All roles, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Role> {
        self.roles.iter()
    }

    /// The first role, by name, whose primary agent has this id.
    pub fn of_primary(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.primary.id.as_deref() == Some(id))
    }

    /// How many roles there are.
    pub fn len(&self) -> usize {
        self.roles.len()
    }

    /// Whether there is no role.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }
}

fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace(['-', ' '], "_")
}

/// Reads the registry that `options` names and resolves its agents against `catalog`.
pub(super) fn read(options: &ScanOptions, catalog: &Catalog) -> (Roles, Vec<Problem>) {
    let mut reader = Reader { catalog, path: PathBuf::new(), problems: Vec::new() };
    let Some((path, bytes)) = reader.find(options) else { return (Roles::default(), reader.problems) };
    reader.path = path;
    let (text, _) = decode(&bytes);
    let roles = reader.roles(&text);
    (Roles { roles }, reader.problems)
}

struct Reader<'a> {
    catalog: &'a Catalog,
    path: PathBuf,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn find(&mut self, options: &ScanOptions) -> Option<(PathBuf, Vec<u8>)> {
        let (base, names) = match &options.registry {
            Some(path) => {
                (path.parent().map_or_else(PathBuf::new, Path::to_owned), vec![path.file_name()?.into()])
            }
            None => (options.project.clone(), REGISTRY.map(PathBuf::from).to_vec()),
        };
        let base = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base };
        // An unreadable project is reported already.
        let root = ScanRoot::open(&base).ok()?;
        for name in names {
            match root.read(&name, REGISTRY_BYTES) {
                Ok((bytes, _)) => return Some((name, bytes)),
                Err(ReadError::Vanished) if options.registry.is_none() => {}
                Err(error) => {
                    let message = format!("the role registry was not read: {}", error.phrase());
                    self.problems.push(Problem::new(name, code::ROLES_INVALID, "skipped", message));
                }
            }
        }
        None
    }

    fn roles(&mut self, text: &str) -> Vec<Role> {
        let document = match frontmatter::parse_document(text) {
            Ok(document) => document,
            Err((line, message)) => {
                let problem = self.problem(
                    code::ROLES_INVALID,
                    "skipped",
                    format!("the role registry is not YAML: {message}"),
                );
                self.problems.push(Problem { line, ..problem });
                return Vec::new();
            }
        };
        let Some(Pod::Hash(roles)) = document.get("roles") else {
            let problem =
                self.problem(code::ROLES_INVALID, "skipped", "the role registry has no `roles`".to_owned());
            self.problems.push(problem);
            return Vec::new();
        };
        let mut names: Vec<&String> = roles.keys().collect();
        names.sort_unstable();
        if names.len() > MAX_ROLES {
            let message = format!("{} roles, of which {MAX_ROLES} are read", names.len());
            let problem = self.problem(code::ROLES_INVALID, "skipped", message);
            self.problems.push(problem);
            names.truncate(MAX_ROLES);
        }
        names.into_iter().filter_map(|name| self.role(name, &roles[name])).collect()
    }

    fn role(&mut self, name: &str, value: &Pod) -> Option<Role> {
        let fields = match value {
            Pod::Hash(map) => Fields::from(map.clone()),
            // `role: plugin:agent` says who fills it and nothing else.
            Pod::String(primary) => {
                Fields::from(HashMap::from([("primary".to_owned(), Pod::String(primary.clone()))]))
            }
            _ => Fields::default(),
        };
        let Some(primary) = fields.text("primary") else {
            let message = format!("the role {name:?} names no `primary` agent");
            let problem = self.problem(code::ROLES_INVALID, "skipped", message);
            self.problems.push(problem);
            return None;
        };
        let name = one_line(name);
        let primary = self.agent(&name, &primary);
        let fallbacks = fields.list("fallbacks");
        Some(Role {
            fallbacks: fallbacks.iter().map(|fallback| self.agent(&name, fallback)).collect(),
            primary,
            capabilities: fields.list("capabilities").iter().map(|capability| one_line(capability)).collect(),
            model: fields.text("model").map(|model| one_line(&model)),
            use_when: fields.text("use_when").or_else(|| fields.text("use-when")).unwrap_or_default(),
            name,
        })
    }

    fn agent(&mut self, role: &str, reference: &str) -> RoleAgent {
        let reference = one_line(reference);
        let id = match self.catalog.find(Kind::Agent, &reference) {
            Lookup::One(agent) => Some(agent.id.clone()),
            Lookup::Ambiguous(agents) => {
                let ids: Vec<&str> = agents.iter().map(|agent| agent.id.as_str()).collect();
                let message =
                    format!("the role {role:?} says {reference:?}, which may be {}", ids.join(" or "));
                let problem = self.problem(code::ROLE_AMBIGUOUS, "kept", message);
                self.problems.push(problem);
                ids.first().map(|&id| id.to_owned())
            }
            Lookup::Missing => {
                let message = format!("the role {role:?} names {reference:?}, which is no agent here");
                let problem = self.problem(code::ROLE_UNRESOLVED, "kept", message);
                self.problems.push(problem);
                None
            }
        };
        RoleAgent { reference, id }
    }

    fn problem(&self, code: &'static str, action: &'static str, message: String) -> Problem {
        Problem::new(self.path.clone(), code, action, message)
    }
}
