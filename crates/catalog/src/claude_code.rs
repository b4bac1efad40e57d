//! What Claude Code lists of a catalog in a model's context: the baseline of all token counts.
//!
//! As measured with versions 2.1.329 and 2.1.332: agents are listed in full, one line each. Skills and commands share one listing of
//! bounded length. Names always stay; commands, then skills, keep their descriptions until the room is used up, and all
//! later ones are dropped as a whole. Bodies are never listed.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::definition::Definition;
use super::kind::Kind;
use super::problem::{Problem, code};

/// Characters for plugins in its listing of skills and commands: the measured 30,000 or so, less its own entries.
pub const LISTING_BUDGET: usize = 23_750;

/// Characters of one description in that listing.
const DESCRIPTION: usize = 1_536;

/// The code of entries that are loaded and yet not listed.
const UNLISTED: [&str; 1] = [code::NEVER_SHOWN_BY_CLIENT];

/// Codes of files whose front matter the client cannot read. What is too large or too complex here is not so for the client.
const UNREAD: [&str; 4] = [
    code::FRONTMATTER_SALVAGED,
    code::FRONTMATTER_CRLF,
    code::FRONTMATTER_UNCLOSED,
    code::FRONTMATTER_NOT_FIRST,
];

/// Codes of files that state no description.
const UNDESCRIBED: [&str; 3] = [code::DESCRIPTION_MISSING, code::FRONTMATTER_MISSING, code::FILE_EMPTY];

/// One line of the client's listing.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// The entry.
    pub definition: &'a Arc<Definition>,
    /// The line, including the line feed.
    pub line: String,
    /// Whether its description was dropped for lack of room.
    pub is_name_only: bool,
}

/// How the client sees files that have problems.
pub(super) struct ClientView<'a> {
    unlisted: HashSet<&'a Path>,
    unread: HashSet<&'a Path>,
    undescribed: HashSet<&'a Path>,
}

impl<'a> ClientView<'a> {
    pub(super) fn of(problems: &'a [Problem]) -> Self {
        let with = |codes: &[&str]| {
            let of_code = problems.iter().filter(|problem| codes.contains(&problem.code));
            of_code.map(|problem| &*problem.path).collect()
        };
        ClientView { unlisted: with(&UNLISTED), unread: with(&UNREAD), undescribed: with(&UNDESCRIBED) }
    }

    /// Whether the client does not list the entry at all.
    fn leaves_out(&self, definition: &Definition) -> bool {
        let is_unlisted = || self.unlisted.contains(&*definition.shown_path());
        definition.not_loaded || (!self.unlisted.is_empty() && is_unlisted())
    }

    /// The description as the client reads it, if it reads one.
    fn description(&self, definition: &'a Definition) -> Option<&'a str> {
        let path = definition.shown_path();
        let has = !self.unread.contains(&*path) && !self.undescribed.contains(&*path);
        has.then_some(definition.description.as_str()).filter(|text| !text.is_empty())
    }

    /// What an entry has in the listing of skills and commands, if it is listed: a description, and when it is to be used.
    ///
    /// Where no description is stated, the first line of the body serves; of a plugin's entry only if it says when it is to
    /// be used, else the entry is left out.
    fn stated_parts(&self, definition: &'a Definition) -> Option<(Cow<'a, str>, Option<&'a str>)> {
        if self.leaves_out(definition) {
            return None;
        }
        let when = Some(definition.when_to_use.as_str()).filter(|text| !text.is_empty());
        let description = match self.description(definition) {
            Some(description) => Cow::Borrowed(description),
            None if when.is_some() || definition.plugin.is_empty() => first_line(definition),
            None => return None,
        };
        Some((description, when))
    }

    /// The text of an entry in the listing of skills and commands, if it is listed.
    fn stated(&self, definition: &'a Definition) -> Option<String> {
        let (description, when) = self.stated_parts(definition)?;
        Some(cut(&match when {
            None => description.into_owned(),
            Some(when) => format!("{description} - {when}"),
        }))
    }

    /// The length of [`ClientView::stated`] in characters, computed without building the text.
    fn stated_chars(&self, definition: &'a Definition) -> Option<usize> {
        let chars = |text: &str| text.chars().count();
        let (description, when) = self.stated_parts(definition)?;
        Some((chars(&description) + when.map_or(0, |when| chars(when) + 3)).min(DESCRIPTION))
    }
}

/// The first line of a body as the client lists it in place of a description: without the marks of a heading, cut at 100
/// characters.
fn first_line(definition: &Definition) -> Cow<'_, str> {
    const CHARS: usize = 100;
    let line = definition.body.lines().map(str::trim).find(|line| !line.is_empty());
    let Some(line) = line else {
        return Cow::Borrowed(if definition.kind == Kind::Skill { "Skill" } else { "Custom command" });
    };
    let text = line.trim_start_matches('#');
    let is_heading = text.len() < line.len() && text.starts_with(char::is_whitespace);
    let line = if is_heading { text.trim_start() } else { line };
    if line.encode_utf16().count() <= CHARS {
        return Cow::Borrowed(line);
    }
    let units: Vec<u16> = line.encode_utf16().take(CHARS - 3).collect();
    Cow::Owned(String::from_utf16_lossy(&units) + "...")
}

/// `text` cut to [`DESCRIPTION`] characters, the last of which is an ellipsis then.
fn cut(text: &str) -> String {
    if text.chars().count() <= DESCRIPTION {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION - 1).chain(['…']).collect()
}

fn agent_line(definition: &Definition, view: &ClientView<'_>) -> String {
    let Definition { id, plugin, tools, .. } = definition;
    let tools = if tools.is_empty() || tools.iter().any(|tool| tool == "*") {
        "All tools".to_owned()
    } else {
        tools.join(", ")
    };
    match view.description(definition) {
        Some(description) => format!("- {id}: {description} (Tools: {tools})\n"),
        None => format!("- {id}: Agent from {plugin} plugin (Tools: {tools})\n"),
    }
}

/// The client's listing of these definitions, which are ordered by kind and id and come with the view of their layer.
pub(super) fn listing<'a>(
    definitions: &[(&'a Arc<Definition>, &ClientView<'_>)],
    is_bounded: bool,
) -> Vec<Listed<'a>> {
    let of_kind = |kind| definitions.iter().filter(move |(definition, _)| definition.kind == kind);
    let agents = of_kind(Kind::Agent).filter(|(definition, view)| !view.leaves_out(definition));
    let mut lines: Vec<Listed<'a>> = agents
        .map(|(definition, view)| Listed {
            definition,
            line: agent_line(definition, view),
            is_name_only: false,
        })
        .collect();
    let stated: Vec<(&Arc<Definition>, String)> = [Kind::Workflow, Kind::Skill]
        .into_iter()
        .flat_map(of_kind)
        .filter_map(|(definition, view)| Some((*definition, view.stated(definition)?)))
        .collect();
    // `- id` and a line feed, which always stay.
    let names: usize = stated.iter().map(|(definition, _)| name_chars(definition)).sum();
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

/// The size of the client's listing of skills and commands, names alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ListingSize {
    /// Skills and commands in it.
    count: usize,
    /// Characters of their names, which always stay.
    names: usize,
}

impl ListingSize {
    /// The size for these definitions, whose problems are among `problems`.
    pub(super) fn of(definitions: &[Arc<Definition>], problems: &[Problem]) -> ListingSize {
        let view = ClientView::of(problems);
        let mut size = ListingSize::default();
        for definition in definitions {
            if definition.kind != Kind::Agent && view.stated_chars(definition).is_some() {
                size.count += 1;
                size.names += name_chars(definition);
            }
        }
        size
    }

    /// The size after entries were added and removed.
    pub(super) fn changed(self, added: ListingSize, removed: ListingSize) -> ListingSize {
        ListingSize {
            count: (self.count + added.count).saturating_sub(removed.count),
            names: (self.names + added.names).saturating_sub(removed.names),
        }
    }
}

/// Characters of `- id` and a line feed.
fn name_chars(definition: &Definition) -> usize {
    definition.id.chars().count() + 3
}

/// Reports how many descriptions the client's listing drops, if any. `problems` determines which entries are not listed at
/// all, `listing` is the size for all definitions.
pub(super) fn listing_problem(
    definitions: &[Arc<Definition>],
    problems: &[Problem],
    listing: ListingSize,
) -> Option<Problem> {
    let mut left = LISTING_BUDGET.saturating_sub(listing.names);
    let mut dropped = listing.count;
    // If nothing is listed, or the names alone use up the room, there is nothing to count.
    if left > 0 && dropped > 0 {
        let view = ClientView::of(problems);
        let of_kind = |kind| definitions.iter().filter(move |definition| definition.kind == kind);
        for definition in [Kind::Workflow, Kind::Skill].into_iter().flat_map(of_kind) {
            let Some(chars) = view.stated_chars(definition) else { continue };
            if chars + 2 > left {
                // From here on there is no room for any.
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
            listing.count
        );
        Problem::new(".", code::LISTING_OVER_BUDGET, "kept", message)
    })
}
