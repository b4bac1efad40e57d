//! The role registry of a project, as written: the agents for each role.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gray_matter::Pod;

use super::frontmatter::{self, Fields};
use super::problem::{Problem, code};
use super::role::{Role, RoleAgent};
use super::sanitize::{decode, one_line};
use super::scan::ScanOptions;
use confined_fs::scan_root::{ReadError, ScanRoot};

/// The places of a project's registry, in order.
const REGISTRY: [&str; 2] = [".claude/agent-registry.yml", ".claude/agent-registry.yaml"];
/// Bytes of a registry; the known one is 8 KB.
const REGISTRY_BYTES: usize = 256 * 1024;
/// Roles of a registry; the known one has 32.
const MAX_ROLES: usize = 1_000;

/// A registry whose agents are not resolved yet.
#[derive(Debug, Clone, Default)]
pub(super) struct RoleRegistry {
    /// Its file, relative to the root it was found under.
    pub path: PathBuf,
    /// Ordered by name.
    pub roles: Vec<Role>,
    /// Its problems, apart from unresolved agents.
    pub problems: Vec<Problem>,
}

fn unresolved(reference: &str) -> RoleAgent {
    RoleAgent { reference: one_line(reference), id: None }
}

impl RoleRegistry {
    /// Reads the registry that `options` name, else the project's own. Never fails: what cannot be read is a problem.
    pub(super) fn read(options: &ScanOptions) -> RoleRegistry {
        let mut registry = RoleRegistry::default();
        if let Some((path, bytes)) = registry.find(options) {
            registry.path = path;
            registry.roles = registry.roles(&decode(&bytes).0);
        }
        registry
    }

    /// Parses the text of a registry.
    pub(super) fn parse(text: &str) -> RoleRegistry {
        let mut registry = RoleRegistry::default();
        registry.roles = registry.roles(text);
        registry
    }

    fn find(&mut self, options: &ScanOptions) -> Option<(PathBuf, Vec<u8>)> {
        if options.project.as_os_str().is_empty() && options.registry.is_none() {
            return None;
        }
        let (base, names) = match &options.registry {
            Some(path) => {
                (path.parent().map_or_else(PathBuf::new, Path::to_owned), vec![path.file_name()?.into()])
            }
            None => (options.project.clone(), REGISTRY.map(PathBuf::from).to_vec()),
        };
        let base = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base };
        // The scan reports an unreadable project.
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
                self.reject(line, format!("the role registry is not YAML: {message}"));
                return Vec::new();
            }
        };
        let Some(Pod::Hash(roles)) = document.get("roles") else {
            self.reject(None, "the role registry has no `roles`".to_owned());
            return Vec::new();
        };
        let mut names: Vec<&String> = roles.keys().collect();
        names.sort_unstable();
        if names.len() > MAX_ROLES {
            let message = format!("{} roles, of which {MAX_ROLES} are read", names.len());
            self.reject(None, message);
            names.truncate(MAX_ROLES);
        }
        names.into_iter().filter_map(|name| self.role(name, &roles[name])).collect()
    }

    fn role(&mut self, name: &str, value: &Pod) -> Option<Role> {
        let fields = match value {
            Pod::Hash(map) => Fields::from(map.clone()),
            // `role: plugin:agent` names the primary agent and nothing else.
            Pod::String(primary) => {
                Fields::from(HashMap::from([("primary".to_owned(), Pod::String(primary.clone()))]))
            }
            _ => Fields::default(),
        };
        let Some(primary) = fields.text("primary") else {
            let message = format!("the role {name:?} names no `primary` agent");
            self.reject(None, message);
            return None;
        };
        let name = one_line(name);
        let primary = unresolved(&primary);
        let fallbacks = fields.list("fallbacks");
        Some(Role {
            fallbacks: fallbacks.iter().map(|fallback| unresolved(fallback)).collect(),
            primary,
            capabilities: fields.list("capabilities").iter().map(|capability| one_line(capability)).collect(),
            model: fields.text("model").map(|model| one_line(&model)),
            use_when: fields.text("use_when").or_else(|| fields.text("use-when")).unwrap_or_default(),
            name,
        })
    }

    fn reject(&mut self, line: Option<usize>, message: String) {
        let problem = Problem::new(self.path.clone(), code::ROLES_INVALID, "skipped", message);
        self.problems.push(Problem { line, ..problem });
    }
}
