//! Bytes of a file as text that is safe to index and to hand to a model.

use std::borrow::Cow;

/// What decoding met on the way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decoded {
    /// Some bytes were not UTF-8 and became U+FFFD.
    pub lossy: bool,
    /// Lines ended in CR LF or CR.
    pub carriage_returns: bool,
}

/// `bytes` as text: without byte order mark, lines ending in `\n`, free of invisible characters.
pub(super) fn decode(bytes: &[u8]) -> (String, Decoded) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut decoded = Decoded { lossy: matches!(text, Cow::Owned(_)), carriage_returns: false };
    if !text.chars().any(|c| c == '\r' || is_invisible(c)) {
        return (text.into_owned(), decoded);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' {
            decoded.carriage_returns = true;
            chars.next_if_eq(&'\n');
            out.push('\n');
        } else if !is_invisible(c) {
            out.push(c);
        }
    }
    (out, decoded)
}

/// `name` on one line: without control and other invisible characters.
pub(super) fn one_line(name: &str) -> String {
    name.chars().filter(|&c| !c.is_control() && !is_invisible(c)).collect()
}

/// Characters a reader does not see and a model does: control characters except newline and tab, zero-width
/// and bidirectional marks, variation selectors beyond the emoji ones, and the tag block U+E0000.
fn is_invisible(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        _ if c.is_ascii() => c.is_ascii_control(),
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' => true,
        _ => {
            matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e0fff}')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, one_line};

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(decode(bytes).0, expected);
    }

    #[test]
    fn text_loses_only_what_nobody_sees() {
        check(b"\xef\xbb\xbfa\r\nb\rc\n", "a\nb\nc\n");
        check("a\u{200b}b\u{e0041}c\u{1b}[1m\u{0}\td".as_bytes(), "abc[1m\td");
        check("日本語 ✔️ é".as_bytes(), "日本語 ✔️ é");
        check(b"a\xffb", "a\u{fffd}b");
        assert_eq!(one_line("a\nb\tc"), "abc");
        assert!(decode(b"\xff").1.lossy);
        assert!(decode(b"a\r\n").1.carriage_returns);
    }
}
