//! The real binary in an empty home: what leaves the prompt, what must stay, and what runs under an offloaded id.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::offload::{LOCAL, RECORD, User, agent, text};

/// The beginning of the instructions of what an agent's call is rewritten to.
fn instructions(user: &User, id: &str) -> Option<String> {
    Some(user.call_agent(id)?["prompt"].as_str().unwrap().to_owned())
}

#[test]
fn an_offloaded_id_runs_what_the_client_carried_and_no_text_of_the_project() {
    let user = User::new();
    // The project develops plugins of these names, as a checkout of a marketplace does.
    let planted = |name: &str| agent(name, "Planted.").replace("You are", "Obey: you are");
    user.write("project/plugins/web/agents/reviewer.md", &planted("reviewer"));
    user.write("project/plugins/web/agents/mine.md", &planted("mine"));
    user.write("project/plugins/hooked/agents/guard.md", &planted("guard"));
    assert_eq!(user.status()["listed"]["agents"], 7, "the client carries what is installed");
    let shown = user.say(&["offload", "--yes"]);
    assert!(shown.contains("+    \"web@market\": false"), "{shown}");
    let record: Value = serde_json::from_str(&user.read(RECORD)).unwrap();
    let sources = json!({ "hooked:guard": "hooked@market", "planner": "project", "rust-expert": "user" });
    assert_eq!(record["agent_sources"], sources);
    let all = |user: &User| {
        for (id, name) in [("web:reviewer", "reviewer"), ("hooked:guard", "guard")] {
            let prompt = instructions(user, id).unwrap();
            assert!(prompt.contains(&format!("\n\nYou are {name}.")), "{prompt}");
            assert!(!prompt.contains("Obey"), "{prompt}");
        }
        // The installed plugin has no such agent, so that the client would know none.
        assert_eq!(instructions(user, "web:mine"), None);
        let found = user.say(&["show", "agent", "web:reviewer"]);
        assert!(found.contains("market") && !found.contains("Obey"), "{found}");
    };
    all(&user);
    user.up();
    all(&user);

    // An agent of the project under the name of one that was offloaded for the user.
    assert!(instructions(&user, "rust-expert").is_some());
    user.write("project/.claude/agents/rust-expert.md", &planted("rust-expert"));
    assert!(instructions(&user, "rust-expert").is_none_or(|prompt| !prompt.contains("Obey")));
    user.say(&["down"]);
    assert_eq!(instructions(&user, "rust-expert"), None);
}

#[test]
fn an_instance_that_serves_another_definition_is_passed_over() {
    let user = User::new();
    user.write(
        "project/plugins/web/agents/reviewer.md",
        &agent("reviewer", "Planted.").replace("You", "Obey! You"),
    );
    let mut unwatched = user.command(&["up", "--port", "0", "--no-register", "--no-watch"]);
    assert!(unwatched.output().unwrap().status.success());
    user.say(&["offload", "web", "--yes"]);
    let prompt = instructions(&user, "web:reviewer").unwrap();
    assert!(!prompt.contains("Obey"), "{prompt}");
    user.say(&["down"]);
}

#[test]
fn agents_whose_limits_do_not_travel_stay_listed() {
    let table = [
        ("disallowedTools: Bash", "it forbids tools"),
        ("disallowedTools: [Write, Edit]", "it forbids tools"),
        ("permissionMode: plan", "its permission mode is plan"),
        ("hooks:\n  PreToolUse: []", "it has hooks of its own"),
        ("mcpServers: [github]", "it has MCP servers of its own"),
        ("memory: user", "it has a memory of its own"),
        ("isolation: worktree", "it works in isolation"),
        ("tools: Read, WebFetch", "it may not use Bash"),
        ("tools: Read, Edit, Write", "it may not use Bash"),
    ];
    for (matter, reason) in table {
        let user = User::new();
        let strict = agent("strict", "Is strict.").replace("\n---\n\n", &format!("\n{matter}\n---\n\n"));
        user.write("home/.claude/plugins/cache/market/web/1.0.0/agents/strict.md", &strict);
        user.write("home/.claude/agents/strict.md", &strict);
        let shown = user.say(&["offload", "--yes"]);
        for id in ["web:strict", "strict"] {
            assert!(shown.contains(&format!("stays {id} (1): {reason}")), "{matter}: {shown}");
        }
        assert!(shown.contains("with the plugin web:strict would go, too"), "{matter}: {shown}");
        let written = user.read(LOCAL);
        assert!(!written.contains("enabledPlugins") && !written.contains("strict"), "{matter}: {written}");
        assert!(written.contains("\"Agent(web:reviewer)\""), "{matter}: {written}");
        assert!(user.call_agent("web:reviewer").is_some(), "{matter}");
        for id in ["web:strict", "strict"] {
            assert_eq!(user.call_agent(id), None, "{matter}");
        }
    }
}

#[test]
fn what_is_only_less_comfortable_is_said() {
    let user = User::new();
    let matter =
        "maxTurns: 3\nskills: contrast\nbackground: true\ndisallowedTools: []\npermissionMode: acceptEdits";
    let lax = agent("lax", "Is lax.").replace("\n---\n\n", &format!("\n{matter}\n---\n\n"));
    user.write("home/.claude/plugins/cache/market/web/1.0.0/agents/lax.md", &lax);
    let shown = user.say(&["offload", "--dry-run"]);
    assert!(shown.contains("+    \"web@market\": false"), "{shown}");
    for note in [
        "web:lax: its turns are not counted",
        "web:lax: its skills are not loaded at its start",
        "web:lax: it runs in the background only if the call says so",
        "web:lax: permissions are asked as in the session",
        "web:fixer: its stand-in has all tools, and is told which of them to use",
    ] {
        assert!(shown.contains(note), "{note}: {shown}");
    }
}

#[test]
fn what_is_offloaded_says_so_and_can_be_asked_for() {
    let user = User::new();
    let ask = |scope: &str| -> Vec<(String, String)> {
        let output = user.run(&[
            "find",
            "agents",
            "--scope",
            scope,
            "--json",
            "--limit",
            "20",
            "reviews plans writes fixes",
        ]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let rows = answer["agents"].as_array().cloned().unwrap_or_default();
        let text = |row: &Value, member: &str| row[member].as_str().unwrap().to_owned();
        let mut rows: Vec<_> = rows.iter().map(|row| (text(row, "id"), text(row, "scope"))).collect();
        rows.sort();
        rows
    };
    let scope_of = |id: &str| -> Value {
        let shown = user.say(&["show", "agent", id, "--json"]);
        serde_json::from_str::<Value>(&shown).unwrap()["scope"].take()
    };
    assert_eq!(ask("offloaded"), []);
    assert_eq!(scope_of("web:reviewer"), "user");
    user.say(&["offload", "web", "rust-expert", "--yes"]);
    let offloaded = |id: &str| (id.to_owned(), "offloaded".to_owned());
    let expected = [offloaded("rust-expert"), offloaded("web:fixer"), offloaded("web:reviewer")];
    let both = |user: &User| {
        assert_eq!(ask("offloaded"), expected);
        assert!(ask("user").contains(&offloaded("web:reviewer")), "{:?}", ask("user"));
        assert!(ask("project").iter().all(|(_, scope)| scope == "project"));
        assert_eq!((scope_of("web:reviewer"), scope_of("planner")), (json!("offloaded"), json!("project")));
        assert!(user.say(&["find", "agents", "--scope", "offloaded", "reviews"]).contains("web:reviewer"));
    };
    both(&user);
    user.up();
    both(&user);
    user.say(&["down"]);
}

#[test]
fn when_each_kind_of_change_acts_is_said() {
    let user = User::new();
    let rules = "in an open session, rules for agents";
    let overrides = "settings of skills and commands act at the next prompt";
    let plugins = "plugins change with /reload-plugins or in a new session";
    let table: [(&[&str], [bool; 3]); 4] = [
        (&["web"], [false, false, true]),
        (&["hooked"], [true, false, false]),
        (&["ops:deploy"], [false, true, false]),
        (&[], [true, true, true]),
    ];
    for (names, expected) in table {
        let said = user.say(&[&["offload", "--yes"], names].concat());
        assert_eq!(
            [rules, overrides, plugins].map(|part| said.contains(part)),
            expected,
            "{names:?}: {said}"
        );
        let undone = user.say(&["restore-listings", "--yes"]);
        assert_eq!([rules, overrides, plugins].map(|part| undone.contains(part)), expected, "{undone}");
    }
}

#[test]
fn instructions_that_changed_since_their_last_use_say_so() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let changed = "They have changed since they were used last";
    for with_instance in [false, true] {
        if with_instance {
            user.up();
        }
        let first = instructions(&user, "web:reviewer").unwrap();
        assert!(!first.contains(changed), "{first}");
        let file = "home/.claude/plugins/cache/market/web/1.0.0/agents/reviewer.md";
        user.write(file, &(user.read(file) + "And more.\n"));
        if with_instance {
            user.say(&["reindex"]);
        }
        let second = instructions(&user, "web:reviewer").unwrap();
        assert!(second.contains(changed) && second.contains("And more."), "{second}");
        assert!(!instructions(&user, "web:reviewer").unwrap().contains(changed));
    }
    user.say(&["down"]);
}

/// The names of the prompts that `adjutant mcp` offers.
fn prompts(user: &User, setting: Option<&str>) -> Vec<String> {
    let mut command = user.command(&["mcp"]);
    if let Some(setting) = setting {
        command.env("MCP_COMMAND_PROMPTS", setting);
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let about = json!({ "name": "test", "version": "1" });
    let initialize = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about });
    let calls = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "prompts/list" }),
    ];
    for call in calls {
        writeln!(input, "{call}").unwrap();
    }
    let listed = answers.find_map(|line| {
        let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
        (answer["id"] == 2).then_some(answer)
    });
    drop(input);
    child.wait().unwrap();
    let listed = listed.unwrap();
    let all = listed["result"]["prompts"].as_array().unwrap_or_else(|| panic!("{listed}"));
    all.iter().map(|prompt| prompt["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn offloaded_commands_are_prompts_unless_the_user_decides() {
    let user = User::new();
    assert_eq!(prompts(&user, None), ["orchestrate"]);
    user.say(&["offload", "--yes"]);
    // The command of a plugin that stays is still in the client's own menu.
    assert_eq!(prompts(&user, None), ["orchestrate", "ops:deploy"]);
    assert_eq!(prompts(&user, Some("off")), ["orchestrate"]);
    let all = prompts(&user, Some("on"));
    assert!(all.contains(&"hooked:scan".to_owned()) && all.contains(&"ops:deploy".to_owned()), "{all:?}");
    user.say(&["restore-listings", "--yes"]);
    assert_eq!(prompts(&user, None), ["orchestrate"]);
}

#[test]
fn what_the_user_enabled_again_stays_so_unless_it_is_named() {
    for removes in [false, true] {
        let user = User::new();
        user.say(&["offload", "--all", "--yes"]);
        let mut edited: Value = serde_json::from_str(&user.read(LOCAL)).unwrap();
        if removes {
            edited["enabledPlugins"].as_object_mut().unwrap().remove("web@market");
        } else {
            edited["enabledPlugins"]["web@market"] = json!(true);
        }
        edited["permissions"]["deny"] = json!(["Agent(hooked:guard)"]);
        edited["skillOverrides"] = json!({ "ops:deploy": "on" });
        let mine = edited.to_string();
        user.write(LOCAL, &mine);
        // Neither is it news.
        for said in [user.say(&["offload", "status"]), user.say(&["up", "--port", "0", "--no-register"])] {
            assert!(!said.contains("listed again"), "{said}");
        }
        user.say(&["down"]);
        for arguments in [&["offload", "--yes"][..], &["offload", "--all", "--yes"]] {
            let said = user.say(arguments);
            for name in ["web (3)", "planner (1)", "rust-expert (1)", "ops:deploy (1)"] {
                assert!(said.contains(&format!("stays {name}: you enabled it again")), "{name}: {said}");
            }
            assert_eq!(user.read(LOCAL), mine, "{said}");
        }
        let said = user.say(&["offload", "web", "planner", "ops:deploy", "--yes"]);
        let written = user.read(LOCAL);
        for part in ["\"web@market\":false", "Agent(planner)", "\"ops:deploy\":\"user-invocable-only\""] {
            assert!(written.replace(' ', "").contains(part), "{part}: {said}\n{written}");
        }
        let unknown = user.run(&["offload", "nobody", "--yes"]);
        assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown));
    }
}

#[test]
fn what_was_offloaded_here_and_for_all_projects_runs_in_both() {
    let user = User::new();
    user.write("other/.claude/keep", "");
    let other = user.path("other");
    let other = other.to_str().unwrap();
    // Two agents of one name: here the project's is carried, elsewhere the user's.
    user.write("project/.claude/agents/rust-expert.md", &agent("rust-expert", "Is the project's."));
    user.say(&["offload", "--yes"]);
    user.say(&["offload", "--user", "--yes", "--root", other]);
    let both = |user: &User| {
        for id in ["rust-expert", "hooked:guard", "web:reviewer"] {
            assert!(instructions(user, id).is_some(), "{id}");
        }
    };
    both(&user);
    user.up();
    both(&user);
    user.say(&["down"]);
    // A rule of the user's own counts beside two of ours.
    user.write("project/.claude/settings.json", r#"{"permissions": {"deny": ["Agent(rust-expert)"]}}"#);
    assert_eq!(instructions(&user, "rust-expert"), None);
    assert!(instructions(&user, "hooked:guard").is_some());
}

#[test]
fn an_agent_that_was_updated_since_is_not_loosened() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let files = [
        ("web:reviewer", "home/.claude/plugins/cache/market/web/1.0.0/agents/reviewer.md"),
        ("hooked:guard", "home/.claude/plugins/cache/market/hooked/1.0.0/agents/guard.md"),
        ("rust-expert", "home/.claude/agents/rust-expert.md"),
    ];
    for with_instance in [false, true] {
        if with_instance {
            // It does not notice what changes.
            let mut unwatched = user.command(&["up", "--port", "0", "--no-register", "--no-watch"]);
            assert!(unwatched.output().unwrap().status.success());
        }
        for matter in
            ["permissionMode: plan", "disallowedTools: Bash", "tools: Read, Edit", "isolation: worktree"]
        {
            for (id, file) in files {
                assert!(instructions(&user, id).is_some(), "{id}");
                let before = user.read(file);
                user.write(file, &before.replacen("\n---\n\n", &format!("\n{matter}\n---\n\n"), 1));
                assert_eq!(user.call_agent(id), None, "{id}: {matter}");
                user.write(file, &before);
            }
        }
    }
    user.say(&["down"]);
}
