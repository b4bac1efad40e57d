//! The programs under `examples/`, run as a reader would run them, against the real binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The fixtures as a project, served in the background until the end of the test.
struct Served {
    project: TempDir,
    url: String,
}

impl Served {
    fn start() -> Served {
        let project = tempfile::tempdir().unwrap();
        copy(&checkout().join("fixtures/plugins"), &project.path().join("plugins"));
        let mut served = Served { project, url: String::new() };
        let up = served.adjutant(&["up", "--port", "0", "--no-register", "--json"]);
        assert!(up.status.success(), "{}", text(&up));
        let up: Value = serde_json::from_slice(&up.stdout).unwrap();
        up["url"].as_str().unwrap_or_else(|| panic!("no url: {up}")).clone_into(&mut served.url);
        served
    }

    fn adjutant(&self, arguments: &[&str]) -> Output {
        run(
            Command::new(env!("CARGO_BIN_EXE_adjutant")).args(arguments).current_dir(&self.project),
            &self.project,
        )
    }

    fn stop(&self) {
        let down = self.adjutant(&["down"]);
        assert!(down.status.success(), "{}", text(&down));
    }

    /// The ids of the tasks that were recorded.
    fn recorded(&self) -> Vec<String> {
        let history = self.adjutant(&["history", "--json"]);
        let history: Value = serde_json::from_slice(&history.stdout).unwrap();
        let decisions = history["decisions"].as_array().unwrap();
        decisions.iter().map(|decision| decision["task_id"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.adjutant(&["down"]);
    }
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Runs a command with the project as its home and none of the developer's settings.
fn run(command: &mut Command, project: &TempDir) -> Output {
    for name in ["MCP_PORT", "MCP_ROOT", "MCP_DATA_DIR", "MCP_TOKEN", "ADJUTANT_URL", "ADJUTANT_TOKEN"] {
        command.env_remove(name);
    }
    command.env("HOME", project.path()).env("MCP_USER_SCOPE", "off").stdin(Stdio::null()).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An example that cargo has built beside the binary.
fn example(name: &str) -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_adjutant")).with_file_name("examples").join(name);
    assert!(binary.exists(), "{} is missing: cargo build --examples", binary.display());
    binary
}

#[test]
fn the_curl_session_finds_loads_records_and_recommends() {
    let served = Served::start();
    let session = |url: &str| {
        run(
            Command::new(checkout().join("examples/session.sh")).arg(url.trim_end_matches('/')),
            &served.project,
        )
    };
    let ran = session(&served.url);
    assert!(ran.status.success(), "{}", text(&ran));
    let answers: Vec<Value> = String::from_utf8(ran.stdout.clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let [health, found, definition, stored, pattern, batch] = answers.as_slice() else {
        panic!("{} answers: {}", answers.len(), text(&ran));
    };
    assert_eq!(health["status"], "healthy");
    assert_eq!(found["result"]["agents"][0]["id"], "frontend-web:accessibility-reviewer");
    assert!(found["result"]["tokens"].as_u64().unwrap() <= 200);
    assert!(definition["result"]["body"].as_str().unwrap().contains("Screen readers"));
    assert_eq!(stored["result"]["stored"], true);
    assert_eq!(pattern["result"]["pattern"]["id"], stored["result"]["pattern"]["id"]);
    assert_eq!((&batch[0]["id"], &batch[1]["id"]), (&"skills".into(), &"commands".into()));
    assert_eq!(batch[1]["result"]["workflows"][0]["id"], "platform-operations:handle-incident");
    assert_eq!(served.recorded(), ["session-1"]);

    served.stop();
    let ran = session(&served.url);
    assert!(!ran.status.success(), "no instance runs: {}", text(&ran));
}

#[test]
fn the_rust_orchestrator_learns_from_its_own_outcome_and_queues_the_next() {
    let served = Served::start();
    let root = served.project.path();
    let orchestrate = || {
        let tasks = [
            "audit the key store for broken access control",
            "implement the endpoint that replaces the keys",
        ];
        let mut command = Command::new(example("rust_client"));
        run(command.arg(root).arg("rotate the signing keys").args(tasks), &served.project)
    };
    let first = orchestrate();
    assert!(first.status.success(), "{}", text(&first));
    for part in [
        "security-review:security-auditor for \"audit the key store for broken access control\"",
        "backend-services:backend-developer works on \"implement the endpoint",
        "the outcome is stored",
    ] {
        assert!(text(&first).contains(part), "{part} is missing: {}", text(&first));
    }
    let second = orchestrate();
    assert!(text(&second).starts_with("following a pattern: 1 runs, 100 % succeeded"), "{}", text(&second));
    assert_eq!(served.recorded(), ["example: rotate the signing keys"]);

    served.stop();
    let third = orchestrate();
    assert!(third.status.success(), "{}", text(&third));
    assert!(text(&third).contains("the outcome is queued"), "{}", text(&third));
    assert_eq!(std::fs::read_dir(root.join(".claude/mcp-server/outbox")).unwrap().count(), 1);
}
