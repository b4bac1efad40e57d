//! The plugin that this repository is: its files are what Claude Code and our own reader of manifests expect.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use catalog::{Kind, ScanOptions, scan};
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn json_of(file: &str) -> Value {
    serde_json::from_str(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn the_catalog_reads_the_plugin_as_the_client_does() {
    let empty = tempfile::tempdir().unwrap();
    let options =
        ScanOptions { extra_plugin_dirs: vec![root().to_owned()], ..ScanOptions::new(empty.path()) };
    let catalog = scan(&options, None);
    let ids = |kind| -> BTreeSet<&str> { catalog.of_kind(kind).iter().map(|one| one.id.as_str()).collect() };
    assert_eq!(ids(Kind::Agent), ["adjutant:reader", "adjutant:specialist"].into());
    assert_eq!(ids(Kind::Skill), ["adjutant:use"].into());
    assert_eq!(ids(Kind::Workflow), ["adjutant:orchestrate"].into());
    assert!(catalog.definitions().iter().all(|one| one.hidden), "nobody is to find the plugin's own entries");
    // The stand-ins alone are carried, in a line each.
    let listed = catalog.client_listing(true).into_iter();
    let agents = listed.filter(|listed| listed.definition.kind == Kind::Agent);
    assert_eq!(
        agents.map(|listed| listed.line).collect::<Vec<String>>(),
        [
            "- adjutant:reader: Offloaded agents that only read. (Tools: Read, Grep, Glob)\n",
            "- adjutant:specialist: Offloaded agents. (Tools: All tools)\n",
        ]
    );
}

/// The folder of the plugin, which is all that the client copies.
const PLUGIN: &str = ".claude/plugin";

#[test]
fn hooks_and_server_run_the_binary_in_one_way() {
    let launcher = "${CLAUDE_PLUGIN_ROOT}/adjutant.sh";
    let hooks = json_of(&format!("{PLUGIN}/hooks/hooks.json"));
    let hook = json!({ "type": "command", "command": launcher, "args": ["hook"], "timeout": 2 });
    assert_eq!(
        hooks["hooks"],
        json!({
            "UserPromptSubmit": [{ "hooks": [hook] }],
            "PreToolUse": [{ "matcher": "Agent", "hooks": [hook] }],
        })
    );
    let servers = json_of(&format!("{PLUGIN}/.mcp.json"));
    assert_eq!(
        servers["mcpServers"]["adjutant"],
        json!({ "command": launcher, "args": ["mcp", "--no-resources"] })
    );
}

/// The launcher in a home without programs, run with these arguments and variables.
fn launch(home: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(root().join(PLUGIN).join("adjutant.sh"));
    command.args(arguments).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home);
    command.envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn the_launcher_finds_the_program_or_a_hook_is_silent() {
    let home = tempfile::tempdir().unwrap();
    // A copy, as in the client's cache: it lies in no checkout.
    let none = Path::new("/nonexistent/adjutant");
    let copied = home.path().join("adjutant.sh");
    std::fs::copy(root().join(PLUGIN).join("adjutant.sh"), &copied).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&copied);
        command.args(arguments).env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        command.env("ADJUTANT_BIN", none).stdin(Stdio::null()).output().unwrap()
    };
    let silent = run(&["hook"]);
    assert_eq!((silent.status.code(), silent.stdout, silent.stderr), (Some(0), vec![], vec![]));
    let server = run(&["mcp"]);
    assert_eq!(server.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&server.stderr).contains("no adjutant binary was found"));

    let program = home.path().join("program");
    std::fs::write(&program, "#!/bin/sh\necho \"$@\"\necho failed >&2\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let hook = launch(home.path(), &["hook"], &[("ADJUTANT_BIN", &program)]);
    assert_eq!((&*hook.stdout, &*hook.stderr), (&b"hook\n"[..], &b""[..]));
    let project = home.path().join("pro ject");
    let server =
        launch(home.path(), &["mcp"], &[("ADJUTANT_BIN", &program), ("CLAUDE_PROJECT_DIR", &project)]);
    assert_eq!(String::from_utf8_lossy(&server.stdout), format!("mcp --root {}\n", project.display()));
    let bin = home.path().join(".cargo/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::rename(program, bin.join("adjutant")).unwrap();
    assert_eq!(run(&["hook"]).stdout, b"hook\n", "cargo's folder is looked at");
}

#[test]
fn the_marketplace_offers_the_plugins_folder_alone() {
    let manifest = json_of(&format!("{PLUGIN}/.claude-plugin/plugin.json"));
    let marketplace = json_of(".claude-plugin/marketplace.json");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let offered = &marketplace["plugins"][0];
    // The client copies what it installs: not what was built beside it.
    assert_eq!((&offered["name"], &offered["source"]), (&manifest["name"], &json!("./.claude/plugin")));
    assert_eq!(offered["description"], manifest["description"]);
    // Rules and ids that the service writes name the plugin, the server and the stand-ins as they are called here.
    assert_eq!((&manifest["name"], &marketplace["name"]), (&json!("adjutant"), &json!("adjutant")));
    // Nothing in it leads out of it, since only it is copied.
    let command = read(&format!("{PLUGIN}/commands/orchestrate.md"));
    assert_eq!(command, read(".claude/commands/orchestrate.md"), "projects copy the same command");
}
