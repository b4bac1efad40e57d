//! Near-identical entries of one name, which an answer shows as one row.

use std::collections::BTreeMap;

use super::weights::{compact, number};
use crate::catalog::{Definition, Kind};

/// Share of distinct terms two entries must have in common (Jaccard) to be copies: copies that have drifted apart by an
/// edit or two stay above it, different entries that happen to share a name stay below.
const ALIKE: f32 = 0.6;

/// For each entry the number of the copy that stands for its group: the first, in catalog order.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    leaders: Vec<u32>,
}

impl Copies {
    /// Groups entries by kind and name (agents: the file's stem) where their terms are alike. `terms` holds each
    /// entry's distinct terms, sorted.
    pub(crate) fn of<'d>(definitions: impl Iterator<Item = &'d Definition>, terms: &[Vec<u32>]) -> Copies {
        let mut named: BTreeMap<(Kind, String), Vec<usize>> = BTreeMap::new();
        for (document, definition) in definitions.enumerate() {
            named.entry((definition.kind, common_name(definition))).or_default().push(document);
        }
        let mut leaders: Vec<u32> = (0..terms.len()).map(compact).collect();
        for group in named.values().filter(|group| group.len() > 1) {
            let mut heads: Vec<usize> = Vec::new();
            for &document in group {
                match heads.iter().find(|&&head| alike(&terms[head], &terms[document])) {
                    Some(&head) => leaders[document] = compact(head),
                    None => heads.push(document),
                }
            }
        }
        Copies { leaders }
    }

    /// The entry that stands for a document's group; itself where it has no copies.
    pub(crate) fn leader(&self, document: usize) -> usize {
        self.leaders[document] as usize
    }

    /// All members of the group a leader stands for.
    pub(crate) fn members(&self, leader: usize) -> impl Iterator<Item = usize> {
        let wanted = compact(leader);
        (leader..self.leaders.len()).filter(move |&document| self.leaders[document] == wanted)
    }
}

/// The name copies share. An agent's front matter name may carry its plugin's, so its file decides.
fn common_name(definition: &Definition) -> String {
    let stem = definition.path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    match (definition.kind, stem) {
        (Kind::Agent | Kind::Workflow, Some(stem)) if !stem.is_empty() => stem,
        _ => definition.name.to_lowercase(),
    }
}

fn alike(a: &[u32], b: &[u32]) -> bool {
    let common = a.iter().filter(|term| b.binary_search(term).is_ok()).count();
    let all = a.len() + b.len() - common;
    all == 0 || number(common) >= ALIKE * number(all)
}
