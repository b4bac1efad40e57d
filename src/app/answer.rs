//! The answer to a query: its rows, why they were chosen, and what they cost.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::operation::Output;
use super::rows::{Row, rounded, shortened};
use super::tokens;
use crate::search::Findings;

/// Description lengths tried, longest first, before a row is dropped for a token budget.
const DESCRIPTION_STEPS: [usize; 5] = [400, 280, 200, 120, 60];

/// What a query found, as it is cached: rows are written once and served as often as they are asked for.
#[derive(Debug)]
pub struct Found<R> {
    /// The rows as a JSON list, best first.
    pub rows: Box<RawValue>,
    /// The rows' ids, in the same order.
    pub ids: Arc<[String]>,
    /// Why the first rows were chosen, in a sentence.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1, comparable between queries.
    pub confidence: f32,
    /// What comes near, for when there are no rows.
    pub suggestions: Vec<String>,
    /// Estimated tokens of the rows as JSON.
    pub tokens: usize,
    kind: PhantomData<fn() -> R>,
}

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
        let mut rows: Vec<R> = findings.hits.iter().map(R::of).collect();
        if let Some(budget) = max_tokens {
            fit(&mut rows, budget);
        }
        // Rows are plain data: writing them cannot fail.
        let json = serde_json::value::to_raw_value(&rows).unwrap_or_default();
        Found {
            ids: rows.iter().map(|row| row.id().to_owned()).collect(),
            tokens: if max_tokens.is_some() { total(&rows) } else { tokens::estimate(json.get()) },
            rows: json,
            reasoning: findings.reasoning.clone(),
            confidence: rounded(findings.confidence),
            suggestions: findings.suggestions.clone(),
            kind: PhantomData,
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Roughly the bytes it keeps in a cache.
    pub fn weight(&self) -> u32 {
        let ids: usize = self.ids.iter().map(|id| id.len() + 40).sum();
        u32::try_from(self.rows.get().len() + ids + self.reasoning.len() + 256).unwrap_or(u32::MAX)
    }
}

/// Shortens descriptions, then drops rows from the end, until the rows cost at most `budget` tokens.
fn fit<R: Row>(rows: &mut Vec<R>, budget: usize) {
    for max_chars in DESCRIPTION_STEPS {
        if total(rows) <= budget {
            return;
        }
        for row in rows.iter_mut() {
            let description = row.description_mut();
            *description = shortened(description, max_chars);
        }
    }
    let mut left = budget;
    let kept = rows.iter().take_while(|row| {
        let fits = cost(*row) <= left;
        left = left.saturating_sub(cost(*row));
        fits
    });
    rows.truncate(kept.count());
}

fn total<R: Row>(rows: &[R]) -> usize {
    rows.iter().map(cost).sum()
}

/// Estimated tokens of a row as JSON, with the comma that follows it.
fn cost<R: Row>(row: &R) -> usize {
    serde_json::to_string(row).map_or(0, |json| tokens::of_chars(json.chars().count() + 1))
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
}
