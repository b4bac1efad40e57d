//! How alike in meaning a request is to each entry of a catalog.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::chunking;
use super::vectors::{QuantizedQuery, TextKey, Vectors, text_key};
use catalog::Catalog;

/// How much a task that an entry did well counts against its own words: two requests are written alike, so that they
/// are closer to each other than either is to what an entry says of itself.
const TASK: f32 = 0.8;
/// Tasks of one entry that take part: the newest.
const MAX_TASKS: usize = 32;

/// A task that was done well, and by whom, as callers named them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedTask {
    /// What was to be done.
    pub description: String,
    /// Ids or bare names.
    pub agents: Vec<String>,
}

/// The texts to embed for a catalog and the tasks that its entries did.
#[derive(Debug)]
pub struct PassageSet {
    catalog: Arc<Catalog>,
    /// One for each entry.
    titles: Vec<TextKey>,
    /// Of entry n from `starts[n]` to `starts[n + 1]`.
    bodies: Parts,
    tasks: Parts,
}

/// Several keys for each entry.
#[derive(Debug)]
struct Parts {
    starts: Vec<u32>,
    keys: Vec<TextKey>,
}

impl Parts {
    fn of(each: impl Iterator<Item = Vec<TextKey>>) -> Parts {
        let mut parts = Parts { starts: vec![0], keys: Vec::new() };
        for keys in each {
            parts.keys.extend(keys);
            // Bounded by the entries of a catalog times the passages of each.
            parts.starts.push(u32::try_from(parts.keys.len()).unwrap_or(u32::MAX));
        }
        parts
    }

    fn range(&self, entry: usize) -> Range<usize> {
        self.starts[entry] as usize..self.starts[entry + 1] as usize
    }
}

/// One text that has no vector yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingPassage {
    /// What its vector is kept under.
    pub key: TextKey,
    /// Where it comes from.
    source: Source,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Title(usize),
    Body(usize, usize),
    Task(String),
}

impl PassageSet {
    /// Of a catalog, and of tasks that were done well, oldest first.
    pub fn new(catalog: &Arc<Catalog>, tasks: &[CompletedTask]) -> PassageSet {
        let definitions = catalog.definitions();
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (entry, definition) in definitions.iter().enumerate() {
            by_name.entry(&definition.id).or_default().push(entry);
            if definition.name != definition.id {
                by_name.entry(&definition.name).or_default().push(entry);
            }
        }
        let mut done: Vec<Vec<TextKey>> = vec![Vec::new(); definitions.len()];
        for task in tasks.iter().rev() {
            let key = text_key(&chunking::task_passage(&task.description));
            for &entry in task.agents.iter().filter_map(|agent| by_name.get(agent.as_str())).flatten() {
                let keys = &mut done[entry];
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
            bodies: Parts::of(definitions.iter().map(|definition| keys(chunking::body_passages(definition)))),
            tasks: Parts::of(done.into_iter()),
            catalog: Arc::clone(catalog),
        }
    }

    /// The catalog they are of.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// How many texts there are.
    pub fn total(&self) -> usize {
        self.titles.len() + self.bodies.keys.len() + self.tasks.keys.len()
    }

    /// How many of them have a vector.
    pub fn embedded(&self, vectors: &Vectors) -> usize {
        self.keys().filter(|key| vectors.row(key).is_some()).count()
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = TextKey> {
        self.titles.iter().chain(&self.bodies.keys).chain(&self.tasks.keys).copied()
    }

    /// What has no vector yet, in the order it should get one: what entries are for, in the `order` given (numbers of
    /// entries; those not named come last); then tasks; then bodies, one piece of each entry after the other.
    pub fn pending(
        &self,
        vectors: &Vectors,
        order: &[usize],
        tasks: &[CompletedTask],
    ) -> Vec<PendingPassage> {
        let mut ranked = vec![usize::MAX; self.titles.len()];
        for (rank, &entry) in order.iter().enumerate() {
            ranked[entry] = ranked[entry].min(rank);
        }
        let mut entries: Vec<usize> = (0..self.titles.len()).collect();
        entries.sort_by_key(|&entry| ranked[entry]);
        let titles = entries.iter().map(|&entry| (self.titles[entry], Source::Title(entry)));
        let wanted = &self.tasks.keys;
        let tasks = tasks.iter().rev().map(|task| chunking::task_passage(&task.description));
        let tasks = tasks.map(|text| (text_key(&text), text)).filter(|(key, _)| wanted.contains(key));
        let tasks = tasks.map(|(key, text)| (key, Source::Task(text)));
        let piece = |piece: usize| {
            let of = entries.iter().filter_map(move |&entry| {
                let at = self.bodies.range(entry).nth(piece)?;
                Some((self.bodies.keys[at], Source::Body(entry, piece)))
            });
            of.collect::<Vec<_>>()
        };
        let all = titles.chain(tasks).chain((0..chunking::BODY_PASSAGES).flat_map(piece));
        let mut seen = foldhash::HashSet::default();
        all.filter(|(key, _)| vectors.row(key).is_none() && seen.insert(*key))
            .map(|(key, source)| PendingPassage { key, source })
            .collect()
    }

    /// The text of what is pending.
    pub fn text(&self, pending: &PendingPassage) -> String {
        let definition = |entry: usize| &self.catalog.definitions()[entry];
        match &pending.source {
            Source::Title(entry) => chunking::title_passage(definition(*entry)),
            Source::Body(entry, piece) => {
                chunking::body_passages(definition(*entry)).into_iter().nth(*piece).unwrap_or_default()
            }
            Source::Task(text) => text.clone(),
        }
    }
}

/// The vectors of a catalog's texts, as far as there are any.
#[derive(Debug)]
pub struct PassageIndex {
    catalog: Arc<Catalog>,
    vectors: Arc<Vectors>,
    titles: Vec<Option<u32>>,
    bodies: Rows,
    tasks: Rows,
}

#[derive(Debug)]
struct Rows {
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Rows {
    /// The rows of those that have a vector.
    fn of(parts: &Parts, vectors: &Vectors) -> Rows {
        let mut found = Rows { starts: vec![0], rows: Vec::new() };
        for entry in 0..parts.starts.len() - 1 {
            found.rows.extend(parts.keys[parts.range(entry)].iter().filter_map(|key| vectors.row(key)));
            found.starts.push(u32::try_from(found.rows.len()).unwrap_or(u32::MAX));
        }
        found
    }

    fn best(&self, entry: usize, likeness: impl Fn(u32) -> f32) -> Option<f32> {
        let rows = &self.rows[self.starts[entry] as usize..self.starts[entry + 1] as usize];
        rows.iter().map(|&row| likeness(row)).reduce(f32::max)
    }
}

impl PassageIndex {
    /// Of texts and the vectors that there are.
    pub fn new(texts: &PassageSet, vectors: Arc<Vectors>) -> PassageIndex {
        PassageIndex {
            catalog: Arc::clone(&texts.catalog),
            titles: texts.titles.iter().map(|key| vectors.row(key)).collect(),
            bodies: Rows::of(&texts.bodies, &vectors),
            tasks: Rows::of(&texts.tasks, &vectors),
            vectors,
        }
    }

    /// The catalog whose entries it judges.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// How alike a request (a vector of unit length) is to each entry of `range`, -1 to 1: the mean of its likeness to
    /// what the entry is for and to the best piece of its body, or that to a task it did, if that is more. NaN where
    /// nothing is known of the entry yet.
    pub fn similarities(&self, request: &[f32], range: Range<usize>) -> Vec<f32> {
        let request = QuantizedQuery::new(request);
        let cosine = |row| self.vectors.cosine(&request, row);
        range
            .map(|entry| {
                let Some(title) = self.titles[entry].map(cosine) else { return f32::NAN };
                let own = self.bodies.best(entry, cosine).map_or(title, |body| f32::midpoint(title, body));
                self.tasks.best(entry, cosine).map_or(own, |task| own.max(TASK * task))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::Definition;

    fn catalog() -> Arc<Catalog> {
        let entry = |name: &str, body: &str| Definition {
            id: format!("team:{name}"),
            name: name.to_owned(),
            description: format!("does {name}"),
            body: body.to_owned(),
            content_hash: name.to_owned(),
            ..Definition::default()
        };
        Arc::new(Catalog::from_definitions([entry("a", ""), entry("b", "one two"), entry("c", "")]))
    }

    fn done(description: &str, agents: &[&str]) -> CompletedTask {
        let agents = agents.iter().map(|&agent| agent.to_owned()).collect();
        CompletedTask { description: description.to_owned(), agents }
    }

    #[test]
    fn what_is_asked_for_most_comes_first_and_nothing_twice() {
        let catalog = catalog();
        let tasks = [done("paint", &["team:a", "c"]), done("paint", &["a"]), done("write", &["nobody"])];
        let texts = PassageSet::new(&catalog, &tasks);
        let mut vectors = Vectors::new(2);
        let named = |vectors: &Vectors, order: &[usize]| -> Vec<String> {
            texts.pending(vectors, order, &tasks).iter().map(|pending| texts.text(pending)).collect()
        };
        assert_eq!(named(&vectors, &[2]), ["c: does c", "a: does a", "b: does b", "paint", "b. one two"]);
        vectors.add(text_key("c: does c"), &[1.0, 0.0]);
        vectors.add(text_key("paint"), &[0.0, 1.0]);
        assert_eq!(named(&vectors, &[]), ["a: does a", "b: does b", "b. one two"]);
        // The task is one of two entries.
        assert_eq!((texts.embedded(&vectors), texts.total()), (3, 6));
    }

    #[test]
    fn likeness_is_of_title_body_and_tasks() {
        let texts = PassageSet::new(&catalog(), &[done("paint", &["c"])]);
        let mut vectors = Vectors::new(2);
        vectors.add(text_key("b: does b"), &[1.0, 0.0]);
        vectors.add(text_key("b. one two"), &[0.0, 1.0]);
        vectors.add(text_key("c: does c"), &[0.0, 1.0]);
        vectors.add(text_key("paint"), &[1.0, 0.0]);
        let likeness = PassageIndex::new(&texts, Arc::new(vectors)).similarities(&[1.0, 0.0], 0..3);
        assert!(likeness[0].is_nan());
        for (entry, expected) in [(1, 0.5), (2, TASK)] {
            assert!((likeness[entry] - expected).abs() < 0.01, "{entry}: {likeness:?}");
        }
    }
}
