//! The similarity of an embedding model in the ranking.

use super::collection::{agent, collection, context, index, names};
use crate::{Aliases, Index, Request};
use catalog::{Catalog, Kind};

/// A cosine for each agent of the collection: `close` for the named ones, `usual` for the others.
fn judged(named: &[&str], close: f32, usual: f32) -> Vec<f32> {
    let catalog = collection();
    let agents = catalog.definitions().iter().filter(|definition| definition.kind == Kind::Agent);
    agents.map(|agent| if named.contains(&agent.name.as_str()) { close } else { usual }).collect()
}

#[test]
fn a_model_finds_what_words_do_not() {
    let similarity = judged(&["sql-pro"], 0.6, 0.05);
    let request =
        Request { similarity: Some(&similarity), ..context("everything takes forever since yesterday") };
    let findings = index().find(&request);
    assert_eq!(names(&findings)[0], "sql-pro");
    assert!(findings.reasoning.contains("close in meaning"), "{}", findings.reasoning);
}

#[test]
fn what_words_tell_for_sure_a_model_does_not_overrule() {
    let similarity = judged(&["sql-pro"], 0.4, 0.05);
    let request = Request { similarity: Some(&similarity), ..context("kubernetes helm charts") };
    assert_eq!(names(&index().find(&request))[0], "kubernetes-architect");
}

#[test]
fn shares_add_up_with_a_model() {
    let similarity = judged(&["sql-pro", "docker-expert"], 0.5, 0.1);
    for words in
        ["docker images and slow queries", "react hooks", "nothing anybody knows", "kubernetes-architect"]
    {
        let request = Request { similarity: Some(&similarity), ..context(words) };
        let explanation = index().explain(&request);
        for (hit, shares) in explanation.findings.hits.iter().zip(&explanation.breakdowns) {
            assert!((hit.score - shares.total()).abs() < 1e-4, "{words}: {} is no {shares:?}", hit.score);
            assert!((0.0..=1.0).contains(&hit.score));
        }
    }
}

#[test]
fn an_entry_the_model_does_not_know_keeps_its_place() {
    let without = index().find(&context("builds react components"));
    for unknown in names(&without) {
        let mut similarity = judged(&[], 0.0, 0.2);
        let catalog = collection();
        let agents = catalog.definitions().iter().filter(|definition| definition.kind == Kind::Agent);
        for (value, agent) in similarity.iter_mut().zip(agents) {
            if agent.name == unknown {
                *value = f32::NAN;
            }
        }
        // All others are equally similar to the request: the order stays.
        let request = Request { similarity: Some(&similarity), ..context("builds react components") };
        assert_eq!(names(&index().find(&request)), names(&without), "without {unknown}");
    }
}

#[test]
fn a_judgement_of_other_entries_is_none() {
    let plain = index().find(&context("react hooks"));
    for similarity in [vec![], vec![1.0], vec![f32::NAN; 6], vec![0.5; 600]] {
        let findings = index().find(&Request { similarity: Some(&similarity), ..context("react hooks") });
        assert_eq!(names(&findings), names(&plain));
        assert_eq!(findings.confidence.to_bits(), plain.confidence.to_bits());
    }
    let odd = [f32::INFINITY, f32::NEG_INFINITY, 7.0, -7.0, 0.0, f32::MAX];
    for hit in index().find(&Request { similarity: Some(&odd), ..context("react hooks") }).hits {
        assert!((0.0..=1.0).contains(&hit.score));
    }
}

#[test]
fn the_model_takes_part_in_the_confidence_and_filters_hold() {
    let entries =
        (0..20).map(|at| agent(if at < 10 { "a" } else { "b" }, &format!("w{at}"), "does things", ""));
    let index = Index::build(&Catalog::from_definitions(entries), &Aliases::default());
    let similarity = |top: f32| -> Vec<f32> { (0..20).map(|at| if at == 3 { top } else { 0.1 }).collect() };
    let asked = "somebody lost my changes";
    let confidence =
        |top: f32| index.find(&Request { similarity: Some(&similarity(top)), ..context(asked) }).confidence;
    assert!(confidence(0.1) < 0.05 && confidence(0.3) < confidence(0.5) && confidence(0.7) > 0.4);
    // A request without a word has no answer, whatever the model finds.
    assert!(index.find(&Request { similarity: Some(&similarity(0.9)), ..context("?!") }).hits.is_empty());
    let request = Request { similarity: Some(&similarity(0.7)), plugin: Some("b"), ..context(asked) };
    assert!(index.find(&request).hits.iter().all(|hit| hit.definition.plugin == "b"));
}
