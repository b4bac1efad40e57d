//! What an answer looks like.

use std::sync::Arc;

use super::collection::{agent, collection, context, index, names};
use crate::{Aliases, Explanation, Index, LatentSpace, Request};
use catalog::{Cancellation, Catalog, Definition, Kind};

#[test]
fn a_latent_space_is_the_same_every_time_and_belongs_to_its_catalog() {
    let catalog = collection();
    let space = Arc::new(LatentSpace::train(&catalog));
    assert_eq!(*space, LatentSpace::train(&collection()));
    let index = Index::build(&catalog, Aliases::built_in());
    assert!(index.with_latent(Arc::clone(&space)).has_latent());
    let mut other: Vec<Definition> =
        catalog.definitions().iter().map(|entry| Definition::clone(entry)).collect();
    other[0].content_hash.push('x');
    let other = Catalog::from_definitions(other);
    assert!(!Index::build(&other, Aliases::built_in()).with_latent(space).has_latent());
}

#[test]
fn a_cancelled_training_learns_nothing() {
    let cancellation = Cancellation::default();
    assert_eq!(
        LatentSpace::train_unless(&collection(), &cancellation),
        Some(LatentSpace::train(&collection()))
    );
    cancellation.cancel();
    assert_eq!(LatentSpace::train_unless(&collection(), &cancellation), None);
}

#[test]
fn equal_requests_have_equal_answers() {
    let first = index().explain(&context("slow queries and dashboards"));
    for _ in 0..3 {
        assert_eq!(
            format!("{first:?}"),
            format!("{:?}", index().explain(&context("slow queries and dashboards")))
        );
    }
}

#[test]
fn only_the_kind_and_plugin_asked_for() {
    let index = index();
    let skills = index.find(&Request { kind: Kind::Skill, ..context("kubernetes schema migrations") });
    assert_eq!(names(&skills), ["migrations"]);
    let web = index.find(&Request { plugin: Some("web"), ..context("react kubernetes") });
    assert_eq!(names(&web), ["react-specialist", "frontend-developer"]);
    assert!(index.find(&Request { plugin: Some("nobody"), ..context("react") }).hits.is_empty());
}

#[test]
fn copies_share_a_row_and_stay_reachable() {
    let body = "Reviews pull requests for correctness, naming, tests and error handling in any language.";
    let catalog = Catalog::from_definitions([
        agent("a", "code-reviewer", "Reviews code", body),
        agent("b", "code-reviewer", "Reviews code", &format!("{body} Briefly.")),
        agent(
            "c",
            "code-reviewer",
            "Audits smart contracts",
            "Solidity, reentrancy, gas, oracles, auctions.",
        ),
    ]);
    let index = Index::build(&catalog, &Aliases::default());
    let findings = index.find(&context("review code"));
    let rows: Vec<_> =
        findings.hits.iter().map(|hit| (hit.definition.plugin.as_str(), hit.copies.clone())).collect();
    assert_eq!(rows, [("a", vec!["b:code-reviewer".to_owned()]), ("c", vec![])]);
    let one = index.find(&Request { plugin: Some("b"), ..context("review code") });
    assert_eq!((one.hits[0].definition.plugin.as_str(), one.hits[0].copies.len()), ("b", 0));
}

#[test]
fn each_of_several_needs_is_met() {
    let findings =
        index().find(&Request { limit: 3, ..context("dockerise it, deploy to EKS and watch it in grafana") });
    let mut found = names(&findings);
    found.sort_unstable();
    assert_eq!(found, ["docker-expert", "kubernetes-architect", "observability-engineer"]);
}

#[test]
fn capabilities_exact_and_near() {
    let index = index();
    for asked in ["React", "state management", "state managment"] {
        let findings = index.find(&Request { capability: Some(asked), ..Request::default() });
        assert_eq!(names(&findings)[0], "react-specialist", "{asked}");
        assert!(findings.reasoning.contains("capability"), "{}", findings.reasoning);
    }
}

#[test]
fn an_unknown_role_is_read_as_words() {
    let findings = index().find(&Request { role: Some("frontend_developer"), ..Request::default() });
    assert_eq!(names(&findings)[0], "frontend-developer");
    assert_eq!(findings.hits[0].role, None);
}

#[test]
fn what_nobody_can_do_has_low_confidence_and_suggestions() {
    let index = index();
    let known = index.find(&context("react components")).confidence;
    let unknown = index.find(&context("book me a flight to Lisbon")).confidence;
    assert!(known > 0.5 && unknown < 0.1, "{known} {unknown}");
    let nothing = index.find(&Request { capability: Some("stat managers"), ..Request::default() });
    assert!(nothing.confidence < known);
}

#[test]
fn the_model_decides_between_equals() {
    let with = |plugin: &str, name: &str, model: &str| {
        let mut agent = agent(plugin, name, "Plans services", "Boundaries and contracts.");
        agent.model = Some(model.into());
        agent
    };
    let catalog = Catalog::from_definitions([with("a", "one", "haiku"), with("b", "two", "opus")]);
    let index = Index::build(&catalog, &Aliases::default());
    assert_eq!(names(&index.find(&context("complex plan for services"))), ["two", "one"]);
    assert_eq!(names(&index.find(&context("simple plan for services"))), ["one", "two"]);
    assert_eq!(names(&index.find(&context("plan for services"))), ["one", "two"]);
}

#[test]
fn learned_outcomes_move_an_entry() {
    let index = index();
    let prior = |definition: &Definition| if definition.name == "frontend-developer" { 1.0 } else { -1.0 };
    let request = context("react interfaces");
    let before = index.explain(&request);
    let after = index.explain(&Request { prior: Some(&prior), ..request });
    let share = |explained: &Explanation| {
        let at = names(&explained.findings).iter().position(|name| *name == "frontend-developer");
        at.map(|at| explained.breakdowns[at].prior)
    };
    assert_eq!(share(&before), Some(0.0));
    assert!(share(&after) > Some(0.0));
}

#[test]
fn a_role_leads_with_its_primary_then_its_fallbacks() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for (name, what) in
        [("alpha", "Writes SQL"), ("beta", "Builds React pages"), ("gamma", "Tunes databases")]
    {
        write(
            &format!("plugins/p/agents/{name}.md"),
            &format!("---\nname: {name}\ndescription: {what}\n---\n{what}.\n"),
        );
    }
    write(
        ".claude/agent-registry.yml",
        "roles:\n  data_engineer:\n    primary: p:gamma\n    fallbacks: [p:alpha, p:missing]\n  ghost:\n    primary: p:nobody\n",
    );
    let catalog = catalog::scan(&catalog::ScanOptions::new(folder.path()), None);
    let index = Index::build(&catalog, &Aliases::default());
    for role in ["data_engineer", "Data Engineer", "data-engineers"] {
        let findings = index.find(&Request { role: Some(role), ..context("react pages") });
        assert_eq!(names(&findings), ["gamma", "alpha", "beta"], "{role}");
        assert_eq!(findings.hits[0].role.as_deref(), Some("data_engineer"));
        assert_eq!(findings.hits[0].fallbacks, ["p:alpha", "p:missing"]);
        assert_eq!((findings.hits[1].fallbacks.len(), findings.hits[2].role.clone()), (0, None));
    }
    let alone = index.find(&Request { role: Some("data_engineer"), ..Request::default() });
    assert_eq!(names(&alone), ["gamma", "alpha"]);
    let near = index.find(&Request { role: Some("data_enginear"), ..Request::default() });
    assert_eq!(near.suggestions, ["data_engineer"]);
    assert!(index.find(&Request { role: Some("ghost"), ..Request::default() }).hits.is_empty());
}
