//! Which entries have a capability: exact matches first, then near misses.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::name_key::{key_similarity, name_key};
use crate::numeric::as_u32;
use catalog::Definition;

/// The least normalised edit similarity (1 - edits / longer length) at which one capability stands in for another: one
/// edit in five letters, two in ten.
const MIN_SIMILARITY: f64 = 0.8;
/// The least similarity of a suggestion.
const MIN_SUGGESTED: f32 = 0.5;
/// Near misses of one request.
const MAX_NEAR_MISSES: usize = 5;
/// Letter pairs that one request may compare, about ten milliseconds. Real collections stay far below; in one crafted to
/// be slow, the last capabilities are not compared any more.
const MAX_PAIRS: usize = 8_000_000;

/// The capabilities of all entries, by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CapabilityIndex {
    /// Sorted by key.
    pub(crate) entries: Vec<Arc<CapabilityPostings>>,
}

/// One capability with the entries that have it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CapabilityPostings {
    /// See [`name_key`].
    pub(crate) key: Box<str>,
    /// As the first of the entries spells it.
    pub(crate) written: Box<str>,
    /// Positions of the entries in the catalog, sorted.
    pub(crate) documents: Box<[u32]>,
}

/// A capability that matches the requested one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CapabilityMatch<'a> {
    /// As the entries spell it.
    pub(crate) written: &'a str,
    /// 1 for the same capability, less for a near miss.
    pub(crate) strength: f32,
    /// Positions of the entries that have it, sorted.
    pub(crate) documents: &'a [u32],
}

impl CapabilityPostings {
    /// The capability of this key with the entries in `documents`; `None` where there are none.
    fn new(
        key: &str,
        mut documents: Vec<u32>,
        definitions: &[Arc<Definition>],
    ) -> Option<CapabilityPostings> {
        documents.sort_unstable();
        documents.dedup();
        let first = &definitions[*documents.first()? as usize];
        let written = first.capabilities.iter().find(|written| name_key(written) == key)?;
        Some(CapabilityPostings {
            key: key.into(),
            written: written.as_str().into(),
            documents: documents.into(),
        })
    }
}

impl CapabilityIndex {
    /// The capabilities of a catalog's entries.
    pub(crate) fn build(definitions: &[Arc<Definition>]) -> CapabilityIndex {
        let mut all: BTreeMap<String, (&str, Vec<u32>)> = BTreeMap::new();
        for (document, definition) in definitions.iter().enumerate() {
            for written in &definition.capabilities {
                let (_, documents) = all.entry(name_key(written)).or_insert((written, Vec::new()));
                if documents.last() != Some(&as_u32(document)) {
                    documents.push(as_u32(document));
                }
            }
        }
        all.remove("");
        let entry = |(key, (written, documents)): (String, (&str, Vec<u32>))| {
            Arc::new(CapabilityPostings {
                key: key.into(),
                written: written.into(),
                documents: documents.into(),
            })
        };
        CapabilityIndex { entries: all.into_iter().map(entry).collect() }
    }

    /// The index after an update. `moved` is the new position of an entry that stayed, `None` for one that is gone; `new`
    /// are the positions of added entries; `definitions` are those of the new catalog.
    pub(crate) fn updated(
        &self,
        moved: impl Fn(u32) -> Option<u32>,
        new: &[usize],
        definitions: &[Arc<Definition>],
    ) -> CapabilityIndex {
        let mut added: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for &document in new {
            for written in &definitions[document].capabilities {
                added.entry(name_key(written)).or_default().push(as_u32(document));
            }
        }
        added.remove("");
        let mut entries = Vec::with_capacity(self.entries.len() + added.len());
        for old in &self.entries {
            let came = added.remove(old.key.as_ref());
            if came.is_none() && old.documents.iter().all(|&document| moved(document) == Some(document)) {
                entries.push(Arc::clone(old));
                continue;
            }
            let stayed = old.documents.iter().filter_map(|&document| moved(document));
            let documents = stayed.chain(came.into_iter().flatten()).collect();
            entries.extend(CapabilityPostings::new(&old.key, documents, definitions).map(Arc::new));
        }
        let others = added
            .into_iter()
            .filter_map(|(key, documents)| CapabilityPostings::new(&key, documents, definitions));
        entries.extend(others.map(Arc::new));
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        CapabilityIndex { entries }
    }

    /// The requested capability, otherwise its near misses, best first, at most five.
    pub(crate) fn find(&self, requested: &str) -> Vec<CapabilityMatch<'_>> {
        let requested = name_key(requested);
        if requested.is_empty() {
            return Vec::new();
        }
        if let Ok(at) = self.entries.binary_search_by(|entry| entry.key.as_ref().cmp(&requested)) {
            let CapabilityPostings { written, documents, .. } = &*self.entries[at];
            return vec![CapabilityMatch { written, strength: 1.0, documents }];
        }
        // A short capability has no near misses: `go` is not `git`.
        if requested.chars().count() < 5 {
            return Vec::new();
        }
        let first = requested.chars().next();
        let has_similar_length = |entry: &'_ Arc<CapabilityPostings>| {
            entry.key.len().abs_diff(requested.len()) * 5 <= entry.key.len().max(requested.len())
        };
        let mut near: Vec<CapabilityMatch<'_>> = (self.entries.iter())
            .filter(|entry| has_similar_length(entry) && entry.key.chars().next() == first)
            .take_while(within_budget(&requested))
            .filter_map(|entry| {
                let similarity = strsim::normalized_levenshtein(&requested, &entry.key);
                #[expect(clippy::cast_possible_truncation, reason = "a ratio needs no double precision")]
                let strength = similarity as f32;
                let CapabilityPostings { written, documents, .. } = &**entry;
                (similarity >= MIN_SIMILARITY).then_some(CapabilityMatch { written, strength, documents })
            })
            .collect();
        near.sort_by(|a, b| b.strength.total_cmp(&a.strength).then_with(|| a.written.cmp(b.written)));
        near.truncate(MAX_NEAR_MISSES);
        near
    }

    /// Capabilities similar to the requested one, best first, as the entries spell them.
    pub(crate) fn suggest(&self, requested: &str, limit: usize) -> Vec<String> {
        let requested = name_key(requested);
        let mut near: Vec<(f32, &str)> = (self.entries.iter())
            .take_while(within_budget(&requested))
            .map(|entry| (key_similarity(&requested, &entry.key), entry.written.as_ref()))
            .filter(|(similarity, _)| *similarity >= MIN_SUGGESTED)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        near.into_iter().take(limit).map(|(_, written)| written.to_owned()).collect()
    }
}

/// Whether one more capability may be compared with the requested one, see [`MAX_PAIRS`].
fn within_budget(requested: &str) -> impl FnMut(&&Arc<CapabilityPostings>) -> bool {
    let (length, mut pairs) = (requested.len(), 0);
    move |entry| {
        pairs += length * entry.key.len();
        pairs <= MAX_PAIRS
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{CapabilityIndex, CapabilityPostings};

    fn of(keys: impl Iterator<Item = String>) -> CapabilityIndex {
        let entry = |key: String| {
            Arc::new(CapabilityPostings {
                written: key.clone().into(),
                key: key.into(),
                documents: [0].into(),
            })
        };
        let mut entries: Vec<_> = keys.map(entry).collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        CapabilityIndex { entries }
    }

    #[test]
    fn near_misses_stand_in() {
        let known = of(["kubernetes", "go", "react hook"].map(str::to_owned).into_iter());
        let found =
            |asked: &str| known.find(asked).iter().map(|found| found.written.to_owned()).collect::<Vec<_>>();
        assert_eq!(found("kubernets"), ["kubernetes"]);
        assert_eq!(found("React hooks"), ["react hook"]);
        assert!(found("git").is_empty());
    }

    /// Comparing all capabilities of a crafted collection would take minutes, so that the last ones are not compared.
    #[test]
    fn one_request_compares_a_bounded_number_of_letters() {
        let (near, requested) = (format!("xz{}w", "k".repeat(61)), format!("xz{}", "k".repeat(62)));
        let few = of([near.clone()].into_iter());
        assert_eq!(few.find(&requested).len(), 1);
        assert_eq!(few.suggest(&requested, 5), [near.as_str()]);
        // All start alike and are as long as what is asked for: each would be compared in full.
        let crafted = of((0..100_000).map(|at| format!("x{at:0>63}")).chain([near]));
        assert!(crafted.find(&requested).is_empty());
        assert!(crafted.suggest(&requested, 5).is_empty());
    }
}
