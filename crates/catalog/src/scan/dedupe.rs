//! Deduplication of definitions that share an id within a layer.

use std::sync::Arc;

use crate::definition::Definition;
use crate::problem::{Problem, code};

/// Definitions without identical copies.
#[derive(Debug, Default)]
pub(super) struct Deduped {
    pub kept: Vec<Arc<Definition>>,
    /// Definitions with the same id and content as one in `kept`.
    pub copies: Vec<Arc<Definition>>,
    pub problems: Vec<Problem>,
}

/// Removes definitions with the same id and content as another, and reports ids with several contents, all of which are kept.
/// `definitions` are in the catalog's order, and so are the results.
pub(super) fn dedupe(definitions: Vec<Arc<Definition>>) -> Deduped {
    let mut merged = Deduped { kept: Vec::with_capacity(definitions.len()), ..Deduped::default() };
    for definition in definitions {
        let mut twins = merged
            .kept
            .iter()
            .rev()
            .take_while(|twin| twin.kind == definition.kind && twin.id == definition.id)
            .peekable();
        if twins.peek().is_none() {
            merged.kept.push(definition);
            continue;
        }
        let is_copy = twins.any(|twin| twin.content_hash == definition.content_hash);
        let (code, action, message) = if is_copy {
            (code::IDENTICAL_COPY, "skipped", "the same content was found under another path")
        } else {
            (code::DUPLICATE_ID, "kept", "another file has this id; Claude Code keeps one of them")
        };
        let message = format!("{}: {message}", definition.id);
        merged.problems.push(Problem::new(definition.shown_path(), code, action, message));
        if is_copy { merged.copies.push(definition) } else { merged.kept.push(definition) }
    }
    merged
}
