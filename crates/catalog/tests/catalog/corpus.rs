//! The catalog against public plugin collections and the ids that Claude Code itself listed for them.
//!
//! The collections are not part of this repository: the tests look for them in the folder that `ADJUTANT_SHARED`
//! names, else in `shared` beside the checkout, and say so and pass when there is none.

#![expect(clippy::print_stdout, reason = "a test that is skipped has to say so")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use adjutant_catalog::{Catalog, Kind, ScanOptions, scan};

/// `{collection: {plugin: {agents, skills, commands: [ids]}}}`
type Truth = BTreeMap<String, BTreeMap<String, BTreeMap<String, Vec<String>>>>;

/// The folder with `corpus/` and `eval/`.
fn shared() -> Option<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let named = option_env!("ADJUTANT_SHARED").map(PathBuf::from);
    let found = named
        .into_iter()
        .chain([here.join("../../../shared"), here.join("../../../../shared")])
        .find(|folder| folder.join("corpus").is_dir());
    if found.is_none() {
        println!("skipped: no plugin collections beside this checkout (set ADJUTANT_SHARED at build time)");
    }
    found
}

fn read(collection: &str) -> Option<Catalog> {
    Some(scan(&ScanOptions::new(shared()?.join("corpus").join(collection)), None))
}

fn ids(catalog: &Catalog, kind: Kind) -> BTreeSet<&str> {
    catalog.definitions().iter().filter(|entry| entry.kind == kind).map(|entry| entry.id.as_str()).collect()
}

#[test]
fn holds_every_id_that_claude_code_lists() {
    let Some(shared) = shared() else { return };
    let truth = std::fs::read_to_string(shared.join("eval/claude-code-ids.json")).unwrap();
    let truth: Truth = serde_json::from_str(&truth).unwrap();
    let kinds = [("agents", Kind::Agent), ("skills", Kind::Skill), ("commands", Kind::Workflow)];
    let mut missing = Vec::new();
    for (collection, plugins) in &truth {
        let catalog = read(collection).unwrap();
        println!("{collection}: {:?}, {} problems", catalog.counts(), catalog.problems().len());
        let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
        for problem in catalog.problems() {
            *codes.entry(problem.code).or_default() += 1;
        }
        println!("  {codes:?}");
        for (name, kind) in kinds {
            let listed: BTreeSet<&str> = plugins
                .values()
                .filter_map(|plugin| plugin.get(name))
                .flatten()
                .map(String::as_str)
                .collect();
            let held = ids(&catalog, kind);
            missing.extend(listed.difference(&held).map(|id| format!("{collection} {name} {id}")));
            println!("  {name}: beyond the client: {:?}", held.difference(&listed).collect::<Vec<_>>());
        }
        let known: BTreeSet<&str> = catalog.plugins().iter().map(|plugin| plugin.name.as_str()).collect();
        for plugin in plugins.keys().filter(|plugin| !known.contains(plugin.as_str())) {
            println!("  plugin not found: {plugin}");
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn counts_of_the_best_known_collection() {
    let Some(catalog) = read("wshobson-agents") else { return };
    assert_eq!(catalog.counts().enumerated(" and "), "202 agents, 181 skills and 105 workflows");
}

/// Run with `--release --ignored --nocapture`: how long a full and an unchanged scan take.
#[test]
#[ignore = "a measurement, not a check"]
fn times_of_a_scan() {
    let Some(shared) = shared() else { return };
    for collection in ["wshobson-agents", "everything-claude-code"] {
        let options = ScanOptions::new(shared.join("corpus").join(collection));
        let first = scan(&options, None);
        let fastest_and_median = |previous: Option<&Catalog>| {
            let mut times: Vec<_> = (0..31)
                .map(|_| {
                    let start = std::time::Instant::now();
                    let catalog = scan(&options, previous);
                    assert_eq!(catalog.counts(), first.counts());
                    start.elapsed()
                })
                .collect();
            times.sort();
            (times[0], times[15])
        };
        println!(
            "{collection}: full {:?}, unchanged {:?}",
            fastest_and_median(None),
            fastest_and_median(Some(&first))
        );
    }
}

#[test]
fn an_unchanged_collection_is_not_read_again() {
    let Some(shared) = shared() else { return };
    let options = ScanOptions::new(shared.join("corpus/orchestr8-v4.3.0"));
    let first = scan(&options, None);
    let second = scan(&options, Some(&first));
    assert_eq!((second.report().files_read, second.report().manifests_read), (0, 0));
    assert_eq!(second.report().files_reused, first.report().files_read);
    assert!(second.changes_since(&first).is_empty());
    assert_eq!(second.problems(), first.problems());
}
