//! Every entry of a catalog is found by the id it bears, and what Claude Code does not load takes nothing from what it loads.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use adjutant_catalog::{Catalog, Kind, Lookup, ScanOptions, scan};

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A scan of a project with these files, after a check that every id means its own entry.
#[track_caller]
fn project(files: &[(&str, &str)]) -> Catalog {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(dir.path(), path, text);
    }
    let catalog = scan(&ScanOptions::new(dir.path()), None);
    assert_every_id_means_its_entry(&catalog);
    catalog
}

#[track_caller]
fn assert_every_id_means_its_entry(catalog: &Catalog) {
    for definition in catalog.definitions() {
        let found = catalog.find(definition.kind, &definition.id).one();
        assert!(found.is_some_and(|found| Arc::ptr_eq(found, definition)), "{}", definition.id);
        for name in definition.aliases.iter().chain([&definition.name]) {
            if let Lookup::Ambiguous(several) = catalog.find(definition.kind, name) {
                let mut ids: Vec<&str> = several.iter().map(|one| one.id.as_str()).collect();
                let all = ids.len();
                ids.dedup();
                assert_eq!(ids.len(), all, "{name} is said to be one id twice: {ids:?}");
            }
        }
    }
}

/// The body of what `name` means.
fn body<'a>(catalog: &'a Catalog, kind: Kind, name: &str) -> Option<&'a str> {
    catalog.find(kind, name).one().map(|found| found.body.as_str())
}

/// Code and path of each problem.
fn problems(catalog: &Catalog) -> Vec<(&str, &str)> {
    catalog.problems().iter().map(|problem| (problem.code, problem.path.to_str().unwrap())).collect()
}

fn entry(name: &str, body: &str) -> String {
    format!("---\nname: {name}\ndescription: Plans sprints\n---\n\n{body}")
}

const KIT: &str = r#"{"name": "kit"}"#;

#[test]
fn of_several_files_with_one_id_one_has_it_and_the_others_can_be_asked_for() {
    let catalog = project(&[
        ("plugins/a/.claude-plugin/plugin.json", KIT),
        ("plugins/a/agents/x.md", &entry("x", "A")),
        ("plugins/b/.claude-plugin/plugin.json", KIT),
        ("plugins/b/agents/x.md", &entry("x", "B")),
        ("plugins/b/agents/y.md", &entry("x", "C")),
        ("plugins/b/agents/z.md", &entry("x", "B")),
    ]);
    assert_eq!(body(&catalog, Kind::Agent, "kit:x"), Some("B"));
    assert_eq!(body(&catalog, Kind::Agent, "x"), Some("B"), "a bare name means what the client keeps");
    assert_eq!(body(&catalog, Kind::Agent, "kit:x@plugins/a/agents/x.md"), Some("A"));
    assert_eq!(body(&catalog, Kind::Agent, "kit:x@plugins/b/agents/y.md"), Some("C"));
    assert_eq!(
        problems(&catalog),
        [
            ("duplicate_id", "plugins/a/agents/x.md"),
            ("identical_copy", "plugins/b/agents/x.md"),
            ("duplicate_id", "plugins/b/agents/y.md"),
        ]
    );
    let message = &catalog.problems()[0].message;
    assert!(message.contains("plugins/b/agents/z.md") && message.contains("kit:x@plugins/a"), "{message}");
    assert_eq!(catalog.client_listing(false).len(), 1, "the client keeps one");
    let versions = project(&[
        ("plugins/kit/2.9.1/.claude-plugin/plugin.json", KIT),
        ("plugins/kit/2.9.1/skills/s/SKILL.md", &entry("s", "old")),
        ("plugins/kit/2.10.0/.claude-plugin/plugin.json", KIT),
        ("plugins/kit/2.10.0/skills/s/SKILL.md", &entry("s", "new")),
    ]);
    assert_eq!(body(&versions, Kind::Skill, "kit:s"), Some("new"));
}

#[test]
fn ids_that_differ_only_in_what_the_client_replaces_are_one() {
    let catalog = project(&[
        ("plugins/p/skills/a b/SKILL.md", &entry("one", "1")),
        ("plugins/p/skills/a-b/SKILL.md", &entry("two", "2")),
        ("plugins/p/commands/x.md", &entry("x", "3")),
        (
            "plugins/p/.claude-plugin/plugin.json",
            r#"{"name": "p", "commands": ["./commands", "./more/x.md"]}"#,
        ),
        ("plugins/p/more/x.md", &entry("x", "4")),
    ]);
    assert_eq!(catalog.counts().enumerated(" and "), "0 agents, 2 skills and 2 workflows");
    assert_eq!(body(&catalog, Kind::Skill, "p:a-b"), Some("2"));
    assert_eq!(body(&catalog, Kind::Skill, "one"), Some("1"));
}

#[test]
fn files_at_one_path_of_several_roots_have_ids_of_their_own() {
    let dirs = [0, 1, 2, 3].map(|_| tempfile::tempdir().unwrap());
    for (dir, text) in dirs.iter().zip(["A", "B", "C", "D"]) {
        write(dir.path(), "plugins/p/agents/x.md", &entry("x", text));
    }
    let extra_plugin_dirs = dirs[1..].iter().map(|dir| dir.path().to_owned()).collect();
    let catalog = scan(&ScanOptions { extra_plugin_dirs, ..ScanOptions::new(dirs[0].path()) }, None);
    assert_eq!(catalog.counts()[Kind::Agent], 4);
    assert_every_id_means_its_entry(&catalog);
}

#[test]
fn a_long_path_makes_no_id_that_is_too_long_to_ask_for() {
    let folder = format!("plugins/p/agents/{}", "long-folder/".repeat(20));
    let manifest = format!(r#"{{"name": "p", "agents": ["./agents/x.md", "./{}x.md"]}}"#, &folder[10..]);
    let catalog = project(&[
        ("plugins/p/.claude-plugin/plugin.json", &manifest),
        ("plugins/p/agents/x.md", &entry("x", "near")),
        (&format!("{folder}x.md"), &entry("x", "far")),
    ]);
    assert_eq!(body(&catalog, Kind::Agent, "p:x"), Some("near"));
    let far = catalog.definitions().iter().find(|one| one.body == "far").unwrap();
    assert!(far.id.starts_with("p:x@") && far.id.len() <= 300, "{}", far.id);
}

#[test]
fn what_the_client_does_not_load_takes_no_id_and_no_name() {
    for (path, lost) in [
        ("skills/archive/tdd/SKILL.md", "p:tdd@plugins/p/skills/archive/tdd/SKILL.md"),
        ("skills/a/b/c/tdd/SKILL.md", "p:tdd@plugins/p/skills/a/b/c/tdd/SKILL.md"),
        ("skills/_old/tdd/Skill.md", "p:tdd@plugins/p/skills/_old/tdd/Skill.md"),
        ("skills/tdd.md", "p:tdd@plugins/p/skills/tdd.md"),
    ] {
        let path = format!("plugins/p/{path}");
        let catalog = project(&[
            ("plugins/p/skills/tdd/SKILL.md", &entry("tdd", "NEW")),
            (&path, &entry("tdd", "OLD")),
        ]);
        for name in ["p:tdd", "tdd", "p/tdd"] {
            assert_eq!(body(&catalog, Kind::Skill, name), Some("NEW"), "{name} beside {path}");
        }
        assert_eq!(body(&catalog, Kind::Skill, lost), Some("OLD"));
        assert_eq!(problems(&catalog), [("not_loaded_by_client", &*path)]);
        let listed = catalog.client_listing(false);
        assert_eq!(
            listed.iter().map(|one| one.line.as_str()).collect::<Vec<_>>(),
            ["- p:tdd: Plans sprints\n"]
        );
    }
    // Alone, it has the id that it would have.
    let alone = project(&[("plugins/p/skills/archive/tdd/SKILL.md", &entry("tdd", "OLD"))]);
    assert_eq!(body(&alone, Kind::Skill, "p:tdd"), Some("OLD"));
}

#[test]
fn a_plugin_that_is_not_loaded_leaves_its_ids_to_one_that_is() {
    for manifest in [r#"{"name": "kit", "version": 1}"#, r#"{"name": "kit", "defaultEnabled": false}"#] {
        let catalog = project(&[
            ("plugins/a/.claude-plugin/plugin.json", KIT),
            ("plugins/a/agents/x.md", &entry("x", "LOADED")),
            ("plugins/z/.claude-plugin/plugin.json", manifest),
            ("plugins/z/agents/x.md", &entry("x", "NOT")),
        ]);
        assert_eq!(body(&catalog, Kind::Agent, "kit:x"), Some("LOADED"), "{manifest}");
        assert_eq!(body(&catalog, Kind::Agent, "kit:x@plugins/z/agents/x.md"), Some("NOT"));
        assert_eq!(catalog.problems().len(), 1, "{:?}", catalog.problems());
        assert_eq!(catalog.client_listing(false).len(), 1);
    }
}

#[test]
fn a_skill_file_in_any_other_case_is_kept_and_said() {
    let catalog = project(&[
        ("plugins/p/skills/a/skill.md", &entry("a", "a")),
        ("plugins/p/skills/b/Skill.md", &entry("b", "b")),
        ("plugins/p/skills/c/SKILL.MD", &entry("c", "c")),
        ("plugins/p/skills/d/SKILL.md", &entry("d", "d")),
        ("plugins/p/skills/d/skill.md", &entry("d", "part of d")),
        ("plugins/p/skills/more/e/sKiLl.Md", &entry("e", "e")),
        ("plugins/r/Skill.md", &entry("root", "r")),
    ]);
    for (id, text) in [("p:a", "a"), ("p:b", "b"), ("p:c", "c"), ("p:d", "d"), ("p:e", "e"), ("r:root", "r")]
    {
        assert_eq!(body(&catalog, Kind::Skill, id), Some(text), "{id}");
    }
    assert_eq!(catalog.counts()[Kind::Skill], 6);
    assert_eq!(catalog.problems().len(), 5, "{:?}", catalog.problems());
    assert!(catalog.problems().iter().all(|problem| problem.code == "not_loaded_by_client"));
}

#[test]
fn agents_outside_of_plugins_have_bare_ids_wherever_they_lie() {
    let catalog = project(&[
        (".claude/agents/top.md", &entry("top", "1")),
        (".claude/agents/review/security.md", &entry("security", "2")),
        (".claude/agents/a/b/deep.md", &entry("given", "3")),
        (".claude/commands/review/all.md", &entry("all", "4")),
        ("plugins/p/agents/review/taint.md", &entry("taint", "5")),
    ]);
    let ids: Vec<&str> = catalog.definitions().iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["given", "p:review:taint", "security", "top", "review:all"]);
    let twice = project(&[
        (".claude/agents/x.md", &entry("x", "top")),
        (".claude/agents/qa/x.md", &entry("x", "qa")),
        (".claude/agents/ops/x.md", &entry("x", "ops")),
    ]);
    assert_eq!(body(&twice, Kind::Agent, "x"), Some("top"));
    assert_eq!(body(&twice, Kind::Agent, "x@.claude/agents/qa/x.md"), Some("qa"));
}

#[test]
fn an_agent_outside_of_plugins_needs_a_name_and_a_description() {
    let catalog = project(&[
        (".claude/agents/none.md", "Just text"),
        (".claude/agents/nameless.md", "---\ndescription: d\n---\nx"),
        (".claude/agents/silent.md", "---\nname: silent\n---\nx"),
        (".claude/agents/lost.md", "---\r\nname: lost\r\ndescription: a: b\r\n---\r\nx"),
        (".claude/agents/good.md", &entry("good", "x")),
        ("plugins/p/agents/nameless.md", "---\ndescription: d\n---\nx"),
    ]);
    let not_loaded: Vec<&str> =
        catalog.definitions().iter().filter(|one| one.not_loaded).map(|one| &*one.id).collect();
    assert_eq!(not_loaded, ["lost", "nameless", "none", "silent"]);
    let said = problems(&catalog).iter().filter(|(code, _)| *code == "not_loaded_by_client").count();
    assert_eq!(said, 4);
    assert_eq!(catalog.client_listing(false).len(), 2);
}
