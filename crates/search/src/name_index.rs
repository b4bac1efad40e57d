//! Entries by name, however the words of the name are joined, cased or inflected.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::merge_sorted::merge_sorted;
use crate::name_key::name_key;
use crate::numeric::as_u32;
use catalog::Definition;

/// Names, ids and aliases of all entries, by hashed key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NameIndex {
    /// The lower half of a key's hash, and the position of an entry that may have a name of that key; sorted.
    pub(crate) entries: Vec<(u32, u32)>,
}

impl NameIndex {
    /// The names of a catalog's entries.
    pub(crate) fn build(definitions: &[Arc<Definition>]) -> NameIndex {
        NameIndex::default().updated(|_| None, 0..definitions.len(), definitions)
    }

    /// The index after an update. `moved` is the new position of an entry that stayed, `None` for one that is gone; `new`
    /// are the positions of added entries; `definitions` are those of the new catalog.
    pub(crate) fn updated(
        &self,
        moved: impl Fn(u32) -> Option<u32>,
        new: impl Iterator<Item = usize>,
        definitions: &[Arc<Definition>],
    ) -> NameIndex {
        let stayed = self.entries.iter().filter_map(|&(hash, document)| Some((hash, moved(document)?)));
        let of_entry = |document: usize| {
            let keys = names(&definitions[document]).map(|name| name_key(name)).filter(|key| !key.is_empty());
            keys.map(move |key| (hash(&key), as_u32(document)))
        };
        let mut entries = merge_sorted(stayed, new.flat_map(of_entry).collect());
        entries.dedup();
        entries.shrink_to_fit();
        NameIndex { entries }
    }

    /// Positions of the entries with a name of the same key as `name`, sorted.
    pub(crate) fn find(&self, name: &str, definitions: &[Arc<Definition>]) -> Vec<u32> {
        self.find_key(&name_key(name), definitions)
    }

    /// Positions of the entries with a name of this key, sorted.
    pub(crate) fn find_key(&self, wanted: &str, definitions: &[Arc<Definition>]) -> Vec<u32> {
        let hash = hash(wanted);
        let from = self.entries.partition_point(|(other, _)| *other < hash);
        let found = self.entries[from..].iter().take_while(|(other, _)| *other == hash);
        // Hashes collide: only the names themselves decide.
        let has_name = |document: &u32| {
            definitions
                .get(*document as usize)
                .is_some_and(|entry| names(entry).any(|name| name_key(name) == wanted))
        };
        found.map(|&(_, document)| document).filter(has_name).collect()
    }
}

fn names(definition: &Definition) -> impl Iterator<Item = &String> {
    [&definition.name, &definition.id].into_iter().chain(&definition.aliases)
}

fn hash(key: &str) -> u32 {
    let [.., a, b, c, d] = FixedState::default().hash_one(key).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
