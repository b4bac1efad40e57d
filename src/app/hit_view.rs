//! Hits as rows of an answer: the summary of an entry that a client gets before it loads the whole definition.

use std::borrow::Cow;
use std::sync::Arc;

use super::json::Members;
use super::origins;
use catalog::{Definition, Kind};
use search::Hit;

/// Characters of a description in an answer unless a token budget requires fewer. Nine in ten real descriptions are shorter;
/// the longest has 5,700.
pub const MAX_DESCRIPTION_CHARS: usize = 600;

/// Capabilities, keywords or steps of one entry in an answer.
pub const MAX_LISTED: usize = 12;

/// Characters of one capability, keyword or step.
const MAX_ITEM_CHARS: usize = 120;

/// The value of a column.
enum Cell<'a> {
    /// A text that is short by nature and never cut.
    Text(&'a str),
    /// Prose, cut to the length of a description.
    Prose(&'a str),
    /// A list, cut to some entries.
    List(&'a [String]),
    /// Nothing: the row lacks the member.
    Absent,
}

/// A member of a row that follows from the entry alone.
struct Column {
    /// Its name on the wire.
    name: &'static str,
    cell: for<'a> fn(&'a Definition) -> Cell<'a>,
}

impl Column {
    const fn new(name: &'static str, cell: for<'a> fn(&'a Definition) -> Cell<'a>) -> Column {
        Column { name, cell }
    }
}

const ID: Column = Column::new("id", |entry| Cell::Text(&entry.id));
const NAME: Column = Column::new("name", |entry| Cell::Text(&entry.name));
const DESCRIPTION: Column = Column::new("description", |entry| Cell::Prose(&entry.description));
const PLUGIN: Column = Column::new("plugin", |entry| Cell::Text(&entry.plugin));
const SCOPE: Column = Column::new("scope", |entry| Cell::Text(origins::scope_text(entry)));
const MARKETPLACE: Column =
    Column::new("marketplace", |entry| origins::marketplace(entry).map_or(Cell::Absent, Cell::Text));
const MODEL: Column = Column::new("model", |entry| Cell::Text(entry.model.as_deref().unwrap_or("inherit")));
const CAPABILITIES: Column = Column::new("capabilities", |entry| Cell::List(&entry.capabilities));
const CATEGORY: Column = Column::new("category", |entry| Cell::Text(&entry.category));
const KEYWORDS: Column = Column::new("keywords", |entry| {
    Cell::List(if entry.capabilities.is_empty() { &entry.keywords } else { &entry.capabilities })
});
const ARGUMENTS: Column = Column::new("arguments", |entry| Cell::Prose(&entry.arguments));
const STEPS: Column = Column::new("steps", |entry| Cell::List(&entry.steps));
const AGENTS: Column = Column::new("agents", |entry| Cell::List(&entry.agents));
const INVOCATION: Column =
    Column::new("invocation", |entry| entry.invocation.restriction().map_or(Cell::Absent, Cell::Text));

/// The columns of each kind's rows, in the order in which they are written.
fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Agent => &[ID, NAME, DESCRIPTION, MODEL, CAPABILITIES, PLUGIN, SCOPE, MARKETPLACE],
        Kind::Skill => &[ID, NAME, CATEGORY, KEYWORDS, DESCRIPTION, PLUGIN, SCOPE, MARKETPLACE, INVOCATION],
        Kind::Workflow => {
            &[ID, NAME, DESCRIPTION, ARGUMENTS, STEPS, AGENTS, PLUGIN, SCOPE, MARKETPLACE, INVOCATION]
        }
    }
}

/// How much of its texts and lists a row carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths {
    /// Characters of prose.
    pub chars: usize,
    /// Entries of a list.
    pub listed: usize,
}

/// A hit as a row of an answer. The row is the columns of its entry, which are the same in every answer, then what the
/// request decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct HitView<'a> {
    hit: &'a Hit,
    /// Tighter lengths than [`MAX_DESCRIPTION_CHARS`] and [`MAX_LISTED`], where a token budget requires them.
    lengths: Option<Lengths>,
    /// Definitions that this one precedes under its id.
    shadowed: &'a [Arc<Definition>],
    /// Whether an offload took the entry out of the client's listing.
    is_offloaded: bool,
}

impl<'a> HitView<'a> {
    /// `shadowed` are the definitions that the hit's precedes under its id; `is_offloaded` says whether an offload took the
    /// entry out of the client's listing.
    pub(super) fn new(hit: &'a Hit, shadowed: &'a [Arc<Definition>], is_offloaded: bool) -> Self {
        HitView { hit, lengths: None, shadowed, is_offloaded }
    }

    /// The same row cut to these lengths.
    pub(super) fn cut_to(self, lengths: Lengths) -> Self {
        HitView { lengths: Some(lengths), ..self }
    }

    /// Writes the row as JSON at the end of `out`.
    pub(super) fn write(&self, out: &mut String) {
        self.write_entry(out);
        self.write_match(out);
    }

    /// Writes the opening brace and the columns of the entry.
    pub(super) fn write_entry(&self, out: &mut String) {
        out.push('{');
        let mut row = Members::onto(out);
        for column in columns(self.hit.definition.kind) {
            if self.is_offloaded && column.name == SCOPE.name {
                row.text(column.name, origins::OFFLOADED);
                continue;
            }
            match (column.cell)(&self.hit.definition) {
                Cell::Text(text) => row.text(column.name, text),
                Cell::Prose(text) => row.text(column.name, &self.prose(text)),
                Cell::List(items) => row.texts(column.name, &self.list(items)),
                Cell::Absent => {}
            }
        }
    }

    /// Writes what the request decides, and the closing brace.
    pub(super) fn write_match(&self, out: &mut String) {
        let mut row = Members::onto(out);
        let Hit { role, fallbacks, copies, score, .. } = self.hit;
        if let Some(role) = role {
            row.text("role", role);
            if !fallbacks.is_empty() {
                row.texts("fallbacks", fallbacks);
            }
        }
        let shadowed = self.shadowed.iter().map(|one| format!("{} ({})", one.id, origins::scope_text(one)));
        let copies: Vec<Cow<'_, str>> = shadowed.map(Cow::from).chain(copies.iter().map(Cow::from)).collect();
        let copies = self.lengths.map_or(&copies[..], |lengths| first(&copies, lengths.listed));
        if !copies.is_empty() {
            row.texts("copies", copies);
        }
        row.number("score", rounded(*score));
        out.push('}');
    }

    fn prose(&self, text: &'a str) -> Cow<'a, str> {
        let text = within(text, MAX_DESCRIPTION_CHARS);
        match (self.lengths, text) {
            (None, text) => text,
            (Some(lengths), Cow::Borrowed(text)) => within(text, lengths.chars),
            (Some(lengths), Cow::Owned(text)) => shortened(&text, lengths.chars).into(),
        }
    }

    fn list(&self, items: &'a [String]) -> Vec<Cow<'a, str>> {
        let listed = self.lengths.map_or(MAX_LISTED, |lengths| lengths.listed.min(MAX_LISTED));
        first(items, listed).iter().map(|item| within(item, MAX_ITEM_CHARS)).collect()
    }
}

fn first<T>(all: &[T], listed: usize) -> &[T] {
    &all[..all.len().min(listed)]
}

/// `text` itself if it has at most `max_chars` characters, else [`shortened`].
fn within(text: &str, max_chars: usize) -> Cow<'_, str> {
    // A text has no more characters than bytes.
    if text.len() <= max_chars || text.char_indices().nth(max_chars).is_none() {
        return Cow::Borrowed(text);
    }
    shortened(text, max_chars).into()
}

/// A score rounded to three decimals, more than its accuracy.
pub(super) fn rounded(score: f32) -> f32 {
    (score * 1000.0).round() / 1000.0
}

/// `text` cut to `max_chars` characters: at the end of a sentence if one ends in the second half, else at a word, with an
/// ellipsis.
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
