//! The hint that is added to a prompt: which rows it names, and its text.

use std::fmt::Write;

use serde_json::Value;

use super::table;
use crate::app::tokens;
use crate::offload::{Entry, EntryScope, Offloaded};
use catalog::Kind;

/// Characters of a prompt that are asked.
const MAX_CONTEXT_CHARS: usize = 500;

/// Entries that a hint names at most.
const MAX_ROWS: usize = 3;

/// Estimated tokens of a hint at most; the estimate is up to 8 % too low.
const MAX_TOKENS: usize = 106;

/// Confidence of an answer below which its rows are not named. Measured over a collection of 488 entries: the right one is
/// among the rows for 91 % of 88 labelled requests, and 15 of 16 requests that no entry fits get none.
const MIN_CONFIDENCE: f64 = 0.4;

/// The score of a row, as a share of the best one's of its kind, below which it is not named.
const MIN_SHARE: f64 = 0.5;

/// Characters of a description.
const DESCRIPTION_CHARS: usize = 80;

/// A row that may be named.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub kind: Kind,
    pub id: String,
    plugin: String,
    marketplace: String,
    scope: EntryScope,
    name: String,
    description: String,
    /// The confidence of its answer, and its score as a share of the best one's.
    rank: f64,
}

impl Row {
    pub(super) fn entry<'a>(&'a self, offloaded: &'a Offloaded) -> Entry<'a> {
        let Row { kind, id, plugin, marketplace, scope, .. } = self;
        let installed = offloaded.installed_plugin(plugin, marketplace);
        Entry { kind: *kind, id, plugin, installed, scope: *scope }
    }
}

/// The part of a prompt that is asked: its beginning, cut at a word.
pub(super) fn context_of(prompt: &str) -> String {
    let Some((end, _)) = prompt.char_indices().nth(MAX_CONTEXT_CHARS) else { return prompt.to_owned() };
    let cut = &prompt[..end];
    cut.rfind(char::is_whitespace).map_or(cut, |space| &cut[..space]).to_owned()
}

/// The rows of one answer that are good enough.
pub(super) fn rows_of(kind: Kind, answer: &Value) -> Vec<Row> {
    let confidence = answer["confidence"].as_f64().unwrap_or_default();
    if confidence < MIN_CONFIDENCE {
        return Vec::new();
    }
    let rows = answer[kind.plural()].as_array();
    let best = rows.and_then(|rows| rows.first()?["score"].as_f64()).unwrap_or(1.0);
    let row = |row: &Value| {
        let text = |member: &str| row[member].as_str().unwrap_or_default().to_owned();
        let share = row["score"].as_f64().unwrap_or_default() / best;
        let scope = EntryScope::named(row["scope"].as_str().unwrap_or("project"))?;
        (share >= MIN_SHARE).then(|| Row {
            kind,
            id: text("id"),
            plugin: text("plugin"),
            marketplace: text("marketplace"),
            scope,
            name: text("name"),
            description: text("description"),
            rank: confidence * share,
        })
    };
    rows.into_iter().flatten().filter_map(row).collect()
}

/// The text, and the rows that it names; `None` where there are none.
pub(super) fn hint(mut rows: Vec<Row>) -> Option<(String, Vec<Row>)> {
    rows.sort_by(|a, b| b.rank.total_cmp(&a.rank));
    let mut named: Vec<Row> = Vec::new();
    for row in rows {
        // Copies in several plugins are one answer.
        if named.len() < MAX_ROWS
            && !named.iter().any(|known| (known.kind, &known.name) == (row.kind, &row.name))
        {
            named.push(row);
        }
    }
    while !named.is_empty() {
        let text = text_of(&named);
        if tokens::estimate(&text) <= MAX_TOKENS {
            return Some((text, named));
        }
        named.pop();
    }
    None
}

fn text_of(rows: &[Row]) -> String {
    let has = |kind: fn(Kind) -> bool| rows.iter().any(|row| kind(row.kind));
    let mut text = "Available though not listed:\n".to_owned();
    for Row { kind, id, description, .. } in rows {
        let kind = if *kind == Kind::Workflow { "command" } else { kind.as_str() };
        let description = table::one_line(description, DESCRIPTION_CHARS);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "- {kind} {id}: {description}");
    }
    text.push_str(match (has(|kind| kind == Kind::Agent), has(|kind| kind != Kind::Agent)) {
        (true, true) => "Run agents by id with Agent; load others with get_definition.",
        (true, false) => "Run by id with Agent.",
        (false, _) => "Load by id with get_definition.",
    });
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Kind, MAX_TOKENS, context_of, hint, rows_of, tokens};

    fn answer(confidence: f64, rows: &[(&str, f64)]) -> serde_json::Value {
        let rows = rows.iter().map(|(id, score)| {
            let name = id.rsplit(':').next();
            json!({ "id": id, "name": name, "plugin": "p", "score": score, "description": "Does it well. ".repeat(20) })
        });
        json!({ "confidence": confidence, "agents": rows.collect::<Vec<_>>() })
    }

    #[test]
    fn good_rows_are_named_and_no_others() {
        let rows = |confidence, rows: &[_]| rows_of(Kind::Agent, &answer(confidence, rows));
        assert_eq!(rows(0.39, &[("p:a", 1.0)]), []);
        assert_eq!(hint(Vec::new()), None);
        let some = rows(0.9, &[("p:a", 0.8), ("q:a", 0.8), ("p:b", 0.7), ("p:c", 0.39)]);
        let (text, named) = hint(some).unwrap();
        let ids: Vec<&str> = named.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["p:a", "p:b"]);
        assert!(
            text.contains("- agent p:a: Does it well.") && text.ends_with("Run by id with Agent."),
            "{text}"
        );
    }

    #[test]
    fn a_hint_is_short() {
        let long: Vec<(String, f64)> =
            (0..5).map(|n| (format!("plugin-{n}:{}", "specialist-".repeat(8)), 0.9)).collect();
        let long: Vec<(&str, f64)> = long.iter().map(|(id, score)| (id.as_str(), *score)).collect();
        let rows = rows_of(Kind::Agent, &answer(0.9, &long));
        let (text, _) = hint(rows).unwrap();
        assert!(tokens::estimate(&text) <= MAX_TOKENS, "{text}");
        let long = format!("{} {}", "word ".repeat(200), "x".repeat(900));
        let context = context_of(&long);
        assert!(context.chars().count() <= 500 && context.ends_with("word"), "{context}");
        assert_eq!(context_of("short"), "short");
        assert_eq!(context_of(&"é".repeat(600)).chars().count(), 500);
    }
}
