//! What differs between two catalogs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::definition::{Definition, Kind};

/// How many definitions came, changed, went and stayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Ids that are new.
    pub added: usize,
    /// Ids that were there, with other content.
    pub changed: usize,
    /// Ids that are gone.
    pub removed: usize,
    /// Ids with the same content.
    pub unchanged: usize,
}

/// What carried an id before, and what carries it now.
type Versions<'a> = (Vec<&'a Arc<Definition>>, Vec<&'a Arc<Definition>>);

impl Changes {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added + self.changed + self.removed == 0
    }

    pub(super) fn between(old: &[Arc<Definition>], new: &[Arc<Definition>]) -> Changes {
        let mut by_id: BTreeMap<(Kind, &str), Versions<'_>> = BTreeMap::new();
        for definition in old {
            by_id.entry((definition.kind, &definition.id)).or_default().0.push(definition);
        }
        for definition in new {
            by_id.entry((definition.kind, &definition.id)).or_default().1.push(definition);
        }
        let mut changes = Changes::default();
        for (before, mut after) in by_id.into_values() {
            let (count_before, count_after) = (before.len(), after.len());
            // An id may belong to several files, so equal ones are paired off first.
            for definition in before {
                let same = |other: &&Arc<Definition>| Arc::ptr_eq(other, definition) || *other == definition;
                if let Some(at) = after.iter().position(same) {
                    after.swap_remove(at);
                    changes.unchanged += 1;
                }
            }
            let unchanged = count_after - after.len();
            let (before, after) = (count_before - unchanged, after.len());
            changes.changed += before.min(after);
            changes.added += after.saturating_sub(before);
            changes.removed += before.saturating_sub(after);
        }
        changes
    }
}
