//! Which model suits a task: a last word between equals.

use super::query::Query;
use crate::catalog::Definition;

/// Words that tell a hard task.
const HARD: [&str; 8] =
    ["complex", "architecture", "architect", "redesign", "migration", "legacy", "distributed", "concurrency"];
/// Words that tell a simple one.
const SIMPLE: [&str; 8] = ["simple", "quick", "trivial", "small", "typo", "rename", "easy", "tiny"];

/// How hard a task sounds, -1 (simple) to 1 (hard): by its length and a few telling words.
pub(crate) fn complexity(query: &Query) -> f32 {
    let said = |words: &[&str]| {
        query.terms.iter().any(|term| term.via.is_none() && words.contains(&term.text.as_str()))
    };
    let hard = said(&HARD);
    let simple = said(&SIMPLE);
    match (hard || query.asked.len() > 14, simple) {
        (true, false) => 1.0,
        (false, true) => -1.0,
        _ => 0.0,
    }
}

/// 0..1: opus, then sonnet, for a hard task; haiku for a simple one.
pub(crate) fn fit(definition: &Definition, complexity: f32) -> f32 {
    let model = definition.model.as_deref().unwrap_or_default();
    let strength = match () {
        () if model.contains("opus") => 1.0,
        () if model.contains("sonnet") => 0.5,
        () if model.contains("haiku") => -1.0,
        () => 0.0,
    };
    (strength * complexity).max(0.0)
}
