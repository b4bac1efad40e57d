//! The difference between two catalogs, and the terms of the entries in it.

use std::sync::Arc;

use crate::bm25f::{AnalyzedEntry, TermCounter};
use crate::numeric::as_u32;
use crate::vocabulary::VocabularyExtension;
use catalog::Definition;

/// Entries that are analysed again: for more, a new index is as fast, since it is built on several threads.
const MAX_ANALYZED: usize = 256;
/// The new position of an entry that was removed.
const REMOVED: u32 = u32::MAX;

/// Which entries differ between two catalogs. An entry that stayed is the same object in both.
pub(super) struct CatalogDiff {
    /// The new position of each old entry.
    pub(super) positions: Vec<u32>,
    /// Old positions of removed entries, sorted.
    pub(super) removed: Vec<usize>,
    /// New positions of added entries, sorted.
    pub(super) added: Vec<usize>,
}

impl CatalogDiff {
    /// Compares two catalogs; `None` where they differ in too many entries for an update to pay.
    pub(super) fn between(old: &[Arc<Definition>], new: &[Arc<Definition>]) -> Option<CatalogDiff> {
        let mut diff =
            CatalogDiff { positions: Vec::with_capacity(old.len()), removed: Vec::new(), added: Vec::new() };
        let mut rest = new.iter().enumerate().peekable();
        for (at, entry) in old.iter().enumerate() {
            let order = |other: &Definition| {
                (other.kind, &other.id, &other.path).cmp(&(entry.kind, &entry.id, &entry.path))
            };
            let is_before = |other: &Arc<Definition>| !Arc::ptr_eq(other, entry) && order(other).is_lt();
            while let Some((position, _)) = rest.next_if(|(_, other)| is_before(other)) {
                diff.added.push(position);
            }
            if let Some((position, _)) = rest.next_if(|(_, other)| Arc::ptr_eq(other, entry)) {
                diff.positions.push(as_u32(position));
            } else {
                diff.positions.push(REMOVED);
                diff.removed.push(at);
            }
            if diff.n_entries() > MAX_ANALYZED {
                return None;
            }
        }
        diff.added.extend(rest.map(|(position, _)| position));
        (diff.n_entries() <= MAX_ANALYZED).then_some(diff)
    }

    fn n_entries(&self) -> usize {
        self.removed.len() + self.added.len()
    }

    /// The new position of an old entry; `None` where it was removed.
    pub(super) fn moved(&self, at: u32) -> Option<u32> {
        self.positions.get(at as usize).copied().filter(|&position| position != REMOVED)
    }
}

/// Analyses entries, numbering their terms by an extended vocabulary.
pub(super) struct Analyzer<'v> {
    pub(super) counter: TermCounter,
    pub(super) vocabulary: VocabularyExtension<'v>,
}

impl Analyzer<'_> {
    pub(super) fn analyze(&mut self, definition: &Definition) -> AnalyzedEntry {
        self.counter.analyze(definition, &mut self.vocabulary)
    }
}

/// The entries of a diff analysed, by position.
pub(super) struct AnalyzedDiff {
    pub(super) removed: Vec<(usize, AnalyzedEntry)>,
    pub(super) added: Vec<(usize, AnalyzedEntry)>,
}

impl AnalyzedDiff {
    /// The terms of the removed entries, with repetitions.
    pub(super) fn removed_terms(&self) -> impl Iterator<Item = u32> {
        self.removed.iter().flat_map(|(_, entry)| &entry.terms).map(|&(term, _)| term)
    }
}
