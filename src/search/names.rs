//! Entries by name, however its words are joined, cased or inflected.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::capability::key;
use super::weights::compact;
use crate::catalog::Definition;

/// Names, aliases and ids, normalised, with the entries that go by them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Names {
    /// The lower half of the hash of a name, and who may go by it; sorted.
    pub(super) entries: Vec<(u32, u32)>,
}

impl Names {
    pub(crate) fn of(definitions: &[Arc<Definition>]) -> Names {
        let mut names = Names::default();
        for (document, definition) in definitions.iter().enumerate() {
            names.add(definition, document);
        }
        names.settle();
        names
    }

    /// Adds an entry; [`Names::settle`] comes after the last one.
    pub(super) fn add(&mut self, definition: &Definition, document: usize) {
        let keys = names(definition).map(|name| key(name)).filter(|key| !key.is_empty());
        self.entries.extend(keys.map(|key| (hash(&key), compact(document))));
    }

    /// The names of entries that stayed, which are elsewhere now.
    pub(super) fn moved(&self, place: impl Fn(u32) -> Option<u32>) -> Names {
        let entries = self.entries.iter().filter_map(|&(hash, document)| Some((hash, place(document)?)));
        Names { entries: entries.collect() }
    }

    pub(super) fn settle(&mut self) {
        // Mostly sorted, which a stable sort notices.
        self.entries.sort();
        self.entries.dedup();
        self.entries.shrink_to_fit();
    }

    /// The entries that go by `name`, sorted.
    pub(crate) fn find(&self, name: &str, definitions: &[Arc<Definition>]) -> Vec<u32> {
        let wanted = key(name);
        let hash = hash(&wanted);
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
