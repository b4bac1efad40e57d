//! What the framing and the three readings make of real and of hostile blocks.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{FrontMatter, read};

fn codes(matter: &FrontMatter<'_>) -> Vec<&'static str> {
    matter.findings.iter().map(|finding| finding.code).collect()
}

#[track_caller]
fn check(text: &str, name: Option<&str>, client_name: Option<&str>, body: &str) {
    let matter = read(text, false);
    assert_eq!(matter.fields.text("name").as_deref(), name, "name of {text:?}");
    assert_eq!(matter.client_name.as_deref(), client_name, "the client's name of {text:?}");
    assert_eq!(matter.body, body, "body of {text:?}");
}

#[test]
fn frames() {
    check("---\nname: a\n---\nbody\n---\nrest", Some("a"), Some("a"), "body\n---\nrest");
    check("--- \nname: a\n--- \nbody", Some("a"), Some("a"), "body");
    check("---\nname: a\n---", Some("a"), Some("a"), "");
    check("---\n---\nbody", None, None, "body");
    check("----\nname: a\n---\nbody", None, None, "----\nname: a\n---\nbody");
    check("---yaml\nname: a\n---\nbody", None, None, "---yaml\nname: a\n---\nbody");
    check("---\nname: a\n...\nbody", Some("a"), None, "...\nbody");
    check("---\nname: a\n\nbody", Some("a"), None, "\nbody");
    check("---\n# Just a rule before a heading", None, None, "---\n# Just a rule before a heading");
    check("\n---\nname: a\n---\nbody", Some("a"), None, "body");
    check("no front matter", None, None, "no front matter");
    check("", None, None, "");
}

#[test]
fn names_are_what_the_client_makes_of_them() {
    for (written, expected) in [
        ("123", "123"),
        ("0", "0"),
        ("true", "true"),
        ("0x10", "16"),
        ("1.0", "1"),
        ("[x, y]", "x,y"),
        ("{a: b}", "[object Object]"),
        ("!tag tagged", "tagged"),
        ("a b", "a b"),
        ("\"a:b\"", "a:b"),
        ("a\nname: b", "b"),
    ] {
        let text = format!("---\nname: {written}\n---\n");
        assert_eq!(read(&text, false).client_name.as_deref(), Some(expected), "{written}");
    }
    for written in ["", "null", "~", "\"\""] {
        assert_eq!(read(&format!("---\nname: {written}\n---\n"), false).client_name, None, "{written}");
    }
    assert_eq!(read("---\nName: a\n---\n", false).client_name, None, "keys are case-sensitive");
}

#[test]
fn the_line_of_an_error_is_counted_in_the_file() {
    let matter = read("---\nname: a\ndescription: b: c\n---\n", false);
    assert_eq!(codes(&matter), ["frontmatter_repaired"]);
    assert_eq!(matter.findings[0].line, Some(3));
    let tabs = read("---\nname: a\n\tdescription: b\n---\n", false);
    assert_eq!(codes(&tabs), ["frontmatter_salvaged"]);
    assert_eq!(tabs.client_name, None);
}

#[test]
fn carriage_returns_defeat_the_clients_repair_but_not_ours() {
    let text = "---\nname: a\ndescription: b: c\n---\n";
    assert!(read(text, false).client_reads_it);
    let matter = read(text, true);
    assert!(!matter.client_reads_it && matter.client_name.is_none());
    assert_eq!(matter.fields.text("description").as_deref(), Some("b: c"));
}

/// Blocks that cost a YAML engine seconds, gigabytes or the process.
#[test]
fn hostile_blocks_cost_nothing() {
    let lines = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<Vec<_>>().join("\n");
    let bomb = lines(30, |level| {
        let uses = vec![format!("*a{}", level.saturating_sub(1)); 9].join(", ");
        if level == 0 { "a0: &a0 [x, x]".to_owned() } else { format!("a{level}: &a{level} [{uses}]") }
    });
    let near_limit = "[".repeat(63) + &"[],".repeat(5_000) + &"]".repeat(63);
    let hostile = [
        ("alias bomb", bomb),
        ("deep flow", "x: ".to_owned() + &"[".repeat(20_000)),
        ("flow of the largest size", "[".repeat(16 * 1024)),
        ("flow up to the depth limit", format!("x: {near_limit}")),
        ("braces", "{".repeat(16_000)),
        ("compact lists", "- ".repeat(8_000)),
        ("deep indentation", (0..180).map(|depth| " ".repeat(depth) + "a:\n").collect()),
        ("question marks", "? ".repeat(8_000)),
        ("one long key", "k".repeat(16_000) + ": v"),
        ("many keys", lines(2_000, |key| format!("k{key}: v"))),
        ("quotes", "x: \"".to_owned() + &"\\\"".repeat(8_000)),
        ("anchors", lines(1_500, |key| format!("k{key}: &a{key} v"))),
    ];
    for (what, block) in hostile {
        let start = Instant::now();
        let text = format!("---\nname: kept\n{block}\n---\n\nbody\n");
        let matter = read(&text, false);
        // An unoptimised build on a busy machine; optimised, each takes less than 10 ms.
        assert!(start.elapsed() < Duration::from_secs(1), "{what} took {:?}", start.elapsed());
        assert_eq!(matter.fields.text("name").as_deref(), Some("kept"), "{what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,400}", carriage_returns: bool) {
        let matter = read(&text, carriage_returns);
        prop_assert!(text.ends_with(matter.body));
    }

    #[test]
    fn any_block_is_read_without_panic(
        lines in prop::collection::vec(
            prop::sample::select(vec![
                "---", "name: a", "name: [b", "description: c: d", "  indented", "\ttab", "- item", "&a *a",
                "tools: *", "# Heading", "", "...", "key with blank: x", "description: |", "name:", "}", "<<: *a",
                "description: \"open", "? x", "日本: 語", "a\\nb", "description: x --- y",
            ]),
            0..14,
        ),
        carriage_returns: bool,
    ) {
        let text = format!("---\n{}", lines.join("\n"));
        let matter = read(&text, carriage_returns);
        prop_assert!(text.ends_with(matter.body));
        // What the client reads, this reads too.
        if matter.client_name.is_some() {
            prop_assert!(matter.fields.text("name").is_some());
        }
    }

    #[test]
    fn a_name_and_a_description_survive_anything_around_them(
        noise in prop::collection::vec("[A-Za-z <>:\"'\\[\\]{}&*#|%@`-]{0,30}", 0..5),
    ) {
        let noise: Vec<String> = noise
            .into_iter()
            .filter(|line| !line.contains("---") && !line.starts_with("name") && !line.starts_with("description"))
            .map(|line| format!("noise {line}"))
            .collect();
        let text = format!("---\nname: kept\nmodel: opus\n{}\ndescription: Says what it is for\n---\nbody", noise.join("\n"));
        let matter = read(&text, false);
        prop_assert_eq!(matter.fields.text("name"), Some("kept".to_owned()));
        let description = matter.fields.text("description").unwrap_or_default();
        prop_assert!(description.contains("Says what it is for"), "{:?}", description);
    }
}
