//! Which agents work on a goal, and which of them wait for which.

use std::collections::{BTreeMap, BTreeSet};

/// The most agents one plan may name. The longest sequences seen in published commands name about twenty; a longer
/// list is a mistake, and every bound of this file grows with it.
pub const MAX_AGENTS: usize = 64;

/// The longest name of an agent, in characters: `plugin:name` with both parts at the length Claude Code allows.
pub const MAX_AGENT_CHARS: usize = 200;

/// More problems than this are summed up in one sentence.
const MAX_PROBLEMS: usize = 10;

/// One acyclic plan: three views of the same order that agree with one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    agent_sequence: Vec<String>,
    dependencies: BTreeMap<String, Vec<String>>,
    parallel_groups: Vec<Vec<String>>,
}

impl Plan {
    /// Builds a plan from what a caller stated, deriving what they left out:
    ///
    /// * groups from dependencies: each agent goes into the first group after all it waits for;
    /// * dependencies from groups: each agent waits for all of the group before;
    /// * both from the sequence, where neither is stated: one after another.
    ///
    /// An empty map or list counts as left out. The sequence comes back in an order in which no agent precedes one it
    /// waits for, otherwise as stated. Dependencies name no agent without any, and no agent twice.
    ///
    /// # Errors
    /// One sentence for each problem: an empty or overlong sequence, a blank, overlong or repeated name, an agent that
    /// is not in the sequence, an agent in no group or in two, a cycle (which is named), a group that holds an agent
    /// together with or before one it waits for.
    pub fn new(
        agent_sequence: &[String],
        dependencies: &BTreeMap<String, Vec<String>>,
        parallel_groups: &[Vec<String>],
    ) -> Result<Plan, Vec<String>> {
        check_sequence(agent_sequence)?;
        let position: BTreeMap<&str, usize> =
            agent_sequence.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        check_members(&position, dependencies, parallel_groups)?;

        let groups: Vec<BTreeSet<usize>> = parallel_groups
            .iter()
            .map(|group| group.iter().map(|name| position[name.as_str()]).collect::<BTreeSet<_>>())
            .filter(|group| !group.is_empty())
            .collect();
        let waits_for = edges(&position, dependencies, &groups);
        let order = topological_order(&waits_for).map_err(|cycle| {
            let names: Vec<&str> = cycle.iter().map(|&index| agent_sequence[index].as_str()).collect();
            vec![format!("the dependencies have a cycle: {}", names.join(" → "))]
        })?;
        let levels = if groups.is_empty() {
            levels_of(&order, &waits_for)
        } else {
            check_groups(&groups, &waits_for, agent_sequence)?;
            groups
        };
        Ok(Plan::assemble(agent_sequence, &order, &waits_for, &levels))
    }

    /// Puts indices back into names; `order` decides the order of every list.
    fn assemble(
        names: &[String],
        order: &[usize],
        waits_for: &[BTreeSet<usize>],
        levels: &[BTreeSet<usize>],
    ) -> Plan {
        let listed = |members: &BTreeSet<usize>| -> Vec<String> {
            order.iter().filter(|index| members.contains(index)).map(|&index| names[index].clone()).collect()
        };
        Plan {
            agent_sequence: order.iter().map(|&index| names[index].clone()).collect(),
            dependencies: waits_for
                .iter()
                .enumerate()
                .filter(|(_, before)| !before.is_empty())
                .map(|(index, before)| (names[index].clone(), listed(before)))
                .collect(),
            parallel_groups: levels.iter().map(listed).collect(),
        }
    }

    /// All agents, none before one it waits for.
    pub fn agent_sequence(&self) -> &[String] {
        &self.agent_sequence
    }

    /// For each agent that waits for others: those others, in the order of the sequence.
    pub fn dependencies(&self) -> &BTreeMap<String, Vec<String>> {
        &self.dependencies
    }

    /// Agents that may work at the same time, group after group; each agent is in exactly one.
    pub fn parallel_groups(&self) -> &[Vec<String>] {
        &self.parallel_groups
    }
}

/// A name as a sentence shows it: cut to what a reader needs to recognise it.
fn quoted(name: &str) -> String {
    let shown: String = name.chars().take(64).map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("`{shown}`")
}

/// `Err` where there are problems, with a long list cut short.
fn settle(mut problems: Vec<String>) -> Result<(), Vec<String>> {
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

fn check_sequence(sequence: &[String]) -> Result<(), Vec<String>> {
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
    settle(problems)
}

/// Every name stands in the sequence; where there are groups, each agent is in exactly one.
fn check_members(
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
    settle(problems)
}

/// For each agent, by its place in the stated sequence, those it waits for.
fn edges(
    position: &BTreeMap<&str, usize>,
    dependencies: &BTreeMap<String, Vec<String>>,
    groups: &[BTreeSet<usize>],
) -> Vec<BTreeSet<usize>> {
    let mut waits_for = vec![BTreeSet::new(); position.len()];
    if !dependencies.is_empty() {
        for (agent, before) in dependencies {
            waits_for[position[agent.as_str()]].extend(before.iter().map(|name| position[name.as_str()]));
        }
    } else if !groups.is_empty() {
        for pair in groups.windows(2) {
            for &agent in &pair[1] {
                waits_for[agent].clone_from(&pair[0]);
            }
        }
    } else {
        for (agent, before) in waits_for.iter_mut().enumerate().skip(1) {
            before.insert(agent - 1);
        }
    }
    waits_for
}

/// Kahn's algorithm, always taking the earliest agent that is free; the error is one cycle, its first agent repeated
/// at the end.
fn topological_order(waits_for: &[BTreeSet<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut placed = BTreeSet::new();
    let mut order = Vec::with_capacity(waits_for.len());
    while order.len() < waits_for.len() {
        let free = (0..waits_for.len())
            .find(|index| !placed.contains(index) && waits_for[*index].is_subset(&placed));
        let Some(index) = free else { return Err(cycle_among(waits_for, &placed)) };
        placed.insert(index);
        order.push(index);
    }
    Ok(order)
}

/// Follows dependencies between agents that could not be placed until one comes up again.
fn cycle_among(waits_for: &[BTreeSet<usize>], placed: &BTreeSet<usize>) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut next = (0..waits_for.len()).find(|index| !placed.contains(index));
    while let Some(index) = next {
        if let Some(start) = path.iter().position(|&seen| seen == index) {
            path.drain(..start);
            path.push(index);
            break;
        }
        path.push(index);
        next = waits_for[index].iter().copied().find(|before| !placed.contains(before));
    }
    path
}

fn levels_of(order: &[usize], waits_for: &[BTreeSet<usize>]) -> Vec<BTreeSet<usize>> {
    let mut level = vec![0; waits_for.len()];
    let mut levels: Vec<BTreeSet<usize>> = Vec::new();
    for &index in order {
        level[index] = waits_for[index].iter().map(|&before| level[before] + 1).max().unwrap_or(0);
        if level[index] == levels.len() {
            levels.push(BTreeSet::new());
        }
        levels[level[index]].insert(index);
    }
    levels
}

/// Everything an agent waits for stands in an earlier group.
fn check_groups(
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
    settle(problems)
}

#[cfg(test)]
mod tests;
