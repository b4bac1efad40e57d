//! Background work of the real binary: it ends with the service, and costs nothing while there is none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::lifecycle::{Served, call, health, wait_for};
use crate::support::Project;
use rusqlite::Connection;
use serde_json::json;

/// Threads of an idle service, at most.
const MAX_IDLE_THREADS: usize = 10;

/// Agents with enough text that training takes a debug build minutes and a release build seconds.
fn large_project() -> Project {
    let project = Project::empty();
    for number in 0..400_usize {
        let words: Vec<String> =
            (0..1_500).map(|word| format!("w{}", (number * 7_919 + word * 104_729) % 20_011)).collect();
        project.agent(&format!("plugin-{}", number / 20), &format!("agent-{number}"), &words.join(" "));
    }
    project
}

#[test]
fn work_in_progress_does_not_hold_up_the_end() {
    let project = large_project();
    let mut served = Served::start(project.path(), &[]);
    let decision = json!({
        "task_id": "t1", "task_description": "ship it", "agents_used": ["agent-1"], "result": "success",
    });
    assert_eq!(call(served.port, "cacheDecision", &decision)["result"]["stored"], true);
    // A scan comes to the training.
    project.agent("plugin-0", "agent-late", "comes late");
    assert_eq!(health(served.port).unwrap()["ranking"], "lexical", "the training is under way");
    served.signal("-TERM");
    let (code, took) = served.wait();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(6), "{took:?}, and `down` kills after 8 s");
    let file = |name: &str| served.data.path().join(name);
    assert!(std::fs::read(file("mcp.lock")).unwrap().is_empty(), "the stop is marked as clean");
    for left in ["mcp.db-wal", "mcp.pid", "endpoint.json", "latent.bin"] {
        assert!(!file(left).exists(), "{left}");
    }
    let database = Connection::open(file("mcp.db")).unwrap();
    let tasks: i64 =
        database.query_row("SELECT count(*) FROM decision_history", [], |row| row.get(0)).unwrap();
    assert_eq!(tasks, 1, "what was acknowledged is there");
}

#[test]
fn it_can_be_stopped_while_it_starts() {
    let (project, data) = (large_project(), tempfile::tempdir().unwrap());
    let mut child = Command::new(env!("CARGO_BIN_EXE_adjutant"))
        .env("MCP_USER_SCOPE", "off")
        .args(["serve", "--port", "0", "--root"])
        .arg(project.path())
        .arg("--data-dir")
        .arg(data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It is written before the files are indexed.
    wait_for("the endpoint file", || data.path().join("endpoint.json").exists().then_some(()));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let asked = Instant::now();
    let ended = wait_for("the end of the process", || child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    assert!(std::fs::read(data.path().join("mcp.lock")).unwrap().is_empty(), "the stop is marked as clean");
    assert!(!data.path().join("endpoint.json").exists());
}

/// How often each thread of a process has gone to sleep, by its number and name.
#[cfg(target_os = "linux")]
fn sleeps(served: &Served) -> BTreeMap<(u32, String), u64> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", served.child.id())).unwrap();
    tasks
        .filter_map(|task| {
            let task = task.unwrap().path();
            let name = std::fs::read_to_string(task.join("comm")).ok()?.trim().to_owned();
            let status = std::fs::read_to_string(task.join("status")).ok()?;
            let switches = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            let number = task.file_name()?.to_str()?.parse().ok()?;
            Some(((number, name), switches.trim().parse().ok()?))
        })
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn an_idle_service_has_few_threads_and_lets_them_sleep() {
    /// How long it is watched. A worker may wake once in 30 s.
    const WATCHED: Duration = Duration::from_secs(31);
    /// Going back to sleep after one wake-up may take a thread more than one step.
    const MAX_SLEEPS: u64 = 6;
    let project = Project::sample();
    let served = Served::start(project.path(), &[]);
    wait_for("the end of the start", || {
        let health = health(served.port)?;
        (health["ranking"] == "latent" && health["watch"] == "on").then_some(())
    });
    wait_for("threads without work to end", || {
        let threads = sleeps(&served);
        (threads.len() <= MAX_IDLE_THREADS).then_some(())
    });
    let before = sleeps(&served);
    // Nothing is waited for here: time is what is measured.
    std::thread::sleep(WATCHED);
    let after = sleeps(&served);
    assert!(after.len() <= MAX_IDLE_THREADS, "{after:?}");
    for (thread, sleeps) in after {
        let slept = sleeps - before.get(&thread).copied().unwrap_or(0);
        assert!(slept <= MAX_SLEEPS, "{thread:?} woke {slept} times in {WATCHED:?}");
    }
}
