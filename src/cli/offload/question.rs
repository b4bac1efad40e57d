//! Showing the change of a file, and asking whether it is to be made.

use std::io::BufRead;
use std::path::Path;

use similar::TextDiff;

use crate::cli::output::{self, Tone};

/// Lines around a change.
const CONTEXT: usize = 2;

/// Shows what changes in a file, line by line.
pub(in crate::cli) fn show_diff(file: &Path, before: &str, after: &str) {
    let name = file.display().to_string();
    let diff = TextDiff::from_lines(before, after);
    let shown = diff.unified_diff().context_radius(CONTEXT).header(&name, &name).to_string();
    for line in shown.lines() {
        let tone = match line.as_bytes().first() {
            Some(b'+') => Tone::Good,
            Some(b'-') => Tone::Bad,
            Some(b'@') => Tone::Quiet,
            _ => Tone::Plain,
        };
        output::toned(&[(tone, line)]);
    }
}

/// Whether the user says yes; whatever else is said, or nothing, is a no.
pub(in crate::cli) fn is_confirmed(question: &str) -> bool {
    output::line(&format!("{question} [y/N]"));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
