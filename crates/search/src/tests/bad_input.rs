//! Requests, entries and files that a person would not write.

use super::collection::{agent, collection, context, index, names};
use crate::{Aliases, Index, LatentError, LatentSpace, Request};
use catalog::{Catalog, Definition};

#[test]
fn requests_without_a_word_have_no_answer() {
    for words in ["", "   ", "please help me with this", "🎉🎉", "?!", "\u{200b}\u{feff}", "...", "-", "/&'"]
    {
        let findings = index().find(&context(words));
        assert!(findings.hits.is_empty(), "{words}");
        assert_eq!(findings.confidence.to_bits(), 0.0f32.to_bits(), "{words}");
        assert!(!findings.reasoning.is_empty(), "{words}");
    }
    let nothing = index().find(&Request::default());
    assert!(nothing.hits.is_empty());
    let empty = Index::build(&Catalog::default(), Aliases::built_in());
    assert!(empty.find(&context("react")).hits.is_empty());
}

#[test]
fn odd_requests_find_what_they_mean() {
    let many = (0..500).map(|at| format!("word{at}")).collect::<Vec<_>>().join(" ");
    let long = "x".repeat(100);
    let cases = [
        ("REACT", "react-specialist"),
        ("ｒｅａｃｔ", "react-specialist"),
        ("re\u{301}act hooks", "react-specialist"),
        ("React-компонент hooks", "react-specialist"),
        ("שלום react hooks", "react-specialist"),
        ("IŞIK react hooks İ", "react-specialist"),
        ("dockerr imagse", "docker-expert"),
        ("kuberntes", "kubernetes-architect"),
        ("k8s", "kubernetes-architect"),
        ("postgre sql", "sql-pro"),
        ("kubernetesarchitect", "kubernetes-architect"),
        ("Kubernetes_Architect", "kubernetes-architect"),
    ];
    for (words, wanted) in cases {
        assert_eq!(names(&index().find(&context(words))).first(), Some(&wanted), "{words}");
    }
    for words in [many.as_str(), long.as_str()] {
        assert!(index().find(&context(words)).confidence < 0.3);
    }
}

#[test]
fn a_stuffed_description_does_not_outrank_a_name() {
    let catalog = Catalog::from_definitions([
        agent("a", "stuffed", &"react ".repeat(500), ""),
        agent("b", "react", "Builds interfaces", "Components and hooks."),
        agent("c", "other", "Does something else", "Nothing to see."),
    ]);
    let findings = Index::build(&catalog, &Aliases::default()).find(&context("react hooks"));
    assert_eq!(names(&findings)[0], "react");
    let findings = Index::build(&catalog, &Aliases::default()).find(&context("react"));
    assert_eq!(names(&findings)[0], "react");
}

#[test]
fn priors_cannot_break_a_score() {
    for prior in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 0.0, 1.0] {
        let prior = move |_: &Definition| prior;
        let request = Request { prior: Some(&prior), ..context("react") };
        for hit in index().find(&request).hits {
            assert!((0.0..=1.0).contains(&hit.score), "{}", hit.score);
        }
    }
}

#[test]
fn stored_spaces_are_checked() {
    let latent = LatentSpace::train(&collection());
    let bytes = latent.to_bytes();
    assert_eq!(LatentSpace::from_bytes(&bytes), Ok(latent));
    assert_eq!(LatentSpace::from_bytes(&[]), Err(LatentError::Version));
    assert_eq!(LatentSpace::from_bytes(b"adjlsa\0\0"), Err(LatentError::Version));
    for at in (12..bytes.len()).step_by(97) {
        assert_eq!(LatentSpace::from_bytes(&bytes[..at]), Err(LatentError::Damaged), "{at}");
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        assert_eq!(LatentSpace::from_bytes(&altered), Err(LatentError::Damaged), "{at}");
    }
    let empty = LatentSpace::train(&Catalog::default());
    assert_eq!(LatentSpace::from_bytes(&empty.to_bytes()), Ok(empty));
}
