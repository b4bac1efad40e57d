//! Which entries have a capability: exact first, then near misses.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::text;
use crate::numeric::{as_f32, as_u32};
use catalog::Definition;

/// How alike two capabilities must be (1 - edits ÷ longer length) for one to stand for the other: one edit in five
/// letters, two in ten.
const NEAR: f64 = 0.8;
/// Characters of a capability that are compared.
const MAX_CAPABILITY: usize = 64;

/// Terms of a capability or a name that tell it apart.
const MAX_KEY_TERMS: usize = 16;

/// Pairs of letters that one request may compare: some ten milliseconds. Real collections stay far below; one that is made
/// to be slow has its last capabilities compared no more.
const MAX_PAIRS: usize = 8_000_000;

/// Capabilities, normalised, and who has them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Capabilities {
    /// Sorted by key.
    pub(super) entries: Vec<Arc<Capability>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Capability {
    pub(super) key: Box<str>,
    /// As the first entry spells it.
    pub(super) written: Box<str>,
    pub(super) documents: Box<[u32]>,
}

/// A capability that answers to the one asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fit<'a> {
    /// As the entries spell it.
    pub(crate) written: &'a str,
    /// 1 for the same capability, less for a near miss.
    pub(crate) strength: f32,
    pub(crate) documents: &'a [u32],
}

impl Capability {
    /// The capability of that key, which `documents` have; `None` where nobody has it.
    fn of(wanted: &str, mut documents: Vec<u32>, definitions: &[Arc<Definition>]) -> Option<Capability> {
        documents.sort_unstable();
        documents.dedup();
        let first = &definitions[*documents.first()? as usize];
        let written = first.capabilities.iter().find(|written| key(written) == wanted)?;
        Some(Capability { key: wanted.into(), written: written.as_str().into(), documents: documents.into() })
    }
}

impl Capabilities {
    pub(crate) fn of(definitions: &[Arc<Definition>]) -> Capabilities {
        let mut all: BTreeMap<String, (&str, Vec<u32>)> = BTreeMap::new();
        for (document, definition) in definitions.iter().enumerate() {
            for written in &definition.capabilities {
                let (_, documents) = all.entry(key(written)).or_insert((written, Vec::new()));
                if documents.last() != Some(&as_u32(document)) {
                    documents.push(as_u32(document));
                }
            }
        }
        all.remove("");
        let entry = |(key, (written, documents)): (String, (&str, Vec<u32>))| {
            Arc::new(Capability { key: key.into(), written: written.into(), documents: documents.into() })
        };
        Capabilities { entries: all.into_iter().map(entry).collect() }
    }

    /// The capabilities once entries went, moved to their `place` or are `new` among `definitions`.
    pub(super) fn updated(
        &self,
        place: impl Fn(u32) -> Option<u32>,
        new: &[usize],
        definitions: &[Arc<Definition>],
    ) -> Capabilities {
        let mut added: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for &document in new {
            for written in &definitions[document].capabilities {
                added.entry(key(written)).or_default().push(as_u32(document));
            }
        }
        added.remove("");
        let mut entries = Vec::with_capacity(self.entries.len() + added.len());
        for old in &self.entries {
            let came = added.remove(old.key.as_ref());
            if came.is_none() && old.documents.iter().all(|&document| place(document) == Some(document)) {
                entries.push(Arc::clone(old));
                continue;
            }
            let stayed = old.documents.iter().filter_map(|&document| place(document));
            let documents = stayed.chain(came.into_iter().flatten()).collect();
            entries.extend(Capability::of(&old.key, documents, definitions).map(Arc::new));
        }
        let others =
            added.into_iter().filter_map(|(key, documents)| Capability::of(&key, documents, definitions));
        entries.extend(others.map(Arc::new));
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        Capabilities { entries }
    }

    /// The capability asked for, else the nearest ones, best first, at most five.
    pub(crate) fn find(&self, asked: &str) -> Vec<Fit<'_>> {
        let asked = key(asked);
        if asked.is_empty() {
            return Vec::new();
        }
        let fit = |entry: &'_ Arc<Capability>| {
            entry.key.len().abs_diff(asked.len()) * 5 <= entry.key.len().max(asked.len())
        };
        if let Ok(at) = self.entries.binary_search_by(|entry| entry.key.as_ref().cmp(&asked)) {
            let Capability { written, documents, .. } = &*self.entries[at];
            return vec![Fit { written, strength: 1.0, documents }];
        }
        // A short capability has no near misses: `go` is not `git`.
        if asked.chars().count() < 5 {
            return Vec::new();
        }
        let first = asked.chars().next();
        let mut near: Vec<Fit<'_>> =
            (self.entries.iter().filter(|entry| fit(entry) && entry.key.chars().next() == first))
                .take_while(affordable(&asked))
                .filter_map(|entry| {
                    let likeness = strsim::normalized_levenshtein(&asked, &entry.key);
                    #[expect(clippy::cast_possible_truncation, reason = "a ratio needs no double precision")]
                    let strength = likeness as f32;
                    let Capability { written, documents, .. } = &**entry;
                    (likeness >= NEAR).then_some(Fit { written, strength, documents })
                })
                .collect();
        near.sort_by(|a, b| b.strength.total_cmp(&a.strength).then_with(|| a.written.cmp(b.written)));
        near.truncate(5);
        near
    }

    /// Spellings of capabilities that share most terms with `asked`, for suggestions.
    pub(crate) fn suggest(&self, asked: &str, limit: usize) -> Vec<String> {
        let asked = key(asked);
        let mut near: Vec<(f32, &str)> = (self.entries.iter())
            .take_while(affordable(&asked))
            .map(|entry| (likeness(&asked, &entry.key), entry.written.as_ref()))
            .filter(|(likeness, _)| *likeness >= 0.5)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        near.into_iter().take(limit).map(|(_, written)| written.to_owned()).collect()
    }
}

/// Whether one more entry may be compared with what is asked for.
fn affordable(asked: &str) -> impl FnMut(&&Arc<Capability>) -> bool {
    let (length, mut pairs) = (asked.len(), 0);
    move |entry| {
        pairs += length * entry.key.len();
        pairs <= MAX_PAIRS
    }
}

/// Share of common terms (Dice) or of common letters in order, whichever is higher; for suggestions only.
pub(crate) fn likeness(a: &str, b: &str) -> f32 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let (mine, theirs): (Vec<_>, Vec<_>) = (a.split(' ').collect(), b.split(' ').collect());
    let common = mine.iter().filter(|term| theirs.contains(term)).count();
    let dice = 2.0 * as_f32(common) / as_f32(mine.len() + theirs.len());
    #[expect(clippy::cast_possible_truncation, reason = "a ratio needs no double precision")]
    let edits = if a.len() > MAX_CAPABILITY || b.len() > MAX_CAPABILITY {
        0.0
    } else {
        strsim::normalized_levenshtein(a, b) as f32
    };
    dice.max(edits)
}

/// Terms of a capability, a role or a name, so that `frontend_developer`, `Frontend Developer` and `frontend-developer`
/// are one.
pub(crate) fn key(written: &str) -> String {
    let mut key = Key::default();
    text::tokenize(written, |word, form| {
        key.add(form, || text::term(word).unwrap_or_else(|| word.to_owned()));
    });
    key.finish()
}

/// A [`key`] in the making, word by word.
#[derive(Debug, Default)]
pub(crate) struct Key {
    key: String,
    terms: usize,
}

impl Key {
    /// The next word, by what stands for it: its term, or itself where it has none.
    pub(crate) fn add<S: AsRef<str>>(&mut self, form: text::Form, term: impl FnOnce() -> S) {
        if form == text::Form::Joined || self.terms == MAX_KEY_TERMS {
            return;
        }
        if self.terms > 0 {
            self.key.push(' ');
        }
        self.key.push_str(term().as_ref());
        self.terms += 1;
    }

    /// The whole of it.
    pub(crate) fn finish(mut self) -> String {
        self.key.truncate(self.key.floor_char_boundary(2 * MAX_CAPABILITY));
        self.key
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::{Capabilities, Capability};

    fn of(keys: impl Iterator<Item = String>) -> Capabilities {
        let entry = |key: String| {
            Arc::new(Capability { written: key.clone().into(), key: key.into(), documents: [0].into() })
        };
        let mut entries: Vec<_> = keys.map(entry).collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        Capabilities { entries }
    }

    #[test]
    fn near_misses_stand_in() {
        let known = of(["kubernetes", "go", "react hook"].map(str::to_owned).into_iter());
        let found =
            |asked: &str| known.find(asked).iter().map(|fit| fit.written.to_owned()).collect::<Vec<_>>();
        assert_eq!(found("kubernets"), ["kubernetes"]);
        assert_eq!(found("React hooks"), ["react hook"]);
        assert!(found("git").is_empty());
    }

    #[test]
    fn a_collection_made_to_be_slow_is_not() {
        // All begin alike and are as long as what is asked for: each would have to be compared in full.
        let hostile = of((0..100_000).map(|at| format!("x{at:0>63}")));
        for asked in ["x".repeat(100), "x".repeat(64), format!("x{}", "y".repeat(63))] {
            let began = Instant::now();
            assert!(hostile.find(&asked).is_empty());
            assert!(hostile.suggest(&asked, 5).len() <= 5);
            // An unoptimised build on a busy machine; optimised, some 20 ms.
            assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        }
    }
}
