//! The commands that ask, with and without a running instance.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::process::{Command, Output, Stdio};

use crate::support::Project;
use serde_json::Value;

/// Runs the binary for a project, with everything it writes below the project.
fn run(project: &Project, arguments: &[&str]) -> Output {
    let root = project.path().to_str().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command
        .args(arguments)
        .args(["--root", root])
        .env("HOME", root)
        .env("MCP_USER_SCOPE", "off")
        .stdin(Stdio::null());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn asking_works_without_a_running_instance() {
    let project = Project::sample();
    let cases: [(&[&str], i32, &str); 9] = [
        (&["find", "agents", "helm", "charts"], 0, "ops:kubernetes-architect"),
        (&["find", "agents", "--role", "frontend_developer"], 0, "web:react-specialist"),
        (&["find", "skills", "terraform"], 0, "ops:terraform-modules"),
        (&["find", "workflows", "deploy", "a", "service"], 0, "ops:deploy"),
        (&["find", "agents", "🎉"], 2, "error: no agent matches"),
        (&["find", "agents"], 2, "one of capability, role, context is required"),
        (&["show", "agent", "css-artist"], 0, "Body of css-artist."),
        (&["show", "agent", "test-engineer"], 2, "core:test-engineer, qa:test-engineer"),
        (&["explain", "helm", "charts"], 0, "close in meaning"),
    ];
    for (arguments, code, part) in cases {
        let output = run(&project, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(part), "{arguments:?}: {}", text(&output));
    }
    let json: Value =
        serde_json::from_slice(&run(&project, &["find", "agents", "helm", "--json"]).stdout).unwrap();
    assert_eq!(json["agents"][0]["id"], "ops:kubernetes-architect");
}

#[test]
fn a_running_instance_and_none_answer_alike() {
    let project = Project::sample();
    let alone: Value =
        serde_json::from_slice(&run(&project, &["find", "agents", "css", "layouts", "--json"]).stdout)
            .unwrap();
    let up = run(&project, &["up", "--port", "0"]);
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    let served: Value =
        serde_json::from_slice(&run(&project, &["find", "agents", "css", "layouts", "--json"]).stdout)
            .unwrap();
    let down = run(&project, &["down"]);
    assert_eq!(down.status.code(), Some(0), "{}", text(&down));
    let ids = |answer: &Value| {
        answer["agents"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&served), ids(&alone));
}

#[test]
fn a_routing_check_fails_where_a_query_finds_another() {
    let project = Project::sample();
    let file = project.write(
        "routes.jsonl",
        "{\"context\": \"helm charts for the cluster\", \"expect\": [\"ops:kubernetes-architect\"]}\n\
         \n{\"kind\": \"skill\", \"context\": \"terraform\", \"expect\": [\"ops:terraform-modules\"], \"within\": 3}\n\
         {\"context\": \"🎉\", \"expect\": []}\n",
    );
    let file = file.to_str().unwrap();
    let holds = run(&project, &["check", file]);
    assert_eq!(holds.status.code(), Some(0), "{}", text(&holds));
    assert!(text(&holds).contains("3 queries, 3 as expected, 0 not"), "{}", text(&holds));

    std::fs::write(file, "{\"context\": \"helm charts\", \"expect\": [\"web:css-artist\"]}\n").unwrap();
    let fails = run(&project, &["check", file]);
    assert_eq!(fails.status.code(), Some(4), "{}", text(&fails));
    assert!(text(&fails).contains("found     ops:kubernetes-architect"), "{}", text(&fails));

    std::fs::write(file, "{\"contxt\": 1}\n").unwrap();
    let unreadable = run(&project, &["check", file]);
    assert_eq!(unreadable.status.code(), Some(1), "{}", text(&unreadable));
    assert!(text(&unreadable).contains("line 1"), "{}", text(&unreadable));
}

#[test]
fn logged_queries_are_replayed_against_the_files_as_they_are() {
    let project = Project::sample();
    let record = ["record", "--task-id", "1", "--description", "style the page", "--result", "success"];
    let recorded = run(&project, &[&record[..], &["--agents", "web:css-artist"]].concat());
    assert_eq!(recorded.status.code(), Some(0), "{}", text(&recorded));
    let found = run(&project, &["find", "agents", "helm", "charts"]);
    assert_eq!(found.status.code(), Some(0), "{}", text(&found));
    let same = run(&project, &["check"]);
    assert_eq!(same.status.code(), Some(0), "{}", text(&same));
    assert!(text(&same).contains("1 queries, 1 as expected"), "{}", text(&same));

    std::fs::remove_file(project.path().join("plugins/ops/agents/kubernetes-architect.md")).unwrap();
    project.agent("new", "chart-master", "Maintains Helm charts.");
    let changed = run(&project, &["check"]);
    assert_eq!(changed.status.code(), Some(4), "{}", text(&changed));
    assert!(text(&changed).contains("new:chart-master"), "{}", text(&changed));
}

#[test]
fn help_and_version_are_there() {
    let output = Command::new(env!("CARGO_BIN_EXE_adjutant")).arg("--help").output().unwrap();
    for command in ["serve", "up", "down", "status", "reindex", "doctor", "find", "show", "explain", "check"]
    {
        assert!(text(&output).contains(command), "{command} is missing: {}", text(&output));
    }
}

#[test]
fn what_was_done_is_recorded_and_recommended() {
    let project = Project::sample();
    let record =
        ["record", "--task-id", "1", "--description", "style the landing page", "--result", "success"];
    let stored = run(&project, &[&record[..], &["--agents", "web:css-artist,web:react-specialist"]].concat());
    assert_eq!(stored.status.code(), Some(0), "{}", text(&stored));
    assert!(text(&stored).starts_with("stored"), "{}", text(&stored));

    let cases: [(&[&str], i32, &str); 5] = [
        (&["pattern", "style", "the", "landing", "page"], 0, "step 1    web:css-artist"),
        (&["pattern", "style the landing page", "--limit", "1", "--min-similarity", "0.9"], 0, "100 % of 1"),
        (&["pattern", "something else entirely"], 2, "error: no pattern serves"),
        (&["pattern", "x", "--limit", "99"], 2, "limit must be between 1 and 20"),
        (&["history"], 0, "style the landing page"),
    ];
    for (arguments, code, part) in cases {
        let output = run(&project, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(part), "{arguments:?}: {}", text(&output));
    }
    let refused = run(&project, &[&record[..], &["--agents", "a", "--duration-ms", "-1"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
}

#[test]
fn a_decision_waits_where_nobody_can_store_it() {
    let project = Project::sample();
    let store =
        store::Store::open(store::StoreOptions::new(project.path().join(".claude/mcp-server/data"))).unwrap();
    let record = ["record", "--task-id", "1", "--description", "x y", "--result", "partial", "--agents", "a"];
    let queued = run(&project, &[&record[..], &["--json"]].concat());
    assert_eq!(queued.status.code(), Some(0), "{}", text(&queued));
    let said: Value = serde_json::from_slice(&queued.stdout).unwrap();
    assert_eq!(said["state"], "queued");
    assert!(said["details"][0].as_str().unwrap().contains("another process"), "{said}");
    let status = run(&project, &["status"]);
    assert!(text(&status).contains("1 decisions wait"), "{}", text(&status));
    drop(store);
    // The next record takes along what waits.
    let second = ["record", "--task-id", "2", "--description", "x y", "--result", "success", "--agents", "a"];
    assert_eq!(run(&project, &second).status.code(), Some(0));
    let history = text(&run(&project, &["history", "--json"]));
    assert!(history.contains(r#""task_id": "1""#) && history.contains(r#""task_id": "2""#), "{history}");
}

#[test]
fn a_damaged_memory_is_told_with_what_helps() {
    for (content, code) in [("", 0), ("no database at all", 1)] {
        let project = Project::sample();
        project.write(".claude/mcp-server/data/mcp.db", content);
        for command in [&["history"][..], &["patterns", "list"]] {
            let told = run(&project, command);
            assert_eq!(told.status.code(), Some(code), "{command:?}: {}", text(&told));
            assert!(text(&told).contains("mcp.db"), "{command:?}: {}", text(&told));
            assert!(text(&told).contains("newest good backup"), "{command:?}: {}", text(&told));
        }
    }
}

#[test]
fn colours_are_for_terminals_and_a_closed_pipe_is_no_error() {
    let project = Project::sample();
    let root = project.path().to_str().unwrap();
    let run = |more: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
        command
            .args(["find", "agents", "helm", "--root", root])
            .env_remove("HOME")
            .env("MCP_USER_SCOPE", "off")
            .envs(more.iter().copied());
        command.output().unwrap()
    };
    assert!(!run(&[]).stdout.contains(&0x1b));
    assert!(run(&[("CLICOLOR_FORCE", "1")]).stdout.contains(&0x1b));

    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command
        .args(["show", "agent", "css-artist", "--root", root])
        .env("HOME", root)
        .env("MCP_USER_SCOPE", "off");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), ""));
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_adjutant")).args(["completions", shell]).output().unwrap();
        assert!(text(&output).contains("adjutant") && output.status.success(), "{shell}: {}", text(&output));
    }
}

#[test]
fn what_carrying_costs_is_counted_against_asking() {
    let project = Project::sample();
    let printed = run(&project, &["tokens"]);
    assert_eq!(printed.status.code(), Some(0), "{}", text(&printed));
    for part in ["carrying", "break-even", "o200k", "words, digits and marks"] {
        assert!(text(&printed).contains(part), "{part} is missing: {}", text(&printed));
    }
    let json: Value =
        serde_json::from_slice(&run(&project, &["tokens", "--json", "--texts"]).stdout).unwrap();
    let kinds = json["kinds"].as_array().unwrap();
    let carried: u64 = kinds.iter().map(|kind| kind["listing"]["tokens"].as_u64().unwrap()).sum();
    assert_eq!(json["carrying"]["tokens"], carried);
    let entries: Vec<_> =
        kinds.iter().map(|kind| (kind["entries"].as_u64(), kind["found"].as_u64())).collect();
    assert_eq!(entries, [(Some(6), Some(6)), (Some(2), Some(2)), (Some(1), Some(1))]);
    let listing = &json["texts"][0]["texts"][0].as_str().unwrap();
    assert!(listing.contains("- ops:kubernetes-architect: Designs Kubernetes"), "{listing}");
    assert!(listing.contains("(Tools: All tools)"), "{listing}");
    // Nothing of this is remembered.
    assert!(!project.path().join(".claude/mcp-server/data/mcp.db").exists());
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let project = Project::sample();
    let data = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_adjutant"))
        .args(["find", "agents", "react", "--root"])
        .arg(project.path())
        .arg("--data-dir")
        .arg(data.path())
        .env_clear()
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("could not be written"), "{output:?}");
}
