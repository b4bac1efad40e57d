//! The arguments of a tool call, as its operation takes them: without the token budget, which bounds the text that a model
//! reads and not the answer as JSON, and with a text no longer than the operation takes.

use std::borrow::Cow;

use rmcp::model::JsonObject;
use serde_json::Value;

use crate::app::operation::{Rendering, Tool};
use crate::app::operations::kind_query::MAX_LIMIT;

/// What a model passed, taken apart.
pub(super) struct Arguments<'a> {
    /// What the operation takes.
    pub(super) params: Cow<'a, JsonObject>,
    /// Estimated tokens of the answer at most, where the model sets a bound.
    pub(super) budget: Option<usize>,
    /// The parameter whose text was too long and is cut, and its characters at most.
    cut: Option<(&'static str, usize)>,
}

impl<'a> Arguments<'a> {
    /// Takes the arguments of a call apart, by the tool and the schema of its input. What is wrong with them is left as it
    /// is, for the operation to refuse.
    pub(super) fn of(tool: &'static Tool, schema: &JsonObject, arguments: &'a JsonObject) -> Self {
        let mut taken = Arguments { params: Cow::Borrowed(arguments), budget: None, cut: None };
        taken.take_budget(tool, schema);
        taken.cut_text(tool, schema);
        taken
    }

    fn take_budget(&mut self, tool: &Tool, schema: &JsonObject) {
        let bound = |name: &str| schema["properties"]["max_tokens"][name].as_u64();
        let (Some(min), Some(max)) = (bound("minimum"), bound("maximum")) else { return };
        let asked = self.params.get("max_tokens").and_then(Value::as_u64);
        let Some(budget) = asked.filter(|asked| (min..=max).contains(asked)) else { return };
        self.budget = usize::try_from(budget).ok();
        let is_unlimited = self.params.get("limit").is_none_or(Value::is_null);
        let params = self.params.to_mut();
        params.remove("max_tokens");
        if is_unlimited && matches!(tool.rendering, Rendering::Rows(_)) {
            params.insert("limit".into(), MAX_LIMIT.into());
        }
    }

    fn cut_text(&mut self, tool: &'static Tool, schema: &JsonObject) {
        let Some(name) = tool.free_text else { return };
        let max = schema["properties"][name]["maxLength"].as_u64().and_then(|max| usize::try_from(max).ok());
        let Some(max) = max else { return };
        let text = self.params.get(name).and_then(Value::as_str).unwrap_or_default();
        // A text has no more characters than bytes.
        if text.len() <= max {
            return;
        }
        if let Some(cut) = cut_at_word(text, max) {
            let cut = cut.to_owned();
            self.params.to_mut().insert(name.into(), cut.into());
            self.cut = Some((name, max));
        }
    }

    /// What the model is told about its arguments, in a sentence before the answer.
    pub(super) fn note(&self) -> Option<String> {
        self.cut.map(|(name, max)| format!("Only the first {max} characters of {name} were read. "))
    }
}

/// The beginning of a text of more than `max` characters: whole words, as many as fit, or what fits of a single word; `None`
/// where the text fits.
fn cut_at_word(text: &str, max: usize) -> Option<&str> {
    let (end, next) = text.char_indices().nth(max)?;
    let head = &text[..end];
    if next.is_whitespace() {
        return Some(head.trim_end());
    }
    let word = head.char_indices().rev().find(|(_, letter)| letter.is_whitespace()).map(|(at, _)| at);
    Some(word.map(|at| head[..at].trim_end()).filter(|words| !words.trim().is_empty()).unwrap_or(head))
}

#[cfg(test)]
mod tests {
    use super::cut_at_word;

    #[test]
    fn a_text_is_cut_between_words() {
        let cases = [
            ("one two", 7, None),
            ("one two", 6, Some("one")),
            ("one two", 5, Some("one")),
            ("one two", 4, Some("one")),
            ("one two", 3, Some("one")),
            ("one two", 2, Some("on")),
            ("A sentence. And\na line that goes on", 30, Some("A sentence. And\na line that")),
            ("日本語の説明", 3, Some("日本語")),
            ("日本 語の説明", 4, Some("日本")),
            ("    ", 2, Some("")),
            ("  word", 4, Some("  wo")),
        ];
        for (text, max, expected) in cases {
            assert_eq!(cut_at_word(text, max), expected, "{text:?} within {max}");
        }
    }
}
