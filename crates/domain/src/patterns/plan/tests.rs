//! Plans against the rules they must satisfy.

use std::collections::BTreeMap;

use super::validate::MAX_PROBLEMS;
use super::*;
use proptest::prelude::*;

type Dependencies<'a> = &'a [(&'a str, &'a [&'a str])];
type Groups<'a> = &'a [&'a [&'a str]];

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

fn plan(sequence: &[&str], dependencies: Dependencies<'_>, groups: Groups<'_>) -> Result<Plan, Vec<String>> {
    let dependencies =
        dependencies.iter().map(|(agent, before)| ((*agent).to_owned(), names(before))).collect();
    let groups: Vec<Vec<String>> = groups.iter().map(|group| names(group)).collect();
    Plan::new(&names(sequence), &dependencies, &groups)
}

#[test]
fn what_is_not_stated_is_derived() {
    struct Case<'a>(&'a [&'a str], Dependencies<'a>, Groups<'a>, &'a [&'a str], Dependencies<'a>, Groups<'a>);
    let cases = [
        // Only a sequence: one agent after the other.
        Case(
            &["a", "b", "c"],
            &[],
            &[],
            &["a", "b", "c"],
            &[("b", &["a"]), ("c", &["b"])],
            &[&["a"], &["b"], &["c"]],
        ),
        // Dependencies: as early as possible.
        Case(
            &["a", "b", "c"],
            &[("c", &["a"])],
            &[],
            &["a", "b", "c"],
            &[("c", &["a"])],
            &[&["a", "b"], &["c"]],
        ),
        // Dependencies that are stated as none: all in parallel.
        Case(&["a", "b"], &[("a", &[])], &[], &["a", "b"], &[], &[&["a", "b"]]),
        // Groups: each agent waits for the group before.
        Case(
            &["a", "b", "c", "d"],
            &[],
            &[&["a"], &["c", "b"], &["d"]],
            &["a", "b", "c", "d"],
            &[("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])],
            &[&["a"], &["b", "c"], &["d"]],
        ),
        // Dependencies take precedence over a sequence that contradicts them.
        Case(&["a", "b"], &[("a", &["b"])], &[], &["b", "a"], &[("a", &["b"])], &[&["b"], &["a"]]),
        // Both stated: groups may be later than necessary. Repetitions and empty groups are removed.
        Case(
            &["a", "b", "c"],
            &[("c", &["a", "a"])],
            &[&["a"], &[], &["b"], &["c"]],
            &["a", "b", "c"],
            &[("c", &["a"])],
            &[&["a"], &["b"], &["c"]],
        ),
    ];
    for Case(sequence, dependencies, groups, order, waits, levels) in cases {
        let made = plan(sequence, dependencies, groups).unwrap();
        assert_eq!(made.agent_sequence(), names(order));
        let waits: BTreeMap<String, Vec<String>> =
            waits.iter().map(|(agent, before)| ((*agent).to_owned(), names(before))).collect();
        assert_eq!(made.dependencies(), &waits, "{sequence:?}");
        let levels: Vec<Vec<String>> = levels.iter().map(|group| names(group)).collect();
        assert_eq!(made.parallel_groups(), levels, "{sequence:?}");
    }
}

#[test]
fn an_invalid_plan_is_rejected_with_a_sentence() {
    let cases: &[(&[&str], Dependencies<'_>, Groups<'_>, &str)] = &[
        (&[], &[], &[], "agent_sequence is empty"),
        (&["a", "  "], &[], &[], "agent_sequence[1] is blank"),
        (&["a", "b", "a"], &[], &[], "agent_sequence names `a` twice"),
        (&["a", "b"], &[("a", &["b"]), ("b", &["a"])], &[], "a cycle: a → b → a"),
        (&["a"], &[("a", &["a"])], &[], "a cycle: a → a"),
        (
            &["x", "a", "b", "c"],
            &[("a", &["c"]), ("b", &["a"]), ("c", &["b"])],
            &[],
            "a cycle: a → c → b → a",
        ),
        (&["a"], &[("a", &["z"])], &[], "dependencies name `z`, which is not in agent_sequence"),
        (&["a"], &[("z", &["a"])], &[], "dependencies name `z`, which is not in agent_sequence"),
        (&["a"], &[], &[&["a", "z"]], "parallel_groups name `z`, which is not in agent_sequence"),
        (&["a"], &[], &[&["a"], &["a"]], "parallel_groups name `a` twice"),
        (&["a", "b"], &[], &[&["a"]], "`b` is in no parallel group"),
        (
            &["a", "b"],
            &[("b", &["a"])],
            &[&["a", "b"]],
            "`b` depends on `a`, which is in the same parallel group",
        ),
        (
            &["a", "b"],
            &[("b", &["a"])],
            &[&["b"], &["a"]],
            "`b` depends on `a`, which is in a later parallel group",
        ),
    ];
    for (sequence, dependencies, groups, expected) in cases {
        let problems = plan(sequence, dependencies, groups).unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected}: {problems:?}");
    }
}

#[test]
fn the_size_of_a_plan_is_bounded() {
    let many = |count: usize| (0..count).map(|index| format!("agent-{index}")).collect::<Vec<_>>();
    assert!(Plan::new(&many(MAX_AGENTS), &BTreeMap::new(), &[]).is_ok());
    let problems = Plan::new(&many(10_000), &BTreeMap::new(), &[]).unwrap_err();
    assert_eq!(problems, ["agent_sequence names 10000 agents: at most 64 are allowed"]);
    let outsiders = BTreeMap::from([("agent-0".to_owned(), many(10_000))]);
    let problems = Plan::new(&many(1), &outsiders, &[]).unwrap_err();
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert!(Plan::new(&["x".repeat(MAX_AGENT_CHARS + 1)], &BTreeMap::new(), &[]).is_err());
}

proptest! {
    /// Whatever is accepted is consistent, and building it again from all three views changes nothing.
    #[test]
    fn an_accepted_plan_agrees_with_itself(
        count in 1_usize..8,
        edges in proptest::collection::vec((0_usize..8, 0_usize..8), 0..10),
        levels in proptest::option::of(proptest::collection::vec(0_usize..4, 8)),
    ) {
        let name = |index: usize| format!("agent-{}", index % count);
        let sequence: Vec<String> = (0..count).map(name).collect();
        let mut dependencies: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (agent, before) in edges {
            dependencies.entry(name(agent)).or_default().push(name(before));
        }
        let groups: Vec<Vec<String>> = levels.map_or_else(Vec::new, |levels| {
            (0..4).map(|level| (0..count).filter(|&index| levels[index] == level).map(name).collect()).collect()
        });
        let Ok(plan) = Plan::new(&sequence, &dependencies, &groups) else { return Ok(()) };
        let place = |name: &String| plan.agent_sequence().iter().position(|known| known == name).unwrap();
        let level = |name: &String| plan.parallel_groups().iter().position(|group| group.contains(name)).unwrap();
        for (agent, before) in plan.dependencies() {
            for name in before {
                prop_assert!(place(name) < place(agent) && level(name) < level(agent));
            }
        }
        prop_assert_eq!(plan.parallel_groups().iter().flatten().count(), count);
        let again = Plan::new(plan.agent_sequence(), plan.dependencies(), plan.parallel_groups());
        prop_assert_eq!(again.unwrap(), plan);
    }
}
