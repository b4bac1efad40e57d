//! The differences between two catalogs.

use std::sync::Arc;

use super::definition::Definition;
use super::kind::Kind;

/// How many definitions were added, changed, removed and left unchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Definitions whose id is new.
    pub added: usize,
    /// Definitions whose id was there with other content.
    pub changed: usize,
    /// Definitions whose id is gone.
    pub removed: usize,
    /// Definitions with the same id and content.
    pub unchanged: usize,
}

impl Changes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.added + self.changed + self.removed == 0
    }

    /// The differences between two lists, both in the catalog's order.
    pub(super) fn between(old: &[Arc<Definition>], new: &[Arc<Definition>]) -> Changes {
        let mut changes = Changes::default();
        let (mut old, mut new) = (old, new);
        loop {
            // Nearly all of a large catalog is unchanged and shared with the one before.
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

    /// Counts the definitions that had an id before and those that have it now.
    fn count(&mut self, before: &[Arc<Definition>], after: &[Arc<Definition>]) {
        let mut left: Vec<&Arc<Definition>> = after.iter().collect();
        // Several files may have one id, so equal definitions are paired off first.
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

/// The leading run of `definitions` with this id.
fn carriers<'a>(definitions: &'a [Arc<Definition>], id: (Kind, &str)) -> &'a [Arc<Definition>] {
    let count = definitions.iter().take_while(|definition| id_of(definition) == id).count();
    &definitions[..count]
}
