//! Sanitizing: from the bytes of a file to text that is safe to index and to show to a model.

use std::borrow::Cow;

/// What was changed by decoding.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decoded {
    /// Some bytes were not UTF-8 and became U+FFFD.
    pub lossy: bool,
    /// Lines ended in CR LF or CR.
    pub carriage_returns: bool,
    /// Invisible characters that were removed.
    pub hidden: Invisible,
}

/// Counts of invisible characters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Invisible {
    /// Those that control a terminal, reorder a line or encode text as tags: no text needs them.
    pub steering: usize,
    /// Zero-width marks, which some scripts, emoji and editors bring along.
    pub marks: usize,
}

/// `bytes` as text without byte order mark and invisible characters, lines ending in `\n`.
pub(super) fn decode(bytes: &[u8]) -> (String, Decoded) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // The strict conversion is several times faster than the lossy one, and nearly always succeeds.
    let text = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let mut decoded = Decoded { lossy: matches!(text, Cow::Owned(_)), ..Decoded::default() };
    if !has_invisible(&text) {
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
        } else if is_steering(c) {
            decoded.hidden.steering += 1;
        } else {
            decoded.hidden.marks += 1;
        }
    }
    (out, decoded)
}

/// `name` on one line: without control and other invisible characters.
pub(super) fn one_line(name: &str) -> String {
    name.chars().filter(|&c| !c.is_control() && !is_invisible(c)).collect()
}

/// Whether `text` has a character that is removed, or a carriage return.
fn has_invisible(text: &str) -> bool {
    const CHUNK: usize = 64;
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    text.as_bytes().chunks(CHUNK).enumerate().any(|(chunk, bytes)| {
        // Without a branch per byte this compiles to vector instructions.
        let all_plain = bytes.iter().fold(true, |plain, &byte| plain & is_plain(byte));
        !all_plain
            && (chunk * CHUNK..)
                .zip(bytes)
                .filter(|&(_, &byte)| STARTS_INVISIBLE[usize::from(byte)])
                .any(|(at, _)| text[at..].chars().next().is_some_and(is_invisible))
    })
}

/// First UTF-8 bytes of removed characters; most bytes of most files need no closer look.
const STARTS_INVISIBLE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte, 0..=8 | 11..=31 | 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3);
        byte += 1;
    }
    table
};

/// Characters that are invisible to people but not to models: control characters except newline and tab, zero-width
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

/// Whether an invisible character hides or disguises text: an escape, a reordering, a tag.
fn is_steering(c: char) -> bool {
    matches!(c, '\u{1b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e0fff}')
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
        let hidden = decode("a\u{200b}\u{200d}b\u{e0041}\u{202e}".as_bytes()).1.hidden;
        assert_eq!((hidden.steering, hidden.marks), (2, 2));
    }
}
