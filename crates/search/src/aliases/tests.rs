//! Alias files, matching, and merging.

use super::matching::AliasMatch;
use super::token::tokens;
use super::*;

/// The terms that `text` is expanded by, in order of the matches, with repetitions.
fn expansions(aliases: &Aliases, text: &str) -> Vec<String> {
    let words = tokens(text);
    let found = aliases.find(&words, &aliases.key_ids(&words));
    let terms = found.iter().flat_map(AliasMatch::expansions).flatten();
    terms.map(|&id| aliases.terms().get(id as usize).to_owned()).collect()
}

fn heads(table: &str, request: &str) -> Vec<String> {
    let (aliases, problems) = Aliases::parse(table);
    assert_eq!(problems, []);
    let words = tokens(request);
    aliases.find(&words, &aliases.key_ids(&words)).iter().map(|found| found.head.to_owned()).collect()
}

#[test]
fn heads_found_in_requests() {
    let table = "k8s: [kubernetes]\nci/cd: [pipeline]\nwhite screen: [rendering]\nscreen: [display]\n\
        out of memory: [memory leak]\nmemory: [ram]\nc++: [native code]\n\"2fa\": [authentication]\n";
    let cases: &[(&str, &[&str])] = &[
        ("k8s", &["k8s"]),
        ("deploy to K8S!", &["k8s"]),
        ("cicd", &["ci/cd"]),
        ("CI/CD setup", &["ci/cd"]),
        ("a white, blank screen", &["white screen"]),
        ("the screen goes white", &["white screen"]),
        ("white paper on why this product needs a bigger touch screen", &["screen"]),
        ("it runs out of memory", &["out of memory"]),
        ("memory profile", &["memory"]),
        ("C++ or CPP", &["c++"]),
        ("2FA", &["2fa"]),
        ("nothing of that", &[]),
    ];
    for (request, wanted) in cases {
        assert_eq!(heads(table, request), *wanted, "{request}");
    }
}

#[test]
fn a_bad_entry_costs_only_itself() {
    let cases: &[(&str, usize, &[usize])] = &[
        ("", 0, &[]),
        ("# nothing\n\n---\n", 0, &[]),
        ("a: [b]\nc: d\ne: [f]\n", 2, &[2]),
        ("a: [b\nc: [d]\n", 1, &[1]),
        ("a: [b]\na: [c]\n", 1, &[2]),
        ("a: [a, b]\n", 1, &[1]),
        ("a: [b]\nb: [a]\n", 2, &[]),
        ("a:\n  - b\n  - c d\ne:\n- f\n", 2, &[]),
        ("a: {b: [c]}\nd: [e]\n", 1, &[1]),
        ("a: [[[[[[[[[[b]]]]]]]]]]\n", 0, &[1]),
        ("a: &x [b]\nc: *x\n", 1, &[2]),
        ("\u{feff}a: [b]\n", 1, &[]),
        ("\"\": [b]\n", 0, &[1]),
    ];
    for (text, heads, lines) in cases {
        let (aliases, problems) = Aliases::parse(text);
        assert_eq!(aliases.len(), *heads, "{text}");
        assert_eq!(
            problems.iter().map(|problem| problem.line).collect::<Vec<_>>(),
            *lines,
            "{text}: {problems:?}"
        );
    }
}

#[test]
fn a_users_table_lies_over_the_built_in_one() {
    let (ours, _) = Aliases::parse("a: [apple]\nb: [banana split]\nc/d: [cherry]\n");
    let (theirs, _) = Aliases::parse("b: [berry]\na: []\nz: [zucchini]\n");
    let merged = ours.merged(&theirs);
    assert_eq!(expansions(&merged, "a b c/d zz z"), ["cherri", "berri", "zucchini"]);
    assert_eq!(expansions(&ours, "b"), ["banana", "split"]);
}

#[test]
fn the_built_in_table_is_sound() {
    let aliases = Aliases::built_in();
    assert!(aliases.len() > 1000);
    assert!(expansions(aliases, "k8s").contains(&"kubernet".to_owned()));
}
