//! Whatever an answer names can be loaded by that id, and what Claude Code does not load or may not run is said.

use serde_json::{Value, json};

use crate::support::{Project, Service};

/// A project with these files.
fn project(files: &[(&str, &str)]) -> Project {
    let project = Project::empty();
    for (path, text) in files {
        project.write(path, text);
    }
    project
}

#[tokio::test]
async fn each_row_is_loaded_by_its_id() {
    let entry =
        |name: &str, body: &str| format!("---\nname: {name}\ndescription: Plans a sprint\n---\n\n{body}");
    let project = project(&[
        ("plugins/a/.claude-plugin/plugin.json", r#"{"name": "kit"}"#),
        ("plugins/a/agents/x.md", &entry("x", "A: estimates, goals, capacity")),
        ("plugins/b/.claude-plugin/plugin.json", r#"{"name": "kit"}"#),
        ("plugins/b/agents/x.md", &entry("x", "B: burndown, velocity, retrospectives")),
        ("plugins/a/agents/blank.md", &entry("\" blank \"", "C")),
        ("plugins/a/agents/long.md", &entry(&"long ".repeat(80), "D")),
        (".claude/agents/team/lead.md", &entry("lead/of: all", "E")),
    ]);
    let service = Service::over(&project);
    let found = service.result("queryAgents", json!({ "context": "plan a sprint", "limit": 20 })).await;
    let rows = found["agents"].as_array().unwrap();
    assert_eq!(rows.len(), 5, "{found}");
    let mut bodies = Vec::new();
    for row in rows {
        let params = json!({ "kind": "agent", "id": row["id"] });
        let whole = service.result("getDefinition", params).await;
        assert_eq!(whole["id"], row["id"]);
        bodies.push(whole["body"].as_str().unwrap().to_owned());
    }
    bodies.sort_unstable();
    bodies.dedup();
    assert_eq!(bodies.len(), 5, "{bodies:?}");
    let kept = service.result("getDefinition", json!({ "kind": "agent", "id": "kit:x" })).await;
    assert_eq!(kept["body"], "B: burndown, velocity, retrospectives");
}

#[tokio::test]
async fn a_skill_that_is_not_loaded_comes_after_the_one_that_has_its_id() {
    let archived = "p:tdd@plugins/p/skills/archive/tdd/SKILL.md";
    let old = "---\nname: tdd\ndescription: Red green refactor\n---\n\nWrites a test, code, and cleans up. Red green refactor.";
    for (new, rows, copies) in [
        (
            "Red green refactor\n---\n\nWrites a test, code, and cleans up. NEW",
            vec!["p:tdd"],
            json!([archived]),
        ),
        (
            "Test first, red green\n---\n\nAnother way to go about it altogether",
            vec!["p:tdd", archived],
            Value::Null,
        ),
    ] {
        let project = project(&[
            ("plugins/p/skills/archive/tdd/SKILL.md", old),
            ("plugins/p/skills/tdd/SKILL.md", &format!("---\nname: tdd\ndescription: {new}")),
        ]);
        let service = Service::over(&project);
        for limit in [1, 5] {
            let query = json!({ "context": "red green refactor", "limit": limit });
            let found = service.result("querySkills", query).await;
            let ids: Vec<&str> =
                found["skills"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
            assert_eq!(ids, rows[..rows.len().min(limit)], "{found}");
            assert_eq!(found["skills"][0]["copies"], copies);
        }
    }
}

#[tokio::test]
async fn who_may_run_an_entry_is_said_in_rows_and_definitions() {
    let entry = |flags: &str| format!("---\ndescription: Releases a version\n{flags}---\n\nBody");
    let project = project(&[
        ("plugins/p/skills/hidden/SKILL.md", &entry("disable-model-invocation: true\n")),
        ("plugins/p/skills/plain/SKILL.md", &entry("")),
        ("plugins/p/commands/ship.md", &entry("user-invocable: false\n")),
    ]);
    let service = Service::over(&project);
    let skills = service.result("querySkills", json!({ "context": "releases a version" })).await;
    for row in skills["skills"].as_array().unwrap() {
        let expected = if row["id"] == "p:hidden" { json!("user_only") } else { Value::Null };
        assert_eq!(row["invocation"], expected, "{row}");
        let whole = service.result("getDefinition", json!({ "kind": "skill", "id": row["id"] })).await;
        assert_eq!(whole["invocation"], expected, "{whole}");
    }
    let workflows = service.result("queryWorkflows", json!({ "goal": "releases a version" })).await;
    assert_eq!(workflows["workflows"][0]["invocation"], "model_only");
}

#[tokio::test]
async fn a_capability_is_never_what_somebody_says_in_an_example() {
    let project = project(&[
        (
            "plugins/p/agents/joker.md",
            "---\nname: joker\ndescription: Lightens the mood. <example>user: \"We have been debugging for hours\" \
             assistant: \"I've added jokes\"</example>\n---\n\nBody",
        ),
        (
            "plugins/p/agents/fault-finder.md",
            "---\nname: fault-finder\ndescription: Finds faults by debugging\n---\n\nBody",
        ),
    ]);
    let service = Service::over(&project);
    let found = service.result("queryAgents", json!({ "capability": "debugging" })).await;
    assert_eq!(found["agents"][0]["id"], "p:fault-finder", "{found}");
    let joker = service.result("getDefinition", json!({ "kind": "agent", "id": "p:joker" })).await;
    assert_eq!(joker["capabilities"], json!(["joker"]));
}
