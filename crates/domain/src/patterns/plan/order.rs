//! The dependency graph of a plan: its edges, a topological order, and its levels.

use std::collections::{BTreeMap, BTreeSet};

/// For each agent, by its position in the stated sequence, the agents that it waits for.
pub(super) fn dependency_edges(
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

/// Kahn's algorithm, always taking the first agent that waits for no other.
///
/// # Errors
/// One cycle, with its first agent repeated at the end.
pub(super) fn topological_order(waits_for: &[BTreeSet<usize>]) -> Result<Vec<usize>, Vec<usize>> {
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

/// Follows dependencies among the agents that could not be placed until an agent repeats.
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

/// The level of each agent: the first group after all agents that it waits for.
pub(super) fn levels(order: &[usize], waits_for: &[BTreeSet<usize>]) -> Vec<BTreeSet<usize>> {
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
