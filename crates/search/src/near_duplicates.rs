//! Near duplicates: almost identical entries of one name, which an answer folds into one row.

use std::hash::BuildHasher;

use foldhash::HashMap;
use foldhash::fast::FixedState;

use crate::numeric::{as_f32, as_u32};
use catalog::{Definition, Kind};

/// The least Jaccard similarity of the distinct terms of two duplicates: copies that have drifted apart by an edit or two
/// stay above it, different entries that happen to share a name stay below.
const MIN_JACCARD: f32 = 0.6;

/// Which entries duplicate which.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NearDuplicates {
    /// The [`name_hash`] of each entry.
    pub(crate) name_hashes: Vec<u32>,
    /// Each duplicate with the representative of its group, the first in catalog order; sorted.
    pub(crate) representatives: Vec<(u32, u32)>,
    /// The inverse: each representative with one of its duplicates; sorted.
    members: Vec<(u32, u32)>,
}

impl NearDuplicates {
    /// Groups entries of the same kind and name whose terms are similar. `terms` holds the distinct terms of each entry,
    /// sorted.
    pub(crate) fn detect<'d>(
        definitions: impl Iterator<Item = &'d Definition>,
        terms: &[Vec<u32>],
    ) -> NearDuplicates {
        let name_hashes: Vec<u32> = definitions.map(name_hash).collect();
        let mut groups: HashMap<u32, Vec<usize>> = HashMap::default();
        for (document, &hash) in name_hashes.iter().enumerate() {
            groups.entry(hash).or_default().push(document);
        }
        let mut representatives = Vec::new();
        for group in groups.values().filter(|group| group.len() > 1) {
            pair_duplicates(group, |document| terms[document].clone(), &mut representatives);
        }
        NearDuplicates::from_pairs(name_hashes, representatives)
    }

    /// From pairs of a duplicate and its representative, in any order.
    pub(crate) fn from_pairs(name_hashes: Vec<u32>, mut representatives: Vec<(u32, u32)>) -> NearDuplicates {
        representatives.sort_unstable();
        let mut members: Vec<(u32, u32)> =
            representatives.iter().map(|&(duplicate, representative)| (representative, duplicate)).collect();
        members.sort_unstable();
        NearDuplicates { name_hashes, representatives, members }
    }

    /// The representative of an entry's group; the entry itself where it has no duplicate before it.
    pub(crate) fn representative(&self, document: usize) -> usize {
        let wanted = as_u32(document);
        let found = self.representatives.binary_search_by_key(&wanted, |(duplicate, _)| *duplicate);
        found.map_or(document, |at| self.representatives[at].1 as usize)
    }

    /// All members of the group of a representative, which comes first.
    pub(crate) fn group(&self, representative: usize) -> impl Iterator<Item = usize> {
        let wanted = as_u32(representative);
        let from = self.members.partition_point(|(representative, _)| *representative < wanted);
        let duplicates =
            self.members[from..].iter().take_while(move |(representative, _)| *representative == wanted);
        std::iter::once(representative).chain(duplicates.map(|&(_, duplicate)| duplicate as usize))
    }
}

/// Among entries of one name, in catalog order: appends each duplicate with the first entry that it is similar to.
/// `terms` returns the distinct terms of an entry, sorted.
pub(crate) fn pair_duplicates(
    group: &[usize],
    mut terms: impl FnMut(usize) -> Vec<u32>,
    pairs: &mut Vec<(u32, u32)>,
) {
    let mut heads: Vec<(usize, Vec<u32>)> = Vec::new();
    for &document in group {
        let own = terms(document);
        match heads.iter().find(|(_, head)| are_similar(head, &own)) {
            Some((head, _)) => pairs.push((as_u32(document), as_u32(*head))),
            None => heads.push((document, own)),
        }
    }
}

/// A hash of the kind and the name that duplicates share. The file's stem counts as the name of agents and workflows,
/// since the name in the front matter may include the plugin's.
pub(crate) fn name_hash(definition: &Definition) -> u32 {
    let stem = definition.path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let name = match (definition.kind, stem) {
        (Kind::Agent | Kind::Workflow, Some(stem)) if !stem.is_empty() => stem,
        _ => definition.name.to_lowercase(),
    };
    let [.., a, b, c, d] = FixedState::default().hash_one((definition.kind, name)).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn are_similar(a: &[u32], b: &[u32]) -> bool {
    let common = a.iter().filter(|term| b.binary_search(term).is_ok()).count();
    let all = a.len() + b.len() - common;
    all == 0 || as_f32(common) >= MIN_JACCARD * as_f32(all)
}
