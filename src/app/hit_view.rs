//! The rows of an answer: what a client is told of an entry before it asks for the whole of it.

use std::borrow::Cow;

use super::json::Members;
use catalog::{Definition, Kind};
use search::Hit;

/// Characters of a description that an answer carries unless a token budget asks for fewer. Nine in ten real
/// descriptions are shorter; the longest has 5,700.
pub const MAX_DESCRIPTION_CHARS: usize = 600;

/// Capabilities, keywords or steps that an answer carries of one entry.
pub const MAX_LISTED: usize = 12;

/// A row of an answer, made from a definition that search found.
pub trait Row: Send + Sync + Sized {
    /// The kind of entry it describes.
    const KIND: Kind;
    /// The member of the answer that lists such rows.
    const FIELD: &'static str;
    /// The same row over a hit's texts: a row is written down at once, so that nothing needs to be copied for it.
    type Of<'a>: Row;

    /// The row of a hit.
    fn of(hit: &Hit) -> Self::Of<'_>;

    /// The same row with texts of at most `max_chars` characters and lists of at most `max_listed` entries.
    #[must_use]
    fn shortened(&self, max_chars: usize, max_listed: usize) -> Self;

    /// Writes what the row tells of its entry whatever was asked.
    fn write_entry(&self, row: &mut Members<'_>);

    /// Writes what the request decides.
    fn write_found(&self, row: &mut Members<'_>);
}

/// Writes a row as JSON at the end of `out`.
pub(super) fn write<R: Row>(row: &R, out: &mut String) {
    write_start(row, out);
    write_end(row, out);
}

/// Writes what begins a row: what it tells whatever was asked.
pub(super) fn write_start<R: Row>(row: &R, out: &mut String) {
    out.push('{');
    row.write_entry(&mut Members::onto(out));
}

/// Writes what ends it: what the request decides.
pub(super) fn write_end<R: Row>(row: &R, out: &mut String) {
    row.write_found(&mut Members::onto(out));
    out.push('}');
}

/// The entries that a row stands for besides its own, where there are any, and how well it fits.
fn write_place(row: &mut Members<'_>, copies: &[String], score: f32) {
    if !copies.is_empty() {
        row.texts("copies", copies);
    }
    row.number("score", score);
}

/// A list of texts, each as it is or cut.
type Texts<'a> = Vec<Cow<'a, str>>;

/// An agent, as the seed's `AgentIndex`.
#[derive(Debug, Clone)]
pub struct AgentRow<'a> {
    id: &'a str,
    name: &'a str,
    description: Cow<'a, str>,
    model: &'a str,
    capabilities: Texts<'a>,
    plugin: &'a str,
    role: Option<&'a str>,
    fallbacks: &'a [String],
    copies: &'a [String],
    score: f32,
}

/// A skill, as the seed's `SkillIndex`.
#[derive(Debug, Clone)]
pub struct SkillRow<'a> {
    id: &'a str,
    name: &'a str,
    category: &'a str,
    keywords: Texts<'a>,
    description: Cow<'a, str>,
    plugin: &'a str,
    copies: &'a [String],
    score: f32,
}

/// A workflow, as the seed's `WorkflowIndex`.
#[derive(Debug, Clone)]
pub struct WorkflowRow<'a> {
    id: &'a str,
    name: &'a str,
    description: Cow<'a, str>,
    arguments: Cow<'a, str>,
    steps: Texts<'a>,
    agents: Texts<'a>,
    plugin: &'a str,
    copies: &'a [String],
    score: f32,
}

impl Row for AgentRow<'_> {
    const KIND: Kind = Kind::Agent;
    const FIELD: &'static str = "agents";
    type Of<'a> = AgentRow<'a>;

    fn of(hit: &Hit) -> AgentRow<'_> {
        let Definition { id, name, plugin, model, capabilities, .. } = &*hit.definition;
        AgentRow {
            id,
            name,
            description: brief(&hit.definition),
            model: model.as_deref().unwrap_or("inherit"),
            capabilities: listed(capabilities),
            plugin,
            role: hit.role.as_deref(),
            fallbacks: if hit.role.is_some() { &hit.fallbacks } else { &[] },
            copies: &hit.copies,
            score: rounded(hit.score),
        }
    }

    fn shortened(&self, max_chars: usize, max_listed: usize) -> Self {
        AgentRow {
            description: cut(&self.description, max_chars),
            capabilities: first(&self.capabilities, max_listed).to_vec(),
            copies: first(self.copies, max_listed),
            ..*self
        }
    }

    fn write_entry(&self, row: &mut Members<'_>) {
        row.text("id", self.id);
        row.text("name", self.name);
        row.text("description", &self.description);
        row.text("model", self.model);
        row.texts("capabilities", &self.capabilities);
        row.text("plugin", self.plugin);
    }

    fn write_found(&self, row: &mut Members<'_>) {
        if let Some(role) = self.role {
            row.text("role", role);
        }
        if !self.fallbacks.is_empty() {
            row.texts("fallbacks", self.fallbacks);
        }
        write_place(row, self.copies, self.score);
    }
}

impl Row for SkillRow<'_> {
    const KIND: Kind = Kind::Skill;
    const FIELD: &'static str = "skills";
    type Of<'a> = SkillRow<'a>;

    fn of(hit: &Hit) -> SkillRow<'_> {
        let Definition { id, name, plugin, category, keywords, capabilities, .. } = &*hit.definition;
        let keywords = if capabilities.is_empty() { keywords } else { capabilities };
        SkillRow {
            id,
            name,
            category,
            keywords: listed(keywords),
            description: brief(&hit.definition),
            plugin,
            copies: &hit.copies,
            score: rounded(hit.score),
        }
    }

    fn shortened(&self, max_chars: usize, max_listed: usize) -> Self {
        SkillRow {
            description: cut(&self.description, max_chars),
            keywords: first(&self.keywords, max_listed).to_vec(),
            copies: first(self.copies, max_listed),
            ..*self
        }
    }

    fn write_entry(&self, row: &mut Members<'_>) {
        row.text("id", self.id);
        row.text("name", self.name);
        row.text("category", self.category);
        row.texts("keywords", &self.keywords);
        row.text("description", &self.description);
        row.text("plugin", self.plugin);
    }

    fn write_found(&self, row: &mut Members<'_>) {
        write_place(row, self.copies, self.score);
    }
}

impl Row for WorkflowRow<'_> {
    const KIND: Kind = Kind::Workflow;
    const FIELD: &'static str = "workflows";
    type Of<'a> = WorkflowRow<'a>;

    fn of(hit: &Hit) -> WorkflowRow<'_> {
        let Definition { id, name, plugin, arguments, steps, agents, .. } = &*hit.definition;
        WorkflowRow {
            id,
            name,
            description: brief(&hit.definition),
            arguments: within(arguments, MAX_DESCRIPTION_CHARS),
            steps: listed(steps),
            agents: listed(agents),
            plugin,
            copies: &hit.copies,
            score: rounded(hit.score),
        }
    }

    fn shortened(&self, max_chars: usize, max_listed: usize) -> Self {
        WorkflowRow {
            description: cut(&self.description, max_chars),
            arguments: cut(&self.arguments, max_chars),
            steps: first(&self.steps, max_listed).to_vec(),
            agents: first(&self.agents, max_listed).to_vec(),
            copies: first(self.copies, max_listed),
            ..*self
        }
    }

    fn write_entry(&self, row: &mut Members<'_>) {
        row.text("id", self.id);
        row.text("name", self.name);
        row.text("description", &self.description);
        row.text("arguments", &self.arguments);
        row.texts("steps", &self.steps);
        row.texts("agents", &self.agents);
        row.text("plugin", self.plugin);
    }

    fn write_found(&self, row: &mut Members<'_>) {
        write_place(row, self.copies, self.score);
    }
}

fn first<T>(all: &[T], max_listed: usize) -> &[T] {
    &all[..all.len().min(max_listed)]
}

fn brief(definition: &Definition) -> Cow<'_, str> {
    within(&definition.description, MAX_DESCRIPTION_CHARS)
}

fn listed(all: &[String]) -> Texts<'_> {
    first(all, MAX_LISTED).iter().map(|item| within(item, 120)).collect()
}

/// A text that may be cut already, within `max_chars` characters.
fn cut<'a>(text: &Cow<'a, str>, max_chars: usize) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => within(text, max_chars),
        Cow::Owned(text) => shortened(text, max_chars).into(),
    }
}

/// `text` as it is where it has at most `max_chars` characters, else [`shortened`].
fn within(text: &str, max_chars: usize) -> Cow<'_, str> {
    // A text has no more characters than bytes.
    if text.len() <= max_chars || text.char_indices().nth(max_chars).is_none() {
        return Cow::Borrowed(text);
    }
    shortened(text, max_chars).into()
}

/// Three decimals say all that a score says.
pub(super) fn rounded(score: f32) -> f32 {
    (score * 1000.0).round() / 1000.0
}

/// `text` within `max_chars` characters: cut at the end of a sentence where one ends in its second half,
/// else at a word, with an ellipsis.
pub fn shortened(text: &str, max_chars: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(max_chars) else { return text.to_owned() };
    let head = &text[..end];
    let sentence = head
        .match_indices(['.', '!', '?', '。', '\n'])
        .filter(|(at, mark)| {
            let rest = &text[at + mark.len()..];
            *mark == "。" || *mark == "\n" || rest.starts_with(char::is_whitespace)
        })
        .map(|(at, mark)| at + mark.len())
        .next_back();
    if let Some(cut) = sentence.filter(|cut| cut * 2 >= head.len()) {
        return head[..cut].trim_end().to_owned();
    }
    // Room for the ellipsis.
    let room = head.char_indices().next_back().map_or(0, |(last, _)| last);
    let cut = head[..room].rfind(char::is_whitespace).filter(|cut| cut * 2 >= room).unwrap_or(room);
    format!("{}…", head[..cut].trim_end())
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn text_is_cut_where_a_reader_would() {
        let cases = [
            ("short", 10, "short"),
            ("exactly", 7, "exactly"),
            ("One sentence. And another one.", 20, "One sentence."),
            ("Uses node.js for everything here", 20, "Uses node.js for…"),
            ("unbreakableword", 5, "unbr…"),
            ("日本語の説明。続きがあります", 8, "日本語の説明。"),
            ("anything", 0, "…"),
        ];
        for (text, max_chars, expected) in cases {
            let cut = shortened(text, max_chars);
            assert_eq!(cut, expected, "{text:?} within {max_chars}");
        }
    }
}
