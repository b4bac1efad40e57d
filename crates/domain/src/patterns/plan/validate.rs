//! The rules that a plan must satisfy, and the sentences that report violations.

use std::collections::{BTreeMap, BTreeSet};

/// The most agents one plan may name. The longest sequences in published commands name about twenty; a longer list is
/// a mistake, and the cost of every check grows with it.
pub const MAX_AGENTS: usize = 64;

/// The longest name of an agent, in characters: `plugin:name` with both parts at the length Claude Code allows.
pub const MAX_AGENT_CHARS: usize = 200;

/// Problems reported one by one; the rest are counted in a final sentence.
pub(super) const MAX_PROBLEMS: usize = 10;

/// A name in backticks, truncated to what a reader needs to recognise it.
fn quoted(name: &str) -> String {
    let shown: String = name.chars().take(64).map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("`{shown}`")
}

/// `Err` where there are problems; a long list is truncated.
fn into_result(mut problems: Vec<String>) -> Result<(), Vec<String>> {
    if problems.is_empty() {
        return Ok(());
    }
    let more = problems.len().saturating_sub(MAX_PROBLEMS);
    if more > 0 {
        problems.truncate(MAX_PROBLEMS);
        problems.push(format!("and {more} more problems like these"));
    }
    Err(problems)
}

/// Checks the length of the sequence, and that its names are valid and distinct.
pub(super) fn check_sequence(sequence: &[String]) -> Result<(), Vec<String>> {
    if sequence.is_empty() {
        return Err(vec!["agent_sequence is empty: a plan names at least one agent".to_owned()]);
    }
    if sequence.len() > MAX_AGENTS {
        let count = sequence.len();
        return Err(vec![format!("agent_sequence names {count} agents: at most {MAX_AGENTS} are allowed")]);
    }
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for (index, name) in sequence.iter().enumerate() {
        if name.trim().is_empty() {
            problems.push(format!("agent_sequence[{index}] is blank"));
        } else if name.chars().nth(MAX_AGENT_CHARS).is_some() {
            problems.push(format!("agent_sequence[{index}] is longer than {MAX_AGENT_CHARS} characters"));
        } else if !seen.insert(name) {
            problems.push(format!("agent_sequence names {} twice", quoted(name)));
        }
    }
    into_result(problems)
}

/// Checks that every name is in the sequence and, where there are groups, that each agent is in exactly one.
pub(super) fn check_members(
    position: &BTreeMap<&str, usize>,
    dependencies: &BTreeMap<String, Vec<String>>,
    groups: &[Vec<String>],
) -> Result<(), Vec<String>> {
    let mut problems = Vec::new();
    for (agent, before) in dependencies {
        for name in std::iter::once(agent).chain(before) {
            if !position.contains_key(name.as_str()) {
                let name = quoted(name);
                problems.push(format!("dependencies name {name}, which is not in agent_sequence"));
            }
        }
    }
    let mut grouped = BTreeSet::new();
    for name in groups.iter().flatten() {
        if !position.contains_key(name.as_str()) {
            let name = quoted(name);
            problems.push(format!("parallel_groups name {name}, which is not in agent_sequence"));
        } else if !grouped.insert(name.as_str()) {
            problems.push(format!("parallel_groups name {} twice", quoted(name)));
        }
    }
    if !grouped.is_empty() {
        let missing = position.keys().filter(|name| !grouped.contains(*name));
        problems.extend(missing.map(|name| format!("{} is in no parallel group", quoted(name))));
    }
    into_result(problems)
}

/// Checks that everything an agent waits for is in an earlier group.
pub(super) fn check_groups(
    groups: &[BTreeSet<usize>],
    waits_for: &[BTreeSet<usize>],
    names: &[String],
) -> Result<(), Vec<String>> {
    let mut problems = Vec::new();
    let mut done = BTreeSet::new();
    for group in groups {
        for &agent in group {
            for &before in waits_for[agent].difference(&done) {
                let place = if group.contains(&before) { "in the same" } else { "in a later" };
                let (agent, before) = (quoted(&names[agent]), quoted(&names[before]));
                problems.push(format!("{agent} depends on {before}, which is {place} parallel group"));
            }
        }
        done.extend(group);
    }
    into_result(problems)
}
