//! An answer as text, short, made for a model to read: for clients that do not show structured content.

use std::fmt::Write;

use serde_json::Value;

use crate::app::hit_view::shortened;
use crate::app::operation::Rendering;

/// Characters of a description in a line of text.
const LINE_CHARS: usize = 200;

/// The text form of a tool's answer.
pub(super) fn text_of(rendering: Rendering, answer: &Value) -> String {
    match rendering {
        Rendering::Rows(kind) => found(answer, kind.plural(), kind.as_str()),
        Rendering::Definition => definition(answer),
        Rendering::Recommendation => recommendation(answer),
        Rendering::Stored => stored(answer),
        Rendering::Json => answer.to_string(),
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn list(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A line a row, and what to do next; or what comes near.
fn found(answer: &Value, field: &str, kind: &str) -> String {
    let rows = answer[field].as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return nothing(answer);
    }
    let mut said = format!("Confidence {}. {}\n", answer["confidence"], text(answer, "reasoning").trim_end());
    for (at, row) in rows.iter().enumerate() {
        let role = match text(row, "role") {
            "" => String::new(),
            role => format!(" [role {role}]"),
        };
        let invocation = invocation(row);
        let description = shortened(&text(row, "description").replace('\n', " "), LINE_CHARS);
        // Writing to a String cannot fail.
        let _ = writeln!(said, "{}. {}{role}{invocation}: {description}", at + 1, text(row, "id"));
    }
    let _ = write!(said, "Next: get_definition with kind {kind:?} and the id you choose.");
    said
}

/// Who may run an entry, where not everybody may.
fn invocation(entry: &Value) -> String {
    match text(entry, "invocation") {
        "" => String::new(),
        "user_only" => " [only the user may run it]".to_owned(),
        "model_only" => " [no slash command]".to_owned(),
        other => format!(" [invocation {other}]"),
    }
}

fn nothing(answer: &Value) -> String {
    let near = list(&answer["suggestions"]);
    let message = text(answer, "reasoning");
    if answer["confidence"].as_f64().is_some_and(|confidence| confidence > 0.0) && near.is_empty() {
        return format!("No row: {message}.");
    }
    if near.is_empty() {
        return format!("Nothing found: {message}.");
    }
    format!("Nothing found: {message}. What comes near: {}.", near.join("; "))
}

/// What matters of a definition in a few lines, then its body.
fn definition(answer: &Value) -> String {
    if answer.get("body").is_none() {
        return nothing(answer);
    }
    let mut said = format!("{} {}", text(answer, "kind"), text(answer, "id"));
    if let Some(model) = answer["model"].as_str() {
        let _ = write!(said, ", model {model}");
    }
    let tools = list(&answer["tools"]);
    if !tools.is_empty() {
        let _ = write!(said, ", tools {}", tools.join(", "));
    }
    let arguments = text(answer, "arguments");
    if !arguments.is_empty() {
        let _ = write!(said, ", arguments {arguments}");
    }
    said.push_str(&invocation(answer));
    let _ = write!(said, " (from {})\n\n{}", text(&answer["source"], "path"), text(answer, "body"));
    said
}

fn recommendation(answer: &Value) -> String {
    if answer.get("pattern").is_none() {
        let advice = "Plan with find_agents, and record_outcome when done.";
        return format!("{} {advice}", nothing(answer));
    }
    let mut said = text(answer, "reasoning").to_owned();
    let matches = std::iter::once(answer).chain(answer["alternatives"].as_array().into_iter().flatten());
    for (at, one) in matches.enumerate() {
        let pattern = &one["pattern"];
        let label = if at == 0 { "Sequence" } else { "Alternative" };
        let sequence = list(&pattern["agent_sequence"]).join(" -> ");
        let _ = write!(said, "\n{label} (pattern_id {}): {sequence}", text(pattern, "id"));
        let groups = pattern["parallel_groups"].as_array().into_iter().flatten().map(list);
        for group in groups.filter(|group| group.len() > 1) {
            let _ = write!(said, "; together: {}", group.join(", "));
        }
    }
    said.push_str("\nPass the pattern_id to record_outcome when done.");
    said
}

fn stored(answer: &Value) -> String {
    let pattern = &answer["pattern"];
    let mut said = match pattern["id"].as_str() {
        Some(id) => format!(
            "Stored. Pattern {id} now counts {} successes, {} failures, {} partial.",
            pattern["success_count"], pattern["failure_count"], pattern["partial_count"]
        ),
        None => "Stored. No pattern learned from it.".to_owned(),
    };
    let replaced = &answer["replaced"];
    if replaced.is_object() {
        let result = replaced["result"].as_str().unwrap_or("an outcome");
        let _ = write!(said, " It replaces {result} by {}.", list(&replaced["agents_used"]).join(", "));
    }
    for warning in list(&answer["warnings"]) {
        let _ = write!(said, " Warning: {warning}.");
    }
    said
}
