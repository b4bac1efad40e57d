//! A line-oriented parser for blocks that are not YAML: a known key starts a field, anything else continues it.

use super::value::Fields;

/// Keys that start a field. Anything else that looks like a key (`Context:`, `user:`, `Examples:`) is part of
/// the description around it.
const KNOWN_KEYS: [&str; 33] = [
    "name",
    "description",
    "when_to_use",
    "model",
    "tools",
    "allowed-tools",
    "allowed_tools",
    "disallowedTools",
    "disallowed-tools",
    "color",
    "capabilities",
    "category",
    "tags",
    "keywords",
    "argument-hint",
    "argument_hint",
    "arguments",
    "version",
    "author",
    "license",
    "skills",
    "hooks",
    "memory",
    "metadata",
    "mcpServers",
    "permissionMode",
    "maxTurns",
    "effort",
    "isolation",
    "disable-model-invocation",
    "user-invocable",
    "compatibility",
    "hide-from-slash-command-tool",
];

/// What starts a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// A key of [`KNOWN_KEYS`]: for blocks that are not YAML, where prose may look like a key.
    Known,
    /// Anything that looks like a key: for blocks that may be YAML but were too complex for the engine.
    Any,
}

impl Keys {
    fn split(self, line: &str) -> Option<(&str, &str)> {
        match self {
            Keys::Known => split_known_key(line),
            Keys::Any => split_key(line),
        }
    }
}

/// The result of the line-oriented parser.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub fields: Fields,
    /// How many lines of the block belong to fields; the rest is body.
    pub lines: usize,
}

/// Parses a closed block up to a markdown heading after the last known key: from there on it is body, and a rule in the body
/// was taken for the closing line.
pub(super) fn read(block: &str, keys: Keys) -> Reading {
    let lines: Vec<&str> = block.lines().collect();
    let last_key = lines.iter().rposition(|line| keys.split(line).is_some());
    let end = lines
        .iter()
        .enumerate()
        .position(|(at, line)| last_key.is_none_or(|key| at > key) && is_heading(line))
        .unwrap_or(lines.len());
    Reading { fields: fields_of(&lines[..end], keys), lines: end }
}

/// Parses the top of a file whose front matter is not closed: up to the first blank line, heading, `...` or `---`.
pub(super) fn read_open(text: &str, keys: Keys) -> Reading {
    let is_end =
        |line: &&str| line.trim().is_empty() || is_heading(line) || matches!(line.trim_end(), "..." | "---");
    let lines: Vec<&str> = text.lines().take_while(|line| !is_end(line)).collect();
    Reading { fields: fields_of(&lines, keys), lines: lines.len() }
}

fn is_heading(line: &str) -> bool {
    let hashes = line.bytes().take_while(|&b| b == b'#').count();
    (1..=6).contains(&hashes) && line[hashes..].starts_with(' ')
}

/// The key and the rest of a line that starts a field.
pub(super) fn split_known_key(line: &str) -> Option<(&str, &str)> {
    split_key(line).filter(|(key, _)| KNOWN_KEYS.contains(key))
}

fn split_key(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.split_once(':')?;
    let key = key.trim_end();
    let separated = rest.is_empty() || rest.starts_with([' ', '\t']);
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    (separated && plain).then_some((key, rest.trim()))
}

fn fields_of(lines: &[&str], keys: Keys) -> Fields {
    let mut fields = Fields::default();
    let mut current: Option<(&str, Vec<&str>)> = None;
    for line in lines {
        if let Some((key, rest)) = keys.split(line) {
            if let Some((key, value)) = current.replace((key, vec![rest])) {
                fields.insert_text(key, value_text(&value));
            }
        } else if let Some((key, value)) = &mut current {
            let says_it_all = *key == "name" && !value[0].is_empty() && !is_block_indicator(value[0]);
            if !says_it_all {
                value.push(line);
            }
        }
    }
    if let Some((key, value)) = current {
        fields.insert_text(key, value_text(&value));
    }
    fields
}

/// The text of a field from its lines, without block indicators, quotes and escapes.
fn value_text(lines: &[&str]) -> String {
    let lines = match lines.split_first() {
        Some((first, rest)) if is_block_indicator(first) => rest,
        _ => lines,
    };
    let joined = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
    let text = joined.trim();
    unquoted(text, '"').or_else(|| unquoted(text, '\'')).unwrap_or_else(|| text.to_owned())
}

/// `|`, `>`, with a chomping or indentation indicator.
fn is_block_indicator(first: &str) -> bool {
    first
        .strip_prefix(['|', '>'])
        .is_some_and(|rest| rest.chars().all(|c| matches!(c, '+' | '-' | '0'..='9')))
}

fn unquoted(text: &str, quote: char) -> Option<String> {
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    if quote == '\'' {
        return Some(inner.replace("''", "'"));
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (plain, false) => out.push(plain),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Keys, read, read_open};

    #[track_caller]
    fn check(block: &str, key: &str, expected: &str) {
        assert_eq!(read(block, Keys::Known).fields.text(key).as_deref(), Some(expected));
    }

    #[test]
    fn known_keys_start_fields_and_prose_continues_them() {
        let block = "name: a\ndescription: Use it when: x\nContext: user asks\n<example>\nuser: \"hi\"\n</example>\nmodel: opus";
        check(block, "name", "a");
        check(block, "model", "opus");
        check(
            block,
            "description",
            "Use it when: x\nContext: user asks\n<example>\nuser: \"hi\"\n</example>",
        );
        check("description: >-\n  one: two\n  three\nname: b", "description", "one: two\nthree");
        check("description: \"a \\\"b\\\"\\nc: d\"", "description", "a \"b\"\nc: d");
        check("description: 'it''s: so'", "description", "it's: so");
    }

    #[test]
    fn a_rule_in_the_body_does_not_drag_the_body_in() {
        let reading = read("name: a\ndescription: d\n\n# Title\n\nText: more", Keys::Known);
        assert_eq!(reading.fields.text("description").as_deref(), Some("d"));
        assert_eq!(reading.lines, 3);
        assert_eq!(read_open("name: a\ndescription: d\n\nBody: text", Keys::Known).lines, 2);
    }
}
