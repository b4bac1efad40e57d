//! Similarity, matching and learning against oracles without an index and without incremental updates.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};

use adjutant_domain::patterns::{
    Counters, DecayedStats, Decision, DecisionContext, Goal, Observation, Origin, Outcome, Pattern,
    PatternSet, Plan,
};
use proptest::prelude::*;
use search::text::terms;

fn plan(agents: &[&str]) -> Plan {
    let agents: Vec<String> = agents.iter().map(|&agent| agent.to_owned()).collect();
    Plan::new(&agents, &BTreeMap::new(), &[]).unwrap()
}

fn pattern(id: usize, goal: &str) -> Pattern {
    Pattern { id: id.to_string(), goal: goal.to_owned(), plan: plan(&["a", "b"]), ..Pattern::default() }
}

fn set(goals: &[String]) -> PatternSet {
    let mut set = PatternSet::new(None);
    set.extend(goals.iter().enumerate().map(|(id, goal)| pattern(id, goal)));
    set
}

fn exact(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// The formula, written down term by term.
fn naive_similarity(goals: &[String], one: &str, other: &str) -> f64 {
    let normal = |text: &str| text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    if normal(one) == normal(other) {
        return 1.0;
    }
    let count = |text: &str| {
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for term in terms(text) {
            *counts.entry(term).or_default() += 1.0;
        }
        counts
    };
    let rarity = |term: &str| {
        let holding = goals.iter().filter(|goal| terms(goal).iter().any(|known| known == term)).count();
        1.0 + ((1.0 + exact(goals.len())) / (1.0 + exact(holding))).ln()
    };
    let vector = |text: &str| -> BTreeMap<String, f64> {
        count(text).into_iter().map(|(term, tf)| (term.clone(), (1.0 + tf.ln()) * rarity(&term))).collect()
    };
    let (a, b) = (vector(one), vector(other));
    let length = |v: &BTreeMap<String, f64>| v.values().map(|weight| weight * weight).sum::<f64>().sqrt();
    let dot: f64 = a.iter().filter_map(|(term, weight)| b.get(term).map(|other| weight * other)).sum();
    let cosine = if dot > 0.0 { dot / (length(&a) * length(&b)) } else { 0.0 };
    let shared = exact(a.keys().filter(|term| b.contains_key(*term)).count());
    let overlap = if shared > 0.0 { 2.0 * shared / exact(a.len() + b.len()) } else { 0.0 };
    0.5 * cosine + 0.3 * overlap + 0.2 * strsim::normalized_levenshtein(&normal(one), &normal(other))
}

fn goal_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "add", "login", "OAuth2", "api", "the", "to", "Database", "migrate", "test", "é", "日本", "rest", "x",
    ]);
    prop::collection::vec(word, 0..7).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn similarity_is_what_its_formula_says(
        goals in prop::collection::vec(goal_text(), 0..20), one in goal_text(), other in goal_text(),
    ) {
        let set = set(&goals);
        let similarity = set.similarity(&one, &other);
        prop_assert!((0.0..=1.0).contains(&similarity));
        prop_assert!((similarity - set.similarity(&other, &one)).abs() < 1e-12);
        prop_assert!((similarity - naive_similarity(&goals, &one, &other)).abs() < 1e-9);
        prop_assert!(set.similarity(&one, &one) >= 1.0);
    }

    #[test]
    fn any_text_has_a_similarity(one in ".{0,300}", other in ".{0,300}") {
        let similarity = set(std::slice::from_ref(&one)).similarity(&one, &other);
        prop_assert!((0.0..=1.0).contains(&similarity));
    }

    /// Upper bounds and inverted index lose no match and add none.
    #[test]
    fn matches_are_those_of_a_full_scan(
        goals in prop::collection::vec(goal_text(), 0..30),
        counts in prop::collection::vec((0_u32..6, 0_u32..9), 30),
        goal in goal_text(),
        floor in prop::sample::select(vec![0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0]),
        limit in 0_usize..8,
    ) {
        let mut set = PatternSet::new(None);
        set.extend(goals.iter().zip(&counts).enumerate().map(|(id, (goal, &(successes, failures)))| {
            let counters = Counters { successes, failures, ..Counters::default() };
            Pattern { counters, decayed: DecayedStats::from_counters(&counters, 0), ..pattern(id, goal) }
        }));
        let found: Vec<f64> = set.matches(&goal, floor, limit, 0).iter().map(|found| found.score).collect();
        let mut expected: Vec<f64> = set
            .patterns()
            .filter(|pattern| !pattern.pruned())
            .map(|pattern| (set.similarity(&goal, &pattern.goal), pattern))
            .filter(|(similarity, _)| *similarity >= floor)
            .map(|(similarity, pattern)| {
                let (good, uses) = (f64::from(pattern.counters.successes), f64::from(pattern.counters.uses()));
                similarity * (good + 1.0) / (uses + 2.0)
            })
            .collect();
        expected.sort_by(|a, b| b.total_cmp(a));
        expected.truncate(limit);
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert!((found - expected).abs() < 1e-9, "{} {}", found, expected);
        }
    }

    /// A set that grew one by one and one that was loaded at once agree to the last bit.
    #[test]
    fn a_book_does_not_depend_on_how_it_grew(count in 0_usize..400, goal in goal_text()) {
        let goals: Vec<String> = (0..count).map(|index| format!("add part{} to api{}", index % 37, index)).collect();
        let at_once = set(&goals);
        let mut one_by_one = PatternSet::new(None);
        for (id, goal) in goals.iter().enumerate() {
            one_by_one.extend([pattern(id, goal)]);
        }
        for other in ["add part3 to api40", "part5", &goal] {
            let similarity = |set: &PatternSet| set.similarity("add part3 to api3", other).to_bits();
            prop_assert_eq!(similarity(&at_once), similarity(&one_by_one));
        }
        prop_assert_eq!(format!("{:?}", at_once.matches(&goal, 0.0, 5, 0)), format!("{:?}", one_by_one.matches(&goal, 0.0, 5, 0)));
    }

    /// In whatever order decisions arrive, repeat and change, each task counts once, as last reported.
    #[test]
    fn each_task_counts_once(steps in prop::collection::vec(step(), 1..40)) {
        let mut set = PatternSet::new(None);
        set.extend([pattern(900, "add login to api"), pattern(901, "migrate database")]);
        let mut tasks: BTreeMap<String, (Decision, Option<Observation>)> = BTreeMap::new();
        let mut ids = 0;
        for (now_ms, decision) in (1_i64..).zip(steps) {
            let goal = Goal::new(&decision.task_description);
            let plan = decision.check().unwrap();
            let former = tasks.get(&decision.task_id);
            let context = DecisionContext {
                decision: &decision,
                goal: &goal,
                plan: &plan,
                former: former.and_then(|(_, observation)| observation.as_ref()),
                same_task: former.is_some_and(|(former, _)| {
                    former.task_description == decision.task_description && former.agents_used == decision.agents_used
                }),
                at_ms: former.and_then(|(_, observation)| observation.as_ref()).map_or(now_ms, |observation| observation.at_ms),
                now_ms,
            };
            let learned = set.learn(&context, || { ids += 1; format!("learned-{ids}") }).unwrap();
            prop_assert_eq!(learned.pattern.is_some(), learned.observation.is_some());
            if decision.result == Outcome::Success {
                prop_assert!(learned.observation.is_some(), "a success always teaches");
            }
            tasks.insert(decision.task_id.clone(), (decision, learned.observation));
        }
        for pattern in set.patterns() {
            let mut expected = Counters::default();
            for (_, observation) in tasks.values() {
                if let Some(observation) = observation.as_ref().filter(|observation| observation.pattern_id == pattern.id) {
                    expected.add(observation.result, observation.duration_ms, observation.tokens_saved);
                }
            }
            prop_assert_eq!(pattern.counters, expected);
            prop_assert!((pattern.decayed.uses - f64::from(expected.uses())).abs() < 1e-6);
            prop_assert_eq!(pattern.pruned() && pattern.origin == Origin::Stored && expected.uses() == 0, false);
        }
        let unique: BTreeSet<(String, &[String])> = set
            .patterns()
            .map(|pattern| (pattern.goal.to_lowercase(), pattern.plan.agent_sequence()))
            .collect();
        prop_assert_eq!(unique.len(), set.len(), "no pattern is created twice");
    }
}

fn step() -> impl Strategy<Value = Decision> {
    let goals = prop::sample::select(vec![
        "add login to api",
        "Add login to API",
        "add oauth login",
        "migrate database",
        "x",
    ]);
    let agents = prop::sample::select(vec![vec!["a", "b"], vec!["a", "b", "a"], vec!["b", "a"], vec!["c"]]);
    let result = prop::sample::select(vec![Outcome::Success, Outcome::Failure, Outcome::Partial]);
    let pattern = prop::option::weighted(0.2, prop::sample::select(vec!["900", "901"]));
    (0..8, goals, agents, result, prop::option::of(0_u64..1000), prop::option::of(-50_i64..50), pattern)
        .prop_map(|(task, goal, agents, result, duration_ms, tokens_saved, pattern)| Decision {
            task_id: format!("task-{task}"),
            task_description: goal.to_owned(),
            agents_used: agents.into_iter().map(str::to_owned).collect(),
            result,
            duration_ms,
            tokens_saved,
            pattern_id: pattern.map(str::to_owned),
            dependencies: BTreeMap::new(),
            parallel_groups: Vec::new(),
            decided_at_ms: None,
        })
}

fn decision(task_id: &str, result: Outcome) -> Decision {
    Decision {
        task_id: task_id.to_owned(),
        task_description: "add login".to_owned(),
        agents_used: vec!["a".to_owned(), "b".to_owned()],
        result,
        duration_ms: None,
        tokens_saved: None,
        pattern_id: None,
        dependencies: BTreeMap::new(),
        parallel_groups: Vec::new(),
        decided_at_ms: None,
    }
}

#[test]
fn a_decision_out_of_its_limits_is_refused_with_sentences() {
    let good = decision("t", Outcome::Success);
    assert!(good.check().is_ok());
    let cases: Vec<(Decision, &str)> = vec![
        (Decision { task_id: " ".into(), ..good.clone() }, "task_id is blank"),
        (Decision { task_id: "x".repeat(201), ..good.clone() }, "task_id is longer than 200 characters"),
        (Decision { task_description: String::new(), ..good.clone() }, "task_description is blank"),
        (Decision { task_description: "x".repeat(2001), ..good.clone() }, "task_description is longer than"),
        (Decision { agents_used: Vec::new(), ..good.clone() }, "agents_used is empty"),
        (
            Decision { agents_used: vec!["a".into(); 10_000], ..good.clone() },
            "agents_used names 10000 agents",
        ),
        (Decision { agents_used: vec![String::new()], ..good.clone() }, "agents_used[0] is blank"),
        (Decision { duration_ms: Some(u64::MAX), ..good.clone() }, "duration_ms is 18446744073709551615"),
        (Decision { tokens_saved: Some(i64::MIN), ..good.clone() }, "tokens_saved is -9223372036854775808"),
        (Decision { pattern_id: Some(String::new()), ..good.clone() }, "pattern_id is blank"),
        (
            Decision { dependencies: BTreeMap::from([("z".to_owned(), Vec::new())]), ..good },
            "`z`, which is not in agents_used",
        ),
    ];
    for (decision, expected) in cases {
        let problems = decision.check().unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected}: {problems:?}");
    }
}

fn learn(set: &mut PatternSet, decision: &Decision, former: Option<&Observation>) -> Option<Observation> {
    let (goal, plan) = (Goal::new(&decision.task_description), decision.check().unwrap());
    let same_task = former.is_some();
    let context =
        DecisionContext { decision, goal: &goal, plan: &plan, former, same_task, at_ms: 0, now_ms: 0 };
    let id = format!("p{}", set.len());
    set.learn(&context, || id).unwrap().observation
}

#[test]
fn a_pattern_is_founded_pruned_and_comes_back() {
    let mut set = PatternSet::new(None);
    assert_eq!(learn(&mut set, &decision("t0", Outcome::Failure), None), None, "a failure founds nothing");
    let founding = learn(&mut set, &decision("t1", Outcome::Success), None);
    assert_eq!(set.matches("add login", 0.7, 5, 0).len(), 1);

    // Without its only observation the pattern is withdrawn; with it, it is offered again.
    let observation = founding.unwrap();
    set.retract(&observation, 0);
    assert!(set.matches("add login", 0.7, 5, 0).is_empty());
    set.observe(&observation, 0);

    for task in 2..6 {
        learn(&mut set, &decision(&format!("t{task}"), Outcome::Failure), None);
    }
    assert_eq!(set.len(), 1, "failures teach the pattern there is");
    assert!(set.patterns().all(|pattern| pattern.pruned()) && set.matches("add login", 0.7, 5, 0).is_empty());
    learn(&mut set, &decision("t6", Outcome::Success), None);
    assert_eq!(set.len(), 1, "a pruned pattern still learns");
    assert_eq!(set.matches("add login", 0.7, 5, 0)[0].task_count, 6);
}

#[test]
fn one_lucky_run_does_not_outrank_ten_good_ones() {
    let mut set = PatternSet::new(None);
    let counters = |successes, failures| Counters { successes, failures, ..Counters::default() };
    for (id, counters) in [(0, counters(1, 0)), (1, counters(9, 1)), (2, counters(0, 0))] {
        set.extend([Pattern {
            counters,
            decayed: DecayedStats::from_counters(&counters, 0),
            ..pattern(id, "add login")
        }]);
    }
    let order: Vec<String> =
        set.matches("add login", 0.7, 5, 0).iter().map(|m| m.pattern.id.clone()).collect();
    assert_eq!(order, ["1", "0", "2"]);
}

#[test]
fn an_unknown_pattern_changes_nothing() {
    let mut set = set(&["add login".to_owned()]);
    let observation = Observation {
        pattern_id: "0".into(),
        result: Outcome::Success,
        duration_ms: None,
        tokens_saved: None,
        at_ms: 0,
    };
    set.observe(&observation, 0);
    let before = format!("{:?}", set.patterns().collect::<Vec<_>>());
    let decision = Decision { pattern_id: Some("nowhere".to_owned()), ..decision("t", Outcome::Success) };
    let (goal, plan) = (Goal::new("add login"), decision.check().unwrap());
    let context = DecisionContext {
        decision: &decision,
        goal: &goal,
        plan: &plan,
        former: Some(&observation),
        same_task: true,
        at_ms: 0,
        now_ms: 0,
    };
    assert_eq!(set.learn(&context, || unreachable!()).unwrap_err().0, "nowhere");
    assert_eq!(format!("{:?}", set.patterns().collect::<Vec<_>>()), before);
}

#[test]
fn goals_without_terms_match_themselves_only() {
    let set = set(&["!!!".to_owned(), "???".to_owned(), String::new()]);
    let found = set.matches("!!!", 0.7, 5, 0);
    assert_eq!(found.len(), 1);
    assert!(found[0].similarity >= 1.0);
    assert!(set.matches("add", f64::NAN, 5, 0).is_empty());
}
