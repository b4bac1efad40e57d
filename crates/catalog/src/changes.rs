//! What differs between two catalogs.

use std::sync::Arc;

use super::definition::Definition;
use super::kind::Kind;

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

impl Changes {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added + self.changed + self.removed == 0
    }

    /// Both are in the catalog's order.
    pub(super) fn between(old: &[Arc<Definition>], new: &[Arc<Definition>]) -> Changes {
        let mut changes = Changes::default();
        let (mut old, mut new) = (old, new);
        loop {
            // Nearly all of a large catalog is the same as before, down to where it lies in memory.
            let same = old.iter().zip(new).take_while(|(before, after)| Arc::ptr_eq(before, after)).count();
            changes.unchanged += same;
            (old, new) = (&old[same..], &new[same..]);
            let Some(id) = [old.first(), new.first()].into_iter().flatten().map(|first| id_of(first)).min()
            else {
                return changes;
            };
            let (before, after) = (carriers(old, id), carriers(new, id));
            changes.count(before, after);
            (old, new) = (&old[before.len()..], &new[after.len()..]);
        }
    }

    /// Counts what carried an id before and what carries it now.
    fn count(&mut self, before: &[Arc<Definition>], after: &[Arc<Definition>]) {
        let mut left: Vec<&Arc<Definition>> = after.iter().collect();
        // An id may belong to several files, so equal ones are paired off first.
        for definition in before {
            let same = |other: &&Arc<Definition>| Arc::ptr_eq(other, definition) || *other == definition;
            if let Some(at) = left.iter().position(same) {
                left.swap_remove(at);
            }
        }
        let unchanged = after.len() - left.len();
        let (before, after) = (before.len() - unchanged, left.len());
        self.unchanged += unchanged;
        self.changed += before.min(after);
        self.added += after.saturating_sub(before);
        self.removed += before.saturating_sub(after);
    }
}

fn id_of(definition: &Definition) -> (Kind, &str) {
    (definition.kind, &definition.id)
}

/// The first of `definitions`, as far as they carry the id.
fn carriers<'a>(definitions: &'a [Arc<Definition>], id: (Kind, &str)) -> &'a [Arc<Definition>] {
    let count = definitions.iter().take_while(|definition| id_of(definition) == id).count();
    &definitions[..count]
}
