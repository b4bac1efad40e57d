//! Roles of the registry, found by tolerant name.

use super::capability::{key, likeness};

/// A role with the entries that fill it.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// As the registry writes it.
    pub(crate) name: String,
    /// Numbers of the entries that fill it: the primary first, where the catalog has it, then the fallbacks in order.
    pub(crate) documents: Vec<usize>,
    /// Whether the first of `documents` is the primary.
    pub(crate) has_primary: bool,
    /// The ids of the fallbacks, in order.
    pub(crate) fallbacks: Vec<String>,
}

/// All roles.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    /// With their keys, sorted by key.
    roles: Vec<(String, Role)>,
}

impl Roles {
    pub(crate) fn of(roles: Vec<Role>) -> Roles {
        let mut roles: Vec<_> = roles.into_iter().map(|role| (key(&role.name), role)).collect();
        roles.sort_by(|a, b| a.0.cmp(&b.0));
        Roles { roles }
    }

    /// The role of that name, however its words are joined, cased or inflected.
    pub(crate) fn find(&self, name: &str) -> Option<&Role> {
        let wanted = key(name);
        let at = self.roles.partition_point(|(key, _)| *key < wanted);
        self.roles.get(at).filter(|(key, _)| *key == wanted && !key.is_empty()).map(|(_, role)| role)
    }

    /// Names near `name`, best first.
    pub(crate) fn suggest(&self, name: &str, limit: usize) -> Vec<String> {
        let wanted = key(name);
        let mut near: Vec<(f32, &str)> = (self.roles.iter())
            .map(|(key, role)| (likeness(&wanted, key), role.name.as_str()))
            .filter(|(likeness, _)| *likeness >= 0.4)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        near.into_iter().take(limit).map(|(_, name)| name.to_owned()).collect()
    }
}
