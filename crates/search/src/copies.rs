//! Near-identical entries of one name, which an answer shows as one row.

use std::hash::BuildHasher;

use foldhash::HashMap;
use foldhash::fast::FixedState;

use crate::numeric::{as_f32, as_u32};
use catalog::{Definition, Kind};

/// Share of distinct terms two entries must have in common (Jaccard) to be copies: copies that have drifted apart by an
/// edit or two stay above it, different entries that happen to share a name stay below.
const ALIKE: f32 = 0.6;

/// Which entries are copies of which.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Copies {
    /// What each entry is called, see [`common_name`].
    pub(super) names: Vec<u32>,
    /// Each copy with the entry that stands for its group, the first in catalog order; sorted.
    pub(super) leaders: Vec<(u32, u32)>,
    /// The same turned round, sorted.
    pub(super) members: Vec<(u32, u32)>,
}

impl Copies {
    /// Groups entries by kind and name (agents: the file's stem) where their terms are alike. `terms` holds each
    /// entry's distinct terms, sorted.
    pub(crate) fn of<'d>(definitions: impl Iterator<Item = &'d Definition>, terms: &[Vec<u32>]) -> Copies {
        let names: Vec<u32> = definitions.map(common_name).collect();
        let mut groups: HashMap<u32, Vec<usize>> = HashMap::default();
        for (document, &name) in names.iter().enumerate() {
            groups.entry(name).or_default().push(document);
        }
        let mut leaders = Vec::new();
        for group in groups.values().filter(|group| group.len() > 1) {
            group_alike(group, |document| terms[document].clone(), &mut leaders);
        }
        Copies::from_leaders(names, leaders)
    }

    pub(super) fn from_leaders(names: Vec<u32>, mut leaders: Vec<(u32, u32)>) -> Copies {
        leaders.sort_unstable();
        let mut members: Vec<(u32, u32)> = leaders.iter().map(|&(copy, leader)| (leader, copy)).collect();
        members.sort_unstable();
        Copies { names, leaders, members }
    }

    /// The entry that stands for a document's group; itself where it has no copies.
    pub(crate) fn leader(&self, document: usize) -> usize {
        let wanted = as_u32(document);
        let found = self.leaders.binary_search_by_key(&wanted, |(copy, _)| *copy);
        found.map_or(document, |at| self.leaders[at].1 as usize)
    }

    /// All members of the group a leader stands for.
    pub(crate) fn members(&self, leader: usize) -> impl Iterator<Item = usize> {
        let wanted = as_u32(leader);
        let from = self.members.partition_point(|(leader, _)| *leader < wanted);
        let copies = self.members[from..].iter().take_while(move |(leader, _)| *leader == wanted);
        std::iter::once(leader).chain(copies.map(|&(_, copy)| copy as usize))
    }
}

/// Pairs each copy in a group of one name, in catalog order, with the first that is like it.
pub(super) fn group_alike(
    group: &[usize],
    mut terms: impl FnMut(usize) -> Vec<u32>,
    leaders: &mut Vec<(u32, u32)>,
) {
    let mut heads: Vec<(usize, Vec<u32>)> = Vec::new();
    for &document in group {
        let own = terms(document);
        match heads.iter().find(|(_, head)| alike(head, &own)) {
            Some((head, _)) => leaders.push((as_u32(document), as_u32(*head))),
            None => heads.push((document, own)),
        }
    }
}

/// The kind and the name that copies share, hashed: what is taken for a copy has the same words, too. An agent's front
/// matter name may carry its plugin's, so its file decides.
pub(super) fn common_name(definition: &Definition) -> u32 {
    let stem = definition.path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let name = match (definition.kind, stem) {
        (Kind::Agent | Kind::Workflow, Some(stem)) if !stem.is_empty() => stem,
        _ => definition.name.to_lowercase(),
    };
    let [.., a, b, c, d] = FixedState::default().hash_one((definition.kind, name)).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn alike(a: &[u32], b: &[u32]) -> bool {
    let common = a.iter().filter(|term| b.binary_search(term).is_ok()).count();
    let all = a.len() + b.len() - common;
    all == 0 || as_f32(common) >= ALIKE * as_f32(all)
}
