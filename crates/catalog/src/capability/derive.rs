//! Deriving the capabilities of entries that state none: lower-case tags of one to three words.
//!
//! They come from the name, the description, a capabilities section of the body and the headings, and from the plugin's
//! keywords as far as the entry's own text contains them. Only whole words count, and no example dialogue.

use super::dialogue::{is_personal, is_turn, without_dialogue};
use super::term_search;
use super::tokens::Token;
use super::words::{self, tokens};
use crate::definition::Definition;
use crate::layout::PluginFacts;
use crate::markdown::{self, Line};

/// Tags of one entry; more do not help a reader.
const MAX_TAGS: usize = 24;
/// Characters of a tag.
const MAX_TAG_CHARS: usize = 40;
/// Words of a tag.
const MAX_WORDS: usize = 3;
/// Characters of a description that are analysed; the rest is examples.
const MAX_DESCRIPTION: usize = 2_000;
/// Tags that each part of an entry may add, so that a long list in one leaves room for the others.
const FROM_DESCRIPTION_TERMS: usize = 10;
const FROM_SECTIONS: usize = 14;
const FROM_DESCRIPTION_PHRASES: usize = 6;
const FROM_HEADINGS: usize = 8;

/// Extensions of file names.
const FILE_ENDS: [&str; 9] = ["md", "json", "py", "ts", "toml", "yml", "yaml", "sh", "txt"];

/// Word sequences in headings that announce a list of capabilities.
const SECTIONS: [&[&str]; 16] = [
    &["capabilities"],
    &["capability"],
    &["competencies"],
    &["expertise"],
    &["skills"],
    &["specializations"],
    &["specialties"],
    &["focus", "areas"],
    &["technologies"],
    &["technology", "stack"],
    &["tech", "stack"],
    &["what", "you", "do"],
    &["areas", "of", "focus"],
    &["domains"],
    &["core", "concepts"],
    &["when", "to", "use", "this", "skill"],
];

/// Tags derived from `definition`, the `lines` of its body and the facts about its plugin, the most specific first.
pub(crate) fn derive(definition: &Definition, lines: &[Line<'_>], facts: &PluginFacts) -> Vec<String> {
    let mut tags = Tags::default();
    name_tags(&definition.name, &facts.plugin, &mut tags);
    let description = without_dialogue(&definition.description);
    let description = head(&description, MAX_DESCRIPTION);
    let lower = description.to_ascii_lowercase();
    let words = tokens(description, &lower);
    tags.add_all(term_search::terms_in(&words, false), FROM_DESCRIPTION_TERMS);
    let lines = without_examples(lines);
    section_tags(&lines, &mut tags);
    tags.add_all(phrases(&words, false), FROM_DESCRIPTION_PHRASES);
    if tags.list.len() < MAX_TAGS {
        let headings = markdown::headings(&lines).join("\n");
        let lower = headings.to_ascii_lowercase();
        let heading_words = tokens(&headings, &lower);
        tags.add_all(term_search::terms_in(&heading_words, false), FROM_HEADINGS);
        for keyword in &facts.keywords {
            if mentions(&words, keyword) || mentions(&heading_words, keyword) {
                tags.add(keyword);
            }
        }
    }
    tags.add(&facts.category);
    tags.list
}

#[derive(Default)]
struct Tags {
    list: Vec<String>,
    /// The same without hyphens and a plural `s`, to find duplicates.
    keys: Vec<String>,
}

impl Tags {
    fn add_all<T: AsRef<str>>(&mut self, tags: impl IntoIterator<Item = T>, limit: usize) {
        let room = self.list.len() + limit;
        for tag in tags {
            if self.list.len() >= room {
                break;
            }
            self.add(tag.as_ref());
        }
    }

    /// Adds `tag` unless it is generic or there already, be it in singular or plural.
    fn add(&mut self, tag: &str) {
        let tag = tag.trim();
        let fits = self.list.len() < MAX_TAGS && tag.chars().count() <= MAX_TAG_CHARS;
        if !fits || tag.is_empty() || (words::is_generic(tag) && !words::is_term(tag)) {
            return;
        }
        let key = tag.strip_suffix('s').unwrap_or(tag).replace('-', " ");
        if !self.keys.contains(&key) {
            self.list.push(tag.to_owned());
            self.keys.push(key);
        }
    }
}

/// `react-specialist` is about react, `code-reviewer` about code review; the plugin's name as a prefix adds nothing.
fn name_tags(name: &str, plugin: &str, tags: &mut Tags) {
    let own = name.strip_prefix(plugin).map_or(name, |rest| rest.trim_start_matches('-'));
    let own = if own.is_empty() { name } else { own };
    let spaced: String = own.chars().map(|c| if matches!(c, '-' | '_' | ':') { ' ' } else { c }).collect();
    let lower = spaced.to_lowercase();
    let all = tokens(&lower, &lower);
    let activity = all.last().and_then(|last| last.known).and_then(|known| known.activity);
    let topic = &all[..all.len() - usize::from(activity.is_some())];
    let joined = join(topic);
    if (1..=MAX_WORDS).contains(&topic.len()) {
        tags.add(&joined);
    }
    if let Some(activity) = activity.filter(|activity| !activity.is_empty()) {
        if (1..MAX_WORDS).contains(&topic.len()) {
            tags.add(&format!("{joined} {activity}"));
        } else {
            tags.add(activity);
        }
    }
    tags.add_all(term_search::terms_in(&all, true), MAX_TAGS);
    for part in topic.iter().filter(|part| part.known.is_some_and(|known| known.tags_alone)) {
        tags.add(part.text);
    }
}

fn join(words: &[Token<'_>]) -> String {
    words.iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
}

/// Adds the bullets and sub-headings of sections that list capabilities.
fn section_tags(lines: &[Line<'_>], tags: &mut Tags) {
    let room = tags.list.len() + FROM_SECTIONS;
    let mut section: Option<usize> = None;
    for line in lines {
        if tags.list.len() >= room {
            return;
        }
        match *line {
            Line::Heading(level, text) => {
                if section.is_some_and(|outer| level > outer) {
                    item_tags(text, tags);
                } else {
                    section = is_section(text).then_some(level);
                }
            }
            Line::Bullet(_, text) | Line::Numbered(_, text) if section.is_some() && !is_turn(text) => {
                item_tags(text, tags);
            }
            _ => {}
        }
    }
}

/// `lines` without those in `<example>` tags.
fn without_examples<'a>(lines: &[Line<'a>]) -> Vec<Line<'a>> {
    let mut depth = 0_usize;
    let mut is_outside = |line: &Line<'_>| {
        let (Line::Heading(_, text) | Line::Bullet(_, text) | Line::Numbered(_, text) | Line::Text(text)) =
            *line
        else {
            return depth == 0;
        };
        if !text.contains("example") {
            return depth == 0;
        }
        let was_outside = depth == 0;
        depth = (depth + text.matches("<example").count()).saturating_sub(text.matches("</example").count());
        was_outside && depth == 0 && !text.contains("<example")
    };
    lines.iter().filter(|line| is_outside(line)).copied().collect()
}

fn is_section(heading: &str) -> bool {
    let words: Vec<&str> =
        heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let same = |window: &[&str], section: &[&str]| {
        window.iter().zip(section).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted))
    };
    // `Related skills` lists other entries.
    !words.first().is_some_and(|word| word.eq_ignore_ascii_case("related"))
        && SECTIONS.iter().any(|section| words.windows(section.len()).any(|window| same(window, section)))
}

/// Adds the topic of a list item: the text before its colon, dash or parenthesis.
fn item_tags(item: &str, tags: &mut Tags) {
    let head = markdown::plain(&item[..item_head(item)]);
    let lower = head.to_ascii_lowercase();
    let words = tokens(&head, &lower);
    let mut found = phrases(&words, true);
    if found.len() > 1 {
        // `separation of concerns` is not about separation.
        found.retain(|tag| tag.contains(' ') || words::is_term(tag));
    }
    if found.is_empty() {
        tags.add_all(term_search::terms_in(&words, words.len() == 1), 3);
    } else {
        tags.add_all(found, 3);
    }
}

/// The end of an item's head: `: `, ` - `, ` – `, ` — ` or ` (`, with bold marks before the space or without.
fn item_head(item: &str) -> usize {
    let bytes = item.as_bytes();
    let is_cut = |at: usize| match bytes[at] {
        b':' => bytes[at + 1..].iter().find(|&&byte| byte != b'*').is_none_or(|&byte| byte == b' '),
        b' ' => ["- ", "– ", "— ", "("].iter().any(|mark| item[at + 1..].starts_with(mark)),
        _ => false,
    };
    (0..bytes.len()).find(|&at| is_cut(at)).unwrap_or(item.len())
}

/// Meaningful runs of one to three words between separators. Single words count in a list (`in_list`) only: in prose they
/// have to be terms, which are searched for separately.
fn phrases(text: &[Token<'_>], in_list: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut begin = 0;
    for (at, token) in text.iter().enumerate() {
        let separates = words::separates(token.text, token.known);
        if token.starts || separates {
            found.extend(phrase(&text[begin..at], in_list));
            begin = at + usize::from(separates);
        }
    }
    found.extend(phrase(&text[begin..], in_list));
    found
}

fn phrase(run: &[Token<'_>], in_list: bool) -> Option<String> {
    let alone = run.len() == 1;
    let says = |token: &Token<'_>| {
        !token.known.is_some_and(|known| known.is_praise)
            && (alone || !words::is_gerund(token.text, token.known))
    };
    let begin = run.iter().position(says)?;
    let end = run.iter().rposition(|token| !token.known.is_some_and(|known| known.is_filler))? + 1;
    let run = run.get(begin..end)?;
    // File names and identifiers are not capabilities.
    let shape = |token: &Token<'_>| {
        let word = token.text;
        let file = word.rsplit_once('.').is_some_and(|(_, end)| FILE_ENDS.contains(&end));
        let long = word.chars().nth(1).is_some();
        long && word.starts_with(|c: char| c.is_alphabetic() || c == '.') && !word.contains('_') && !file
    };
    let fits = (1..=MAX_WORDS).contains(&run.len())
        && run.iter().all(shape)
        && !run.iter().any(|token| is_personal(token.text));
    let says_something = !run.iter().all(|token| token.known.is_some_and(|known| known.is_generic));
    let allowed = run.len() > 1 || (in_list && run.iter().all(|token| token.text.chars().nth(2).is_some()));
    (fits && says_something && allowed).then(|| join(run))
}

/// Whether `text` contains the words of `keyword` in sequence.
fn mentions(text: &[Token<'_>], keyword: &str) -> bool {
    let spaced: String = keyword.chars().map(|c| if c == '-' { ' ' } else { c }).collect();
    let wanted = tokens(&spaced, &spaced);
    !wanted.is_empty()
        && text
            .windows(wanted.len())
            .any(|window| window.iter().zip(&wanted).all(|(token, wanted)| token.text == wanted.text))
}

fn head(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::derive;
    use crate::definition::Definition;
    use crate::layout::PluginFacts;

    #[track_caller]
    fn check(name: &str, description: &str, body: &str, expected: &[&str]) {
        let definition = Definition {
            name: name.to_owned(),
            description: description.to_owned(),
            ..Definition::default()
        };
        let lines: Vec<_> = crate::markdown::lines(body).collect();
        assert_eq!(derive(&definition, &lines, &PluginFacts::default()), expected);
    }

    #[test]
    fn what_somebody_says_in_an_example_is_no_capability() {
        let said = "Lightens the mood. Examples: <example>user: \"We debug a React app, it feels sluggish\" assistant: \"I've \
                    added Kubernetes\"</example>\nUser: \"our login bug\"\nAssistant: I'll fix the MongoDB index";
        check("joker", said, "", &["joker"]);
        let body = "## Capabilities\n- Bad puns\n- User: \"MongoDB outages\"\n<example>\n- Kubernetes jokes\n## React tests\n</example>\n- Word play";
        check("joker", "", body, &["joker", "bad puns", "word play"]);
        check("helper", "I've fixed bugs, we'll deploy charts", "", &[]);
    }

    #[test]
    fn tags_come_from_name_description_and_section() {
        check("react-specialist", "Expert in reactive interfaces.", "", &["react", "reactive interfaces"]);
        check("code-reviewer", "", "", &["code review"]);
        check(
            "security-auditor",
            "Use PROACTIVELY for threat modeling and OWASP checks with MongoDB.",
            "## Capabilities\n- **Penetration testing**: x\n- Secrets scanning (keys)\n## Other\n- Nothing here",
            &[
                "security",
                "security audit",
                "threat modeling",
                "owasp",
                "mongodb",
                "penetration testing",
                "secrets scanning",
            ],
        );
    }
}
