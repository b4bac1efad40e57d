//! Near duplicates after an update: only entries that share a name with a removed or added one are compared again.

use std::sync::Arc;

use foldhash::HashMap;

use super::diff::{Analyzer, CatalogDiff};
use crate::index::IndexCore;
use crate::near_duplicates::{NearDuplicates, name_hash, pair_duplicates};
use catalog::Definition;

/// Entries of one name that are compared again; of more, a new index is the better choice.
const MAX_GROUP: usize = 64;

/// The near duplicates among `definitions`; `None` where a group is too large.
pub(super) fn updated_duplicates(
    old: &IndexCore,
    definitions: &[Arc<Definition>],
    diff: &CatalogDiff,
    analyzer: &mut Analyzer<'_>,
) -> Option<NearDuplicates> {
    let mut hashes = vec![0; definitions.len()];
    for (&hash, at) in old.duplicates.name_hashes.iter().zip(0..) {
        if let Some(position) = diff.moved(at) {
            hashes[position as usize] = hash;
        }
    }
    diff.added.iter().for_each(|&at| hashes[at] = name_hash(&definitions[at]));
    let removed = diff.removed.iter().map(|&at| old.duplicates.name_hashes[at]);
    let added = diff.added.iter().map(|&at| hashes[at]);
    let mut groups: HashMap<u32, Vec<usize>> = removed.chain(added).map(|hash| (hash, Vec::new())).collect();
    for (at, hash) in hashes.iter().enumerate() {
        if let Some(group) = groups.get_mut(hash) {
            group.push(at);
        }
    }
    let stayed = old.duplicates.representatives.iter();
    let mut pairs: Vec<(u32, u32)> = stayed
        .filter_map(|&(duplicate, representative)| {
            Some((diff.moved(duplicate)?, diff.moved(representative)?))
        })
        .filter(|(duplicate, _)| !groups.contains_key(&hashes[*duplicate as usize]))
        .collect();
    for group in groups.values().filter(|group| group.len() > 1) {
        if group.len() > MAX_GROUP {
            return None;
        }
        let terms =
            |at: usize| analyzer.analyze(&definitions[at]).terms.into_iter().map(|(term, _)| term).collect();
        pair_duplicates(group, terms, &mut pairs);
    }
    Some(NearDuplicates::from_pairs(hashes, pairs))
}
