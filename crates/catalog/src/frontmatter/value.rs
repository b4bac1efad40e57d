//! The fields of a front matter, whatever types their authors used.

use std::collections::HashMap;

use gray_matter::Pod;

/// Fields by key, as written; the typed getters convert any type.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fields(HashMap<String, Pod>);

impl From<HashMap<String, Pod>> for Fields {
    fn from(map: HashMap<String, Pod>) -> Fields {
        Fields(map)
    }
}

impl Fields {
    pub(super) fn insert_text(&mut self, key: &str, text: String) {
        self.0.insert(key.to_owned(), Pod::String(text));
    }

    pub(super) fn raw(&self, key: &str) -> Option<&Pod> {
        self.0.get(key)
    }

    /// The value of `key` as trimmed text; `None` if it is absent, null or empty.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        let text = match self.0.get(key)? {
            Pod::String(text) => text.trim().to_owned(),
            Pod::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(" "),
            other => text_of(other),
        };
        (!text.is_empty()).then_some(text)
    }

    /// The value of `key` as a hint: `[name]` is a YAML list, but was meant literally.
    pub(crate) fn hint(&self, key: &str) -> Option<String> {
        match self.0.get(key)? {
            Pod::Array(items) if !items.is_empty() => {
                Some(items.iter().map(|item| format!("[{}]", text_of(item))).collect::<Vec<_>>().join(" "))
            }
            _ => self.text(key),
        }
    }

    /// The value of `key` as a list: a YAML list, or text split at commas, with brackets or without.
    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        let items = match self.0.get(key) {
            None => return Vec::new(),
            Some(Pod::Array(items)) => items.iter().map(text_of).collect(),
            Some(Pod::Hash(map)) => {
                let mut keys: Vec<String> = map.keys().cloned().collect();
                keys.sort_unstable();
                keys
            }
            Some(other) => split_list(&text_of(other)),
        };
        items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }

    /// Whether the value of `key` was written as text.
    pub(crate) fn is_text(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Pod::String(_)))
    }

    /// Whether there is any field at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Splits `Read, Bash(git add:*, git commit:*), Edit` at commas outside parentheses and removes brackets and quotes.
fn split_list(text: &str) -> Vec<String> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | '\n' | '，' | '、')
    })
    .map(|item| item.trim().trim_start_matches("- ").trim_matches(['"', '\'']).to_owned())
    .collect()
}

/// `value` as JavaScript's `String()` writes it, which the client's ids are made with.
pub(super) fn text_of(value: &Pod) -> String {
    match value {
        Pod::Null => String::new(),
        Pod::String(text) => text.clone(),
        Pod::Integer(number) => number.to_string(),
        Pod::Float(number) => float_text(*number),
        Pod::Boolean(truth) => truth.to_string(),
        Pod::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        Pod::Hash(_) => "[object Object]".to_owned(),
    }
}

fn float_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if number.abs() >= 1e21 || (number != 0.0 && number.abs() < 1e-6) {
        format!("{number:e}")
    } else {
        format!("{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, float_text, split_list, text_of};
    use gray_matter::Pod;
    use std::collections::HashMap;

    #[test]
    fn lists_split_outside_parentheses() {
        assert_eq!(split_list("Read, Bash(a:*, b), Edit"), ["Read", "Bash(a:*, b)", "Edit"]);
        assert_eq!(split_list("[\"a\", b]"), ["a", "b"]);
        assert_eq!(split_list("*"), ["*"]);
        let fields = Fields::from(HashMap::from([("tools".to_owned(), Pod::Null)]));
        assert!(fields.list("tools").is_empty());
    }

    #[test]
    fn values_become_text_as_in_the_client() {
        assert_eq!(float_text(1.0), "1");
        assert_eq!(float_text(4.5), "4.5");
        assert_eq!(text_of(&Pod::Array(vec![Pod::String("x".into()), Pod::Integer(2)])), "x,2");
        assert_eq!(text_of(&Pod::Hash(HashMap::new())), "[object Object]");
    }
}
