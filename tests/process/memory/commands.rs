//! The commands around what is remembered, beside a running instance and without one.

use serde_json::json;

use super::{Instance, Project};

#[test]
fn from_a_first_decision_to_a_recommended_sequence() {
    let instance = Instance::sample();
    assert!(instance.said(&["history"], 0).contains("no decision"));
    assert!(instance.said(&["patterns", "list"], 0).contains("no pattern"));
    instance.decide("T-1", "add a login page to the shop", "success");
    instance.decide("T-2", "add a login page to the blog", "success");
    instance.decide("T-3", "add a login page to the blog", "failure");

    let history = instance.said(&["history"], 0);
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 4, "{history}");
    assert!(lines[0].starts_with("WHEN (UTC)") && lines[1].contains("T-3"), "{history}");
    let column = lines[0].find("TASK").unwrap();
    assert!(lines[1..].iter().all(|line| line[column..].starts_with("T-")), "{history}");
    assert!(history.contains("1 min 1 s"), "{history}");
    let decisions = instance.json(&["history", "--limit", "2", "--json"]);
    assert_eq!(decisions["decisions"].as_array().unwrap().len(), 2);
    assert_eq!(decisions["decisions"][0]["task_id"], "T-3");

    let list = instance.said(&["patterns", "list"], 0);
    assert!(list.contains("67 %") && list.contains("web:react-specialist > qa:test-engineer"), "{list}");
    let patterns = instance.json(&["patterns", "list", "--json"]);
    let id = patterns["patterns"][0]["id"].as_str().unwrap();
    let shown = instance.said(&["patterns", "show", &id[..8]], 0);
    assert!(shown.contains("3 uses: 2 succeeded, 0 in part, 1 failed"), "{shown}");
    assert!(shown.contains("step 1    web:react-specialist\n  step 2    qa:test-engineer"), "{shown}");
    assert_eq!(instance.json(&["patterns", "show", id, "--json"])["offered"], true);
    instance.said(&["patterns", "show", "nonsense"], 2);

    let found = instance.said(&["patterns", "find", "add", "a", "login", "page", "to", "the", "wiki"], 0);
    assert!(found.contains("because: ") && found.contains("step 1    web:react-specialist"), "{found}");
    let none = instance.said(&["patterns", "find", "bake", "bread"], 2);
    assert!(none.contains("no pattern serves"), "{none}");
    // Learning reaches the ranking, and says so.
    let agents = instance.call("queryAgents", &json!({ "context": "add a react login page to the shop" }));
    let reasoning = agents["result"]["reasoning"].as_str().unwrap();
    assert!(reasoning.contains("2 of 3 similar tasks succeeded with it"), "{reasoning}");
}

#[test]
fn backups_are_made_beside_a_running_instance_and_restored_without_one() {
    let mut instance = Instance::sample();
    instance.decide("T-1", "add a login page", "success");
    let made = instance.said(&["backup"], 0);
    assert!(made.contains("checked; 1 of at most 7"), "{made}");
    instance.decide("T-2", "tune the search index", "success");
    let refused = instance.said(&["restore"], 5);
    assert!(refused.contains(&format!("(pid {})", instance.pid())), "{refused}");
    assert!(refused.contains("adjutant down"), "{refused}");
    assert!(instance.knows("tune the search index"));
    instance.stop();

    let kept = instance.json(&["backup", "--list", "--json"]);
    let file = kept["kept"][0]["path"].as_str().unwrap();
    let unknown = instance.said(&["restore", "1999-01-01"], 1);
    assert!(unknown.contains("nothing was restored"), "{unknown}");
    let restored = instance.said(&["restore"], 0);
    assert!(restored.contains(file) && restored.contains("kept as"), "{restored}");
    let aside = restored.lines().nth(1).and_then(|line| line.rsplit(' ').next()).unwrap();
    assert!(std::path::Path::new(aside).is_file(), "{restored}");
    instance.start();
    assert!(instance.knows("add a login page") && !instance.knows("tune the search index"));
    // Back again: what was replaced is a database like any other.
    instance.stop();
    instance.said(&["restore", aside], 0);
    instance.start();
    assert!(instance.knows("tune the search index"));
    assert_eq!(instance.health()["status"], "healthy", "{}", instance.health());
}

#[test]
fn patterns_are_shared_as_a_file() {
    let first = Instance::sample();
    for (task, goal) in [("1", "add a login page"), ("2", "add a login page"), ("3", "tune the search index")]
    {
        first.decide(task, goal, "success");
    }
    let file = first.project.path().join("patterns.jsonl");
    let name = file.to_str().unwrap();
    assert!(first.said(&["patterns", "export", name], 0).contains("2 patterns written"));
    assert_eq!(first.run(&["patterns", "export"]).stdout, std::fs::read(&file).unwrap());
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + "\nnonsense\n").unwrap();

    let (mut running, alone) = (Instance::sample(), Instance::of(Project::sample()));
    for other in [&running, &alone] {
        let report = other.said(&["patterns", "import", name], 2);
        assert!(report.contains("2 new, 0 known already, 1 refused"), "{report}");
        assert!(report.contains("line 4: "), "{report}");
        assert_eq!(other.json(&["patterns", "import", name, "--json"])["known"], 2);
        let patterns = other.json(&["patterns", "list", "--json"]);
        assert_eq!(patterns["patterns"][0]["success_count"], 2, "experience comes along");
    }
    assert!(running.knows("add a login page"));
    running.kill();
    running.start();
    assert!(running.knows("add a login page"));
    let missing = alone.said(&["patterns", "import", "nowhere.jsonl"], 1);
    assert!(missing.contains("nowhere.jsonl"), "{missing}");
}

#[test]
fn decisions_are_shared_as_a_file() {
    let mut first = Instance::sample();
    first.decide("T-1", "add a login page", "success");
    first.decide("T-2", "tune the search index", "failure");
    let shown = first.said(&["history", "show", "T-2"], 0);
    assert!(shown.contains("tune the search index") && shown.contains("failure"), "{shown}");
    assert!(first.said(&["history", "show", "T-3"], 2).contains("T-3"));
    let file = first.project.path().join("decisions.jsonl");
    let file = file.to_str().unwrap();
    assert!(first.said(&["history", "export", file], 0).contains("2 decisions written"));
    let mut lines = std::fs::read_to_string(file).unwrap();
    assert!(lines.starts_with('{') && lines.contains("T-1"), "{lines}");
    lines.push_str("{\"task_id\": \"T-9\"}\nnonsense\n");
    std::fs::write(file, lines).unwrap();

    let mut other = Instance::of(Project::sample());
    let taken = other.said(&["history", "import", file], 2);
    assert!(taken.contains("2 recorded, 2 refused") && taken.contains("line 4"), "{taken}");
    other.start();
    assert!(other.knows("add a login page"));
    // Once more, through the instance: nothing is counted twice.
    assert!(other.said(&["history", "import", file], 2).contains("2 recorded"));
    let patterns = other.json(&["patterns", "list", "--json"]);
    assert_eq!(patterns["patterns"][0]["success_count"], 1, "{patterns}");
    // An old export does not undo a correction.
    other.decide("T-2", "tune the search index", "success");
    assert!(other.said(&["history", "import", file], 2).contains("1 recorded, 2 refused"));
    assert!(other.said(&["history", "show", "T-2"], 0).contains("success"));
    first.stop();
}

#[test]
fn the_query_log_can_be_switched_off() {
    for (switch, logged) in [("on", 1), ("off", 0)] {
        let mut instance = Instance::of(Project::sample());
        let mut serve = instance.command(std::path::Path::new(env!("CARGO_BIN_EXE_adjutant")), &["serve"]);
        serve.args(["--port", "0"]).env("MCP_QUERY_LOG", switch);
        instance.spawn(serve);
        let found = instance.call("queryAgents", &json!({ "context": "a react login page" }));
        assert!(found["result"]["agents"].is_array(), "{found}");
        instance.stop();
        assert_eq!(instance.json(&["check", "--json"])["checked"], logged, "{switch}");
    }
}

#[test]
fn settings_of_the_memory_are_read_and_checked() {
    let instance = Instance::of(Project::sample());
    for (name, value, expected) in [
        ("MCP_HALF_LIFE_DAYS", "soon", "0 to never forget"),
        ("MCP_MAX_FILES", "0", "at least 1"),
        ("MCP_DB_SOFT_LIMIT_MB", "0", "at least 1"),
        ("MCP_DB_HARD_LIMIT_MB", "-5", "at least 1"),
    ] {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_adjutant"));
        let output = instance.command(program, &["history"]).env(name, value).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(name) && text.contains(expected), "{text}");
    }
}
