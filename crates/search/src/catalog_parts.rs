//! Parts of an index that follow directly from the catalog and the alias table; neither persisted nor updated, but derived
//! again.

use std::ops::Range;
use std::sync::Arc;

use crate::aliases::Aliases;
use crate::role_index::{FilledRole, RoleIndex};
use crate::vocabulary::Vocabulary;
use catalog::{Catalog, Definition, Kind, KindMap, RoleAgent};

/// The positions of each kind's entries; a catalog lists its entries by kind.
pub(crate) fn kind_ranges(definitions: &[Arc<Definition>]) -> KindMap<Range<usize>> {
    KindMap::from_fn(|kind| {
        let from = definitions.partition_point(|entry| entry.kind < kind);
        from..definitions.partition_point(|entry| entry.kind <= kind)
    })
}

/// The vocabulary's id for each term of the alias table, where it has one.
pub(crate) fn alias_terms(aliases: &Aliases, vocabulary: &Vocabulary) -> Vec<Option<u32>> {
    aliases.terms().iter().map(|term| vocabulary.id_of_term(term)).collect()
}

/// The roles of the registry, with the entries that fill them.
pub(crate) fn role_index(catalog: &Catalog) -> RoleIndex {
    let agents = &catalog.definitions()[kind_ranges(catalog.definitions())[Kind::Agent].clone()];
    // Agents are the first entries, sorted by id; of several with one id the last one counts, as it would in a map.
    let position = |id: &str| agents.partition_point(|entry| entry.id.as_str() <= id).checked_sub(1);
    let filled_by = |agent: &RoleAgent| {
        let id = agent.id.as_deref()?;
        position(id).filter(|&at| agents[at].id == id)
    };
    let role = |role: &catalog::Role| {
        let primary = filled_by(&role.primary);
        let mut documents: Vec<usize> = primary.into_iter().collect();
        for document in role.fallbacks.iter().filter_map(filled_by) {
            if !documents.contains(&document) {
                documents.push(document);
            }
        }
        let fallbacks =
            role.fallbacks.iter().map(|agent| agent.id.as_ref().unwrap_or(&agent.reference).clone());
        FilledRole {
            name: role.name.clone(),
            documents,
            has_primary: primary.is_some(),
            fallbacks: fallbacks.collect(),
        }
    };
    RoleIndex::build(catalog.roles().iter().map(role).collect())
}
