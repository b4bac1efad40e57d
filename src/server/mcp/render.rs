//! An answer as text, short, made for a model to read.

use std::fmt::Write;

use serde_json::Value;

use crate::app::hit_view::shortened;
use crate::app::operation::Rendering;
use crate::app::operations::definition::CUT;
use crate::app::tokens::{estimate, longest_prefix};

/// Characters of a description in a line of text, longest first: the most with which all rows fit a budget.
const LINE_CHARS: [usize; 3] = [200, 120, 60];

/// A row that scores less than this share of the first is noise, and not shown.
const SHOWN_SHARE: f64 = 0.05;

/// Estimated tokens of the line above a body, as far as it can be shortened: a path or an id is given whole.
const PROVENANCE_TOKENS: usize = 40;

/// Characters of a command's arguments in that line.
const ARGUMENT_CHARS: usize = 60;

/// The text form of a tool's answer, within `budget` estimated tokens as far as that is possible.
pub(super) fn text_of(rendering: Rendering, answer: &Value, budget: Option<usize>) -> String {
    let budget = budget.unwrap_or(usize::MAX);
    match rendering {
        Rendering::Rows(kind) => found(answer, kind.plural(), kind.as_str(), budget),
        Rendering::Definition => definition(answer, budget),
        Rendering::Recommendation => recommendation(answer, budget),
        Rendering::Stored => stored(answer),
    }
}

/// What a model reads where nothing was found, and what comes near.
pub(super) fn nothing_found(rendering: Rendering, message: &str, suggestions: &[String]) -> String {
    let near = match suggestions {
        [] => String::new(),
        near => format!(" What comes near: {}.", near.join("; ")),
    };
    let advice = match rendering {
        Rendering::Recommendation => " Plan with find_agents, and record_outcome when done.",
        Rendering::Rows(_) | Rendering::Definition | Rendering::Stored => "",
    };
    format!("Nothing found: {message}.{near}{advice}")
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn list(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A line a row, and what to do next: as many rows as fit the budget, with texts as long as they can be.
fn found(answer: &Value, field: &str, kind: &str, budget: usize) -> String {
    let rows = answer[field].as_array().map(Vec::as_slice).unwrap_or_default();
    let score = |row: &Value| row["score"].as_f64().unwrap_or_default();
    let least = rows.first().map_or(0.0, score) * SHOWN_SHARE;
    let rows: Vec<&Value> = rows.iter().filter(|row| score(row) >= least).collect();
    let said = |rows: &[&Value], chars: usize| {
        let mut said =
            format!("Confidence {}. {}\n", answer["confidence"], text(answer, "reasoning").trim_end());
        for (at, row) in rows.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = writeln!(said, "{}. {}", at + 1, line(row, chars));
        }
        let _ = write!(said, "Next: get_definition with kind {kind:?} and the id you choose.");
        said
    };
    (1..=rows.len())
        .rev()
        .flat_map(|count| LINE_CHARS.map(|chars| (count, chars)))
        .map(|(count, chars)| said(&rows[..count], chars))
        .find(|said| estimate(said) <= budget)
        .unwrap_or_else(|| {
            let found = rows.len();
            format!("No row: {found} found, but none fits {budget} tokens: raise max_tokens.")
        })
}

/// A row: its id, what restricts it, and what it is for.
fn line(row: &Value, chars: usize) -> String {
    let role = match text(row, "role") {
        "" => String::new(),
        role => format!(" [role {role}]"),
    };
    let description = shortened(&text(row, "description").replace('\n', " "), chars);
    format!("{}{role}{}: {description}", text(row, "id"), invocation(row))
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

/// A line of provenance, then the body, which is cut where the budget ends.
fn definition(answer: &Value, budget: usize) -> String {
    let above = provenance(answer);
    let body = text(answer, "body");
    let whole = format!("{above}\n\n{body}");
    if estimate(&whole) <= budget {
        return whole;
    }
    let cut = |end: usize| format!("{above}\n\n{}{CUT}", &body[..end]);
    cut(longest_prefix(body, |end| estimate(&cut(end)) <= budget))
}

/// What a definition is, where it comes from, and what a model must know before it uses it. What matters least is shortened
/// or left out where the line gets long: of an agent the file, of a skill or command, which may refer to files beside it,
/// everything else.
fn provenance(answer: &Value) -> String {
    let is_agent = text(answer, "kind") == "agent";
    let mut said = format!("{} {}{}", text(answer, "kind"), text(answer, "id"), invocation(answer));
    if answer["source"]["changed_since_use"] == true {
        said.push_str(", changed since it was last loaded");
    }
    let path = text(&answer["source"], "path");
    match path.strip_suffix("/SKILL.md") {
        _ if is_agent => {}
        Some(folder) => said.extend([", in ", folder]),
        None => said.extend([", from ", path]),
    }
    let named = |name: &str, value: &str| match value {
        "" => Vec::new(),
        value => vec![format!("{name} {value}")],
    };
    let tools = list(&answer["tools"]);
    let mut tool_forms = named("tools", &tools.join(", "));
    if tools.len() > 1 {
        tool_forms.push(format!("{} tools", tools.len()));
    }
    let arguments = shortened(&text(answer, "arguments").replace('\n', " "), ARGUMENT_CHARS);
    let mut path_forms = named("from", path);
    path_forms.extend(end_of(path).map(|end| format!("from …/{end}")));
    let forms = [
        named("model", text(answer, "model")),
        tool_forms,
        named("arguments", &arguments),
        if is_agent { path_forms } else { Vec::new() },
    ];
    for forms in forms {
        let mut longer = forms.iter().map(|form| format!("{said}, {form}"));
        if let Some(fitting) = longer.find(|longer| estimate(longer) <= PROVENANCE_TOKENS) {
            said = fitting;
        }
    }
    said
}

/// The last three parts of a longer path.
fn end_of(path: &str) -> Option<&str> {
    let (at, _) = path.rmatch_indices(['/', '\\']).nth(2)?;
    Some(&path[at + 1..]).filter(|_| at > 0)
}

/// The best sequence, and as many alternatives as fit the budget.
fn recommendation(answer: &Value, budget: usize) -> String {
    const NEXT: &str = "\nPass the pattern_id to record_outcome when done.";
    let mut said = text(answer, "reasoning").to_owned();
    sequence(&mut said, "Sequence", answer);
    for alternative in answer["alternatives"].as_array().into_iter().flatten() {
        let mut longer = said.clone();
        sequence(&mut longer, "Alternative", alternative);
        if estimate(&format!("{longer}{NEXT}")) > budget {
            break;
        }
        said = longer;
    }
    said + NEXT
}

/// Appends a line about one pattern.
fn sequence(said: &mut String, label: &str, matched: &Value) {
    let pattern = &matched["pattern"];
    let agents = list(&pattern["agent_sequence"]).join(" -> ");
    let _ = write!(said, "\n{label} (pattern_id {}): {agents}", text(pattern, "id"));
    let groups = pattern["parallel_groups"].as_array().into_iter().flatten().map(list);
    for group in groups.filter(|group| group.len() > 1) {
        let _ = write!(said, "; together: {}", group.join(", "));
    }
}

fn stored(answer: &Value) -> String {
    let pattern = &answer["pattern"];
    let stored = if answer["stored"] == false { "Not stored" } else { "Stored" };
    let mut said = match pattern["id"].as_str() {
        Some(id) => format!(
            "{stored}. Pattern {id} now counts {} successes, {} failures, {} partial.",
            pattern["success_count"], pattern["failure_count"], pattern["partial_count"]
        ),
        None => format!("{stored}. No pattern learned from it."),
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
