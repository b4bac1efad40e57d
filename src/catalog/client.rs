//! What Claude Code would show of a catalog.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::definition::{Definition, Kind};
use super::problem::{Problem, code};

/// Characters that its listing of skills and commands leaves for plugins: about 30,000, measured, less what its own
/// entries take. Names always stay, descriptions are dropped whole.
const LISTING_BUDGET: usize = 23_750;
/// Characters of one description in that listing.
const DESCRIPTION: usize = 1_536;

/// Says how many descriptions the client's listing drops, commands first in order and then skills keeping theirs.
/// `problems` says which entries it does not list at all.
pub(super) fn listing_problem(definitions: &[Arc<Definition>], problems: &[Problem]) -> Option<Problem> {
    let unlisted: HashSet<&Path> = problems
        .iter()
        .filter(|problem| [code::NEVER_SHOWN_BY_CLIENT, code::NOT_LOADED_BY_CLIENT].contains(&problem.code))
        .map(|problem| problem.path.as_path())
        .collect();
    let listed: Vec<&Arc<Definition>> = [Kind::Workflow, Kind::Skill]
        .iter()
        .flat_map(|kind| definitions.iter().filter(move |definition| definition.kind == *kind))
        .filter(|definition| !unlisted.contains(definition.path.as_path()))
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
            "Claude Code's listing has room for about {LISTING_BUDGET} characters of skills and commands: about \
             {dropped} of {} are listed by name only",
            listed.len()
        );
        Problem::new(".", code::LISTING_OVER_BUDGET, "kept", message)
    })
}
