//! The answer to a query: its rows, why they were chosen, and what they cost.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::operation::Output;
use super::rows::{Row, rounded, shortened};
use super::tokens;
use crate::search::Findings;

/// Description lengths tried, longest first, before a row is dropped for a token budget.
const DESCRIPTION_STEPS: [usize; 5] = [400, 280, 200, 120, 60];

/// What a query found, as it is cached.
#[derive(Debug)]
pub struct Found<R> {
    /// Best first.
    pub rows: Vec<R>,
    /// Why the first rows were chosen, in a sentence.
    pub reasoning: String,
    /// How well the catalog can serve the request, 0 to 1, comparable between queries.
    pub confidence: f32,
    /// What comes near, for when there are no rows.
    pub suggestions: Vec<String>,
    /// Estimated tokens of the rows as JSON.
    pub tokens: usize,
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
        Found {
            tokens: rows.iter().map(cost).sum(),
            rows,
            reasoning: findings.reasoning.clone(),
            confidence: rounded(findings.confidence),
            suggestions: findings.suggestions.clone(),
        }
    }

    /// Roughly the bytes it keeps in a cache: texts in pieces cost about twice their length.
    pub fn weight(&self) -> u32 {
        u32::try_from(self.tokens * 8 + self.reasoning.len() + 512).unwrap_or(u32::MAX)
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
