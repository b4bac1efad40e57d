//! An updated or decoded index against a newly built one.

use std::sync::Arc;

use proptest::prelude::*;

use super::collection::{agent, collection, context, entry};
use crate::{Aliases, Index, LatentSpace, Request};
use catalog::{Catalog, Definition, Kind};

/// An edit of a catalog.
#[derive(Debug, Clone)]
enum Edit {
    Add(Definition),
    Remove(usize),
    Change(usize, Definition),
}

const NAMES: [&str; 8] =
    ["react-pro", "sql-pro", "code-reviewer", "deploy", "k8s_ops", "reviewer", "ops", "zebra"];

fn words(most: usize) -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "react",
        "hooks",
        "testing",
        "kubernetes",
        "clusters",
        "sql",
        "queries",
        "deploy",
        "cache",
        "rare",
        "webhook",
        "web",
        "hook",
        "state",
        "management",
    ]);
    prop::collection::vec(word, 0..most).prop_map(|words| words.join(" "))
}

fn definition() -> impl Strategy<Value = Definition> {
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let capabilities =
        prop::collection::vec(prop::sample::select(vec!["react", "State Management", "sql"]), 0..3);
    (kind, prop::sample::select(NAMES.to_vec()), 0..4u8, words(12), words(40), capabilities, "[a-z]{6,9}")
        .prop_map(|(kind, name, plugin, description, body, capabilities, odd)| Definition {
            capabilities: capabilities.into_iter().map(str::to_owned).collect(),
            ..entry(kind, &format!("p{plugin}"), name, &format!("{description} {odd}"), &body)
        })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        definition().prop_map(Edit::Add),
        (0..64usize).prop_map(Edit::Remove),
        (0..64usize, definition()).prop_map(|(at, to)| Edit::Change(at, to)),
    ]
}

fn apply(catalog: &Catalog, edits: &[Edit]) -> Catalog {
    let mut all: Vec<Arc<Definition>> = catalog.definitions().to_vec();
    for edit in edits {
        match edit {
            Edit::Add(definition) => all.push(Arc::new(definition.clone())),
            Edit::Remove(at) if !all.is_empty() => drop(all.remove(at % all.len())),
            Edit::Change(at, to) if !all.is_empty() => {
                let at = at % all.len();
                let Definition { kind, id, name, path, .. } = Definition::clone(&all[at]);
                all[at] = Arc::new(Definition { kind, id, name, path, ..to.clone() });
            }
            Edit::Remove(_) | Edit::Change(..) => {}
        }
    }
    Catalog::from_definitions(all)
}

/// The explained answers to a range of requests, as text.
fn answers(index: &Index) -> Vec<String> {
    let contexts =
        ["react hooks testing", "web hook and sql queries", "kubernets cluster", "rare", "code reviewer"];
    let requests = Kind::ALL.into_iter().flat_map(|kind| {
        let by_words = contexts.map(|words| Request { kind, ..context(words) });
        let others = [
            Request { kind, capability: Some("state management"), ..Request::default() },
            Request { kind, capability: Some("reactt"), ..Request::default() },
            Request { kind, plugin: Some("p1"), ..context("deploy cache") },
        ];
        by_words.into_iter().chain(others)
    });
    requests.map(|request| format!("{:?}", index.explain(&request))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn an_updated_index_equals_a_rebuilt_one(
        first in prop::collection::vec(definition(), 0..40),
        steps in prop::collection::vec(prop::collection::vec(edit(), 0..4), 1..5),
    ) {
        let aliases = Aliases::parse("k8s: [kubernetes]\nprs: [code reviewer]\n").0;
        let mut catalog = Catalog::from_definitions(first);
        let mut index = Index::build(&catalog, &aliases);
        for edits in steps {
            catalog = apply(&catalog, &edits);
            index = index.updated(&catalog, &aliases);
            let rebuilt = Index::build(&catalog, &aliases);
            prop_assert_eq!(answers(&index), answers(&rebuilt));
            let bytes = index.to_bytes();
            let decoded = Index::from_bytes(&bytes, &catalog, &aliases).unwrap();
            prop_assert_eq!(answers(&decoded), answers(&rebuilt));
            prop_assert_eq!(decoded.to_bytes(), bytes);
            prop_assert!(index.with_latent(LatentSpace::train(&catalog).into()).has_latent());
        }
    }
}

/// Most edits of a few entries change an average field length, and the index is rebuilt. Here one entry of many changes.
#[test]
fn one_changed_entry_is_updated_in_place() {
    let names =
        (0..400).map(|at| agent(&format!("p{}", at % 5), &format!("agent-{at}"), "Runs sql queries", "body"));
    let catalog = Catalog::from_definitions(names);
    let index = Index::build(&catalog, &Aliases::default());
    let mut all = catalog.definitions().to_vec();
    let changed = Definition { description: "Runs wasm queries".into(), ..Definition::clone(&all[7]) };
    all[7] = Arc::new(changed);
    let removed = all.remove(300);
    let after = Catalog::from_definitions(all);
    let updated = index.updated(&after, &Aliases::default());
    let rebuilt = Index::build(&after, &Aliases::default());
    assert_ne!(updated.to_bytes(), rebuilt.to_bytes(), "it was built rebuilt, which numbers terms otherwise");
    for words in ["wasm", "sql", "runs queries", removed.name.as_str()] {
        let of = |index: &Index| format!("{:?}", index.explain(&context(words)));
        assert_eq!(of(&updated), of(&rebuilt), "{words}");
    }
}

#[test]
fn a_persisted_index_of_other_content_is_rejected() {
    let (catalog, aliases) = (collection(), Aliases::default());
    let bytes = Index::build(&catalog, &aliases).to_bytes();
    assert!(Index::from_bytes(&bytes, &catalog, &aliases).is_some());
    let mut other: Vec<Arc<Definition>> = catalog.definitions().to_vec();
    other.pop();
    assert!(Index::from_bytes(&bytes, &Catalog::from_definitions(other), &aliases).is_none());
    // A manifest changes the keywords of its plugin's entries, whose own files stay the same.
    let mut other: Vec<Arc<Definition>> = catalog.definitions().to_vec();
    let keywords = vec!["wasm".to_owned()];
    other[0] = Arc::new(Definition { keywords, ..Definition::clone(&other[0]) });
    let other = Catalog::from_definitions(other);
    assert!(Index::from_bytes(&bytes, &other, &aliases).is_none());
    assert!(!Index::build(&other, &aliases).accepts(&LatentSpace::train(&catalog)));
    for cut in (0..bytes.len()).step_by(97) {
        assert!(Index::from_bytes(&bytes[..cut], &catalog, &aliases).is_none(), "cut at {cut}");
        let mut flipped = bytes.clone();
        flipped[cut] ^= 0x10;
        assert!(Index::from_bytes(&flipped, &catalog, &aliases).is_none(), "flipped at {cut}");
    }
}
