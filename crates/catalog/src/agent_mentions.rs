//! The agents that a command's body names: those that it calls in so many words, and those of its own plugin, whose names are
//! known.

use std::collections::{HashMap, HashSet};

use memchr::memmem::Finder;

use super::built_in_agents::is_built_in_agent;
use super::definition::Definition;
use super::markdown::text_lines;

/// Agents of one workflow.
const MAX_AGENTS: usize = 40;

/// The names of a plugin's agents, to be found in a text.
#[derive(Debug, Default)]
pub(super) struct AgentNames<'a> {
    /// The name of an agent by each way to write it: id, name, file name, and with the folders in between.
    by_writing: HashMap<&'a str, &'a str>,
    /// Names of several words, by their first word in lower case.
    phrases: HashMap<String, Vec<Phrase<'a>>>,
    /// The bytes that a word begins with where a name may.
    begins: HashSet<u8>,
}

/// A name of several words as prose writes it.
#[derive(Debug)]
struct Phrase<'a> {
    /// Its words in lower case, with blanks between them.
    words: String,
    name: &'a str,
}

impl<'a> AgentNames<'a> {
    /// The names of these agents, all of one plugin.
    pub(super) fn of(agents: impl IntoIterator<Item = &'a Definition>) -> AgentNames<'a> {
        let mut names = AgentNames::default();
        for agent in agents {
            let inner = agent.id.strip_prefix(&*agent.plugin).and_then(|rest| rest.strip_prefix(':'));
            let writings = [&*agent.name, &*agent.id].into_iter().chain(inner);
            for writing in writings.chain(agent.aliases.iter().map(String::as_str)) {
                names.by_writing.entry(writing).or_insert(&agent.name);
                names
                    .begins
                    .extend(writing.bytes().next().into_iter().flat_map(|b| [b, b.to_ascii_uppercase()]));
            }
            let words: Vec<String> = agent.name.split([' ', '-', '_']).map(str::to_lowercase).collect();
            if words.len() > 1 && words.iter().all(|word| !word.is_empty()) {
                let phrase = Phrase { words: words.join(" "), name: &agent.name };
                names.phrases.entry(words[0].clone()).or_default().push(phrase);
            }
        }
        names
    }

    /// What a search by these names depends on.
    pub(super) fn version(&self) -> u32 {
        let mut writings: Vec<(&str, &str)> =
            self.by_writing.iter().map(|(writing, name)| (*writing, *name)).collect();
        writings.sort_unstable();
        let mut hasher = crc32fast::Hasher::new();
        for (writing, name) in writings {
            for part in [writing, "\n", name, "\n"] {
                hasher.update(part.as_bytes());
            }
        }
        hasher.finalize()
    }

    /// The agents that `line` names, as written; where that is no name that could be asked for, the name.
    fn on<'t>(&self, line: &'t str, found: &mut Vec<&'t str>)
    where
        'a: 't,
    {
        if self.by_writing.is_empty() {
            return;
        }
        let mut at = 0;
        while let Some(from) = line[at..].find(is_name_char).map(|offset| at + offset) {
            let end = line[from..].find(|c| !is_name_char(c)).map_or(line.len(), |length| from + length);
            at = end;
            // Most words begin otherwise, or are no name with `@agent-` or emphasis before it.
            let first = line.as_bytes()[from];
            if !self.begins.contains(&first) && !matches!(first, b'a' | b'_') {
                continue;
            }
            if let Some(name) = self.word(line, from, end) {
                found.push(name);
            } else if let Some((name, length)) = self.phrase(&line[from..]) {
                found.push(name);
                at = at.max(from + length);
            }
        }
    }

    /// The name that a word of `line` is.
    fn word<'t>(&self, line: &'t str, from: usize, end: usize) -> Option<&'t str> {
        let (before, after) = (&line[..from], &line[end..]);
        let is_file = before.ends_with("agents/");
        if after.starts_with('/') || (before.ends_with('/') && !is_file) {
            return None;
        }
        let whole = &line[from..end];
        let of_agent = whole.strip_prefix("agent-").filter(|_| before.ends_with('@'));
        let stem = whole.strip_suffix(".md");
        let trimmed = whole.trim_matches('_').trim_end_matches(['.', ':', '-']);
        let writings = [Some(whole), of_agent, stem, Some(trimmed)];
        let name = writings.into_iter().flatten().find(|name| self.by_writing.contains_key(name))?;
        // The word may hold the colon of a label, or emphasis.
        let begin = from + whole.find(name)?;
        let is_plain = name.chars().all(char::is_alphabetic);
        let is_named = is_file || !is_plain || is_marked(&line[..begin], &line[begin + name.len()..]);
        is_named.then_some(name)
    }

    /// The name of several words that `text` begins with, and its length in bytes. It is taken for one where each word has
    /// a capital, or where it is written as the agent is called.
    fn phrase(&self, text: &str) -> Option<(&'a str, usize)> {
        let first = text.split(' ').next()?.to_lowercase();
        self.phrases.get(&first)?.iter().find_map(|Phrase { words, name }| {
            let written = text.get(..words.len())?;
            let is_title = written.split(' ').all(|word| word.starts_with(char::is_uppercase));
            let is_whole = !text[words.len()..].starts_with(is_name_char);
            let is_same = is_whole && written.to_lowercase() == *words && (is_title || written == *name);
            is_same.then_some((*name, words.len()))
        })
    }
}

/// Whether a plain word between these texts stands where an agent is named: in quotes or emphasis, as an item of a list or a
/// table, between arrows, or beside the word "agent".
fn is_marked(before: &str, after: &str) -> bool {
    let enclosed = ["`", "**", "\"", "'", "*"];
    let opens =
        |mark: &&str| before.ends_with(*mark) && after.trim_start_matches([':', ',', '.']).starts_with(*mark);
    let (left, right) = (before.trim_end(), after.trim_start());
    let is_agent = |word: Option<&str>| {
        let word = word.unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
        matches!(word.as_str(), "agent" | "agents" | "subagent" | "subagents")
    };
    let is_arrow = |text: &str, at_end: bool| {
        ["→", "->", "=>"]
            .iter()
            .any(|arrow| if at_end { text.ends_with(arrow) } else { text.starts_with(arrow) })
    };
    enclosed.iter().any(opens)
        || before.ends_with('@')
        || (left.ends_with('|') && right.starts_with('|'))
        || (left.ends_with('(') && right.starts_with(')'))
        || is_arrow(left, true)
        || is_arrow(right, false)
        || is_agent(right.split(' ').next())
        || is_agent(left.rsplit(' ').next())
        || is_item(left, after)
}

/// Whether a word between these texts is an item of a list, its head, or one of the names behind its label.
fn is_item(left: &str, after: &str) -> bool {
    let ends = after.is_empty()
        || [":", ",", ".", " -", " –", " —", " (", " and ", " or "].iter().any(|end| after.starts_with(end));
    let left = left.trim_start();
    let digits = left.bytes().take_while(u8::is_ascii_digit).count();
    let is_marker = |text: &str| matches!(text, "-" | "*" | "+");
    let is_listed = if digits > 0 {
        left[digits..].starts_with(['.', ')'])
    } else {
        left.split(' ').next().is_some_and(is_marker)
    };
    let is_head = is_marker(left) || (digits > 0 && left.len() == digits + 1);
    let label = left.trim_end_matches('*');
    let is_behind_label = label.ends_with([':', ',']) || label.ends_with(" and") || label.ends_with(" or");
    is_listed && ends && (is_head || is_behind_label)
}

/// The agents that `body` names, as written, in order: `subagent_type: "plugin:name"`, `@agent-name`, `the code-reviewer
/// agent`, and in any form those of `names`. Claude Code's own agents are left out.
pub(super) fn agents(body: &str, names: &AgentNames<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    // The agents of the plugin among them: the name of each, and its position.
    let mut known: HashMap<&str, usize> = HashMap::new();
    let agent = Finder::new("agent");
    for line in text_lines(body) {
        let mut on_line: Vec<String> = Vec::new();
        if agent.find(line.as_bytes()).is_some() || line.contains('@') {
            let called = typed(line).chain(mentioned(line)).chain(called(line));
            on_line.extend(
                called.filter(|name| names.by_writing.contains_key(&**name) || !is_built_in_agent(name)),
            );
        }
        let mut own = Vec::new();
        names.on(line, &mut own);
        on_line.extend(own.into_iter().map(str::to_owned));
        for name in on_line {
            if found.len() >= MAX_AGENTS || found.contains(&name) {
                continue;
            }
            match names.by_writing.get(&*name).map(|own| known.entry(own)) {
                None => found.push(name),
                Some(std::collections::hash_map::Entry::Vacant(own)) => {
                    own.insert(found.len());
                    found.push(name);
                }
                // Named twice: with its plugin is what can be asked for anywhere.
                Some(std::collections::hash_map::Entry::Occupied(own)) => {
                    let first = &mut found[*own.get()];
                    if name.contains(':') && !first.contains(':') {
                        *first = name;
                    }
                }
            }
        }
    }
    // `code-reviewer` beside `quality:code-reviewer` is the same agent, named twice.
    let qualified: Vec<String> = found.iter().filter(|name| name.contains(':')).cloned().collect();
    found.retain(|name| !qualified.iter().any(|full| full.rsplit(':').next() == Some(name) && full != name));
    found
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.')
}

/// The name at the start of `text`, which must begin with a letter.
fn name_at(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !is_name_char(c)).unwrap_or(text.len());
    let name = text[..end].trim_end_matches(['.', ':', '-']);
    name.starts_with(char::is_alphabetic).then_some(name)
}

/// Values of `subagent_type` and `agent_type`.
fn typed(line: &str) -> impl Iterator<Item = String> + '_ {
    ["subagent_type", "agent_type"].into_iter().flat_map(move |key| {
        line.match_indices(key).filter_map(move |(at, _)| {
            let whole = !line[..at].ends_with(is_name_char);
            let value = line[at + key.len()..].trim_start_matches(['`', '"', '\'', '*']);
            let value = value.trim_start().strip_prefix([':', '='])?;
            let name = name_at(value.trim_start_matches([' ', '"', '\'', '`', '\\']))?;
            (whole && name.len() > 1).then(|| name.to_owned())
        })
    })
}

/// `@agent-name` and `@plugin:name`, but not an address, a decorator or a package.
fn mentioned(line: &str) -> impl Iterator<Item = String> + '_ {
    line.match_indices('@').filter_map(move |(at, _)| {
        if line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-')) {
            return None;
        }
        let name = name_at(&line[at + 1..])?;
        let after = line[at + 1 + name.len()..].chars().next();
        let stated = name.strip_prefix("agent-").or_else(|| name.contains(':').then_some(name))?;
        (!matches!(after, Some('/' | '(')) && !stated.is_empty()).then(|| stated.to_owned())
    })
}

/// Words that stand before "agent" without naming one.
const NO_NAMES: [&str; 18] = [
    "multi-agent",
    "sub-agent",
    "per-file",
    "per-unit",
    "read-only",
    "fan-out",
    "long-running",
    "single-purpose",
    "multi-step",
    "follow-up",
    "built-in",
    "open-source",
    "cross-agent",
    "real-time",
    "high-level",
    "third-party",
    "user-agent",
    "end-to-end",
];
/// Words before the name of an agent that is called.
const CALLS: [&str; 10] =
    ["use", "launch", "invoke", "call", "spawn", "delegate", "to", "dispatch", "with", "run"];
/// Words that refer to an agent without naming it.
const PLACING: [&str; 30] = [
    "the",
    "an",
    "a",
    "appropriate",
    "same",
    "main",
    "new",
    "next",
    "first",
    "second",
    "third",
    "each",
    "every",
    "right",
    "relevant",
    "specialized",
    "specialist",
    "local",
    "current",
    "another",
    "this",
    "that",
    "single",
    "other",
    "active",
    "custom",
    "separate",
    "fresh",
    "independent",
    "dedicated",
];

/// `the code-reviewer agent`, `use the debugger agent`, `` `debugger` agent ``.
fn called(line: &str) -> impl Iterator<Item = String> + '_ {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate().skip(1) {
        let noun = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
        if !matches!(noun.as_str(), "agent" | "agents" | "subagent" | "subagents") {
            continue;
        }
        let written = words[at - 1];
        let inner = written.trim_matches(['*', '`', '"', '\'', '(', '[']);
        let Some(name) = name_at(inner).filter(|name| name.len() == inner.len()) else { continue };
        if name.chars().any(char::is_uppercase) || NO_NAMES.contains(&name) || PLACING.contains(&name) {
            continue;
        }
        let marked = written.starts_with(['*', '`']) && written.ends_with(['*', '`']);
        let joined = name.contains('-') || name.contains(':');
        let is_called = at > 2
            && words[at - 2].eq_ignore_ascii_case("the")
            && CALLS.iter().any(|call| words[at - 3].eq_ignore_ascii_case(call));
        if marked || joined || is_called {
            found.push(name.to_owned());
        }
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::{AgentNames, agents};
    use crate::definition::Definition;

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        assert_eq!(agents(body, &AgentNames::default()), expected);
    }

    fn agent(id: &str, name: &str, aliases: &[&str]) -> Definition {
        Definition {
            id: id.to_owned(),
            plugin: "p".to_owned(),
            name: name.to_owned(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            ..Definition::default()
        }
    }

    /// What a body names of a plugin with these agents.
    #[track_caller]
    fn check_own(body: &str, expected: &[&str]) {
        let own = [
            agent("p:code-reviewer", "code-reviewer", &[]),
            agent("p:review:taint", "taint", &[]),
            agent("p:planner", "planner", &[]),
            agent("p:Backend Architect", "Backend Architect", &["p:backend", "backend"]),
            agent("p:p-manager", "p-manager", &["p:context-manager", "context-manager"]),
        ];
        assert_eq!(agents(body, &AgentNames::of(&own)), expected, "{body}");
    }

    #[test]
    fn agents_are_those_that_are_called() {
        check(
            "- subagent_type: \"q-a:test-engineer\"\n subagent_type=general-purpose",
            &["q-a:test-engineer"],
        );
        check("Use the debugger agent to: x", &["debugger"]);
        check("the **code-reviewer** agent and a read-only agent, multi-agent work", &["code-reviewer"]);
        check(
            "ask @agent-planner or @ops:deployer, not me@agent-x.org or @babel/core",
            &["planner", "ops:deployer"],
        );
        check("Use the appropriate agent to do it", &[]);
        check("- code-reviewer\n- **planner**", &[]);
    }

    #[test]
    fn agents_of_the_plugin_are_named_in_any_form() {
        for line in [
            "- code-reviewer",
            "   - **Always**: code-reviewer (general quality)",
            "1. code-reviewer: reads it",
            "2) **code-reviewer** – reads it",
            "Then `code-reviewer` reads it.",
            "Then code-reviewer reads it, and code-reviewer again.",
            "| code-reviewer | reads |",
            "planning → code-reviewer",
            "@code-reviewer",
            "@agent-code-reviewer",
            "see agents/code-reviewer.md",
            "see code-reviewer.md",
            "Task(code-reviewer)",
            "_code-reviewer_, __code-reviewer__",
            "```\ncode-reviewer\n```",
            "**Code Reviewer**: reads it",
            "## Step 2: Code Reviewer",
        ] {
            check_own(line, &["code-reviewer"]);
        }
        check_own(
            "- p:code-reviewer\n- `p:planner`\n- review:taint",
            &["p:code-reviewer", "p:planner", "review:taint"],
        );
        check_own("- code-reviewer\nsubagent_type: p:code-reviewer", &["p:code-reviewer"]);
        check_own(
            "1. Backend Architect\n2. context-manager\n3. p-manager",
            &["Backend Architect", "context-manager"],
        );
        for line in [
            "- planner",
            "* planner: plans",
            "- **First**: taint, planner",
            "- If unsure: taint and planner",
            "`planner`",
            "**planner:** plans",
            "the planner agent",
            "taint -> planner",
            "| taint | planner |",
            "Use \"planner\" first",
        ] {
            let found = if line.contains("taint") { &["taint", "planner"][..] } else { &["planner"] };
            check_own(line, found);
        }
    }

    #[test]
    fn ordinary_words_and_paths_name_no_agent() {
        for line in [
            "The planner of the event",
            "A planner, a list",
            "src/code-reviewer/main.rs",
            "see ./code-reviewer.ts and --code-reviewer",
            "run /code-reviewer",
            "my-code-reviewer, code-reviewers",
            "a code reviewer reads it",
            "backend work",
        ] {
            check_own(line, &[]);
        }
    }
}
