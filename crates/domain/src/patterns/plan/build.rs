//! The plan itself, and how it is built from what a caller stated.

use std::collections::{BTreeMap, BTreeSet};

use super::order::{dependency_edges, levels, topological_order};
use super::validate::{check_groups, check_members, check_sequence};

/// An acyclic plan: three consistent views of one partial order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    agent_sequence: Vec<String>,
    dependencies: BTreeMap<String, Vec<String>>,
    parallel_groups: Vec<Vec<String>>,
}

impl Plan {
    /// Builds a plan from what a caller states and derives the rest:
    ///
    /// * groups from dependencies: each agent joins the first group after all agents that it waits for;
    /// * dependencies from groups: each agent waits for all agents of the group before;
    /// * both from the sequence, where neither is stated: one agent after the other.
    ///
    /// An empty map or list counts as not stated. The sequence is sorted topologically, and otherwise as stated. The
    /// dependencies contain no agent without any, and none twice.
    ///
    /// # Errors
    /// One sentence for each problem: an empty or overlong sequence; a blank, overlong or repeated name; an agent that is
    /// not in the sequence; an agent in no group or in two; a cycle (which is named); an agent in the same group as, or in
    /// an earlier one than, an agent that it waits for.
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
        let waits_for = dependency_edges(&position, dependencies, &groups);
        let order = topological_order(&waits_for).map_err(|cycle| {
            let names: Vec<&str> = cycle.iter().map(|&index| agent_sequence[index].as_str()).collect();
            vec![format!("the dependencies have a cycle: {}", names.join(" → "))]
        })?;
        let levels = if groups.is_empty() {
            levels(&order, &waits_for)
        } else {
            check_groups(&groups, &waits_for, agent_sequence)?;
            groups
        };
        Ok(Plan::assemble(agent_sequence, &order, &waits_for, &levels))
    }

    /// Turns indices back into names; every list is sorted by `order`.
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

    /// All agents in topological order.
    pub fn agent_sequence(&self) -> &[String] {
        &self.agent_sequence
    }

    /// For each agent that waits for others, those others in the order of the sequence.
    pub fn dependencies(&self) -> &BTreeMap<String, Vec<String>> {
        &self.dependencies
    }

    /// Groups of agents that may work in parallel, one group after the other; each agent is in exactly one.
    pub fn parallel_groups(&self) -> &[Vec<String>] {
        &self.parallel_groups
    }

    /// Bytes that it holds on the heap.
    pub(in crate::patterns) fn heap_bytes(&self) -> usize {
        let names = |names: &Vec<String>| -> usize {
            names.capacity() * size_of::<String>() + names.iter().map(String::capacity).sum::<usize>()
        };
        let Plan { agent_sequence, dependencies, parallel_groups } = self;
        // A node of a B-tree has room for 11 entries and 12 children, and holds at least 5 but for the root.
        let node = 11 * (size_of::<String>() + size_of::<Vec<String>>()) + 14 * size_of::<usize>();
        let nodes = if dependencies.is_empty() { 0 } else { dependencies.len() / 5 + 1 };
        let stated: usize = dependencies.iter().map(|(agent, others)| agent.capacity() + names(others)).sum();
        let groups = parallel_groups.capacity() * size_of::<Vec<String>>()
            + parallel_groups.iter().map(names).sum::<usize>();
        names(agent_sequence) + nodes * node + stated + groups
    }
}
