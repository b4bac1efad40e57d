//! The published formula, worked out for every entry: what an index may find faster, but not otherwise.
//!
//! BM25F as `search` documents it: `Σ_t idf(t) · f / (k1 + f)`, with
//! `f = Σ_field weight · (1 + ln tf) / (1 - b + b · length / average)` and `idf = ln(1 + (N - n + ½) / (n + ½))`, counts of
//! a term in one field capped at 255 and averages over the entries that have the field. Two passes over the text and no
//! index at all. An index may keep this [`Formula`] whole or in steps.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use catalog::Definition;
use search::{FIELDS, Field, Weights, text};
use serde::{Deserialize, Serialize};

use crate::engine::TOP;

/// The largest difference of two scores, as a share of the best one, that is rounding: the index sums in single precision.
const ROUNDING: f32 = 1e-4;

/// Steps of what a term can bring to an entry, and of an average length in a power of two.
const STEPS: f32 = 255.0;
const AVERAGE_STEPS: f32 = 8.0;

/// How often each term asked for stands in each field of one entry.
type Counts = HashMap<u32, [u32; FIELDS]>;

/// How exactly the formula is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Formula {
    /// As it is written.
    Whole,
    /// With `f / (k1 + f)` in 255 steps, one at least, and averages in eighths of a power of two.
    InSteps,
}

impl Formula {
    /// Both, the better first.
    pub const ALL: [Formula; 2] = [Formula::Whole, Formula::InSteps];

    /// As a table names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Formula::Whole => "formula",
            Formula::InSteps => "formula in 255 steps",
        }
    }

    fn average(self, total: u64, filled: u64) -> f32 {
        let average = single(total.max(1)) / single(filled.max(1));
        match self {
            Formula::Whole => average,
            Formula::InSteps => ((average.log2() * AVERAGE_STEPS).round() / AVERAGE_STEPS).exp2(),
        }
    }

    fn saturated(self, share: f32) -> f32 {
        match self {
            Formula::Whole => share,
            Formula::InSteps => (share * STEPS).round().max(1.0) / STEPS,
        }
    }
}

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

/// The words of a collection, as far as the queries are concerned.
#[derive(Debug, Default)]
struct Words {
    meanings: HashMap<Box<str>, Meaning>,
    terms: HashMap<String, u32>,
}

/// All queries, and what has to be known of the collection to score any entry for them.
#[derive(Debug)]
pub struct Reference {
    queries: Vec<Vec<u32>>,
    /// The queries that ask for each term.
    asking: Vec<Vec<usize>>,
    /// Queries that the product reads otherwise than word by word, since two of their words stand joined in the collection.
    joined: Vec<bool>,
    words: Words,
    information: Vec<f32>,
    averages: [[f32; FIELDS]; 2],
    weights: Weights,
    /// The best scores of each query, by formula.
    tops: [Vec<Vec<f32>>; 2],
}

/// What becomes of an answer that is held against the formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether entries, order and scores are those of each formula, in the order of [`Formula::ALL`].
    pub equal: [bool; 2],
    /// Rows that the whole formula has among its best, too.
    pub shared: usize,
}

impl Reference {
    /// Works out the [`TOP`] best scores for each query over all of `definitions`.
    pub fn of(definitions: &[Arc<Definition>], queries: &[String]) -> Reference {
        let mut words = Words::default();
        let in_terms: Vec<Vec<u32>> = queries.iter().map(|query| words.numbered(query)).collect();
        let mut asking = vec![Vec::new(); words.terms.len()];
        for (query, terms) in in_terms.iter().enumerate() {
            for term in terms {
                asking[*term as usize].push(query);
            }
        }
        let none = vec![Vec::new(); queries.len()];
        let mut reference = Reference {
            queries: in_terms,
            asking,
            joined: Vec::new(),
            words,
            information: Vec::new(),
            averages: [[1.0; FIELDS]; 2],
            weights: Weights::default(),
            tops: [none.clone(), none],
        };
        reference.survey(definitions);
        reference.joined = queries.iter().map(|query| reference.words.know_joined(query)).collect();
        for definition in definitions {
            let (counts, lengths) = reference.words.count(definition);
            // All others have no term in it and no score.
            let concerned: BTreeSet<usize> =
                counts.keys().flat_map(|term| &reference.asking[*term as usize]).copied().collect();
            for (at, formula) in Formula::ALL.into_iter().enumerate() {
                let shares = reference.shares(formula, &counts, &lengths);
                for &query in &concerned {
                    let score = reference.score(query, &shares);
                    insert(&mut reference.tops[at][query], score);
                }
            }
        }
        reference
    }

    /// Judges the rows that the product answers to the query at a place, each with its score; `None` where the two cannot
    /// be compared. Scores count as shares of the first one's.
    ///
    /// Equal scores may change places, and so may scores that differ by rounding alone.
    pub fn judge(&mut self, query: usize, rows: &[(Arc<Definition>, f32)]) -> Option<Verdict> {
        if self.joined[query] || self.tops[0][query].is_empty() && rows.is_empty() {
            return None;
        }
        let best = rows.first().map_or(0.0, |(_, score)| *score);
        let mut verdict = Verdict { equal: [true; 2], shared: 0 };
        for (at, formula) in Formula::ALL.into_iter().enumerate() {
            let top = self.tops[at][query].clone();
            let same = |a: f32, b: f32| (a - b).abs() <= ROUNDING * top[0];
            verdict.equal[at] = rows.len() == top.len();
            for ((definition, told), &wanted) in rows.iter().zip(&top) {
                let (counts, lengths) = self.words.count(definition);
                let score = self.score(query, &self.shares(formula, &counts, &lengths));
                let told = told / best * top[0];
                verdict.equal[at] &= same(score, wanted) && same(told, score);
                let among = top.last().is_some_and(|least| score >= *least || same(score, *least));
                verdict.shared += usize::from(formula == Formula::Whole && among);
            }
        }
        Some(verdict)
    }

    /// The first pass: in how many entries each term stands, and how long fields are on average.
    fn survey(&mut self, definitions: &[Arc<Definition>]) {
        let mut found = vec![0u64; self.words.terms.len()];
        let (mut filled, mut total) = ([0; FIELDS], [0; FIELDS]);
        for definition in definitions {
            let (counts, lengths) = self.words.count(definition);
            for term in counts.keys() {
                found[*term as usize] += 1;
            }
            for slot in 0..FIELDS {
                total[slot] += u64::from(lengths[slot]);
                filled[slot] += u64::from(lengths[slot] > 0);
            }
        }
        let all = single(definitions.len() as u64);
        let information = |n: u64| (1.0 + (all - single(n) + 0.5) / (single(n) + 0.5)).ln();
        self.information = found.into_iter().map(information).collect();
        self.averages = Formula::ALL
            .map(|formula| std::array::from_fn(|slot| formula.average(total[slot], filled[slot])));
    }

    /// `f / (k1 + f)` of each term asked for that stands in an entry.
    fn shares(&self, formula: Formula, counts: &Counts, lengths: &[u32; FIELDS]) -> HashMap<u32, f32> {
        let Weights { field, length, saturation, .. } = &self.weights;
        let averages = &self.averages[formula as usize];
        let share = |counts: &[u32; FIELDS]| {
            let mut evidence = 0.0;
            for slot in (0..FIELDS).filter(|slot| counts[*slot] > 0) {
                let damped = 1.0 + single(u64::from(counts[slot].min(255))).ln();
                let relative = single(u64::from(lengths[slot])) / averages[slot];
                evidence += field[slot] * damped / (1.0 - length[slot] + length[slot] * relative);
            }
            formula.saturated(evidence / (saturation + evidence))
        };
        counts.iter().map(|(term, counts)| (*term, share(counts))).collect()
    }

    fn score(&self, query: usize, shares: &HashMap<u32, f32>) -> f32 {
        if shares.is_empty() {
            return 0.0;
        }
        let of_term = |term: &u32| Some(self.information[*term as usize] * shares.get(term)?);
        self.queries[query].iter().filter_map(of_term).sum()
    }
}

impl Words {
    /// The distinct terms of a query, by numbers.
    fn numbered(&mut self, query: &str) -> Vec<u32> {
        let mut distinct = Vec::new();
        for term in text::terms(query) {
            let next = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
            let number = *self.terms.entry(term).or_insert(next);
            if !distinct.contains(&number) {
                distinct.push(number);
            }
        }
        distinct
    }

    /// What stands in an entry: terms asked for, and how long its fields are.
    fn count(&mut self, definition: &Definition) -> (Counts, [u32; FIELDS]) {
        let (mut counts, mut lengths) = (Counts::new(), [0; FIELDS]);
        for (slot, field) in Field::ALL.into_iter().enumerate() {
            for part in parts(definition, field) {
                text::tokenize(part, |word, _| {
                    let meaning = self.meaning(word);
                    lengths[slot] += u32::from(!matches!(meaning, Meaning::Stop));
                    if let Meaning::Asked(term) = meaning {
                        counts.entry(term).or_default()[slot] += 1;
                    }
                });
            }
        }
        (counts, lengths)
    }

    fn meaning(&mut self, word: &str) -> Meaning {
        if let Some(known) = self.meanings.get(word) {
            return *known;
        }
        let meaning = match text::term(word) {
            None => Meaning::Stop,
            Some(term) => self.terms.get(&term).map_or(Meaning::Other, |number| Meaning::Asked(*number)),
        };
        self.meanings.insert(word.into(), meaning);
        meaning
    }

    /// Whether two neighbours in a query are one word somewhere in the collection, once all of it was read.
    fn know_joined(&self, query: &str) -> bool {
        let words: Vec<&str> = query.split(' ').collect();
        words.windows(2).any(|pair| {
            let joined = pair.concat();
            let singular = joined.strip_suffix('s').unwrap_or(&joined);
            [joined.as_str(), singular].iter().any(|word| self.meanings.contains_key(*word))
        })
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
fn insert(top: &mut Vec<f32>, score: f32) {
    if score > 0.0 && (top.len() < TOP || top.last().is_some_and(|least| *least < score)) {
        let at = top.partition_point(|other| *other >= score);
        top.insert(at, score);
        top.truncate(TOP);
    }
}

/// A count as the index calculates with it.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts are exact below 2^24, and the index rounds them alike"
)]
fn single(count: u64) -> f32 {
    count as f32
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Formula, Reference, insert};
    use crate::engine::{Plain, TOP};
    use crate::{collection_queries, subject};

    #[test]
    fn the_index_agrees_with_one_formula_and_a_wrong_answer_does_not() {
        let catalog = subject::catalog(2_000, Path::new("")).unwrap();
        let queries = collection_queries::queries(catalog.definitions(), 40).unwrap();
        let index = Plain::of(&catalog);
        let mut reference = Reference::of(catalog.definitions(), &queries);
        let (mut compared, mut equal) = (0, [0; 2]);
        for (at, query) in queries.iter().enumerate() {
            let found = index.rows(query);
            let Some(verdict) = reference.judge(at, &found) else { continue };
            compared += 1;
            assert!(verdict.shared >= TOP - 2, "{query}: {}", verdict.shared);
            for (equal, is_equal) in equal.iter_mut().zip(verdict.equal) {
                *equal += usize::from(is_equal);
            }
            let wrong = reference.judge(at, &found[1..]);
            assert_eq!(wrong.map(|verdict| verdict.equal), Some([false; 2]));
        }
        assert!(compared >= 15, "{compared}");
        assert!(equal.contains(&compared), "{equal:?} of {compared}");
    }

    #[test]
    fn steps_round_and_keep_what_is_little() {
        let saturated = |share| (Formula::InSteps.saturated(share) * 255.0).round();
        assert_eq!([0.0001, 0.5, 0.999].map(saturated).map(|steps| steps.to_string()), ["1", "128", "255"]);
        assert_eq!(Formula::InSteps.average(33, 2).to_string(), "16");
        assert_eq!(Formula::Whole.average(33, 2).to_string(), "16.5");
    }

    #[test]
    fn the_largest_scores_stay() {
        let mut top = Vec::new();
        for score in [0.0, 3.0, 1.0, 2.0, 3.0].into_iter().chain((10u8..20).map(f32::from)) {
            insert(&mut top, score);
        }
        assert_eq!(top, (10u8..20).rev().map(f32::from).collect::<Vec<_>>());
    }
}
