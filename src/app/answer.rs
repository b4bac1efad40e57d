//! The answer to a query: its rows, why they were chosen, and what they cost.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::operation::Output;
use super::rows::{MAX_DESCRIPTION_CHARS, MAX_LISTED, Row, rounded};
use super::tokens;
use crate::search::Findings;
use crate::telemetry::pace::Pace;

/// Lengths tried to keep a row within a token budget, longest first: characters of texts, entries of lists.
const LENGTHS: [(usize, usize); 6] =
    [(MAX_DESCRIPTION_CHARS, MAX_LISTED), (400, 12), (280, 8), (200, 6), (120, 4), (60, 2)];

/// What a query found, as it is cached: rows are written once and served as often as they are asked for.
#[derive(Debug)]
pub struct Found<R> {
    /// The rows as a JSON list, best first.
    pub rows: Box<RawValue>,
    /// The ids of all that was found, best first, also of what a token budget left no room for.
    pub ids: Arc<[String]>,
    /// Why the first rows were chosen, in a sentence.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1, comparable between queries.
    pub confidence: f32,
    /// What comes near, for when there are no rows.
    pub suggestions: Vec<String>,
    /// Estimated tokens of the rows as JSON.
    pub tokens: usize,
    /// The rows as a text, once a door made one.
    shown: OnceLock<Box<str>>,
    /// How often it is written down that it was served again.
    pub(super) repeats: Pace,
    kind: PhantomData<fn() -> R>,
}

/// Times a second that the query log hears of one answer being served again: more than that says nothing of what is asked
/// often, and costs more than serving it.
pub const LOGGED_REPEATS: u32 = 10;

/// The answer to a query, as it goes out.
#[derive(Debug)]
pub struct Answer<R> {
    /// What was found.
    pub found: Arc<Found<R>>,
    /// Whether it was found before.
    pub cache_hit: bool,
    /// Whether the caller set a token budget and is told what was used.
    pub tells_tokens: bool,
}

impl<R: Row> Found<R> {
    /// Makes rows of findings, fitted to `max_tokens` where there is a budget.
    pub fn of(findings: &Findings, max_tokens: Option<usize>) -> Self {
        let mut rows: Vec<R::Of<'_>> = findings.hits.iter().map(R::of).collect();
        if let Some(budget) = max_tokens {
            rows = fitted(&rows, budget);
        }
        let reasoning = match max_tokens {
            Some(budget) if rows.is_empty() && !findings.hits.is_empty() => {
                format!("{} found, but none fits {budget} tokens: raise max_tokens", findings.hits.len())
            }
            _ => findings.reasoning.clone(),
        };
        // Rows are plain data: writing them cannot fail.
        let json = serde_json::value::to_raw_value(&rows).unwrap_or_default();
        Found {
            ids: findings.hits.iter().map(|hit| hit.definition.id.clone()).collect(),
            tokens: if max_tokens.is_some() { total(&rows) } else { tokens::estimate(json.get()) },
            rows: json,
            reasoning,
            confidence: rounded(findings.confidence),
            suggestions: findings.suggestions.clone(),
            shown: OnceLock::new(),
            repeats: Pace::of(LOGGED_REPEATS),
            kind: PhantomData,
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Roughly the bytes it keeps in a cache. A text, which is made later, has at most half the length of the rows.
    pub fn weight(&self) -> u32 {
        let ids: usize = self.ids.iter().map(|id| id.len() + 40).sum();
        u32::try_from(self.rows.get().len() * 3 / 2 + ids + self.reasoning.len() + 256).unwrap_or(u32::MAX)
    }
}

/// The rows that fit `budget` tokens: all of them with texts as long as fit, else as many as fit with the shortest
/// texts, those then as long as fit. None where not even one fits.
fn fitted<R: Row>(rows: &[R], budget: usize) -> Vec<R> {
    let cut = |n: usize, (max_chars, max_listed): (usize, usize)| -> Vec<R> {
        let shortened = rows[..n].iter().map(|row| row.shortened(max_chars, max_listed));
        shortened.collect()
    };
    let longest =
        |n: usize| LENGTHS.into_iter().map(|length| cut(n, length)).find(|rows| total(rows) <= budget);
    (1..=rows.len())
        .rev()
        .filter(|&n| total(&cut(n, LENGTHS[LENGTHS.len() - 1])) <= budget)
        .find_map(longest)
        .unwrap_or_default()
}

fn total<R: Row>(rows: &[R]) -> usize {
    rows.iter().map(cost).sum()
}

/// Estimated tokens of a row as JSON, with the comma that follows it.
fn cost<R: Row>(row: &R) -> usize {
    serde_json::to_string(row).map_or(0, |json| tokens::estimate(&json) + 1)
}

impl<R: Row> Serialize for Answer<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(R::FIELD, &self.found.rows)?;
        map.serialize_entry("reasoning", &self.found.reasoning)?;
        map.serialize_entry("confidence", &self.found.confidence)?;
        map.serialize_entry("cache_hit", &self.cache_hit)?;
        if self.tells_tokens {
            map.serialize_entry("tokens", &self.found.tokens)?;
            map.serialize_entry("token_estimator", tokens::ESTIMATOR)?;
        }
        map.end()
    }
}

impl<R: Row> Output for Answer<R> {
    fn cache_hit(&self) -> Option<bool> {
        Some(self.cache_hit)
    }

    fn shown(&self) -> Option<&OnceLock<Box<str>>> {
        Some(&self.found.shown)
    }

    fn size(&self) -> usize {
        self.found.rows.get().len() + self.found.reasoning.len() + 192
    }
}
