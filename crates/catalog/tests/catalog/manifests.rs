//! Whatever shape a manifest or a marketplace has, each part of a plugin is indexed or said to be missing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;

use adjutant_catalog::{Catalog, Kind, ScanOptions, scan};

const MARKETPLACE: &str = ".claude-plugin/marketplace.json";
const MANIFEST: &str = "plugins/p/.claude-plugin/plugin.json";

/// A scan of a project with these files; those without text are an entry called like its file or folder.
fn project(files: &[(&str, &str)]) -> Catalog {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = if text.is_empty() { "---\ndescription: Says what it is for\n---\n" } else { text };
        fs::write(path, text).unwrap();
    }
    scan(&ScanOptions::new(dir.path()), None)
}

/// The ids of all entries, and code and path of each problem.
#[track_caller]
fn check(files: &[(&str, &str)], ids: &[&str], problems: &[(&str, &str)]) {
    let catalog = project(files);
    let mut found: Vec<&str> = catalog.definitions().iter().map(|one| one.id.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ids, "{files:?}");
    let left_out = ["name_missing"];
    let said: Vec<(&str, &str)> = (catalog.problems().iter())
        .map(|problem| (problem.code, problem.path.to_str().unwrap()))
        .filter(|(code, _)| !left_out.contains(code))
        .collect();
    assert_eq!(said, problems, "{:?}", catalog.problems());
}

fn marketplace(entries: &str) -> String {
    format!(r#"{{"name": "m", "owner": {{"name": "o"}}, "plugins": [{entries}]}}"#)
}

const NAMED: &str = "---\nname: given\ndescription: Says what it is for\n---\n";

#[test]
fn a_skills_path_that_names_a_file_is_refused_and_the_skill_kept() {
    check(
        &[
            (
                MANIFEST,
                r#"{"name": "p", "skills": ["./extra/pay/SKILL.md", "./skills/plan/SKILL.md", "./flat.md"]}"#,
            ),
            ("plugins/p/extra/pay/SKILL.md", NAMED),
            ("plugins/p/skills/plan/SKILL.md", NAMED),
            ("plugins/p/flat.md", ""),
        ],
        &["p:flat", "p:given", "p:plan"],
        &[
            ("component_refused", MANIFEST),
            ("component_refused", MANIFEST),
            ("component_refused", MANIFEST),
            ("not_loaded_by_client", "plugins/p/extra/pay/SKILL.md"),
            ("not_loaded_by_client", "plugins/p/flat.md"),
        ],
    );
    check(
        &[
            (
                MARKETPLACE,
                &marketplace(r#"{"name": "a", "source": "./plugins/a", "skills": ["./x/SKILL.md"]}"#),
            ),
            ("plugins/a/x/SKILL.md", NAMED),
        ],
        &["a:given"],
        &[("component_refused", MARKETPLACE), ("not_loaded_by_client", "plugins/a/x/SKILL.md")],
    );
}

#[test]
fn a_skills_path_without_a_skill_is_said() {
    check(
        &[
            (MANIFEST, r#"{"name": "p", "skills": ["./notes", "./gone", "./deep", "./lower"]}"#),
            ("plugins/p/notes/a.txt", "x"),
            ("plugins/p/deep/a/b/SKILL.md", NAMED),
            ("plugins/p/lower/skill.md", NAMED),
        ],
        &["p:b", "p:given"],
        &[
            ("component_missing", MANIFEST),
            ("component_refused", MANIFEST),
            ("not_loaded_by_client", "plugins/p/deep/a/b/SKILL.md"),
            ("not_loaded_by_client", "plugins/p/lower/skill.md"),
        ],
    );
}

#[test]
fn a_listed_skill_is_loaded_wherever_it_lies() {
    check(
        &[
            (MANIFEST, r#"{"name": "p", "skills": ["./skills/eng/tdd", "./skills/near"]}"#),
            ("plugins/p/skills/eng/tdd/SKILL.md", NAMED),
            ("plugins/p/skills/eng/old/SKILL.md", NAMED),
            ("plugins/p/skills/near/SKILL.md", NAMED),
        ],
        &["p:given", "p:near", "p:old"],
        &[("not_loaded_by_client", "plugins/p/skills/eng/old/SKILL.md")],
    );
    // A listed folder of skills likewise, and what lies in a skill's own folder.
    check(
        &[
            (MANIFEST, r#"{"name": "p", "skills": ["./skills/eng"]}"#),
            ("plugins/p/skills/eng/tdd/SKILL.md", NAMED),
            ("plugins/p/skills/ops/old/SKILL.md", NAMED),
        ],
        &["p:old", "p:tdd"],
        &[("not_loaded_by_client", "plugins/p/skills/ops/old/SKILL.md")],
    );
}

#[test]
fn a_marketplace_adds_to_a_plugin_and_hides_nothing() {
    let parts = [
        ("plugins/p/skills/b/SKILL.md", ""),
        ("plugins/p/extra/a/SKILL.md", ""),
        ("plugins/p/agents/ag.md", ""),
        ("plugins/p/more/two.md", ""),
        ("plugins/p/commands/c.md", ""),
        ("plugins/p/more/d.md", ""),
    ];
    let lists = r#""skills": ["./extra/a"], "agents": ["./more/two.md"], "commands": ["./more/d.md"]"#;
    let all = ["p:a", "p:ag", "p:b", "p:c", "p:d", "p:two"];
    for strict in ["", r#""strict": false, "#, r#""strict": true, "#] {
        let market = marketplace(&format!(r#"{{"name": "p", "source": "./plugins/p", {strict}{lists}}}"#));
        let alone = [&[(MARKETPLACE, &*market)][..], &parts].concat();
        check(&alone, &all, &[]);
        let with_manifest = [&alone[..], &[(MANIFEST, r#"{"name": "p"}"#)]].concat();
        check(&with_manifest, &all, &[]);
        // Both name components: the client loads that only where the marketplace adds to the manifest.
        let both = [&alone[..], &[(MANIFEST, r#"{"name": "p", "skills": ["./skills"]}"#)]].concat();
        let rejected = [("manifest_rejected", MANIFEST)];
        check(&both, &all, if strict.contains("false") { &rejected } else { &[] });
    }
}

#[test]
fn what_a_marketplace_selects_from_a_folder_is_all_that_counts_of_it() {
    let market = marketplace(
        r#"{"name": "p", "source": "./plugins/p", "strict": false, "skills": ["./skills/one"], "agents": ["./agents/a.md"]}"#,
    );
    check(
        &[
            (MARKETPLACE, &market),
            ("plugins/p/skills/one/SKILL.md", ""),
            ("plugins/p/skills/two/SKILL.md", ""),
            ("plugins/p/agents/a.md", ""),
            ("plugins/p/agents/b.md", ""),
            ("plugins/p/commands/c.md", ""),
        ],
        &["p:a", "p:c", "p:one"],
        &[("component_unlisted", "plugins/p/agents"), ("component_unlisted", "plugins/p/skills")],
    );
}

#[test]
fn plugins_that_share_a_folder_have_what_they_list_and_the_rest_is_said() {
    let market = marketplace(
        r#"{"name": "papers", "source": "./", "strict": false, "skills": ["./skills/pdf"]},
           {"name": "games", "source": "./", "strict": false, "skills": ["./skills/chess"]}"#,
    );
    let files = [
        (MARKETPLACE, &*market),
        ("skills/pdf/SKILL.md", ""),
        ("skills/chess/SKILL.md", ""),
        ("skills/go/SKILL.md", ""),
        ("agents/player.md", ""),
    ];
    let unlisted = [("component_unlisted", "agents"), ("component_unlisted", "skills")];
    check(&files, &["games:chess", "papers:pdf"], &unlisted);
    // Plugins that list nothing have all of it, each under its own name.
    let market =
        marketplace(r#"{"name": "a", "source": "./plugins/p"}, {"name": "b", "source": "./plugins/p"}"#);
    check(&[(MARKETPLACE, &market), ("plugins/p/agents/x.md", "")], &["a:x", "b:x"], &[]);
}

#[test]
fn what_a_list_of_the_manifest_leaves_out_is_said() {
    check(
        &[
            (MANIFEST, r#"{"name": "p", "agents": ["./agents/a.md"], "commands": ["./cmd"]}"#),
            ("plugins/p/agents/a.md", ""),
            ("plugins/p/agents/sub/b.md", ""),
            ("plugins/p/agents/README.md", ""),
            ("plugins/p/cmd/c.md", ""),
            ("plugins/p/commands/d.md", ""),
        ],
        &["p:a", "p:c"],
        &[("component_unlisted", "plugins/p/agents"), ("component_unlisted", "plugins/p/commands")],
    );
    // All of it is listed.
    check(
        &[
            (MANIFEST, r#"{"name": "p", "agents": ["./agents/a.md"], "commands": ["./commands"]}"#),
            ("plugins/p/agents/a.md", ""),
            ("plugins/p/commands/d.md", ""),
        ],
        &["p:a", "p:d"],
        &[],
    );
}

#[test]
fn what_cannot_be_used_of_a_marketplace_is_said() {
    let market = marketplace(
        r#"{"source": "./plugins/nameless"}, {"name": "nowhere"}, {"name": "gone", "source": "./plugins/gone"},
           {"name": "odd", "source": "./plugins/odd", "agents": ["./agents"]},
           {"name": "remote", "source": {"source": "github", "repo": "a/b"}}"#,
    );
    check(
        &[(MARKETPLACE, &market), ("plugins/odd/agents/x.md", "")],
        &["odd:x"],
        &[
            ("component_missing", MARKETPLACE),
            ("marketplace_invalid", MARKETPLACE),
            ("marketplace_invalid", MARKETPLACE),
            ("marketplace_invalid", MARKETPLACE),
        ],
    );
}

#[test]
fn components_of_a_shape_that_the_client_rejects_are_said() {
    for components in [
        r#""skills": {"s": "./skills"}"#,
        r#""skills": [1]"#,
        r#""agents": "./agents""#,
        r#""commands": {"c": {}}"#,
        r#""skills": "skills""#,
    ] {
        let manifest = format!(r#"{{"name": "p", {components}}}"#);
        let catalog = project(&[(MANIFEST, &manifest), ("plugins/p/skills/s/SKILL.md", "")]);
        assert_eq!(catalog.counts()[Kind::Skill], 1, "{components}");
        let codes: Vec<&str> = catalog.problems().iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&"manifest_rejected"), "{components}: {codes:?}");
        assert!(!catalog.plugins()[0].loaded);
    }
}
