//! What Claude Code would show of a catalog.

use std::sync::Arc;

use super::definition::{Definition, Kind};
use super::problem::{Problem, code};

/// Characters of its listing of skills and commands, measured; names always stay, descriptions are dropped whole.
const LISTING_BUDGET: usize = 30_000;
/// Characters of one description in that listing.
const DESCRIPTION: usize = 1_536;

/// Says how many descriptions the client's listing drops, commands first in order and then skills keeping theirs.
pub(super) fn listing_problem(definitions: &[Arc<Definition>]) -> Option<Problem> {
    let listed: Vec<&Arc<Definition>> = [Kind::Workflow, Kind::Skill]
        .iter()
        .flat_map(|kind| definitions.iter().filter(move |definition| definition.kind == *kind))
        .filter(|definition| !definition.description.is_empty() || !definition.when_to_use.is_empty())
        .collect();
    // `- id: description` and a line end.
    let names: usize = listed.iter().map(|definition| definition.id.chars().count() + 3).sum();
    let mut left = LISTING_BUDGET.saturating_sub(names);
    let mut dropped = 0_usize;
    for definition in &listed {
        let stated = definition.description.chars().count() + definition.when_to_use.chars().count();
        let length = stated.min(DESCRIPTION) + 2;
        if length <= left {
            left -= length;
        } else {
            left = 0;
            dropped += 1;
        }
    }
    (dropped > 0).then(|| {
        let message = format!(
            "Claude Code's listing of skills and commands holds about {LISTING_BUDGET} characters: it lists about \
             {dropped} of {} by name only",
            listed.len()
        );
        Problem::new(".", code::LISTING_OVER_BUDGET, "kept", message)
    })
}
