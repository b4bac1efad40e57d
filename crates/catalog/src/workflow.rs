//! The steps of a command and the agents it calls, from its body.

use memchr::memmem::Finder;

use super::built_in_agents::is_built_in_agent;
use super::markdown::{self, Line, text_lines};

/// Steps of one workflow; the longest real one has 26.
const MAX_STEPS: usize = 40;
/// Agents of one workflow.
const MAX_AGENTS: usize = 40;
/// Characters of a step's title.
const MAX_TITLE: usize = 120;

/// Titles of the steps: headings such as `Phase 1: …`, else numbered headings, else the first numbered list.
pub(super) fn steps(lines: &[Line<'_>]) -> Vec<String> {
    for title in [labelled as fn(&str) -> Option<&str>, numbered] {
        let titles = heading_titles(lines, title);
        if titles.len() > 1 {
            return titles;
        }
    }
    first_list(lines)
}

/// Titles of the headings that `title` accepts, on the outermost level that has several.
fn heading_titles(lines: &[Line<'_>], title: fn(&str) -> Option<&str>) -> Vec<String> {
    let found: Vec<(usize, String)> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Heading(level, text) => Some((*level, markdown::plain(text))),
            _ => None,
        })
        .filter_map(|(level, text)| title(&text).map(|title| (level, tidy(title))))
        .filter(|(_, title)| !title.is_empty())
        .collect();
    let several = |level: &usize| found.iter().filter(|(other, _)| other == level).count() > 1;
    let Some(outermost) = (1..=6).find(several) else {
        return found.into_iter().map(|(_, title)| title).collect();
    };
    found
        .into_iter()
        .filter(|(level, _)| *level == outermost)
        .map(|(_, title)| title)
        .take(MAX_STEPS)
        .collect()
}

/// The text after `Phase 1:`, `Step 2 -` or `Stage A.`; the whole heading where there is none.
fn labelled(heading: &str) -> Option<&str> {
    let text = heading.trim_start_matches(|c: char| !c.is_alphanumeric());
    let (label, rest) = text.split_once(' ')?;
    if !["phase", "step", "stage"].iter().any(|known| label.eq_ignore_ascii_case(known)) {
        return None;
    }
    let number = rest.split([' ', ':', '.', '-', '–', '—', ')']).next()?;
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        || (number.len() == 1 && number.starts_with(|c: char| c.is_ascii_uppercase()))
        || (!number.is_empty() && number.chars().all(|c| matches!(c, 'I' | 'V' | 'X')));
    let title = rest[number.len()..].trim_start_matches([' ', ':', '.', '-', '–', '—', ')', '*']);
    is_number.then_some(if title.is_empty() { heading } else { title })
}

/// The text after `1.` or `2)` in a heading.
fn numbered(heading: &str) -> Option<&str> {
    let digits = heading.bytes().take_while(u8::is_ascii_digit).count();
    let rest = heading[digits..].strip_prefix(['.', ')'])?;
    (digits > 0 && !rest.starts_with(|c: char| c.is_ascii_digit())).then(|| rest.trim_start())
}

/// The outer items of the first numbered list that has at least two.
fn first_list(lines: &[Line<'_>]) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    for line in lines {
        match line {
            Line::Numbered(0..=3, text) => titles.push(item_title(text)),
            Line::Heading(..) => {
                if titles.len() > 1 {
                    break;
                }
                titles.clear();
            }
            _ => {}
        }
    }
    titles.retain(|title| !title.is_empty());
    titles.truncate(MAX_STEPS);
    if titles.len() > 1 { titles } else { Vec::new() }
}

/// The bold start of an item, else its first clause.
fn item_title(item: &str) -> String {
    if let Some((bold, _)) = item.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        return tidy(&markdown::plain(bold));
    }
    let plain = markdown::plain(item);
    let end = [": ", ". ", " - ", " – ", " — "].iter().filter_map(|mark| plain.find(mark)).min();
    tidy(&plain[..end.unwrap_or(plain.len())])
}

/// `title` without `(0-10%)`, `(Steps 1-3)` and the punctuation around it.
fn tidy(title: &str) -> String {
    let mut title = title.trim();
    if let Some((head, aside)) = title.rsplit_once(" (")
        && aside.contains(|c: char| c.is_ascii_digit())
    {
        title = head;
    }
    let title = title.trim_end_matches([':', '.', ' ', '-', '–', '—']);
    title.char_indices().nth(MAX_TITLE).map_or(title, |(at, _)| &title[..at]).to_owned()
}

/// Agents that the body calls, as written, in order: `subagent_type: "plugin:name"`, `@agent-name`, and
/// `the code-reviewer agent`. Claude Code's own agents are left out.
pub(super) fn agents(body: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let agent = Finder::new("agent");
    let names_one = |line: &&str| agent.find(line.as_bytes()).is_some() || line.contains('@');
    for line in text_lines(body).filter(names_one) {
        for name in typed(line).chain(mentioned(line)).chain(called(line)) {
            if found.len() < MAX_AGENTS && !is_built_in_agent(&name) && !found.contains(&name) {
                found.push(name);
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
    use super::{agents, steps};

    #[track_caller]
    fn check_steps(body: &str, expected: &[&str]) {
        let lines: Vec<_> = crate::markdown::lines(body).collect();
        assert_eq!(steps(&lines), expected);
    }

    #[track_caller]
    fn check_agents(body: &str, expected: &[&str]) {
        assert_eq!(agents(body), expected);
    }

    #[test]
    fn steps_are_phases_or_numbered() {
        let phases = "# T\n## Phase 1: Plan (0-10%)\n### Step 1: a\n### Step 2: b\n## PHASE CHECKPOINT 1\n## Phase 2 — Do\n";
        check_steps(phases, &["Plan", "Do"]);
        check_steps("## 1. One\ntext\n## 2) Two:\n", &["One", "Two"]);
        check_steps(
            "Intro\n1. **Look**: at it\n   - x\n2. Run the tests. Then stop.\n",
            &["Look", "Run the tests"],
        );
        check_steps("# Only a title\n1. alone\n", &[]);
    }

    #[test]
    fn agents_are_those_that_are_called() {
        check_agents(
            "- subagent_type: \"q-a:test-engineer\"\n subagent_type=general-purpose",
            &["q-a:test-engineer"],
        );
        check_agents("Use the debugger agent to: x", &["debugger"]);
        check_agents(
            "the **code-reviewer** agent and a read-only agent, multi-agent work",
            &["code-reviewer"],
        );
        check_agents(
            "ask @agent-planner or @ops:deployer, not me@agent-x.org or @babel/core",
            &["planner", "ops:deployer"],
        );
        check_agents("Use the appropriate agent to do it", &[]);
    }
}
