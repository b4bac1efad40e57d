//! Settings from files: which hold, who said so, and what is refused, as the binary tells it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::Project;
use serde_json::Value;
use tempfile::TempDir;

/// A project with a home of its own.
struct User {
    project: Project,
    home: TempDir,
}

impl User {
    fn new() -> User {
        User { project: Project::sample(), home: tempfile::tempdir().unwrap() }
    }

    /// The binary in `folder`, with nothing but a home in its environment.
    fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
        command.args(arguments).current_dir(folder).env_clear();
        command.env("HOME", self.home.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(self.project.path(), arguments).output().unwrap()
    }

    fn write_home(&self, path: &str, text: &str) {
        let file = self.home.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A setting of `config show --json`: value, source and place.
fn setting(shown: &Output, key: &str) -> (String, String, String) {
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap_or_else(|_| panic!("{}", text(shown)));
    let settings = shown["settings"].as_array().unwrap();
    let found = settings.iter().find(|one| one["key"] == key).unwrap();
    let member = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (member("value"), member("source"), member("place"))
}

#[test]
fn every_setting_says_who_set_it() {
    let user = User::new();
    user.project
        .write("more plugins ünï/extra/agents/baker.md", "---\nname: baker\ndescription: Bakes.\n---\n");
    user.project.write(".claude/adjutant.yml", "plugins: more plugins ünï\nport: 3790\n");
    user.write_home(".config/adjutant/config.yml", "port: 3791\ncache-ttl: 7\n");
    let mut command = user.command(user.project.path(), &["config", "show", "--json", "--max-files", "9"]);
    let shown = command.env("MCP_LEARNING", "off").env("MCP_TOKEN", "0123456789abcdef").output().unwrap();
    let expect = |key: &str, value: &str, source: &str, place: &str| {
        let found = setting(&shown, key);
        assert_eq!((found.0.as_str(), found.1.as_str()), (value, source), "{key}");
        assert!(found.2.contains(place), "{key}: {}", found.2);
    };
    expect("port", "3790", "project file", ".claude/adjutant.yml, line 2");
    expect("cache-ttl", "7", "user file", ".config/adjutant/config.yml, line 2");
    expect("max-files", "9", "flag", "--max-files");
    expect("learning", "off", "environment", "MCP_LEARNING");
    expect("watch", "on", "default", "");
    assert!(!text(&shown).contains("0123456789abcdef"), "{}", text(&shown));
    let table = user.run(&["config", "show"]);
    assert!(text(&table).contains("adjutant.yml, line 2"), "{}", text(&table));
    // And it holds.
    let found = user.run(&["find", "agents", "bakes"]);
    assert!(text(&found).contains("extra:baker"), "{}", text(&found));
}

#[test]
fn a_file_that_says_what_it_must_not_stops_the_command_with_a_sentence() {
    let user = User::new();
    let cases = [
        ("data-dir: /tmp\n", "must not set `data-dir`: it names a place outside the project"),
        ("bind: 0.0.0.0\n", "must not set `bind`: it lets other machines in"),
        ("plugins: ../neighbour\n", "leads out of the project"),
        ("port: 1\n", "must not set `port` to \"1\""),
        ("prot: 3790\n", "did you mean `port`?"),
        ("port: many\n", "it must be a port number"),
    ];
    for (line, part) in cases {
        user.project.write(".claude/adjutant.yml", &format!("# first\n{line}"));
        for arguments in [&["find", "agents", "helm"][..], &["config", "show"], &["up", "--port", "0"]] {
            let refused = user.run(arguments);
            assert_eq!(refused.status.code(), Some(1), "{line}: {}", text(&refused));
            let said = text(&refused);
            assert!(said.contains(part) && said.contains("adjutant.yml:2:"), "{line}: {said}");
        }
    }
}

#[test]
fn the_enclosing_project_is_asked_from_any_folder_in_it() {
    let user = User::new();
    let deep = user.project.path().join("src/deep ünï");
    std::fs::create_dir_all(&deep).unwrap();
    let found = user.command(&deep, &["find", "agents", "helm", "charts"]).output().unwrap();
    assert!(text(&found).contains("ops:kubernetes-architect"), "{}", text(&found));
    user.project.write(".claude/adjutant.yml", "root: packages/app\n");
    user.project.write(
        "packages/app/plugins/app/agents/sailor.md",
        "---\nname: sailor\ndescription: Sails ships.\n---\n",
    );
    let found = user.command(&deep, &["find", "agents", "ships"]).output().unwrap();
    assert!(text(&found).contains("app:sailor"), "{}", text(&found));
    // The user's own root is for where there is no project.
    let nowhere = user.home.path().join("empty");
    std::fs::create_dir(&nowhere).unwrap();
    user.write_home(".config/adjutant/config.yml", &format!("root: {:?}\n", user.project.path()));
    let found = user.command(&nowhere, &["find", "agents", "ships"]).output().unwrap();
    assert!(text(&found).contains("app:sailor"), "{}", text(&found));
}
