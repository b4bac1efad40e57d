//! Secrets out of text that is kept: by the shape they have, and by the name that stands before them.
//!
//! Nothing here should ever find anything: no line is made of what a client sent. It is there for the message of a
//! library, of a system or of a plugin's file that repeats more than it should.

use std::borrow::Cow;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// How secrets of well-known services begin.
const PREFIXES: [&str; 17] = [
    "sk-",
    "sk_live_",
    "rk_live_",
    "pk_live_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "npm_",
];

/// Characters that such a secret has at least; what is shorter is a word.
const MIN_SECRET: usize = 16;

/// Ends of names whose value is secret; case and separators do not matter.
const NAMES: [&str; 9] = [
    "token",
    "secret",
    "password",
    "passwd",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "credential",
];

/// Words that stand between a name and its value, or alone before a value.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// `text` without what looks like a secret, or is called one.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    let mut named = false;
    let mut words = Words { text, at: 0 };
    while let Some((start, word)) = words.next() {
        let end = start + word.len();
        let is_scheme = SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
        // A scheme hands on what it was called, or is a name itself: `Authorization: Bearer …`, `Bearer …`.
        if is_scheme && text[end..].starts_with(' ') {
            named = true;
            continue;
        }
        if (named && !is_plain_value(word)) || has_shape(word) {
            out.push_str(&text[kept..start]);
            out.push_str(REDACTED);
            kept = end;
            named = false;
        } else {
            named = is_name(word) && assigns(&text[end..]);
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

/// Runs of the characters that secrets and names are made of.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let bytes = self.text.as_bytes();
        let start = (self.at..bytes.len()).find(|at| is_part(bytes[*at]))?;
        let end = (start..bytes.len()).find(|at| !is_part(bytes[*at])).unwrap_or(bytes.len());
        self.at = end;
        // Parts are ASCII, so both ends lie between characters.
        Some((start, &self.text[start..end]))
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'~')
}

/// Whether what follows a name gives it a value: a colon or an equals sign, with quotes and blanks around it.
fn assigns(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['"', '\'', '\\', ' ']);
    rest.starts_with([':', '=']) && !rest.starts_with("::")
}

/// What no secret is.
fn is_plain_value(word: &str) -> bool {
    matches!(word, "null" | "true" | "false" | "none")
        || word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_name(word: &str) -> bool {
    let bare: String =
        word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    NAMES.iter().any(|name| bare.ends_with(name))
}

fn has_shape(word: &str) -> bool {
    if word.len() < MIN_SECRET {
        return false;
    }
    // A signed token: three parts, the first of which is JSON.
    let is_signed = word.starts_with("eyJ") && word.bytes().filter(|byte| *byte == b'.').count() == 2;
    is_signed || PREFIXES.iter().any(|prefix| word.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::redacted;
    use proptest::prelude::*;

    #[test]
    fn secrets_go_by_shape_and_by_name() {
        let cases = [
            ("nothing to see here", "nothing to see here"),
            ("key sk-0123456789abcdef here", "key [redacted] here"),
            ("ghp_0123456789abcdefghij", "[redacted]"),
            ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[redacted]"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
            ("got bearer xyz", "got bearer [redacted]"),
            (r#"{"password":"hunter2","user":"a"}"#, r#"{"password":"[redacted]","user":"a"}"#),
            (r#"{"error":"{\"api_key\": \"k1\"}"}"#, r#"{"error":"{\"api_key\": \"[redacted]\"}"}"#),
            ("MCP_TOKEN=abc rest", "MCP_TOKEN=[redacted] rest"),
            ("client-secret : s3cr3t", "client-secret : [redacted]"),
            (r#"{"max_tokens":149,"token":12}"#, r#"{"max_tokens":149,"token":12}"#),
            ("the token in MCP_TOKEN cannot be used", "the token in MCP_TOKEN cannot be used"),
            ("sk-short", "sk-short"),
            ("src/store/secret.rs:12", "src/store/secret.rs:12"),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let once = redacted(&text).into_owned();
            prop_assert_eq!(redacted(&once).into_owned(), once);
        }

        #[test]
        fn a_secret_is_found_wherever_it_stands(before in "[a-z ,:{\"]{0,40}", after in "[ ,}\"][a-z ]{0,20}") {
            let secret = "ghp_0123456789abcdefghij";
            let line = format!("{before} {secret}{after}");
            prop_assert!(!redacted(&line).contains(secret));
        }
    }
}
