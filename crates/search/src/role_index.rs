//! The roles of the registry, found by name however its words are joined, cased or inflected.

use crate::name_key::{key_similarity, name_key};

/// The least similarity of a suggestion.
const MIN_SUGGESTED: f32 = 0.4;

/// A role with the entries that fill it.
#[derive(Debug, Clone)]
pub(crate) struct FilledRole {
    /// As the registry writes it.
    pub(crate) name: String,
    /// Positions of the entries that fill it: the primary first, where the catalog has it, then the fallbacks in order.
    pub(crate) documents: Vec<usize>,
    /// Whether the first of `documents` is the primary.
    pub(crate) has_primary: bool,
    /// The ids of the fallbacks, in order.
    pub(crate) fallbacks: Vec<String>,
}

/// All roles by key.
#[derive(Debug, Default)]
pub(crate) struct RoleIndex {
    /// Sorted by key.
    roles: Vec<(String, FilledRole)>,
}

impl RoleIndex {
    /// The index of these roles.
    pub(crate) fn build(roles: Vec<FilledRole>) -> RoleIndex {
        let mut roles: Vec<_> = roles.into_iter().map(|role| (name_key(&role.name), role)).collect();
        roles.sort_by(|a, b| a.0.cmp(&b.0));
        RoleIndex { roles }
    }

    /// The role of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&FilledRole> {
        let wanted = name_key(name);
        let at = self.roles.partition_point(|(key, _)| *key < wanted);
        self.roles.get(at).filter(|(key, _)| *key == wanted && !key.is_empty()).map(|(_, role)| role)
    }

    /// Names of similar roles, best first.
    pub(crate) fn suggest(&self, name: &str, limit: usize) -> Vec<String> {
        let wanted = name_key(name);
        let mut near: Vec<(f32, &str)> = (self.roles.iter())
            .map(|(key, role)| (key_similarity(&wanted, key), role.name.as_str()))
            .filter(|(similarity, _)| *similarity >= MIN_SUGGESTED)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        near.into_iter().take(limit).map(|(_, name)| name.to_owned()).collect()
    }
}
