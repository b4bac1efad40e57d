//! The real binary in an empty home: what an offload needs before it writes, and how it is taken back from anywhere.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::offload::{LOCAL, OWN_PLUGIN, RECORD, SETTINGS, User, agent, answered, asked, text};

/// Runs `offload --yes` with further arguments and variables.
fn offload(user: &User, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = user.command(&[&["offload", "--yes"], arguments].concat());
    command.envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn nothing_is_written_that_could_not_be_run() {
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);
    let without = SETTINGS.replace(", \"adjutant@adjutant\": true", "");
    let off = SETTINGS.replace("\"adjutant@adjutant\": true", "\"adjutant@adjutant\": false");
    let hooks_off = SETTINGS.replace("{\n    \"model\"", "{\n    \"disableAllHooks\": true,\n    \"model\"");
    let denied = SETTINGS.replace(
        "{\n    \"model\"",
        "{\n    \"permissions\": {\"deny\": [\"Agent(adjutant:specialist)\"]},\n    \"model\"",
    );
    let no_program = &[("ADJUTANT_BIN", ""), ("CARGO_HOME", "/nonexistent"), ("PATH", "/nonexistent")][..];
    let table: [Row<'_>; 6] = [
        ("not installed", &without, &[], "claude plugin install adjutant@adjutant"),
        ("switched off", &off, &[], "claude plugin enable adjutant@adjutant"),
        ("hooks are off", &hooks_off, &[], "disableAllHooks"),
        ("a stand-in is denied", &denied, &[], "permissions.deny"),
        ("no program", SETTINGS, no_program, "ln -s "),
        ("user scope off", SETTINGS, &[("MCP_USER_SCOPE", "off")], "unset MCP_USER_SCOPE"),
    ];
    for (what, settings, variables, remedy) in table {
        let user = User::new();
        user.write("home/.claude/settings.json", settings);
        let refused = offload(&user, &[], variables);
        assert_eq!(refused.status.code(), Some(1), "{what}: {}", text(&refused));
        for part in [remedy, "nothing was written", "--force"] {
            assert!(text(&refused).contains(part), "{what}: {part} is missing: {}", text(&refused));
        }
        assert!(!user.path(LOCAL).exists() && !user.path(RECORD).exists(), "{what}");
        let shown = offload(&user, &["--dry-run"], variables);
        assert_eq!(shown.status.code(), Some(0), "{what}");
        assert!(text(&shown).contains(remedy), "{what}: {}", text(&shown));
        let forced = offload(&user, &["--force"], variables);
        assert_eq!(forced.status.code(), Some(0), "{what}: {}", text(&forced));
        assert!(
            user.path(LOCAL).exists() && !text(&forced).contains("still found, loaded and run"),
            "{what}"
        );
    }
}

#[test]
fn a_build_of_the_checkout_that_the_plugin_lies_in_is_found() {
    let nowhere = [("ADJUTANT_BIN", ""), ("CARGO_HOME", "/nonexistent"), ("PATH", "/nonexistent")];
    let user = User::new();
    let checkout = user.path("checkout");
    let source = json!({ "source": "directory", "path": checkout });
    let known = json!({ "adjutant": { "source": source, "installLocation": checkout } });
    user.write("home/.claude/plugins/known_marketplaces.json", &known.to_string());
    let offered = json!({ "name": "adjutant", "source": "./.claude/plugin" });
    let offered = json!({ "name": "adjutant", "plugins": [offered] });
    user.write("checkout/.claude-plugin/marketplace.json", &offered.to_string());
    std::fs::create_dir(checkout.join(".claude")).unwrap();
    std::fs::rename(user.path(OWN_PLUGIN), checkout.join(".claude/plugin")).unwrap();
    user.write("checkout/Cargo.toml", "[package]\nname = \"adjutant\"\n");
    let elsewhere = user.path("elsewhere");
    let elsewhere = [&nowhere[..], &[("CARGO_TARGET_DIR", elsewhere.to_str().unwrap())]].concat();
    for (target, variables) in [("checkout/target", &nowhere[..]), ("elsewhere", &elsewhere)] {
        for build in ["trial", "release"] {
            let refused = offload(&user, &["--dry-run"], variables);
            assert!(text(&refused).contains("find no program"), "{}", text(&refused));
            let program = user.write(&format!("{target}/{build}/adjutant"), "");
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
            let found = offload(&user, &["--dry-run"], variables);
            assert!(!text(&found).contains("find no program"), "{target}/{build}: {}", text(&found));
            std::fs::remove_file(program).unwrap();
        }
    }
}

#[test]
fn for_all_projects_the_plugin_must_be_installed_for_all() {
    let user = User::new();
    let registry = user.read("home/.claude/plugins/installed_plugins.json");
    let mut here: Value = serde_json::from_str(&registry).unwrap();
    here["plugins"]["adjutant@adjutant"][0]["scope"] = json!("local");
    here["plugins"]["adjutant@adjutant"][0]["projectPath"] = json!(user.path("project"));
    user.write("home/.claude/plugins/installed_plugins.json", &here.to_string());
    let refused = offload(&user, &["--user"], &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("--scope user"), "{}", text(&refused));
    assert_eq!(user.read("home/.claude/settings.json"), SETTINGS);
    assert_eq!(offload(&user, &[], &[]).status.code(), Some(0));
}

#[test]
fn a_record_is_found_whatever_folder_an_instance_uses() {
    let user = User::new();
    let data = user.path("data");
    let with_data =
        |arguments: &[&str]| user.say(&[arguments, &["--data-dir", data.to_str().unwrap()]].concat());
    with_data(&["offload", "--yes"]);
    assert!(user.path(RECORD).exists() && !data.join("offload.json").exists());
    assert!(user.call_agent("web:reviewer").is_some());
    assert!(user.say(&["restore-listings", "--yes"]).contains("restored 6 keys"));
    assert!(!user.path(LOCAL).exists());

    // A record of old lies in the folder of an instance.
    let written = user.say(&["offload", "--yes"]);
    assert!(written.contains("written"), "{written}");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::rename(user.path(RECORD), data.join("offload.json")).unwrap();
    let status = with_data(&["offload", "status"]);
    assert!(status.contains("6 keys in"), "{status}");
    let undone = with_data(&["restore-listings", "--yes"]);
    assert!(undone.contains("restored 6 keys"), "{undone}");
    assert!(!data.join("offload.json").exists() && !user.path(RECORD).exists() && !user.path(LOCAL).exists());

    // A part of it was written before, a part since.
    user.say(&["offload", "web", "--yes"]);
    std::fs::rename(user.path(RECORD), data.join("offload.json")).unwrap();
    user.say(&["offload", "hooked", "--yes"]);
    with_data(&["offload", "--yes"]);
    assert!(!data.join("offload.json").exists(), "it moves with the first command that knows of it");
    assert!(user.call_agent("web:reviewer").is_some() && user.call_agent("hooked:guard").is_some());
    assert!(user.say(&["restore-listings", "--yes"]).contains("restored 6 keys"));
    assert!(!user.path(LOCAL).exists());
}

#[test]
fn an_undo_works_where_the_user_scope_is_off() {
    let user = User::new();
    user.say(&["offload", "--user", "--yes"]);
    assert_ne!(user.read("home/.claude/settings.json"), SETTINGS);
    let mut undo = user.command(&["restore-listings", "--user", "--yes"]);
    let undone = undo.env("MCP_USER_SCOPE", "off").output().unwrap();
    assert_eq!(undone.status.code(), Some(0), "{}", text(&undone));
    assert_eq!(user.read("home/.claude/settings.json"), SETTINGS, "{}", text(&undone));
}

#[test]
fn what_comes_later_for_all_projects_is_taken_out_there() {
    let user = User::new();
    user.say(&["offload", "--all", "--user", "--yes"]);
    user.write("home/.claude/agents/newcomer.md", &agent("newcomer", "Came later."));
    let said = user.say(&["offload", "status"]);
    assert!(said.contains("1 new entry is listed again ("), "{said}");
    assert!(said.trim_end().ends_with("adjutant offload --user"), "{said}");
}

#[test]
fn uninstalling_asks_before_listings_are_put_back() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let written = user.read(LOCAL);
    let (code, said) = answered(asked(&user, &["uninstall"]), "n\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("-    \"web@market\": false") && said.contains("nothing was removed"), "{said}");
    assert_eq!(user.read(LOCAL), written);
    let silent = user.run(&["uninstall", "--json"]);
    assert_eq!(silent.status.code(), Some(1), "{}", text(&silent));
    assert_eq!(user.read(LOCAL), written, "nobody was asked");
    let (code, said) = answered(asked(&user, &["uninstall"]), "y\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(!user.path(LOCAL).exists() && said.contains("the offload in"), "{said}");

    user.say(&["offload", "--yes"]);
    let data = user.path("data");
    let data = data.to_str().unwrap();
    let all = user.say(&["uninstall", "--yes", "--data", "--data-dir", data]);
    assert!(!user.path(LOCAL).exists() && !user.path(RECORD).exists(), "{all}");
    assert!(!user.path("project/.claude/mcp-server").exists(), "{all}");
}

#[test]
fn what_cannot_be_written_leaves_record_and_settings_as_they_were() {
    let user = User::new();
    // The folder of the record is a link: somebody else's files are not ours to write.
    std::fs::create_dir_all(user.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(user.path("elsewhere"), user.path("project/.claude/mcp-server")).unwrap();
    let refused = offload(&user, &[], &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("the record"), "{}", text(&refused));
    let names = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert!(!user.path(LOCAL).exists() && names(&user.path("elsewhere")) == 0);
}

/// Runs git in the project.
fn git(user: &User, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=t", "-c", "user.email=t@localhost"]).args(arguments);
    let output = git.current_dir(user.path("project")).env("HOME", user.path("home")).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

#[test]
fn git_neither_commits_nor_removes_the_record() {
    let user = User::new();
    git(&user, &["init", "-q"]);
    user.say(&["offload", "--yes"]);
    git(&user, &["clean", "-fdq", "-e", "settings.local.json", "-e", "agents"]);
    assert!(user.path(RECORD).exists());
    git(&user, &["add", "-A"]);
    let known = git(&user, &["ls-files"]);
    assert!(known.contains("settings.local.json") && !known.contains("mcp-server"), "{known}");
    assert!(user.say(&["restore-listings", "--yes"]).contains("restored 6 keys"));
}

#[test]
fn settings_without_a_record_are_not_called_untouched() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    std::fs::remove_file(user.path(RECORD)).unwrap();
    let said = user.say(&["restore-listings", "--yes"]);
    assert!(said.contains("there is no record") && said.contains("settings.local.json"), "{said}");
    assert!(!said.contains("nothing was offloaded"), "{said}");
    let other = user.say(&["restore-listings", "--user", "--yes"]);
    assert!(other.contains("nothing was offloaded here"), "{other}");
}

#[test]
fn a_record_that_came_with_the_tree_runs_nothing() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    // A checkout elsewhere, with all that is in the folder.
    let clone = user.path("clone");
    let copied = Command::new("cp").arg("-r").args([&user.path("project"), &clone]).status().unwrap();
    assert!(copied.success());
    let call = |user: &User, id: &str| {
        let input = json!({ "subagent_type": id, "prompt": "Look." });
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": input });
        let mut hook = user.command(&["hook", "--deadline-ms", "60000"]);
        let hook = hook.current_dir(user.path("clone")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = hook.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(event.to_string().as_bytes());
        !child.wait_with_output().unwrap().stdout.is_empty()
    };
    let say = |arguments: &[&str]| {
        let output = user.command(arguments).current_dir(&clone).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        text(&output)
    };
    for id in ["web:reviewer", "hooked:guard", "planner", "rust-expert"] {
        assert!(user.call_agent(id).is_some() && !call(&user, id), "{id}");
    }
    for said in [say(&["offload", "status"]), say(&["doctor"]), say(&["offload", "--dry-run"])] {
        assert!(said.contains("was not written for this folder and is left out"), "{said}");
    }
    assert!(say(&["restore-listings", "--yes"]).contains("restored 6 keys"));
    say(&["offload", "--yes"]);
    assert!(call(&user, "web:reviewer"));
    // Without the undo it is set aside, and what its tree denies is the tree's.
    std::fs::copy(user.path(RECORD), clone.join(".claude/mcp-server/data/offload.json")).unwrap();
    user.write("clone/.claude/agents/new.md", &agent("new", "Came later."));
    say(&["offload", "--yes"]);
    assert!(clone.join(".claude/mcp-server/data/offload.json.of-another-checkout").exists());
    assert!(call(&user, "new") && !call(&user, "hooked:guard"));
}

#[test]
fn an_entry_under_the_name_of_an_installed_plugin_is_no_entry_of_it() {
    let user = User::new();
    user.write("project/.claude/agents/false.md", &agent("hooked:helper", "Is none of the plugin's."));
    let said = user.say(&["offload", "--yes"]);
    assert!(said.contains("stays hooked:helper (1): it goes under the name of the plugin hooked"), "{said}");
    assert!(!user.read(LOCAL).contains("hooked:helper"));
    // Nor is it run where settings and a record say that it was offloaded.
    let mut record: Value = serde_json::from_str(&user.read(RECORD)).unwrap();
    record["agent_sources"]["hooked:helper"] = json!("project");
    let key =
        json!({ "key": { "agent": "hooked:helper" }, "new": "\"Agent(hooked:helper)\"", "written_ms": 1 });
    record["written"]["keys"].as_array_mut().unwrap().push(key);
    user.write(RECORD, &record.to_string());
    let mut settings: Value = serde_json::from_str(&user.read(LOCAL)).unwrap();
    settings["permissions"]["deny"].as_array_mut().unwrap().push(json!("Agent(hooked:helper)"));
    user.write(LOCAL, &settings.to_string());
    assert_eq!(user.call_agent("hooked:helper"), None);
    assert!(user.call_agent("hooked:guard").is_some());
}

#[test]
fn uninstalling_stops_where_the_undo_fails() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let (before, record) = (user.read(LOCAL), user.read(RECORD));
    let table =
        [("a damaged record", RECORD, "{", "the record"), ("damaged settings", LOCAL, "{", "is left alone")];
    for (what, file, content, sentence) in table {
        user.write(file, content);
        for flags in [&["--yes"][..], &["--yes", "--data"], &["--yes", "--json"]] {
            let failed = user.run(&[&["uninstall"], flags].concat());
            assert_eq!(failed.status.code(), Some(1), "{what}: {}", text(&failed));
            let said = text(&failed);
            assert!(said.contains(sentence) && said.contains("nothing was removed"), "{what}: {said}");
            assert!(
                user.path(RECORD).exists() && user.path("project/.claude/mcp-server/.gitignore").exists()
            );
        }
        user.write(LOCAL, &before);
        user.write(RECORD, &record);
    }
    user.say(&["uninstall", "--yes"]);
    assert!(!user.path(LOCAL).exists());
}

#[test]
fn what_is_lost_since_an_offload_is_said_wherever_one_looks() {
    type Row = (&'static str, fn(&User), &'static str);
    let without = |user: &User| {
        user.write("home/.claude/settings.json", &SETTINGS.replace(", \"adjutant@adjutant\": true", ""));
    };
    let table: [Row; 4] = [
        ("the plugin is gone", without, "the plugin adjutant, which runs offloaded agents, is not installed"),
        (
            "an agent was updated",
            |user| {
                let strict = agent("rust-expert", "Is strict.")
                    .replace("\n---\n\n", "\npermissionMode: plan\n---\n\n");
                user.write("home/.claude/agents/rust-expert.md", &strict);
            },
            "not listed, not run: rust-expert (user): its permission mode is plan",
        ),
        (
            "a newer record",
            |user| {
                drop(user.write(RECORD, &user.read(RECORD).replacen("\"version\": 1", "\"version\": 2", 1)));
            },
            "version 2 is not known",
        ),
        ("a damaged record", |user| drop(user.write(RECORD, "{")), "the record"),
    ];
    for (what, make, sentence) in table {
        let user = User::new();
        user.say(&["offload", "--all", "--yes"]);
        let fine = user.say(&["offload", "status"]) + &user.say(&["doctor"]);
        assert!(!fine.contains("missing ") && !fine.contains("not run"), "{what}: {fine}");
        make(&user);
        let up = user.say(&["up", "--port", "0", "--no-register"]);
        user.say(&["down"]);
        for said in [up, user.say(&["offload", "status"]), user.say(&["doctor"])] {
            assert!(said.contains(sentence), "{what}: {said}");
        }
        let again = text(&offload(&user, &[], &[]));
        if what == "the plugin is gone" {
            assert!(again.contains(sentence), "{again}");
            let all = offload(&user, &["--all"], &[]);
            assert_eq!(all.status.code(), Some(1), "{}", text(&all));
            assert!(!text(&all).contains("still found, loaded and run"), "{}", text(&all));
        }
    }
}

#[test]
fn an_agent_that_a_rule_for_all_projects_denies_is_named() {
    let user = User::new();
    let said = user.say(&["offload", "--user", "--yes"]);
    assert!(
        said.contains("rust-expert: an agent that a project has under this name is denied, too"),
        "{said}"
    );
    assert!(!user.say(&["offload", "status"]).contains("not run"));
    user.write("project/.claude/agents/rust-expert.md", &agent("rust-expert", "Is the project's."));
    let said = user.say(&["offload", "status"]);
    assert!(
        said.contains("not listed, not run: rust-expert (project)")
            && said.contains("restore-listings --user"),
        "{said}"
    );
    assert_eq!(user.status()["not_run"][0]["id"], "rust-expert");
    assert_eq!(user.call_agent("rust-expert"), None);
}

#[test]
fn how_commands_of_a_plugin_are_typed_is_said_before_the_question() {
    let user = User::new();
    let said = user.say(&["offload", "web", "--dry-run"]);
    assert!(said.contains("/web:contrast is typed as /adjutant:use skill web:contrast"), "{said}");
    user.write(
        "home/.claude/plugins/cache/market/web/1.0.0/commands/audit.md",
        "---\ndescription: Audits.\n---\n\nAudit.\n",
    );
    let said = user.say(&["offload", "web", "--dry-run"]);
    assert!(said.contains("/web:audit is typed as /adjutant:use workflow web:audit"), "{said}");
    let said = user.say(&["offload", "hooked", "--dry-run"]);
    assert!(!said.contains("is typed as"), "its commands stay: {said}");
}
