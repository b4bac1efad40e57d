//! The one place that prints.

use std::io::Write;

/// A line of data.
pub(super) fn line(text: &str) {
    // A reader that closed the pipe wants no more; that is no failure of ours.
    let _ = writeln!(std::io::stdout().lock(), "{}", printable(text));
}

/// Data that is a file's content, as it is.
pub(super) fn bytes(content: &[u8]) {
    let _ = std::io::stdout().lock().write_all(content);
}

/// What went wrong.
pub(super) fn error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "error: {}", printable(text));
}

/// What to try.
pub(super) fn hint(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "hint: {}", printable(text));
}

/// `text` without what could steer a terminal or reorder what it shows: files' names and texts are not ours.
fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{FFFD}' } else { c }).collect()
}
