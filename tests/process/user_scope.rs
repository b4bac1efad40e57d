//! What the user has, as the real binary finds it in a home folder that Claude Code would have left.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::lifecycle::{Served, call, health, wait_for};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A home folder and a project of its user.
struct Home {
    dir: TempDir,
}

impl Home {
    /// As after some work with the client: a plugin that was updated since, one that is disabled, one for another project
    /// only, one of a directory marketplace, and entries of the user's and of the project's own.
    fn lived_in() -> Home {
        let home = Home::empty();
        home.plugin("backend", "1.0.0", "api-architect", "Designs REST interfaces, as it did at first.");
        let backend =
            home.plugin("backend", "1.1.0", "api-architect", "Designs REST interfaces and their versions.");
        let security =
            home.plugin("security", "2.0.0", "auditor", "Audits code for injection and leaked secrets.");
        let other = home.plugin("other", "1.0.0", "stranger", "Works in another project.");
        let local = home.file("market/plugins/local/agents/gardener.md");
        entry(&local, "gardener", "Prunes hedges and lawns.");
        write(
            &home.file("market/.claude-plugin/marketplace.json"),
            &json!({ "name": "mine", "plugins": [{ "name": "local", "source": "./plugins/local" }] })
                .to_string(),
        );
        home.marketplaces(&json!({
            "market": { "source": { "source": "git", "url": "https://example.org/market" },
                        "installLocation": home.claude("plugins/marketplaces/market") },
            "mine": { "source": { "source": "directory", "path": home.file("market") },
                      "installLocation": home.file("market") },
        }));
        home.installed(&json!({
            "backend@market": [{ "scope": "user", "installPath": backend, "version": "1.1.0" }],
            "security@market": [{ "scope": "user", "installPath": security, "version": "2.0.0" }],
            "other@market": [{ "scope": "local", "installPath": other, "projectPath": home.file("elsewhere") }],
            "local@mine": [{ "scope": "user", "installPath": home.claude("plugins/cache/mine/local/1.0.0") }],
        }));
        home.enable(&json!({
            "backend@market": true, "security@market": false, "other@market": true, "local@mine": true,
        }));
        entry(
            &home.claude("agents/review/rust-expert.md"),
            "rust-expert",
            "Reviews Rust for undefined behaviour.",
        );
        entry(
            &home.claude("skills/fly-deploy/SKILL.md"),
            "fly-deploy",
            "Deploys to the edge of the network.",
        );
        entry(&home.claude("commands/changelog.md"), "changelog", "Writes the changelog of a release.");
        entry(
            &home.project().join(".claude/agents/local-hero.md"),
            "local-hero",
            "Knows this project by heart.",
        );
        home
    }

    fn empty() -> Home {
        let home = Home { dir: tempfile::tempdir().unwrap() };
        for folder in ["home", "project", "elsewhere"] {
            std::fs::create_dir(home.file(folder)).unwrap();
        }
        home
    }

    fn file(&self, below: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(below)
    }

    fn claude(&self, below: &str) -> PathBuf {
        self.file("home/.claude").join(below)
    }

    fn project(&self) -> PathBuf {
        self.file("project")
    }

    /// A plugin of the marketplace `market` in the client's cache, with one agent.
    fn plugin(&self, name: &str, version: &str, agent: &str, description: &str) -> PathBuf {
        let folder = self.claude(&format!("plugins/cache/market/{name}/{version}"));
        write(
            &folder.join(".claude-plugin/plugin.json"),
            &json!({ "name": name, "version": version }).to_string(),
        );
        entry(&folder.join(format!("agents/{agent}.md")), agent, description);
        folder
    }

    fn installed(&self, plugins: &Value) {
        let registry = json!({ "version": 2, "plugins": plugins });
        write(&self.claude("plugins/installed_plugins.json"), &registry.to_string());
    }

    fn marketplaces(&self, known: &Value) {
        write(&self.claude("plugins/known_marketplaces.json"), &known.to_string());
    }

    fn enable(&self, plugins: &Value) {
        write(&self.claude("settings.json"), &json!({ "enabledPlugins": plugins }).to_string());
    }

    /// What the binary sees of the environment.
    fn settle(&self, command: &mut Command) {
        command.env("HOME", self.file("home")).env_remove("MCP_USER_SCOPE");
        command.env_remove("CLAUDE_CONFIG_DIR").env_remove("CLAUDE_CODE_PLUGIN_CACHE_DIR");
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &Path)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
        command.args(arguments).arg("--root").arg(self.project()).stdin(Stdio::null());
        self.settle(&mut command);
        command.envs(environment.iter().copied()).output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)))
    }

    fn serve(&self, more: &[&str]) -> Served {
        Served::start_as(&self.project(), tempfile::tempdir().unwrap(), more, |command| self.settle(command))
    }
}

fn write(file: &Path, content: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, content).unwrap();
}

fn entry(file: &Path, name: &str, description: &str) {
    write(file, &format!("---\nname: {name}\ndescription: {description}\n---\n\nBody of {name}.\n"));
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Id, scope and marketplace of the rows of an answer.
fn rows(answer: &Value, kind: &str) -> Vec<(String, String, String)> {
    let text = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
    let rows = answer[kind].as_array().into_iter().flatten();
    let mut rows: Vec<_> =
        rows.map(|row| (text(row, "id"), text(row, "scope"), text(row, "marketplace"))).collect();
    rows.sort();
    rows
}

fn row(id: &str, scope: &str, marketplace: &str) -> (String, String, String) {
    (id.into(), scope.into(), marketplace.into())
}

/// All agents that are served, by a request that fits each of them.
fn agents(port: u16, more: &[(&str, &str)]) -> Vec<(String, String, String)> {
    let context = "designs audits works prunes reviews knows rust project rest injection hedges installs";
    let mut params = json!({ "context": context, "limit": 20 });
    for (name, value) in more {
        params[*name] = (*value).into();
    }
    rows(&call(port, "queryAgents", &params)["result"], "agents")
}

#[test]
fn what_the_user_has_is_served_under_the_clients_ids_and_says_where_it_comes_from() {
    let home = Home::lived_in();
    let served = home.serve(&["--no-watch"]);
    let all = [
        row("backend:api-architect", "user", "market"),
        row("local-hero", "project", ""),
        row("local:gardener", "user", "mine"),
        row("rust-expert", "user", ""),
    ];
    assert_eq!(agents(served.port, &[]), all);
    assert_eq!(agents(served.port, &[("scope", "project")]), all[1..2]);
    assert_eq!(agents(served.port, &[("scope", "user"), ("plugin", "local")]), all[2..3]);
    assert_eq!(agents(served.port, &[("scope", "managed")]), []);
    let refused = call(served.port, "queryAgents", &json!({ "context": "x", "scope": "galaxy" }));
    assert!(refused["error"]["data"].to_string().contains("scope must be one of"), "{refused}");
    let result = |method: &str, params: &Value| call(served.port, method, params)["result"].clone();
    let skills = result("querySkills", &json!({ "context": "deploys to the edge" }));
    assert_eq!(rows(&skills, "skills"), [row("fly-deploy", "user", "")]);
    let commands = result("queryWorkflows", &json!({ "goal": "writes the changelog" }));
    assert_eq!(rows(&commands, "workflows"), [row("changelog", "user", "")]);
    let definition = result("getDefinition", &json!({ "kind": "agent", "id": "backend:api-architect" }));
    assert_eq!(definition["description"], "Designs REST interfaces and their versions.");
    assert_eq!((&definition["scope"], &definition["marketplace"]), (&json!("user"), &json!("market")));
    let path = home.claude("plugins/cache/market/backend/1.1.0/agents/api-architect.md");
    assert_eq!(definition["source"]["path"], path.to_str().unwrap());
    let origins = health(served.port).unwrap()["origins"].clone();
    assert_eq!(
        origins,
        json!({ "installed": 2, "plugins": 2, "user": 3, "project": 1, "managed": 0, "server": 0 })
    );
}

#[test]
fn commands_say_from_where_and_can_leave_it_out() {
    let home = Home::lived_in();
    let sentence = "2 entries from 2 plugins installed for you, 3 of your own, 1 of this project";
    let up = home.run(&["up", "--port", "0", "--no-register"]);
    assert!(text(&up).contains(sentence), "{}", text(&up));
    let status = home.run(&["status"]);
    assert!(text(&status).contains(sentence), "{}", text(&status));
    assert!(home.run(&["down"]).status.success());
    let doctor = home.run(&["doctor"]);
    assert!(text(&doctor).contains(sentence), "{}", text(&doctor));
    assert_eq!(home.json(&["doctor", "--json"])["origins"]["installed"], 2);
    let tokens = home.json(&["tokens", "--json"]);
    assert_eq!(tokens["kinds"][0]["entries"], 4, "{tokens}");
    let found = home.json(&["find", "agents", "rust", "--scope", "user", "--json"]);
    assert_eq!(rows(&found, "agents"), [row("rust-expert", "user", "")]);
    let off: [&dyn Fn() -> Output; 2] = [&|| home.run(&["doctor", "--no-user-scope"]), &|| {
        home.run_with(&["doctor"], &[("MCP_USER_SCOPE", Path::new("off"))])
    }];
    for off in off {
        assert!(text(&off()).starts_with("1 entry of this project\n"), "{}", text(&off()));
    }
    let elsewhere = home.file("elsewhere");
    entry(&elsewhere.join("agents/only.md"), "only", "The only one here.");
    let moved = home.run_with(&["doctor"], &[("CLAUDE_CONFIG_DIR", &elsewhere)]);
    assert!(text(&moved).contains("1 entry of your own, 1 of this project"), "{}", text(&moved));
}

#[test]
fn installs_updates_and_disables_are_served_within_a_second() {
    let home = Home::lived_in();
    let served = home.serve(&[]);
    wait_for("the watch", || (health(served.port)?["watch"] == "on").then_some(()));
    let describe = |id: &str| -> Option<String> {
        let answer = call(served.port, "getDefinition", &json!({ "kind": "agent", "id": id }));
        answer["result"]["description"].as_str().map(str::to_owned)
    };
    let mut took = BTreeMap::new();
    let mut expect = |what: &'static str, id: &str, wanted: Option<&str>| {
        let began = Instant::now();
        wait_for(what, || (describe(id).as_deref() == wanted).then_some(()));
        took.insert(what, began.elapsed());
    };
    let newer = home.plugin("backend", "1.2.0", "api-architect", "Designs interfaces of every kind.");
    let added = home.plugin("fresh", "1.0.0", "newcomer", "Installs itself.");
    home.installed(&json!({
        "backend@market": [{ "scope": "user", "installPath": newer }],
        "fresh@market": [{ "scope": "user", "installPath": added }],
        "local@mine": [{ "scope": "user", "installPath": home.claude("plugins/cache/mine/local/1.0.0") }],
    }));
    expect("an update", "backend:api-architect", Some("Designs interfaces of every kind."));
    home.enable(&json!({ "backend@market": true, "fresh@market": true, "local@mine": true }));
    expect("an install", "fresh:newcomer", Some("Installs itself."));
    let local = home.project().join(".claude/settings.local.json");
    write(&local, &json!({ "enabledPlugins": { "fresh@market": false } }).to_string());
    expect("a plugin that is disabled for the project", "fresh:newcomer", None);
    std::fs::remove_file(&local).unwrap();
    expect("a plugin that is enabled again", "fresh:newcomer", Some("Installs itself."));
    entry(&home.claude("agents/second.md"), "second", "The user's second.");
    expect("an agent of one's own", "second", Some("The user's second."));
    entry(&home.file("market/plugins/local/agents/gardener.md"), "gardener", "Plants trees.");
    expect("a plugin that is developed in its marketplace", "local:gardener", Some("Plants trees."));
    // A registry that is half written changes nothing, and the next that is whole counts.
    write(&home.claude("plugins/installed_plugins.json"), "{\"version\": 2, \"plug");
    wait_for("the problem", || {
        let problems = home.json(&["doctor", "--json"])["problems"].to_string();
        problems.contains("settings_unusable").then_some(())
    });
    assert!(describe("fresh:newcomer").is_some());
    home.installed(&json!({ "backend@market": [{ "scope": "user", "installPath": newer }] }));
    expect("a plugin that is uninstalled", "fresh:newcomer", None);
    // What the client writes all day wakes nobody.
    let scans = || health(served.port).unwrap()["scans"].as_u64().unwrap();
    let before = scans();
    for number in 0..50 {
        write(&home.claude("history.jsonl"), &number.to_string());
        write(&home.claude(&format!("todos/{number}.json")), "[]");
    }
    entry(&home.claude("agents/third.md"), "third", "Heard of after all that.");
    expect("what comes after much noise", "third", Some("Heard of after all that."));
    assert!(scans() - before <= 2, "{} scans", scans() - before);
    let slow: Vec<_> = took.iter().filter(|(_, took)| **took > Duration::from_secs(1)).collect();
    // A second is what an idle machine keeps; one that tests in parallel gets more.
    assert!(took.values().all(|took| *took < Duration::from_secs(10)), "{slow:?}");
}

#[test]
fn a_user_who_installs_the_client_later_is_heard_of() {
    let home = Home::empty();
    let served = home.serve(&[]);
    wait_for("the watch", || (health(served.port)?["watch"] == "on").then_some(()));
    let nothing = call(served.port, "queryAgents", &json!({ "context": "anything" }));
    let message = nothing["error"]["message"].as_str().unwrap();
    for place in [home.project(), home.claude("")] {
        let place = place.to_str().unwrap().trim_end_matches('/');
        assert!(message.contains(place), "{place}: {message}");
    }
    entry(&home.claude("agents/first.md"), "first", "The first of all.");
    let has = |id: &str| {
        let answer = call(served.port, "getDefinition", &json!({ "kind": "agent", "id": id }));
        answer["result"].is_object().then_some(())
    };
    wait_for("the first agent", || has("first"));
    let folder = home.plugin("backend", "1.0.0", "api-architect", "Designs REST interfaces.");
    home.installed(&json!({ "backend@market": [{ "scope": "user", "installPath": folder }] }));
    home.enable(&json!({ "backend@market": true }));
    wait_for("the first plugin", || has("backend:api-architect"));
}

#[test]
fn the_cache_is_never_read_as_a_folder_of_plugins() {
    let home = Home::lived_in();
    for folder in ["plugins", "plugins/cache", "plugins/cache/market", "plugins/cache/market/backend"] {
        let folder = home.claude(folder);
        let report = home.json(&["doctor", "--json", "--plugins", folder.to_str().unwrap()]);
        assert_eq!((&report["agents"], &report["origins"]["installed"]), (&json!(4), &json!(2)), "{report}");
        assert!(report["problems"].to_string().contains("cache_named"), "{report}");
    }
}

#[test]
fn the_next_start_reads_nothing_again() {
    let home = Home::lived_in();
    let mut served = home.serve(&["--no-watch"]);
    let before = agents(served.port, &[]);
    wait_for("the persisted index", || served.data.path().join("index.bin").exists().then_some(()));
    served.signal("-TERM");
    served.wait();
    let data = std::mem::replace(&mut served.data, tempfile::tempdir().unwrap());
    // Another plugin in place of one that was read: the stamps tell.
    home.enable(&json!({ "backend@market": true, "security@market": true, "local@mine": true }));
    let served = Served::start_as(&home.project(), data, &["--no-watch"], |command| home.settle(command));
    let mut expected = before;
    expected.push(row("security:auditor", "user", "market"));
    expected.sort();
    assert_eq!(agents(served.port, &[]), expected);
}

#[test]
fn an_entry_that_another_scope_precedes_is_a_copy_with_its_scope() {
    let home = Home::lived_in();
    let twin = home.project().join(".claude/agents/rust-expert.md");
    entry(&twin, "rust-expert", "Reviews Rust as this project wants it.");
    let developed = home.project().join("plugins/backend/agents/api-architect.md");
    entry(&developed, "api-architect", "Designs REST interfaces of the next version.");
    let found = home.json(&["find", "agents", "reviews", "rust", "--json"]);
    let first = &found["agents"][0];
    assert_eq!((&first["id"], &first["scope"]), (&json!("rust-expert"), &json!("project")), "{found}");
    assert_eq!(first["copies"], json!(["rust-expert (user)"]));
    let found = home.json(&["find", "agents", "designs", "REST", "interfaces", "--json"]);
    let first = &found["agents"][0];
    assert_eq!(first["description"], "Designs REST interfaces of the next version.");
    assert_eq!(
        (&first["scope"], &first["copies"]),
        (&json!("project"), &json!(["backend:api-architect (user)"]))
    );
}
