//! Entries by name, however its words are joined, cased or inflected.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::capability::key;
use crate::merge_sorted::merge_sorted;
use crate::numeric::as_u32;
use catalog::Definition;

/// Names, aliases and ids, normalised, with the entries that go by them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Names {
    /// The lower half of the hash of a name, and who may go by it; sorted.
    pub(super) entries: Vec<(u32, u32)>,
}

impl Names {
    pub(crate) fn of(definitions: &[Arc<Definition>]) -> Names {
        Names::default().updated(|_| None, 0..definitions.len(), definitions)
    }

    /// The names once entries went, moved to their `place` or are `new` among `definitions`.
    pub(super) fn updated(
        &self,
        place: impl Fn(u32) -> Option<u32>,
        new: impl Iterator<Item = usize>,
        definitions: &[Arc<Definition>],
    ) -> Names {
        let stayed = self.entries.iter().filter_map(|&(hash, document)| Some((hash, place(document)?)));
        let of_entry = |document: usize| {
            let keys = names(&definitions[document]).map(|name| key(name)).filter(|key| !key.is_empty());
            keys.map(move |key| (hash(&key), as_u32(document)))
        };
        let mut entries = merge_sorted(stayed, new.flat_map(of_entry).collect());
        entries.dedup();
        entries.shrink_to_fit();
        Names { entries }
    }

    /// The entries that go by `name`, sorted.
    pub(crate) fn find(&self, name: &str, definitions: &[Arc<Definition>]) -> Vec<u32> {
        self.find_key(&key(name), definitions)
    }

    /// The entries that go by a name of that key, sorted.
    pub(crate) fn find_key(&self, wanted: &str, definitions: &[Arc<Definition>]) -> Vec<u32> {
        let hash = hash(wanted);
        let from = self.entries.partition_point(|(other, _)| *other < hash);
        let found = self.entries[from..].iter().take_while(|(other, _)| *other == hash);
        let goes_by = |document: &u32| {
            definitions
                .get(*document as usize)
                .is_some_and(|entry| names(entry).any(|name| key(name) == wanted))
        };
        found.map(|&(_, document)| document).filter(goes_by).collect()
    }
}

fn names(definition: &Definition) -> impl Iterator<Item = &String> {
    [&definition.name, &definition.id].into_iter().chain(&definition.aliases)
}

fn hash(key: &str) -> u32 {
    let [.., a, b, c, d] = FixedState::default().hash_one(key).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
