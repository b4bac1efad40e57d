//! What is remembered, through the real binary: the commands around it, and what happens when the disk lets it down.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod commands;
mod faults;
mod small_disk;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::Project;
use client::{Client, Reply};
use serde_json::{Value, json};

/// Nothing here takes longer than a few seconds; a machine under load gets more.
const DEADLINE: Duration = Duration::from_mins(1);

/// A project with its instance, which ends with the test.
struct Instance {
    project: Project,
    child: Option<Child>,
    port: u16,
}

impl Instance {
    /// A project that is not served yet.
    fn of(project: Project) -> Instance {
        Instance { project, child: None, port: 0 }
    }

    /// The sample project, served.
    fn sample() -> Instance {
        let mut instance = Instance::of(Project::sample());
        instance.start();
        instance
    }

    fn run_dir(&self) -> PathBuf {
        self.project.path().join(".claude/mcp-server")
    }

    fn data(&self) -> PathBuf {
        self.run_dir().join("data")
    }

    /// The binary, told nothing but the project.
    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let root = self.project.path();
        command.args(arguments).arg("--root").arg(root);
        command.env_clear().env("HOME", root).stdin(Stdio::null());
        command
    }

    fn start(&mut self) {
        let program = Path::new(env!("CARGO_BIN_EXE_adjutant"));
        self.spawn(self.command(program, &["serve", "--port", "0"]));
    }

    /// Starts the service by a command of its own and waits until it is healthy.
    fn spawn(&mut self, mut command: Command) {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pid = child.id();
        self.child = Some(child);
        let endpoint = self.run_dir().join("endpoint.json");
        self.port = wait_for("the endpoint file", || {
            let endpoint: Value = serde_json::from_slice(&std::fs::read(&endpoint).ok()?).ok()?;
            let port = endpoint["port"].as_u64()?.try_into().ok()?;
            (endpoint["pid"] == pid).then_some(port)
        });
        wait_for("health", || (self.ask("/health")?.status == 200).then_some(()));
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Ends the service in order.
    fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let status = wait_for("the end", || child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
    }

    /// Ends it as a power cut would.
    fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn ask(&self, path: &str) -> Option<Reply> {
        on_runtime(async { Client::new(self.port, Duration::from_secs(10)).get(path).await.ok() })
    }

    fn health(&self) -> Value {
        self.ask("/health").unwrap().body
    }

    /// The reasons of `/health` as one text.
    fn reasons(&self) -> String {
        self.health()["reasons"].to_string()
    }

    fn call(&self, method: &str, params: &Value) -> Value {
        on_runtime(async { Client::new(self.port, Duration::from_secs(30)).call(method, params).await })
            .unwrap()
            .body
    }

    /// Reports that two agents did a task; the whole answer.
    fn decide(&self, task: &str, goal: &str, result: &str) -> Value {
        let agents = ["web:react-specialist", "qa:test-engineer"];
        self.call(
            "cacheDecision",
            &json!({ "task_id": task, "task_description": goal, "agents_used": agents, "result": result,
                     "duration_ms": 61_000, "tokens_saved": 900 }),
        )
    }

    /// The goals of all patterns the service offers for words that all of them hold.
    fn knows(&self, goal: &str) -> bool {
        let found = self.call("getOrchestrationPattern", &json!({ "goal": goal, "min_similarity": 0.95 }));
        found["result"]["pattern"]["goal"] == goal
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(Path::new(env!("CARGO_BIN_EXE_adjutant")), arguments).output().unwrap()
    }

    /// Runs a command that must end with `code`; what it said.
    fn said(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        text
    }

    /// The JSON that a command prints.
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.run(arguments).stdout).unwrap()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Asks until the answer is as wanted.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
