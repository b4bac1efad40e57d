//! The answer to a query: its rows, why they were chosen, and what they cost.

use std::sync::{Arc, OnceLock};

use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use super::hit_view::{HitView, Lengths, MAX_DESCRIPTION_CHARS, MAX_LISTED, rounded};
use super::json::Members;
use super::operation::{Cost, Output, Shown};
use super::snapshot::Snapshot;
use super::tokens;
use crate::telemetry::sampler::Sampler;
use catalog::Kind;
use search::{Findings, Hit};

/// Lengths tried to fit rows into a token budget, longest first.
const LENGTHS: [Lengths; 6] = [
    Lengths { chars: MAX_DESCRIPTION_CHARS, listed: MAX_LISTED },
    Lengths { chars: 400, listed: 12 },
    Lengths { chars: 280, listed: 8 },
    Lengths { chars: 200, listed: 6 },
    Lengths { chars: 120, listed: 4 },
    SHORTEST,
];

/// The last of [`LENGTHS`].
const SHORTEST: Lengths = Lengths { chars: 60, listed: 2 };

/// Bytes of a row as JSON, roughly: nine in ten are shorter.
const ROW_BYTES: usize = 1024;

/// The answer to a query as it is cached: it is written once and served as often as it is asked for.
#[derive(Debug)]
pub struct SearchResponse {
    /// The part of the answer that is the same each time, as JSON without its closing brace: the rows, best first; why the
    /// first were chosen, in a sentence; and the confidence, 0 to 1, which is comparable between queries.
    json: Box<str>,
    /// The ids of all hits, best first, also of those that a token budget left no room for.
    pub ids: Arc<[String]>,
    /// Near misses, for when there are no rows.
    pub suggestions: Vec<String>,
    /// Estimated tokens of the rows as JSON.
    pub tokens: usize,
    /// Estimated tokens of the whole answer as JSON.
    whole_tokens: usize,
    /// The answer as a model reads it, once a transport rendered it.
    shown: OnceLock<Shown>,
    /// Samples the repetitions that go to the query log.
    pub(super) repeats: Sampler,
}

/// Repetitions of one answer a second that are written to the query log: more say nothing about which queries are frequent,
/// and cost more than serving them.
pub const LOGGED_REPEATS: u32 = 10;

/// The answer to a query, as it goes out.
#[derive(Debug)]
pub struct ServedResponse {
    /// The part that is cached.
    pub response: Arc<SearchResponse>,
    /// Whether it came from the cache.
    pub cache_hit: bool,
    /// Whether the caller set a token budget, so that the answer reports what it uses.
    pub reports_tokens: bool,
    /// Estimated tokens of the listing that the answer stands for, as far as the client does not carry it.
    pub spared: usize,
}

impl SearchResponse {
    /// The answer about entries of `kind` that findings in a snapshot give, fitted to `max_tokens` where there is a budget.
    pub fn of(kind: Kind, snapshot: &Snapshot, findings: &Findings, max_tokens: Option<usize>) -> Self {
        let shadowed = |hit: &Hit| snapshot.catalog.shadowed(kind, &hit.definition.id);
        let row = |hit| HitView::new(hit, shadowed(hit), snapshot.client.is_offloaded(&*hit.definition));
        let mut rows: Vec<HitView<'_>> = findings.hits.iter().map(row).collect();
        if let Some(budget) = max_tokens {
            rows = fitted(&rows, budget);
        }
        let whole = max_tokens.is_none().then_some((snapshot, findings));
        let mut json = String::with_capacity(ROW_BYTES * (rows.len() + 1));
        json.push('{');
        let mut members = Members::onto(&mut json);
        let tokens = write_rows(&rows, whole, members.value(kind.plural()));
        let rows_end = json.len();
        let mut members = Members::onto(&mut json);
        match max_tokens {
            Some(budget) if rows.is_empty() && !findings.hits.is_empty() => {
                let found = findings.hits.len();
                let reasoning = format!("{found} found, but none fits {budget} tokens: raise max_tokens");
                members.text("reasoning", &reasoning);
            }
            _ => members.text("reasoning", &findings.reasoning),
        }
        members.number("confidence", rounded(findings.confidence));
        let whole_tokens = tokens + tokens::estimate(&json[rows_end..]);
        SearchResponse {
            json: json.into_boxed_str(),
            ids: findings.hits.iter().map(|hit| hit.definition.id.clone()).collect(),
            suggestions: findings.suggestions.clone(),
            tokens,
            whole_tokens,
            shown: OnceLock::new(),
            repeats: Sampler::of(LOGGED_REPEATS),
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Bytes it holds in memory, itself included. The rendered text, which may come later, is no longer than the JSON.
    pub(super) fn memory_bytes(&self) -> usize {
        let text_bytes = |texts: &[String]| -> usize {
            texts.iter().map(|text| size_of::<String>() + text.capacity()).sum()
        };
        size_of::<Self>() + self.json.len() * 2 + text_bytes(&self.ids) + text_bytes(&self.suggestions)
    }
}

/// Writes rows as a JSON list and answers their estimated tokens: of the list as a whole for `whole` rows, which were not
/// cut and most of which were estimated before; else of each row with the comma that follows it.
fn write_rows(rows: &[HitView<'_>], whole: Option<(&Snapshot, &Findings)>, json: &mut String) -> usize {
    let (mut thousandths, mut tokens) = (0, 0);
    json.push('[');
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        let begin = json.len();
        if let Some((snapshot, findings)) = whole {
            let position = findings.hits[at].position;
            snapshot.write_row(position, json, |json| row.write_entry(json));
            let middle = json.len();
            row.write_match(json);
            let (entry, rest) = (&json[begin..middle], &json[middle..]);
            // Both parts begin and end with punctuation, as what separates rows does: no token spans such a place.
            thousandths += snapshot.row_thousandths(position, || tokens::thousandths(entry));
            thousandths += tokens::thousandths(rest);
        } else {
            row.write(json);
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

/// The rows that fit `budget` tokens: all of them with texts as long as possible, else as many as fit with the shortest
/// texts, those then as long as possible. None where not even one fits.
fn fitted<'a>(rows: &[HitView<'a>], budget: usize) -> Vec<HitView<'a>> {
    let cut = |n: usize, lengths| rows[..n].iter().map(move |row| row.cut_to(lengths));
    let fits = |n: usize, lengths| cut(n, lengths).map(|row| cost(&row)).sum::<usize>() <= budget;
    (1..=rows.len())
        .rev()
        .filter(|&n| fits(n, SHORTEST))
        .find_map(|n| Some(cut(n, LENGTHS.into_iter().find(|&lengths| fits(n, lengths))?).collect()))
        .unwrap_or_default()
}

/// Estimated tokens of a row as JSON, with the comma that follows it.
fn cost(row: &HitView<'_>) -> usize {
    let mut json = String::with_capacity(ROW_BYTES);
    row.write(&mut json);
    tokens::estimate(&json) + 1
}

/// As [`Output::write`] writes it.
impl Serialize for ServedResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = Vec::with_capacity(self.size());
        self.write(&mut json).map_err(S::Error::custom)?;
        serde_json::from_slice::<&RawValue>(&json).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl Output for ServedResponse {
    fn cache_hit(&self) -> Option<bool> {
        Some(self.cache_hit)
    }

    fn shown(&self) -> Option<&OnceLock<Shown>> {
        Some(&self.response.shown)
    }

    fn cost(&self) -> Option<Cost> {
        Some(Cost { as_json: self.response.whole_tokens, spared: self.spared })
    }

    fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        let SearchResponse { json: same, tokens, .. } = &*self.response;
        json.extend_from_slice(same.as_bytes());
        let cache_hit: &[u8] =
            if self.cache_hit { br#","cache_hit":true"# } else { br#","cache_hit":false"# };
        json.extend_from_slice(cache_hit);
        if self.reports_tokens {
            json.extend_from_slice(br#","tokens":"#);
            serde_json::to_writer(&mut *json, tokens)?;
            json.extend_from_slice(br#","token_estimator":"#);
            serde_json::to_writer(&mut *json, tokens::ESTIMATOR)?;
        }
        json.push(b'}');
        Ok(())
    }

    fn size(&self) -> usize {
        self.response.json.len() + 128
    }
}
