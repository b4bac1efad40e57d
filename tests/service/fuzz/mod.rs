//! The fuzz targets over a bounded number of inputs, and over everything that a long run ever found.
//!
//! `scripts/fuzz TARGET SECONDS` runs one of them for longer.

mod targets;

use proptest::prelude::*;
use proptest::sample::select;
use targets::{TARGETS, Target};

/// Inputs that once broke a promise, by target: added by hand from what a run reports, never removed.
const FOUND: &[(&str, &[u8])] = &[];

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target {name}"))
}

#[test]
fn what_was_found_stays_mended() {
    for (name, bytes) in FOUND {
        (target(name).run)(bytes);
    }
}

#[test]
fn seeds_differ_in_what_they_come_to() {
    for target in TARGETS {
        let outcomes: std::collections::BTreeSet<u64> =
            target.seeds.iter().map(|seed| (target.run)(seed.as_bytes())).collect();
        assert_eq!(outcomes.len(), target.seeds.len(), "two seeds of {} are of no use", target.name);
    }
}

/// Texts made of a target's own pieces, which get further than random bytes do.
fn pieces(target: &'static Target) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(target.words).prop_map(str::to_owned),
        1 => select(target.seeds).prop_map(str::to_owned),
        2 => "\\PC{0,8}",
        1 => Just("\n".to_owned()),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat().into_bytes())
}

fn check(name: &str) {
    let target = target(name);
    let any = prop_oneof![3 => pieces(target), 1 => prop::collection::vec(any::<u8>(), 0..200)];
    proptest!(ProptestConfig::with_cases(400), |(bytes in any)| {
        (target.run)(&bytes);
    });
}

#[test]
fn any_frontmatter_is_read() {
    check("frontmatter");
}

#[test]
fn any_manifest_is_read() {
    check("manifest");
}

#[test]
fn any_envelope_is_read() {
    check("envelope");
}

#[test]
fn any_text_has_terms() {
    check("tokenizer");
}

#[test]
fn any_alias_file_is_read() {
    check("aliases");
}

#[test]
fn any_plan_is_checked() {
    check("plan");
}
