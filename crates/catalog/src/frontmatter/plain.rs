//! A fast path for the front matter of most files: nothing but lines of `key: text`, parsed without the YAML engine.

use std::collections::HashMap;

use gray_matter::Pod;

/// Characters of a key; the engine accepts more, but not any number.
const MAX_KEY: usize = 64;

/// Words that YAML engines of any version read as a boolean or null, whatever their case.
const CONSTANTS: [&str; 9] = ["false", "n", "no", "null", "off", "on", "true", "y", "yes"];

/// The fields that the engine would read in `block`; `None` if it takes the engine to tell.
pub(super) fn read(block: &str) -> Option<HashMap<String, Pod>> {
    let mut fields = HashMap::new();
    for line in block.strip_suffix('\n')?.split('\n') {
        let (key, value) = line.split_once(": ")?;
        let value = text(value.trim_matches(' '))?;
        fields.insert(self::key(key)?.to_owned(), Pod::String(value.to_owned()));
    }
    Some(fields)
}

fn key(key: &str) -> Option<&str> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_key = key.bytes().all(is_name) && key.starts_with(|c: char| c.is_ascii_alphabetic());
    (is_key && key.len() <= MAX_KEY && !is_constant(key)).then_some(key)
}

/// The text of a scalar: plain, or quoted without any character that has a meaning there.
fn text(value: &str) -> Option<&str> {
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.strip_suffix(quote).filter(|text| !text.contains([quote, '\\']));
        }
    }
    let is_plain = value.starts_with(|c: char| c.is_ascii_alphabetic())
        && !value.contains(": ")
        && !value.ends_with(':')
        && !value.contains(" #")
        && !is_constant(value);
    is_plain.then_some(value)
}

fn is_constant(text: &str) -> bool {
    CONSTANTS.iter().any(|constant| constant.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use gray_matter::engine::Engine;
    use proptest::prelude::*;

    use super::*;
    use crate::frontmatter::engine::BoundedYaml;

    /// Whether it is read without an engine; where it is, an engine reads the same.
    #[track_caller]
    fn check(block: &str) -> bool {
        let Some(fields) = read(block) else { return false };
        assert_eq!(BoundedYaml::parse(block).unwrap(), Pod::Hash(fields), "{block:?}");
        true
    }

    #[test]
    fn plain_lines_need_no_engine() {
        for block in [
            "name: code-reviewer\ndescription: Reviews code, [and] more {of it} & such. Don't!\nmodel: inherit\n",
            "name:   x  \nargument-hint: \"[issue] #1: it's\"\ntools: 'Read, \"Write\"'\n",
            "a: b\na: c\n",
            "url: see https://x.y/z#a?b=c | d > e * f % g @ h ` i\n",
        ] {
            assert!(check(block), "{block}");
        }
        for block in [
            "",
            "\n",
            "a:\n",
            "a: \n",
            "a: |\n  b\n",
            "a: b\n  c\n",
            "a: true\n",
            "null: b\n",
            "a: 1\n",
            "a: - b\n",
            "a: b: c\n",
            "a: b:\n",
            "a: b #c\n",
            "a: \"b\\n\"\n",
            "a: 'b''c'\n",
            "a: [b]\n",
            "a: é\n",
            "a: b\tc\n",
            "# a: b\n",
            "a: \"b\" c\n",
            "- a: b\n",
            "a: b",
            "a: .inf\n",
            "a: ~\n",
            "a: &b c\n",
            "a: *b\n",
            "a: !b c\n",
            "a b: c\n",
            "a: \"\n",
        ] {
            assert!(read(block).is_none(), "{block:?}");
        }
    }

    proptest! {
        #[test]
        fn what_needs_no_engine_is_read_as_by_one(
            lines in prop::collection::vec(("[a-zA-Z][a-z_-]{0,6}", "[ -~]{0,12}|[a-zA-Z]{1,6}|\"[ -~]{0,6}\"|'[ -~]{0,6}'"), 1..4)
        ) {
            let lines: Vec<String> = lines.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            let block = lines.join("\n") + "\n";
            check(&block);
        }
    }
}
