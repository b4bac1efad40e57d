//! What Claude Code puts before a model of a catalog: the baseline of all that is said of tokens.
//!
//! As measured with 2.1.329: agents are listed in full, one line each. Skills and commands share one listing whose
//! length is bounded; names always stay, and beyond the bound descriptions are dropped whole, commands first in order
//! and then skills keeping theirs. Bodies are never listed.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::Catalog;
use super::definition::{Definition, Kind};
use super::problem::{Problem, code};

/// Characters that its listing of skills and commands leaves for plugins: about 30,000, measured, less what its own
/// entries take.
pub const LISTING_BUDGET: usize = 23_750;

/// Characters of one description in that listing.
const DESCRIPTION: usize = 1_536;

/// Codes of entries that are not listed at all.
const UNLISTED: [&str; 2] = [code::NEVER_SHOWN_BY_CLIENT, code::NOT_LOADED_BY_CLIENT];

/// Codes of files of whose front matter the client reads nothing.
const UNREAD: [&str; 5] = [
    code::FRONTMATTER_SALVAGED,
    code::FRONTMATTER_UNCLOSED,
    code::FRONTMATTER_NOT_FIRST,
    code::FRONTMATTER_TOO_LARGE,
    code::FRONTMATTER_TOO_COMPLEX,
];

/// One line of what a client lists.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// The entry.
    pub definition: &'a Arc<Definition>,
    /// The line, with its line end.
    pub line: String,
    /// Whether its description was dropped for want of room.
    pub is_name_only: bool,
}

impl Catalog {
    /// What Claude Code lists of this catalog: agents, then commands, then skills. Without `is_bounded` as it would if
    /// there were room for all descriptions.
    ///
    /// The order within a kind is that of ids, where the client's is that in which it loads files: which skills lose
    /// their descriptions may differ, how many hardly does.
    pub fn client_listing(&self, is_bounded: bool) -> Vec<Listed<'_>> {
        let seen = Seen::of(&self.problems);
        let is_loaded = |definition: &&Arc<Definition>| {
            let mut dropped = self.plugins.iter().filter(|plugin| !plugin.loaded);
            !dropped.any(|plugin| definition.path.starts_with(&plugin.root))
        };
        let loaded: Vec<&Arc<Definition>> = self.definitions.iter().filter(is_loaded).collect();
        listing(&loaded, &seen, is_bounded)
    }
}

/// What the client makes of files that have problems.
struct Seen<'a> {
    unlisted: HashSet<&'a Path>,
    unread: HashSet<&'a Path>,
    undescribed: HashSet<&'a Path>,
}

impl<'a> Seen<'a> {
    fn of(problems: &'a [Problem]) -> Self {
        let with = |codes: &[&str]| {
            let of_code = problems.iter().filter(|problem| codes.contains(&problem.code));
            of_code.map(|problem| &*problem.path).collect()
        };
        Seen {
            unlisted: with(&UNLISTED),
            unread: with(&UNREAD),
            undescribed: with(&[code::DESCRIPTION_MISSING]),
        }
    }

    /// The description as the client has it, if it has one.
    fn description(&self, definition: &'a Definition) -> Option<&'a str> {
        let path = definition.path.as_path();
        let has = !self.unread.contains(path) && !self.undescribed.contains(path);
        has.then_some(definition.description.as_str()).filter(|text| !text.is_empty())
    }

    /// What the listing of skills and commands says of an entry, if it is there.
    fn stated(&self, definition: &'a Definition) -> Option<String> {
        if self.unlisted.contains(definition.path.as_path()) {
            return None;
        }
        let when = Some(definition.when_to_use.as_str()).filter(|text| !text.is_empty());
        let text = match (self.description(definition), when) {
            (None, None) => return None,
            // The first line of the body stands in, which is what a missing description is derived from.
            (None, Some(when)) => format!("{} - {when}", definition.description),
            (Some(description), None) => description.to_owned(),
            (Some(description), Some(when)) => format!("{description} - {when}"),
        };
        Some(cut(&text))
    }
}

impl<'a> Seen<'a> {
    /// Characters of what [`Seen::stated`] says, where it says anything.
    fn stated_chars(&self, definition: &'a Definition) -> Option<usize> {
        if self.unlisted.contains(definition.path.as_path()) {
            return None;
        }
        let chars = |text: &str| text.chars().count();
        let when = Some(chars(&definition.when_to_use)).filter(|&when| when > 0);
        let whole = match (self.description(definition).map(chars), when) {
            (None, None) => return None,
            (None, Some(when)) => chars(&definition.description) + 3 + when,
            (Some(description), when) => description + when.map_or(0, |when| when + 3),
        };
        Some(whole.min(DESCRIPTION))
    }
}

/// `text` within [`DESCRIPTION`] characters, the last of them an ellipsis where it was cut.
fn cut(text: &str) -> String {
    if text.chars().count() <= DESCRIPTION {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION - 1).chain(['…']).collect()
}

fn agent_line(definition: &Definition, seen: &Seen<'_>) -> String {
    let Definition { id, plugin, tools, .. } = definition;
    let tools = if tools.is_empty() || tools.iter().any(|tool| tool == "*") {
        "All tools".to_owned()
    } else {
        tools.join(", ")
    };
    match seen.description(definition) {
        Some(description) => format!("- {id}: {description} (Tools: {tools})\n"),
        None => format!("- {id}: Agent from {plugin} plugin (Tools: {tools})\n"),
    }
}

fn listing<'a>(definitions: &[&'a Arc<Definition>], seen: &Seen<'_>, is_bounded: bool) -> Vec<Listed<'a>> {
    let of_kind = |kind| definitions.iter().copied().filter(move |definition| definition.kind == kind);
    let not_unlisted = |definition: &&Arc<Definition>| !seen.unlisted.contains(definition.path.as_path());
    let agents = of_kind(Kind::Agent).filter(not_unlisted);
    let mut lines: Vec<Listed<'a>> = agents
        .map(|definition| Listed { definition, line: agent_line(definition, seen), is_name_only: false })
        .collect();
    let stated: Vec<(&Arc<Definition>, String)> = [Kind::Workflow, Kind::Skill]
        .into_iter()
        .flat_map(of_kind)
        .filter_map(|definition| Some((definition, seen.stated(definition)?)))
        .collect();
    // `- id` and a line end, which always stay.
    let names: usize = stated.iter().map(|(definition, _)| definition.id.chars().count() + 3).sum();
    let mut left = if is_bounded { LISTING_BUDGET.saturating_sub(names) } else { usize::MAX };
    for (definition, text) in stated {
        let id = &definition.id;
        let length = text.chars().count() + 2;
        let has_room = length <= left;
        left = if has_room { left - length } else { 0 };
        let line = if has_room { format!("- {id}: {text}\n") } else { format!("- {id}\n") };
        lines.push(Listed { definition, line, is_name_only: !has_room });
    }
    lines
}

/// How much of a catalog the client's listing of skills and commands names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stated {
    /// Skills and commands it lists.
    count: usize,
    /// Characters of their names, which always stay.
    names: usize,
}

impl Stated {
    /// Of definitions whose problems are among these.
    pub(super) fn of(definitions: &[Arc<Definition>], problems: &[Problem]) -> Stated {
        let seen = Seen::of(problems);
        let mut stated = Stated::default();
        for definition in definitions {
            if definition.kind != Kind::Agent && seen.stated_chars(definition).is_some() {
                stated.count += 1;
                stated.names += name_chars(definition);
            }
        }
        stated
    }

    /// With those added and those taken away.
    pub(super) fn changed(self, added: Stated, removed: Stated) -> Stated {
        Stated {
            count: (self.count + added.count).saturating_sub(removed.count),
            names: (self.names + added.names).saturating_sub(removed.names),
        }
    }
}

/// Characters of `- id` and a line end.
fn name_chars(definition: &Definition) -> usize {
    definition.id.chars().count() + 3
}

/// Says how many descriptions the client's listing drops. `problems` says which entries it does not list at all,
/// `stated` what it lists of all the definitions.
pub(super) fn listing_problem(
    definitions: &[Arc<Definition>],
    problems: &[Problem],
    stated: Stated,
) -> Option<Problem> {
    let mut left = LISTING_BUDGET.saturating_sub(stated.names);
    let mut dropped = stated.count;
    // Where the names alone take all the room, nothing has to be counted.
    if left > 0 {
        let seen = Seen::of(problems);
        let of_kind = |kind| definitions.iter().filter(move |definition| definition.kind == kind);
        for definition in [Kind::Workflow, Kind::Skill].into_iter().flat_map(of_kind) {
            let Some(chars) = seen.stated_chars(definition) else { continue };
            if chars + 2 > left {
                // From the first without room on none has any.
                break;
            }
            left -= chars + 2;
            dropped -= 1;
        }
    }
    (dropped > 0).then(|| {
        let message = format!(
            "Claude Code's listing has room for about {LISTING_BUDGET} characters of skills and commands: about \
             {dropped} of {} are listed by name only",
            stated.count
        );
        Problem::new(".", code::LISTING_OVER_BUDGET, "kept", message)
    })
}
