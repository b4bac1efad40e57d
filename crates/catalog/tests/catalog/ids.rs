//! Ids exactly as Claude Code writes them: one small plugin for each rule.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fs;

use adjutant_catalog::{Catalog, Kind, ScanOptions, scan};

/// A scan of one plugin folder `plugins/<folder>` with these files.
fn plugin(folder: &str, files: &[(&str, &str)]) -> Catalog {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join("plugins").join(folder).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    scan(&ScanOptions::new(dir.path()), None)
}

#[track_caller]
fn check(folder: &str, files: &[(&str, &str)], expected: &[&str]) {
    let catalog = plugin(folder, files);
    let found: BTreeSet<&str> =
        catalog.definitions().iter().map(|definition| definition.id.as_str()).collect();
    assert_eq!(found, expected.iter().copied().collect(), "{files:?}");
}

const NAMED: &str = "---\nname: given\ndescription: d\n---\n";

#[test]
fn agents() {
    check("pa", &[("agents/a.md", NAMED)], &["pa:given"]);
    check("pa", &[("agents/a.md", "text")], &["pa:a"]);
    check("pa", &[("agents/sub/deep/a04.md", NAMED)], &["pa:sub:deep:given"]);
    check("pa", &[("agents/skl/SKILL.md", NAMED)], &["pa:skl:given"]);
    check("pa", &[("agents/README.md", NAMED)], &["pa:given"]);
    check("pa", &[("agents/.hid/a.md", "")], &["pa:.hid:a"]);
    check(
        "pa",
        &[("agents/x.agent.md", ""), ("agents/y.MD", ""), ("agents/z.markdown", "")],
        &["pa:x.agent", "pa:y"],
    );
    check("pa", &[("agents/a.md", "---\nname: a05:colon\ndescription: d\n---\n")], &["pa:a05:colon"]);
    check("pa", &[("agents/a.md", "---\nname: -lead/with 日本\n---\n")], &["pa:-lead/with 日本"]);
}

#[test]
fn the_projects_own_entries() {
    // Folders are part of the ids of commands, and of agents only in plugins.
    check(
        "../.claude",
        &[
            ("agents/top.md", "text"),
            ("agents/review/security.md", "text"),
            ("agents/review/deep/odd.md", NAMED),
            ("commands/review/diff.md", "text"),
            ("skills/one/SKILL.md", NAMED),
        ],
        &["top", "security", "given", "review:diff", "one"],
    );
}

#[test]
fn manifests() {
    let manifest = ".claude-plugin/plugin.json";
    check("dir", &[(manifest, r#"{"name": "p"}"#), ("agents/a.md", "")], &["p:a"]);
    check("dir", &[("plugin.json", r#"{"name": "p"}"#), ("agents/a.md", "")], &["dir:a"]);
    let listed = r#"{"name": "m2", "agents": ["./xa/sub/two.md"]}"#;
    check("dir", &[(manifest, listed), ("xa/sub/two.md", ""), ("agents/a.md", "")], &["m2:two"]);
    check("dir", &[(manifest, r#"{"name": "p", "agents": []}"#), ("agents/a.md", "")], &[]);
    let commands = r#"{"name": "p", "commands": ["./cmd", "./one/file.md"]}"#;
    let files = [(manifest, commands), ("cmd/sub/c.md", ""), ("one/file.md", ""), ("commands/no.md", "")];
    check("dir", &files, &["p:sub:c", "p:file"]);
    let mapped = r#"{"name": "p", "commands": {"mapped": {"source": "./x.md"}, "text": {"content": "t"}}}"#;
    check("dir", &[(manifest, mapped), ("x.md", "")], &["p:mapped", "p:text"]);
    let skills = r#"{"name": "m2", "skills": ["./xs/one", "./more/"]}"#;
    let files = [
        (manifest, skills),
        ("xs/one/SKILL.md", NAMED),
        ("more/k/SKILL.md", NAMED),
        ("skills/default/SKILL.md", NAMED),
    ];
    check("dir", &files, &["m2:given", "m2:k", "m2:default"]);
    let disabled =
        plugin("dir", &[(manifest, r#"{"name": "p", "defaultEnabled": false}"#), ("agents/a.md", "")]);
    assert_eq!((disabled.counts()[Kind::Agent], disabled.plugins()[0].loaded), (1, false));
}

#[test]
fn commands() {
    check("pc", &[("commands/c03.md", NAMED)], &["pc:c03"]);
    check("pc", &[("commands/sub/c.md", NAMED)], &["pc:sub:c"]);
    check("pc", &[("commands/c11 space.md", ""), ("commands/c08.MD", "")], &["pc:c11 space", "pc:c08.MD"]);
    check("pc", &[("commands/c09/SKILL.md", NAMED), ("commands/c09/other.md", "")], &["pc:c09"]);
}

#[test]
fn skills() {
    check("ps", &[("skills/s15 space/SKILL.md", NAMED)], &["ps:s15-space"]);
    check(
        "ps",
        &[("skills/.s17/SKILL.md", NAMED), ("skills/ee.v2/SKILL.md", NAMED)],
        &["ps:-s17", "ps:ee-v2"],
    );
    check("math", &[("skills/SKILL.md", "---\nname: math tools\n---\n")], &["math:math-tools"]);
    check(
        "pr",
        &[("SKILL.md", "---\nname: pr-rootskill\n---\n"), ("agents/a.md", "")],
        &["pr:pr-rootskill", "pr:a"],
    );
    check("pr", &[("SKILL.md", NAMED), ("skills/s/SKILL.md", NAMED)], &["pr:s"]);
    let both = plugin("p", &[("skills/s/SKILL.md", NAMED), ("commands/s.md", NAMED)]);
    assert_eq!(
        (both.counts()[Kind::Skill], both.counts()[Kind::Workflow]),
        (1, 1),
        "one slash id, two entries"
    );
}

#[test]
fn a_marketplace_may_select_from_a_shared_folder() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        ".claude-plugin/marketplace.json",
        r#"{"plugins": [
            {"name": "papers", "source": "./", "strict": false, "skills": ["./skills/pdf"], "category": "Office"},
            {"name": "games", "source": "./", "strict": false, "skills": ["./skills/chess"]},
            {"name": "away", "source": "../elsewhere"}]}"#,
    );
    write("skills/pdf/SKILL.md", "---\nname: pdf\ndescription: d\n---\n");
    write("skills/chess/SKILL.md", "---\nname: chess\ndescription: d\n---\n");
    let catalog = scan(&ScanOptions::new(dir.path()), None);
    let ids: Vec<&str> = catalog.definitions().iter().map(|definition| definition.id.as_str()).collect();
    assert_eq!(ids, ["games:chess", "papers:pdf"]);
    assert_eq!(catalog.definitions()[1].category, "office");
    assert_eq!(
        catalog.problems().iter().map(|problem| problem.code).collect::<Vec<_>>(),
        ["component_refused"]
    );
}
