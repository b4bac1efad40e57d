//! What is left behind where: nothing by a question, nothing that git would add, nothing that another project would read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::Project;
use serde_json::Value;
use tempfile::TempDir;

/// A project beside a home of its own.
struct User {
    base: TempDir,
}

impl User {
    fn new() -> User {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("home")).unwrap();
        let user = User { base };
        user.project("p");
        user
    }

    /// The folder of a project of that name with the entries of the sample.
    fn project(&self, name: &str) -> PathBuf {
        let root = self.base.path().join(name);
        std::fs::create_dir_all(&root).unwrap();
        copy(Project::sample().path(), &root);
        root
    }

    fn root(&self) -> PathBuf {
        self.base.path().join("p")
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
        command.args(arguments).current_dir(folder).env_clear();
        command.env("HOME", self.base.path().join("home")).stdin(Stdio::null()).output().unwrap()
    }

    /// The same where it must succeed.
    fn done(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.run(folder, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    fn record(&self, folder: &Path, task: &str) {
        let recorded =
            ["record", "--task-id", task, "--description", "style the page", "--result", "success"];
        self.done(folder, &[&recorded[..], &["--agents", "web:css-artist"]].concat());
    }

    /// Every path below the folder that holds projects and home.
    fn everything(&self) -> BTreeSet<PathBuf> {
        paths(self.base.path())
    }
}

fn paths(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    entries.map(|entry| entry.path().strip_prefix(folder).unwrap().to_owned()).collect()
}

fn copy(from: &Path, to: &Path) {
    for path in paths(from) {
        if from.join(&path).is_dir() {
            std::fs::create_dir_all(to.join(&path)).unwrap();
        } else {
            std::fs::copy(from.join(&path), to.join(&path)).unwrap();
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Ends the instance of a project at the end of a test.
struct Ends<'a>(&'a User, PathBuf);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.run(&self.1, &["down"]);
    }
}

#[test]
fn a_question_leaves_nothing_behind() {
    let user = User::new();
    let deep = user.root().join("src/deep");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(user.root().join("routes.jsonl"), "{\"context\": \"helm\", \"expect\": []}\n").unwrap();
    let before = user.everything();
    let questions: [(&[&str], i32); 19] = [
        (&["find", "agents", "helm", "charts"], 0),
        (&["find", "skills", "terraform"], 0),
        (&["show", "agent", "css-artist"], 0),
        (&["explain", "helm"], 0),
        (&["pattern", "style the page"], 2),
        (&["patterns", "find", "style the page"], 2),
        (&["patterns", "list"], 0),
        (&["patterns", "export"], 0),
        (&["history"], 0),
        (&["history", "export"], 0),
        (&["check"], 0),
        (&["check", "../../routes.jsonl"], 4),
        (&["doctor"], 0),
        (&["tokens"], 0),
        (&["status"], 3),
        (&["config", "show"], 0),
        (&["backup", "--list"], 0),
        (&["model", "status"], 2),
        (&["down"], 0),
    ];
    for (question, code) in questions {
        let answered = user.run(&deep, question);
        assert_eq!(answered.status.code(), Some(code), "{question:?}: {}", text(&answered));
        let left: Vec<_> = user.everything().difference(&before).cloned().collect();
        assert!(left.is_empty(), "{question:?} left {left:?}");
    }
}

#[test]
fn git_ignores_the_state_whoever_makes_it() {
    let makers: [&[&str]; 3] = [
        &[
            "record",
            "--task-id",
            "1",
            "--description",
            "x",
            "--agents",
            "web:css-artist",
            "--result",
            "success",
        ],
        &["mcp"],
        &["up", "--port", "0"],
    ];
    for maker in makers {
        let user = User::new();
        let root = user.root();
        let _ended = Ends(&user, root.clone());
        user.done(&root, maker);
        let ignore = std::fs::read_to_string(root.join(".claude/mcp-server/.gitignore"));
        assert_eq!(ignore.unwrap(), "*\n", "{maker:?}");
        let git = |arguments: &[&str]| Command::new("git").current_dir(&root).args(arguments).output();
        // Where there is no git, nobody adds anything.
        let Ok(_) = git(&["init", "-q"]) else { continue };
        let seen = text(&git(&["status", "--porcelain", "-uall"]).unwrap());
        assert!(seen.contains("plugins/") && !seen.contains("mcp-server"), "{maker:?}: {seen}");
        // Who decides otherwise is left alone.
        std::fs::write(root.join(".claude/mcp-server/.gitignore"), "logs\n").unwrap();
        user.record(&root, "2");
        assert_eq!(std::fs::read_to_string(root.join(".claude/mcp-server/.gitignore")).unwrap(), "logs\n");
    }
}

#[test]
fn a_copied_state_is_set_aside_and_a_moved_one_stays() {
    let user = User::new();
    let root = user.root();
    user.record(&root, "task-of-p");
    let copied = user.project("copy ünï");
    copy(&root.join(".claude"), &copied.join(".claude"));
    let before = user.everything();
    for question in [&["history"][..], &["pattern", "style the page"], &["patterns", "list"]] {
        let said = text(&user.run(&copied, question));
        assert!(said.contains("was copied from") && !said.contains("task-of-p"), "{question:?}: {said}");
        assert!(!said.contains("web:css-artist"), "{question:?}: {said}");
    }
    assert_eq!(user.everything(), before, "and nothing is written by looking");
    let _ended = Ends(&user, copied.clone());
    let up = user.done(&copied, &["up", "--port", "0"]);
    assert!(up.contains("set aside"), "{up}");
    assert!(copied.join(".claude/mcp-server.copied-from-p/data/mcp.db").exists());
    let history = user.done(&copied, &["history", "--json"]);
    assert!(!history.contains("task-of-p"), "{history}");
    user.done(&copied, &["down"]);
    assert!(!user.done(&copied, &["up", "--port", "0"]).contains("set aside"));
    user.done(&copied, &["down"]);

    let moved = user.base.path().join("moved");
    std::fs::rename(&root, &moved).unwrap();
    user.record(&moved, "task-of-moved");
    let history = user.done(&moved, &["history"]);
    assert!(history.contains("task-of-p") && history.contains("task-of-moved"), "{history}");
}

#[test]
fn uninstalling_with_the_data_leaves_nothing() {
    let user = User::new();
    let root = user.root();
    let before = user.everything();
    let _ended = Ends(&user, root.clone());
    user.done(&root, &["up", "--port", "0", "--register"]);
    user.record(&root, "1");
    user.done(&root, &["show", "agent", "css-artist"]);
    user.done(&root, &["backup"]);
    user.done(&root, &["down"]);
    let copied = user.project("copied");
    copy(&root.join(".claude"), &copied.join(".claude"));
    user.record(&copied, "2");
    for project in [&root, &copied] {
        user.done(project, &["uninstall", "--data"]);
    }
    std::fs::remove_dir_all(&copied).unwrap();
    let left: Vec<_> = user.everything().difference(&before).cloned().collect();
    // Folders that other programs share.
    let shared = ["home/.claude", "home/.local", "home/.local/state"].map(Path::new);
    let left: Vec<_> = left.iter().filter(|path| !shared.contains(&path.as_path())).collect();
    let config = std::fs::read_to_string(user.base.path().join("home/.claude/config.json"));
    assert_eq!(
        config.map(|text| serde_json::from_str::<Value>(&text).unwrap()).unwrap(),
        serde_json::json!({})
    );
    assert_eq!(left, [Path::new("home/.claude/config.json")], "but for the client's own file");
}
