//! The roles of a catalog, their agents resolved.

use super::kind::Kind;
use super::lookup::{Lookup, NameIndex};
use super::problem::{Problem, code};
use super::role::{Role, RoleAgent};
use super::role_registry::RoleRegistry;

/// All roles, ordered by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    roles: Vec<Role>,
}

impl Roles {
    /// The roles of a registry's text, their agents unresolved; what cannot be used is left out.
    pub fn parse(text: &str) -> Roles {
        Roles { roles: RoleRegistry::parse(text).roles }
    }

    /// The roles of these registries, the one of the highest precedence first, their agents resolved by `names`; and what
    /// is wrong with them.
    pub(super) fn resolve<'a>(
        registries: impl Iterator<Item = &'a RoleRegistry>,
        names: &NameIndex,
    ) -> (Roles, Vec<Problem>) {
        let (mut roles, mut problems): (Vec<Role>, Vec<Problem>) = (Vec::new(), Vec::new());
        for registry in registries {
            problems.extend(registry.problems.iter().cloned());
            let known: Vec<String> = roles.iter().map(|role| normalized(&role.name)).collect();
            for role in registry.roles.iter().filter(|role| !known.contains(&normalized(&role.name))) {
                let mut role = role.clone();
                for agent in std::iter::once(&mut role.primary).chain(&mut role.fallbacks) {
                    if let Some((code, message)) = resolve(agent, &role.name, names) {
                        problems.push(Problem::new(registry.path.clone(), code, "kept", message));
                    }
                }
                roles.push(role);
            }
        }
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        (Roles { roles }, problems)
    }

    /// The role called `name`; case, blanks, `-` and `_` do not matter.
    pub fn get(&self, name: &str) -> Option<&Role> {
        let wanted = normalized(name);
        self.roles.iter().find(|role| normalized(&role.name) == wanted)
    }

    /// All roles, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Role> {
        self.roles.iter()
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

fn normalized(name: &str) -> String {
    name.trim().to_lowercase().replace(['-', ' '], "_")
}

/// Finds out which agent a role means; answers the code and message of the problem where that is not certain.
fn resolve(agent: &mut RoleAgent, role: &str, names: &NameIndex) -> Option<(&'static str, String)> {
    let RoleAgent { reference, id } = agent;
    match Lookup::of(names.find(Kind::Agent, reference)) {
        Lookup::One(found) => {
            *id = Some(found.id.clone());
            None
        }
        Lookup::Ambiguous(agents) => {
            let ids: Vec<&str> = agents.iter().map(|agent| agent.id.as_str()).collect();
            *id = ids.first().map(|&first| first.to_owned());
            let message = format!("the role {role:?} says {reference:?}, which may be {}", ids.join(" or "));
            Some((code::ROLE_AMBIGUOUS, message))
        }
        Lookup::Missing => {
            *id = None;
            let message = format!("the role {role:?} names {reference:?}, which is no agent here");
            Some((code::ROLE_UNRESOLVED, message))
        }
    }
}
