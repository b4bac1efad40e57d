//! The published formula, worked out for every entry: what an index may find faster, but not otherwise.
//!
//! BM25F as `adjutant::search` documents it: `Σ_t idf(t) · f / (k1 + f)`, with
//! `f = Σ_field weight · (1 + ln tf) / (1 - b + b · length / average)` and `idf = ln(1 + (N - n + ½) / (n + ½))`, counts of
//! a term in one field capped at 255 and averages over the entries that have the field. Sums are in double precision.
//! Two passes over the text and no index at all.

use std::collections::HashMap;
use std::sync::Arc;

use adjutant::catalog::Definition;
use adjutant::search::{FIELDS, Field, Findings, Weights, text};

use crate::engine::TOP;

/// The largest difference of two scores, as a share of the best one, that is rounding: the index sums in single precision.
const ROUNDING: f64 = 1e-4;

/// How often each term asked for stands in each field of one entry.
type Counts = HashMap<u32, [u32; FIELDS]>;

/// What a word of the collection is to the queries.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// No term at all.
    Stop,
    /// A term nobody asks for.
    Other,
    /// The term of this number.
    Asked(u32),
}

/// All queries, and what has to be known of the collection to score any entry for them.
#[derive(Debug)]
pub struct Reference {
    queries: Vec<Vec<u32>>,
    /// Queries that the product reads otherwise than word by word, since two of their words stand joined in the collection.
    joined: Vec<bool>,
    meanings: HashMap<Box<str>, Meaning>,
    terms: HashMap<String, u32>,
    information: Vec<f64>,
    averages: [f64; FIELDS],
    weights: Weights,
    tops: Vec<Vec<f64>>,
}

/// Whether an answer is the formula's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The same scores in the same order.
    Equal,
    /// Other entries, another order, or other scores.
    Different,
    /// The query cannot be compared.
    Skipped,
}

impl Reference {
    /// Works out the ten best scores for each query over all of `definitions`.
    pub fn of(definitions: &[Arc<Definition>], queries: &[String]) -> Reference {
        let mut terms = HashMap::new();
        let queries_in_terms = queries.iter().map(|query| numbered(query, &mut terms)).collect();
        let mut reference = Reference {
            queries: queries_in_terms,
            joined: Vec::new(),
            meanings: HashMap::new(),
            information: Vec::new(),
            averages: [1.0; FIELDS],
            weights: Weights::default(),
            tops: vec![Vec::new(); queries.len()],
            terms,
        };
        reference.survey(definitions);
        reference.joined = queries.iter().map(|query| reference.has_joined(query)).collect();
        for definition in definitions {
            let (counts, lengths) = reference.count(definition);
            for query in 0..queries.len() {
                let score = reference.score(query, &counts, &lengths);
                insert(&mut reference.tops[query], score);
            }
        }
        reference
    }

    /// Judges what the product answers to the query at a place.
    ///
    /// Equal scores may change places, and so may scores that differ by rounding alone.
    pub fn judge(&mut self, query: usize, findings: &Findings) -> Verdict {
        let top = self.tops[query].clone();
        if self.joined[query] || top.is_empty() {
            return Verdict::Skipped;
        }
        let same = |a: f64, b: f64| (a - b).abs() <= ROUNDING * top[0];
        let best = findings.hits.first().map_or(0.0, |hit| f64::from(hit.score));
        let mut scores = Vec::new();
        for hit in &findings.hits {
            let (counts, lengths) = self.count(&hit.definition);
            let score = self.score(query, &counts, &lengths);
            // The product divides by the best score and by the most that anything could add.
            scores.push((score, f64::from(hit.score) / best * top[0]));
        }
        let equal = scores.len() == top.len()
            && scores
                .iter()
                .zip(&top)
                .all(|(&(score, told), &wanted)| same(score, wanted) && same(told, score));
        if equal { Verdict::Equal } else { Verdict::Different }
    }

    /// The first pass: in how many entries each term stands, and how long fields are on average.
    fn survey(&mut self, definitions: &[Arc<Definition>]) {
        let mut found = vec![0u32; self.terms.len()];
        let (mut filled, mut total) = ([0.0; FIELDS], [0.0; FIELDS]);
        for definition in definitions {
            let (counts, lengths) = self.count(definition);
            for term in counts.keys() {
                found[*term as usize] += 1;
            }
            for slot in 0..FIELDS {
                total[slot] += f64::from(lengths[slot]);
                filled[slot] += f64::from(u8::from(lengths[slot] > 0));
            }
        }
        let all = f64::from(u32::try_from(definitions.len()).unwrap_or(u32::MAX));
        let information = |n: u32| (1.0 + (all - f64::from(n) + 0.5) / (f64::from(n) + 0.5)).ln();
        self.information = found.into_iter().map(information).collect();
        for slot in 0..FIELDS {
            self.averages[slot] = f64::max(total[slot], 1.0) / f64::max(filled[slot], 1.0);
        }
    }

    /// What stands in an entry: terms asked for, and how long its fields are.
    fn count(&mut self, definition: &Definition) -> (Counts, [u32; FIELDS]) {
        let (mut counts, mut lengths) = (Counts::new(), [0; FIELDS]);
        let (meanings, terms) = (&mut self.meanings, &self.terms);
        for (slot, field) in Field::ALL.into_iter().enumerate() {
            for part in parts(definition, field) {
                text::words(part, |word, _| {
                    let meaning = match meanings.get(word) {
                        Some(known) => *known,
                        None => *meanings.entry(word.into()).or_insert_with(|| meaning(word, terms)),
                    };
                    lengths[slot] += u32::from(!matches!(meaning, Meaning::Stop));
                    if let Meaning::Asked(term) = meaning {
                        counts.entry(term).or_default()[slot] += 1;
                    }
                });
            }
        }
        (counts, lengths)
    }

    fn score(&self, query: usize, counts: &Counts, lengths: &[u32; FIELDS]) -> f64 {
        let Weights { field, length, saturation, .. } = &self.weights;
        let of_term = |term: &u32| {
            let Some(counts) = counts.get(term) else { return 0.0 };
            let mut evidence = 0.0;
            for slot in (0..FIELDS).filter(|slot| counts[*slot] > 0) {
                let damped = 1.0 + f64::from(counts[slot].min(255)).ln();
                let b = f64::from(length[slot]);
                let norm = 1.0 - b + b * f64::from(lengths[slot]) / self.averages[slot];
                evidence += f64::from(field[slot]) * damped / norm;
            }
            self.information[*term as usize] * evidence / (f64::from(*saturation) + evidence)
        };
        self.queries[query].iter().map(of_term).sum()
    }

    /// Whether two neighbours in a query are one word somewhere in the collection.
    fn has_joined(&self, query: &str) -> bool {
        let words: Vec<&str> = query.split(' ').collect();
        words.windows(2).any(|pair| {
            let joined = pair.concat();
            let singular = joined.strip_suffix('s').unwrap_or(&joined);
            [joined.as_str(), singular].iter().any(|word| self.meanings.contains_key(*word))
        })
    }
}

/// The distinct terms of a query, by numbers.
fn numbered(query: &str, terms: &mut HashMap<String, u32>) -> Vec<u32> {
    let mut distinct = Vec::new();
    for term in text::terms(query) {
        let next = u32::try_from(terms.len()).unwrap_or(u32::MAX);
        let number = *terms.entry(term).or_insert(next);
        if !distinct.contains(&number) {
            distinct.push(number);
        }
    }
    distinct
}

fn meaning(word: &str, terms: &HashMap<String, u32>) -> Meaning {
    match text::term(word) {
        None => Meaning::Stop,
        Some(term) => terms.get(&term).map_or(Meaning::Other, |number| Meaning::Asked(*number)),
    }
}

/// The text of a field, in pieces.
fn parts(definition: &Definition, field: Field) -> Vec<&str> {
    match field {
        Field::Name => {
            let others = definition.aliases.iter().filter(|alias| !alias.ends_with(&definition.name));
            std::iter::once(&definition.name).chain(others).map(String::as_str).collect()
        }
        Field::Description => vec![&definition.description],
        Field::WhenToUse => vec![&definition.when_to_use],
        Field::Keywords => {
            std::iter::once(&definition.category).chain(&definition.keywords).map(String::as_str).collect()
        }
        Field::Headings => definition.headings.iter().map(String::as_str).collect(),
        Field::Body => vec![&definition.body],
    }
}

/// Keeps the [`TOP`] largest scores above 0, largest first.
fn insert(top: &mut Vec<f64>, score: f64) {
    if score > 0.0 && (top.len() < TOP || top.last().is_some_and(|least| *least < score)) {
        let at = top.partition_point(|other| *other >= score);
        top.insert(at, score);
        top.truncate(TOP);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use adjutant::search::Findings;

    use super::{Reference, Verdict, insert};
    use crate::engine::{Adjutant, find};
    use crate::{asked, subject};

    #[test]
    fn the_index_agrees_with_the_formula_and_a_wrong_answer_does_not() {
        let catalog = subject::catalog(2_000, Path::new("")).unwrap();
        let queries = asked::queries(catalog.definitions(), 40).unwrap();
        let index = Adjutant::plain(&catalog).index;
        let mut reference = Reference::of(catalog.definitions(), &queries);
        let mut equal = 0;
        for (at, query) in queries.iter().enumerate() {
            let found = find(&index, query);
            let verdict = reference.judge(at, &found);
            assert_ne!(verdict, Verdict::Different, "{query}");
            if verdict == Verdict::Equal {
                equal += 1;
                let hits = found.hits.into_iter().skip(1).collect();
                assert_eq!(
                    reference.judge(at, &Findings { hits, ..Findings::default() }),
                    Verdict::Different
                );
            }
        }
        assert!(equal >= 20, "{equal}");
    }

    #[test]
    fn the_largest_scores_stay() {
        let mut top = Vec::new();
        for score in [0.0, 3.0, 1.0, 2.0, 3.0].into_iter().chain((10..20).map(f64::from)) {
            insert(&mut top, score);
        }
        assert_eq!(top, (10..20).rev().map(f64::from).collect::<Vec<_>>());
    }
}
