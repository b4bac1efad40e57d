//! The passages of a catalog and of the tasks that its entries completed, and which of them to embed next.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::chunking;
use super::vectors::{TextKey, Vectors, text_key};
use catalog::Catalog;

/// Tasks of one entry that take part: the newest.
const MAX_TASKS: usize = 32;

/// A task that succeeded, with its agents as callers named them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedTask {
    /// The task.
    pub description: String,
    /// Ids or bare names.
    pub agents: Vec<String>,
}

/// The passages of a catalog's entries, by key.
#[derive(Debug)]
pub struct PassageSet {
    catalog: Arc<Catalog>,
    /// The title passage of each entry.
    pub(super) titles: Vec<TextKey>,
    /// The body passages of each entry.
    pub(super) bodies: KeyLists,
    /// The completed tasks of each entry, newest first.
    pub(super) tasks: KeyLists,
}

/// A list of keys for each entry, in one array: entry n has those from `starts[n]` to `starts[n + 1]`.
#[derive(Debug)]
pub(super) struct KeyLists {
    starts: Vec<u32>,
    keys: Vec<TextKey>,
}

impl KeyLists {
    fn new(lists: impl Iterator<Item = Vec<TextKey>>) -> KeyLists {
        let mut all = KeyLists { starts: vec![0], keys: Vec::new() };
        for keys in lists {
            all.keys.extend(keys);
            // The entries of a catalog times the passages of each stay far below 2^32.
            all.starts.push(u32::try_from(all.keys.len()).unwrap_or(u32::MAX));
        }
        all
    }

    fn range(&self, entry: usize) -> Range<usize> {
        self.starts[entry] as usize..self.starts[entry + 1] as usize
    }

    /// The list of each entry.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[TextKey]> {
        (0..self.starts.len() - 1).map(|entry| &self.keys[self.range(entry)])
    }
}

/// A passage without a vector yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingPassage {
    /// The key of its vector.
    pub key: TextKey,
    source: PassageSource,
}

/// Where the text of a passage comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PassageSource {
    /// The title of an entry.
    Title(usize),
    /// The n-th body passage of an entry.
    Body(usize, usize),
    /// The text of a task.
    Task(String),
}

impl PassageSet {
    /// The passages of a catalog and of completed tasks, which are given oldest first.
    pub fn new(catalog: &Arc<Catalog>, tasks: &[CompletedTask]) -> PassageSet {
        let definitions = catalog.definitions();
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (entry, definition) in definitions.iter().enumerate() {
            by_name.entry(&definition.id).or_default().push(entry);
            if definition.name != definition.id {
                by_name.entry(&definition.name).or_default().push(entry);
            }
        }
        let mut completed: Vec<Vec<TextKey>> = vec![Vec::new(); definitions.len()];
        for task in tasks.iter().rev() {
            let key = text_key(&chunking::task_passage(&task.description));
            for &entry in task.agents.iter().filter_map(|agent| by_name.get(agent.as_str())).flatten() {
                let keys = &mut completed[entry];
                if keys.len() < MAX_TASKS && !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let keys = |texts: Vec<String>| texts.iter().map(|text| text_key(text)).collect();
        PassageSet {
            titles: definitions
                .iter()
                .map(|definition| text_key(&chunking::title_passage(definition)))
                .collect(),
            bodies: KeyLists::new(
                definitions.iter().map(|definition| keys(chunking::body_passages(definition))),
            ),
            tasks: KeyLists::new(completed.into_iter()),
            catalog: Arc::clone(catalog),
        }
    }

    /// The catalog that the passages are of.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The number of passages.
    pub fn total(&self) -> usize {
        self.titles.len() + self.bodies.keys.len() + self.tasks.keys.len()
    }

    /// The number of passages with a vector.
    pub fn embedded(&self, vectors: &Vectors) -> usize {
        self.keys().filter(|key| vectors.row(key).is_some()).count()
    }

    /// The keys of all passages.
    pub fn keys(&self) -> impl Iterator<Item = TextKey> {
        self.titles.iter().chain(&self.bodies.keys).chain(&self.tasks.keys).copied()
    }

    /// The passages without a vector, in the order in which to embed them: first titles, in the given `order` of entries
    /// (positions in the catalog; all others follow), then tasks, then the bodies, one passage of each entry at a time.
    pub fn pending(
        &self,
        vectors: &Vectors,
        order: &[usize],
        tasks: &[CompletedTask],
    ) -> Vec<PendingPassage> {
        let mut ranks = vec![usize::MAX; self.titles.len()];
        for (rank, &entry) in order.iter().enumerate() {
            ranks[entry] = ranks[entry].min(rank);
        }
        let mut entries: Vec<usize> = (0..self.titles.len()).collect();
        entries.sort_by_key(|&entry| ranks[entry]);
        let titles = entries.iter().map(|&entry| (self.titles[entry], PassageSource::Title(entry)));
        let wanted = &self.tasks.keys;
        let tasks = tasks.iter().rev().map(|task| chunking::task_passage(&task.description));
        let tasks = tasks.map(|text| (text_key(&text), text)).filter(|(key, _)| wanted.contains(key));
        let tasks = tasks.map(|(key, text)| (key, PassageSource::Task(text)));
        let nth_of_bodies = |nth: usize| {
            let of = entries.iter().filter_map(move |&entry| {
                let at = self.bodies.range(entry).nth(nth)?;
                Some((self.bodies.keys[at], PassageSource::Body(entry, nth)))
            });
            of.collect::<Vec<_>>()
        };
        let all = titles.chain(tasks).chain((0..chunking::BODY_PASSAGES).flat_map(nth_of_bodies));
        let mut seen = foldhash::HashSet::default();
        all.filter(|(key, _)| vectors.row(key).is_none() && seen.insert(*key))
            .map(|(key, source)| PendingPassage { key, source })
            .collect()
    }

    /// The text of a pending passage.
    pub fn text(&self, pending: &PendingPassage) -> String {
        let definition = |entry: usize| &self.catalog.definitions()[entry];
        match &pending.source {
            PassageSource::Title(entry) => chunking::title_passage(definition(*entry)),
            PassageSource::Body(entry, nth) => {
                chunking::body_passages(definition(*entry)).into_iter().nth(*nth).unwrap_or_default()
            }
            PassageSource::Task(text) => text.clone(),
        }
    }
}
