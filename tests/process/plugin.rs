//! The plugin that this repository is: its files are what Claude Code and our own reader of manifests expect.

use std::collections::BTreeSet;
use std::path::Path;

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

#[test]
fn hooks_run_the_binary_without_a_shell() {
    let manifest = json_of(".claude-plugin/plugin.json");
    let hooks = json_of(manifest["hooks"].as_str().unwrap());
    let hook = json!({ "type": "command", "command": "adjutant", "args": ["hook"], "timeout": 2 });
    assert_eq!(
        hooks["hooks"],
        json!({
            "UserPromptSubmit": [{ "hooks": [hook] }],
            "PreToolUse": [{ "matcher": "Agent", "hooks": [hook] }],
        })
    );
    let servers = json_of(manifest["mcpServers"].as_str().unwrap());
    let command = servers["mcpServers"]["adjutant"]["command"].as_str().unwrap();
    let script = command.strip_prefix("${CLAUDE_PLUGIN_ROOT}/").unwrap();
    assert!(read(script).contains("exec \"$ADJUTANT\" mcp"), "{script}");
}

#[test]
fn the_marketplace_offers_the_plugin() {
    let (manifest, marketplace) =
        (json_of(".claude-plugin/plugin.json"), json_of(".claude-plugin/marketplace.json"));
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let offered = &marketplace["plugins"][0];
    assert_eq!((&offered["name"], &offered["source"]), (&manifest["name"], &json!("./")));
    assert_eq!(offered["description"], manifest["description"]);
    // Rules and ids that the service writes name the plugin, the server and the stand-ins as they are called here.
    assert_eq!((&manifest["name"], &marketplace["name"]), (&json!("adjutant"), &json!("adjutant")));
}
