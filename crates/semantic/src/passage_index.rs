//! The similarity of a request to each entry of a catalog.

use std::ops::Range;
use std::sync::Arc;

use super::passage_set::{KeyLists, PassageSet};
use super::vectors::{QuantizedQuery, Vectors};
use catalog::Catalog;

/// The weight of a completed task in comparison to an entry's own words: two requests are worded alike, so that they are
/// closer to each other than either is to the description of an entry.
const TASK_WEIGHT: f32 = 0.8;

/// The vectors of a catalog's passages, as far as they are embedded.
#[derive(Debug)]
pub struct PassageIndex {
    catalog: Arc<Catalog>,
    vectors: Arc<Vectors>,
    /// The row of each entry's title.
    titles: Vec<Option<u32>>,
    bodies: RowLists,
    tasks: RowLists,
}

/// A list of rows for each entry, in one array: entry n has those from `starts[n]` to `starts[n + 1]`.
#[derive(Debug)]
struct RowLists {
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl RowLists {
    /// The rows of the embedded passages.
    fn new(lists: &KeyLists, vectors: &Vectors) -> RowLists {
        let mut found = RowLists { starts: vec![0], rows: Vec::new() };
        for keys in lists.iter() {
            found.rows.extend(keys.iter().filter_map(|key| vectors.row(key)));
            found.starts.push(u32::try_from(found.rows.len()).unwrap_or(u32::MAX));
        }
        found
    }

    /// The largest similarity among an entry's passages; `None` where none is embedded.
    fn max(&self, entry: usize, similarity: impl Fn(u32) -> f32) -> Option<f32> {
        let rows = &self.rows[self.starts[entry] as usize..self.starts[entry + 1] as usize];
        rows.iter().map(|&row| similarity(row)).reduce(f32::max)
    }
}

impl PassageIndex {
    /// The index of these passages, with the vectors that there are.
    pub fn new(passages: &PassageSet, vectors: Arc<Vectors>) -> PassageIndex {
        PassageIndex {
            catalog: Arc::clone(passages.catalog()),
            titles: passages.titles.iter().map(|key| vectors.row(key)).collect(),
            bodies: RowLists::new(&passages.bodies, &vectors),
            tasks: RowLists::new(&passages.tasks, &vectors),
            vectors,
        }
    }

    /// The catalog that the passages are of.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The similarity of a request, given as a unit vector, to each entry of `range`, -1..=1: the mean of the cosines with
    /// its title and with its closest body passage, or the weighted cosine with its closest task, whichever is larger. NaN
    /// where the title is not embedded yet.
    pub fn similarities(&self, request: &[f32], range: Range<usize>) -> Vec<f32> {
        let request = QuantizedQuery::new(request);
        let cosine = |row| self.vectors.cosine(&request, row);
        range
            .map(|entry| {
                let Some(title) = self.titles[entry].map(cosine) else { return f32::NAN };
                let own = self.bodies.max(entry, cosine).map_or(title, |body| f32::midpoint(title, body));
                self.tasks.max(entry, cosine).map_or(own, |task| own.max(TASK_WEIGHT * task))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passage_set::CompletedTask;
    use crate::vectors::text_key;
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

    fn completed(description: &str, agents: &[&str]) -> CompletedTask {
        let agents = agents.iter().map(|&agent| agent.to_owned()).collect();
        CompletedTask { description: description.to_owned(), agents }
    }

    #[test]
    fn pending_passages_are_ordered_and_distinct() {
        let catalog = catalog();
        let tasks = [
            completed("paint", &["team:a", "c"]),
            completed("paint", &["a"]),
            completed("write", &["nobody"]),
        ];
        let texts = PassageSet::new(&catalog, &tasks);
        let mut vectors = Vectors::new(2);
        let named = |vectors: &Vectors, order: &[usize]| -> Vec<String> {
            texts.pending(vectors, order, &tasks).iter().map(|pending| texts.text(pending)).collect()
        };
        assert_eq!(named(&vectors, &[2]), ["c: does c", "a: does a", "b: does b", "paint", "b. one two"]);
        vectors.add(text_key("c: does c"), &[1.0, 0.0]);
        vectors.add(text_key("paint"), &[0.0, 1.0]);
        assert_eq!(named(&vectors, &[]), ["a: does a", "b: does b", "b. one two"]);
        // The task counts for two entries.
        assert_eq!((texts.embedded(&vectors), texts.total()), (3, 6));
    }

    #[test]
    fn similarity_is_of_title_body_and_tasks() {
        let texts = PassageSet::new(&catalog(), &[completed("paint", &["c"])]);
        let mut vectors = Vectors::new(2);
        vectors.add(text_key("b: does b"), &[1.0, 0.0]);
        vectors.add(text_key("b. one two"), &[0.0, 1.0]);
        vectors.add(text_key("c: does c"), &[0.0, 1.0]);
        vectors.add(text_key("paint"), &[1.0, 0.0]);
        let similarity = PassageIndex::new(&texts, Arc::new(vectors)).similarities(&[1.0, 0.0], 0..3);
        assert!(similarity[0].is_nan());
        for (entry, expected) in [(1, 0.5), (2, TASK_WEIGHT)] {
            assert!((similarity[entry] - expected).abs() < 0.01, "{entry}: {similarity:?}");
        }
    }
}
