//! The answer to a query: its rows, why they were chosen, and what they cost.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use super::hit_view::{self, MAX_DESCRIPTION_CHARS, MAX_LISTED, Row, rounded};
use super::json::Members;
use super::operation::Output;
use super::snapshot::Snapshot;
use super::tokens;
use crate::telemetry::sampler::Sampler;
use search::Findings;

/// Lengths tried to keep a row within a token budget, longest first: characters of texts, entries of lists.
const LENGTHS: [(usize, usize); 6] =
    [(MAX_DESCRIPTION_CHARS, MAX_LISTED), (400, 12), (280, 8), (200, 6), (120, 4), (60, 2)];

/// Bytes of a row as JSON, roughly: nine in ten are shorter.
const ROW_BYTES: usize = 1024;

/// What a query found, as it is cached: rows are written once and served as often as they are asked for.
#[derive(Debug)]
pub struct Found<R> {
    /// All of the answer as JSON that is the same each time: its rows, best first, why the first were chosen, in a
    /// sentence, and how well the catalog can serve the request, 0 to 1, comparable between queries.
    json: Box<str>,
    /// The ids of all that was found, best first, also of what a token budget left no room for.
    pub ids: Arc<[String]>,
    /// What comes near, for when there are no rows.
    pub suggestions: Vec<String>,
    /// Estimated tokens of the rows as JSON.
    pub tokens: usize,
    /// The rows as a text, once a door made one.
    shown: OnceLock<Box<str>>,
    /// How often it is written down that it was served again.
    pub(super) repeats: Sampler,
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
    /// Makes rows of findings in a snapshot, fitted to `max_tokens` where there is a budget.
    pub fn of(snapshot: &Snapshot, findings: &Findings, max_tokens: Option<usize>) -> Self {
        let mut rows: Vec<R::Of<'_>> = findings.hits.iter().map(R::of).collect();
        if let Some(budget) = max_tokens {
            rows = fitted(&rows, budget);
        }
        let whole = max_tokens.is_none().then_some((snapshot, findings));
        let mut json = String::with_capacity(ROW_BYTES * (rows.len() + 1));
        json.push('{');
        let mut members = Members::onto(&mut json);
        let tokens = write_rows(&rows, whole, members.value(R::FIELD));
        match max_tokens {
            Some(budget) if rows.is_empty() && !findings.hits.is_empty() => {
                let found = findings.hits.len();
                let reasoning = format!("{found} found, but none fits {budget} tokens: raise max_tokens");
                members.text("reasoning", &reasoning);
            }
            _ => members.text("reasoning", &findings.reasoning),
        }
        members.number("confidence", rounded(findings.confidence));
        Found {
            json: json.into_boxed_str(),
            ids: findings.hits.iter().map(|hit| hit.definition.id.clone()).collect(),
            suggestions: findings.suggestions.clone(),
            tokens,
            shown: OnceLock::new(),
            repeats: Sampler::of(LOGGED_REPEATS),
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
        u32::try_from(self.json.len() * 3 / 2 + ids + 256).unwrap_or(u32::MAX)
    }
}

/// Writes rows as a JSON list; answers the tokens they are estimated at: in `whole`, rows that nothing was cut of, as one
/// text, most of which was estimated before; else each with the comma that follows it.
fn write_rows<R: Row>(rows: &[R], whole: Option<(&Snapshot, &Findings)>, json: &mut String) -> usize {
    let (mut thousandths, mut tokens) = (0, 0);
    json.push('[');
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        let begin = json.len();
        if let Some((snapshot, findings)) = whole {
            let place = findings.hits[at].position;
            snapshot.write_row(place, json, |json| hit_view::write_start(row, json));
            let found = json.len();
            hit_view::write_end(row, json);
            let (entry, found) = (&json[begin..found], &json[found..]);
            // Both parts begin and end with marks, and so does what stands between rows: no run goes over such a place.
            thousandths += snapshot.row_thousandths(place, || tokens::thousandths(entry));
            thousandths += tokens::thousandths(found);
        } else {
            hit_view::write(row, json);
            tokens += tokens::estimate(&json[begin..]) + 1;
        }
    }
    json.push(']');
    if whole.is_none() {
        return tokens;
    }
    // The brackets, and the commas between rows.
    let around = tokens::thousandths("[]") + rows.len().saturating_sub(1) * tokens::thousandths(",");
    tokens::whole(thousandths + around)
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
    let mut json = String::with_capacity(ROW_BYTES);
    hit_view::write(row, &mut json);
    tokens::estimate(&json) + 1
}

/// As [`Output::write`] writes it.
impl<R: Row> Serialize for Answer<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = Vec::with_capacity(self.size());
        self.write(&mut json).map_err(S::Error::custom)?;
        serde_json::from_slice::<&RawValue>(&json).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<R: Row> Output for Answer<R> {
    fn cache_hit(&self) -> Option<bool> {
        Some(self.cache_hit)
    }

    fn shown(&self) -> Option<&OnceLock<Box<str>>> {
        Some(&self.found.shown)
    }

    fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        let Found { json: same, tokens, .. } = &*self.found;
        json.extend_from_slice(same.as_bytes());
        let cache_hit: &[u8] =
            if self.cache_hit { br#","cache_hit":true"# } else { br#","cache_hit":false"# };
        json.extend_from_slice(cache_hit);
        if self.tells_tokens {
            json.extend_from_slice(br#","tokens":"#);
            serde_json::to_writer(&mut *json, tokens)?;
            json.extend_from_slice(br#","token_estimator":"#);
            serde_json::to_writer(&mut *json, tokens::ESTIMATOR)?;
        }
        json.push(b'}');
        Ok(())
    }

    fn size(&self) -> usize {
        self.found.json.len() + 128
    }
}
