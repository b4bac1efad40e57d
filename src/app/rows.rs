//! The rows of an answer: what a client is told of an entry before it asks for the whole of it.

use serde::Serialize;

use crate::catalog::{Definition, Kind};
use crate::search::Hit;

/// Characters of a description that an answer carries unless a token budget asks for fewer. Nine in ten real
/// descriptions are shorter; the longest has 5,700.
pub const MAX_DESCRIPTION_CHARS: usize = 600;

/// Capabilities, keywords or steps that an answer carries of one entry.
pub const MAX_LISTED: usize = 12;

/// A row of an answer, made from a definition that search found.
pub trait Row: Serialize + Send + Sync + Sized + 'static {
    /// The kind of entry it describes.
    const KIND: Kind;
    /// The member of the answer that lists such rows.
    const FIELD: &'static str;

    /// The row of a hit.
    fn of(hit: &Hit) -> Self;

    /// The same row with texts of at most `max_chars` characters and lists of at most `max_listed` entries.
    #[must_use]
    fn shortened(&self, max_chars: usize, max_listed: usize) -> Self;
}

/// An agent, as the seed's `AgentIndex`.
#[derive(Debug, Clone, Serialize)]
pub struct AgentRow {
    id: String,
    name: String,
    description: String,
    model: String,
    capabilities: Vec<String>,
    plugin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallbacks: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    copies: Vec<String>,
    score: f32,
}

/// A skill, as the seed's `SkillIndex`.
#[derive(Debug, Clone, Serialize)]
pub struct SkillRow {
    id: String,
    name: String,
    category: String,
    keywords: Vec<String>,
    description: String,
    plugin: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    copies: Vec<String>,
    score: f32,
}

/// A workflow, as the seed's `WorkflowIndex`.
#[derive(Debug, Clone, Serialize)]
pub struct WorkflowRow {
    id: String,
    name: String,
    description: String,
    arguments: String,
    steps: Vec<String>,
    agents: Vec<String>,
    plugin: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    copies: Vec<String>,
    score: f32,
}

impl Row for AgentRow {
    const KIND: Kind = Kind::Agent;
    const FIELD: &'static str = "agents";

    fn of(hit: &Hit) -> Self {
        let Definition { id, name, plugin, model, capabilities, .. } = &*hit.definition;
        AgentRow {
            id: id.clone(),
            name: name.clone(),
            description: brief(&hit.definition),
            model: model.clone().unwrap_or_else(|| "inherit".into()),
            capabilities: listed(capabilities),
            plugin: plugin.clone(),
            role: hit.role.clone(),
            fallbacks: hit
                .role
                .is_some()
                .then(|| hit.fallbacks.clone())
                .filter(|fallbacks| !fallbacks.is_empty()),
            copies: hit.copies.clone(),
            score: rounded(hit.score),
        }
    }

    fn shortened(&self, max_chars: usize, max_listed: usize) -> Self {
        AgentRow {
            description: shortened(&self.description, max_chars),
            capabilities: first(&self.capabilities, max_listed),
            copies: first(&self.copies, max_listed),
            ..self.clone()
        }
    }
}

impl Row for SkillRow {
    const KIND: Kind = Kind::Skill;
    const FIELD: &'static str = "skills";

    fn of(hit: &Hit) -> Self {
        let Definition { id, name, plugin, category, keywords, capabilities, .. } = &*hit.definition;
        let keywords = if capabilities.is_empty() { keywords } else { capabilities };
        SkillRow {
            id: id.clone(),
            name: name.clone(),
            category: category.clone(),
            keywords: listed(keywords),
            description: brief(&hit.definition),
            plugin: plugin.clone(),
            copies: hit.copies.clone(),
            score: rounded(hit.score),
        }
    }

    fn shortened(&self, max_chars: usize, max_listed: usize) -> Self {
        SkillRow {
            description: shortened(&self.description, max_chars),
            keywords: first(&self.keywords, max_listed),
            copies: first(&self.copies, max_listed),
            ..self.clone()
        }
    }
}

impl Row for WorkflowRow {
    const KIND: Kind = Kind::Workflow;
    const FIELD: &'static str = "workflows";

    fn of(hit: &Hit) -> Self {
        let Definition { id, name, plugin, arguments, steps, agents, .. } = &*hit.definition;
        WorkflowRow {
            id: id.clone(),
            name: name.clone(),
            description: brief(&hit.definition),
            arguments: shortened(arguments, MAX_DESCRIPTION_CHARS),
            steps: listed(steps),
            agents: listed(agents),
            plugin: plugin.clone(),
            copies: hit.copies.clone(),
            score: rounded(hit.score),
        }
    }

    fn shortened(&self, max_chars: usize, max_listed: usize) -> Self {
        WorkflowRow {
            description: shortened(&self.description, max_chars),
            arguments: shortened(&self.arguments, max_chars),
            steps: first(&self.steps, max_listed),
            agents: first(&self.agents, max_listed),
            copies: first(&self.copies, max_listed),
            ..self.clone()
        }
    }
}

fn first(all: &[String], max_listed: usize) -> Vec<String> {
    all.iter().take(max_listed).cloned().collect()
}

fn brief(definition: &Definition) -> String {
    shortened(&definition.description, MAX_DESCRIPTION_CHARS)
}

fn listed(all: &[String]) -> Vec<String> {
    all.iter().take(MAX_LISTED).map(|item| shortened(item, 120)).collect()
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
