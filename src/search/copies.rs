//! Near-identical entries of one name, which an answer shows as one row.

use std::hash::BuildHasher;

use foldhash::HashMap;
use foldhash::fast::FixedState;

use super::weights::{compact, number};
use crate::catalog::{Definition, Kind};

/// Share of distinct terms two entries must have in common (Jaccard) to be copies: copies that have drifted apart by an
/// edit or two stay above it, different entries that happen to share a name stay below.
const ALIKE: f32 = 0.6;

/// Which entries are copies of which.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Copies {
    /// Each copy with the entry that stands for its group, the first in catalog order; sorted.
    pub(super) leaders: Vec<(u32, u32)>,
    /// The same turned round, sorted.
    pub(super) members: Vec<(u32, u32)>,
}

impl Copies {
    /// Groups entries by kind and name (agents: the file's stem) where their terms are alike. `terms` holds each
    /// entry's distinct terms, sorted.
    pub(crate) fn of<'d>(definitions: impl Iterator<Item = &'d Definition>, terms: &[Vec<u32>]) -> Copies {
        let mut named: HashMap<(Kind, u64), Vec<usize>> = HashMap::default();
        for (document, definition) in definitions.enumerate() {
            named.entry((definition.kind, common_name(definition))).or_default().push(document);
        }
        let mut leaders = Vec::new();
        for group in named.values().filter(|group| group.len() > 1) {
            let mut heads: Vec<usize> = Vec::new();
            for &document in group {
                match heads.iter().find(|&&head| alike(&terms[head], &terms[document])) {
                    Some(&head) => leaders.push((compact(document), compact(head))),
                    None => heads.push(document),
                }
            }
        }
        Copies::from_leaders(leaders)
    }

    pub(super) fn from_leaders(mut leaders: Vec<(u32, u32)>) -> Copies {
        leaders.sort_unstable();
        let mut members: Vec<(u32, u32)> = leaders.iter().map(|&(copy, leader)| (leader, copy)).collect();
        members.sort_unstable();
        Copies { leaders, members }
    }

    /// The entry that stands for a document's group; itself where it has no copies.
    pub(crate) fn leader(&self, document: usize) -> usize {
        let wanted = compact(document);
        let found = self.leaders.binary_search_by_key(&wanted, |(copy, _)| *copy);
        found.map_or(document, |at| self.leaders[at].1 as usize)
    }

    /// All members of the group a leader stands for.
    pub(crate) fn members(&self, leader: usize) -> impl Iterator<Item = usize> {
        let wanted = compact(leader);
        let from = self.members.partition_point(|(leader, _)| *leader < wanted);
        let copies = self.members[from..].iter().take_while(move |(leader, _)| *leader == wanted);
        std::iter::once(leader).chain(copies.map(|&(_, copy)| copy as usize))
    }
}

/// The name copies share, hashed: what is taken for a copy has the same words, too. An agent's front matter name may carry
/// its plugin's, so its file decides.
pub(super) fn common_name(definition: &Definition) -> u64 {
    let stem = definition.path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let name = match (definition.kind, stem) {
        (Kind::Agent | Kind::Workflow, Some(stem)) if !stem.is_empty() => stem,
        _ => definition.name.to_lowercase(),
    };
    FixedState::default().hash_one(name)
}

pub(super) fn alike(a: &[u32], b: &[u32]) -> bool {
    let common = a.iter().filter(|term| b.binary_search(term).is_ok()).count();
    let all = a.len() + b.len() - common;
    all == 0 || number(common) >= ALIKE * number(all)
}
