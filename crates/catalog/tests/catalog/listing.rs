//! The model of what Claude Code lists, against what it was seen to list (2.1.329), where the collections are there.

use std::path::Path;

use adjutant_catalog::{Kind, ScanOptions, scan};

/// Collection; characters of the agents' lines, of the common listing; how many skills are listed by name only.
const SEEN: [(&str, usize, usize, usize); 6] = [
    ("wshobson-agents", 70_763, 23_790, 149),
    ("claude-plugins-official", 15_269, 13_147, 0),
    ("orchestr8-v4.3.0", 20_657, 0, 0),
    ("everything-claude-code", 15_480, 23_750, 145),
    ("voltagent-subagents", 46_379, 0, 0),
    ("superpowers", 0, 2_390, 0),
];

/// How far the model may be from what was seen, in characters of 1,000.
const TOLERANCE: usize = 30;

#[test]
fn the_model_lists_what_the_client_was_seen_to_list() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let corpus = if corpus.is_dir() { corpus } else { Path::new("../../shared/corpus").to_owned() };
    for (collection, agents, common, name_only) in SEEN {
        let root = corpus.join(collection);
        if !root.is_dir() {
            eprintln!("{collection} is not there");
            continue;
        }
        let catalog = scan(&ScanOptions::new(root), None);
        let lines = catalog.client_listing(true);
        let chars = |is_agent: bool| -> usize {
            let of_kind = lines.iter().filter(|listed| (listed.definition.kind == Kind::Agent) == is_agent);
            of_kind.map(|listed| listed.line.chars().count()).sum()
        };
        let short = lines.iter().filter(|listed| listed.is_name_only).count();
        println!(
            "{collection}: agents {} (seen {agents}), common {} (seen {common}), {short} by name only (seen {name_only})",
            chars(true),
            chars(false)
        );
        for (modelled, seen) in [(chars(true), agents), (chars(false), common)] {
            assert!(
                modelled.abs_diff(seen) * 1000 <= seen * TOLERANCE,
                "{collection}: {modelled}, seen {seen}"
            );
        }
        assert!(short.abs_diff(name_only) <= 10, "{collection}: {short} by name only, seen {name_only}");
    }
}
