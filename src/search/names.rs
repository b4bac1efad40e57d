//! Entries by name, however its words are joined, cased or inflected.

use std::sync::Arc;

use super::capability::key;
use super::weights::compact;
use crate::catalog::Definition;

/// Names, aliases and ids, normalised, with the entries that go by them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Sorted.
    entries: Vec<(Box<str>, u32)>,
}

impl Names {
    pub(crate) fn of(definitions: &[Arc<Definition>]) -> Names {
        let mut entries = Vec::new();
        for (document, definition) in definitions.iter().enumerate() {
            let names = [&definition.name, &definition.id].into_iter().chain(&definition.aliases);
            entries.extend(names.map(|name| (key(name).into_boxed_str(), compact(document))));
        }
        entries.retain(|(key, _)| !key.is_empty());
        entries.sort_unstable();
        entries.dedup();
        Names { entries }
    }

    /// The entries that go by `name`, sorted.
    pub(crate) fn find(&self, name: &str) -> Vec<u32> {
        let wanted = key(name);
        let from = self.entries.partition_point(|(key, _)| key.as_ref() < wanted.as_str());
        let found = self.entries[from..].iter().take_while(|(key, _)| key.as_ref() == wanted);
        found.map(|&(_, document)| document).collect()
    }
}
