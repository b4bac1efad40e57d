//! The real binary in an empty home: what an offload needs before it writes, and how it is taken back from anywhere.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

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
