//! Disks that are full, files that are gone or damaged: answers go on, `/health` says what is wrong, nothing
//! acknowledged is lost.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};

use super::{Instance, Project, wait_for};

/// Somebody without any rights.
const NOBODY: u32 = 65_534;

fn named(folder: &Path, start: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(start)).collect()
}

/// Sets how large files the instance writes may become.
fn limit_files(instance: &Instance, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(instance.pid()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

pub(super) fn answers_go_on(instance: &Instance) {
    let agents = instance.call("queryAgents", &json!({ "context": "react interfaces" }));
    assert_eq!(agents["result"]["agents"][0]["id"], "web:react-specialist", "{agents}");
}

#[test]
fn files_that_must_not_grow_degrade_it_and_it_comes_back_by_itself() {
    let mut instance = Instance::sample();
    instance.decide("first", "add a login page", "success");
    let size = |name: &str| fs::metadata(instance.data().join(name)).map_or(0, |metadata| metadata.len());
    limit_files(&instance, Some(size("mcp.db").max(size("mcp.db-wal")) + 100_000));
    let filler = "long words of a task that fill pages ".repeat(40);
    let mut acknowledged = Vec::new();
    let refused = (0..2_000).find_map(|number| {
        let goal = format!("goal{number} topic{number} {filler}");
        let answer = instance.decide(&format!("t{number}"), &goal, "success");
        if answer["result"]["stored"] == true {
            acknowledged.push(format!("t{number}"));
        }
        answer.get("error").cloned()
    });
    let refused = refused.unwrap();
    // A limit of the process and not of the disk, which has room: `small_disk.rs` has one that is full.
    let reason = &refused["data"]["reason"];
    assert_eq!((&refused["code"], reason), (&json!(-32006), &json!("not_stored")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("disk"), "{refused}");
    assert!(refused["data"]["retry_after_ms"].as_u64() > Some(0), "{refused}");
    assert!(refused["data"]["correlation_id"].is_string(), "{refused}");
    let health = instance.health();
    assert_eq!((&health["status"], &health["database"]["connected"]), (&json!("degraded"), &json!(false)));
    assert!(health["reasons"].to_string().contains("database"), "{health}");
    answers_go_on(&instance);
    assert!(instance.knows("add a login page"));

    limit_files(&instance, None);
    // Nobody writes: the service finds out by itself.
    wait_for("recovery", || (instance.health()["status"] == "healthy").then_some(()));
    instance.decide("after", "there is space again", "success");
    acknowledged.extend(["first".to_owned(), "after".to_owned()]);
    instance.kill();
    instance.start();
    let history = instance.json(&["history", "--limit", "100000", "--json"]);
    let known: Vec<&Value> =
        history["decisions"].as_array().unwrap().iter().map(|decision| &decision["task_id"]).collect();
    for task in acknowledged {
        assert!(known.contains(&&json!(task)), "{task} is lost");
    }
}

#[test]
fn a_directory_that_cannot_be_written_to_is_served_read_only() {
    let mut instance = Instance::sample();
    instance.decide("first", "add a login page", "success");
    instance.stop();
    let (root, run_dir, data) = (instance.project.path().to_owned(), instance.run_dir(), instance.data());
    // Root may write anywhere: the service runs as nobody, from a copy of the binary nobody can get at.
    let program = root.join("program");
    fs::copy(env!("CARGO_BIN_EXE_adjutant"), &program).unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    mode(&root, 0o755);
    mode(&program, 0o755);
    for name in ["mcp.db", "mcp.lock"] {
        mode(&data.join(name), 0o444);
    }
    mode(&data, 0o555);
    let mut command = instance.command(&program, &["serve", "--port", "0"]);
    if rustix::process::getuid().is_root() {
        for folder in [&run_dir, &run_dir.join("logs")] {
            let _ = chown(folder, Some(NOBODY), Some(NOBODY));
        }
        command.uid(NOBODY).gid(NOBODY);
    }
    instance.spawn(command);
    let health = instance.health();
    assert_eq!((&health["status"], &health["database"]["read_only"]), (&json!("degraded"), &json!(true)));
    assert!(health["reasons"].to_string().contains("mcp."), "{health}");
    answers_go_on(&instance);
    assert!(instance.knows("add a login page"));
    let refused = instance.decide("t", "add a logo", "success");
    let refused = &refused["error"];
    assert_eq!(
        (&refused["code"], &refused["data"]["reason"]),
        (&json!(-32006), &json!("read_only")),
        "{refused}"
    );
    assert!(refused["message"].as_str().unwrap().contains("read-only"), "{refused}");
    assert!(instance.said(&["history"], 0).contains("first"));
    instance.kill();
    mode(&data, 0o755);
}

#[test]
fn a_damaged_database_is_replaced_by_the_newest_good_backup() {
    for (damage, restored) in [("database", true), ("backup too", false)] {
        let mut instance = Instance::sample();
        instance.decide("first", "add a login page", "success");
        instance.said(&["backup"], 0);
        instance.decide("second", "tune the search index", "success");
        instance.stop();
        let data = instance.data();
        fs::write(data.join("mcp.db"), "no database at all ".repeat(1_000)).unwrap();
        if damage == "backup too" {
            for name in named(&data.join("backups"), "mcp-") {
                fs::write(data.join("backups").join(name), "nor this").unwrap();
            }
        }
        instance.start();
        let health = instance.health();
        assert_eq!(health["status"], "healthy", "{health}");
        let reasons = health["reasons"].to_string();
        assert!(reasons.contains("the database was damaged"), "{reasons}");
        assert_eq!(reasons.contains("restored"), restored, "{reasons}");
        assert_eq!(instance.knows("add a login page"), restored);
        assert_eq!(named(&data, "mcp.db.corrupt-").len(), 1, "it is kept");
        let logs = instance.run_dir().join("logs");
        let log: String =
            named(&logs, "").iter().map(|name| fs::read_to_string(logs.join(name)).unwrap()).collect();
        assert_eq!(log.matches("\"ERROR\"").count(), 1, "{log}");
        instance.decide("third", "draw a diagram", "success");
        assert!(instance.knows("draw a diagram"));
    }
}

#[test]
fn a_newer_schema_is_served_read_only() {
    let mut instance = Instance::sample();
    instance.decide("first", "add a login page", "success");
    instance.stop();
    let database = instance.data().join("mcp.db");
    Connection::open(&database).unwrap().execute_batch("PRAGMA user_version = 9999").unwrap();
    let before = fs::read(&database).unwrap();
    instance.start();
    let health = instance.health();
    assert_eq!((&health["status"], &health["database"]["read_only"]), (&json!("degraded"), &json!(true)));
    assert!(health["reasons"].to_string().contains("use a newer program"), "{health}");
    assert!(instance.knows("add a login page"));
    assert!(instance.decide("t", "add a logo", "success")["error"].is_object());
    assert!(instance.said(&["history"], 0).contains("first"));
    instance.stop();
    assert!(fs::read(&database).unwrap() == before, "it is left as it is");
}

#[test]
fn a_database_deleted_while_it_runs_is_written_anew() {
    let mut instance = Instance::sample();
    instance.decide("first", "add a login page", "success");
    for name in named(&instance.data(), "mcp.db") {
        fs::remove_file(instance.data().join(name)).unwrap();
    }
    wait_for("the note", || instance.reasons().contains("taken away").then_some(()));
    assert_eq!(instance.health()["status"], "healthy");
    instance.kill();
    instance.start();
    assert!(instance.knows("add a login page"));
    assert!(instance.said(&["history"], 0).contains("first"));
}

#[test]
fn a_log_that_grows_is_told() {
    let instance = Instance::sample();
    instance.decide("first", "add a login page", "success");
    // What a reader that never ends would bring about.
    let log = File::options().write(true).open(instance.data().join("mcp.db-wal")).unwrap();
    log.set_len(65 << 20).unwrap();
    assert!(instance.reasons().contains("a reader keeps it from being emptied"));
    assert_eq!(instance.health()["status"], "degraded");
}

#[test]
fn two_projects_keep_two_memories() {
    let first = Instance::sample();
    first.decide("first", "add a login page", "success");
    let second = Instance::of(Project::sample());
    assert!(second.said(&["history"], 0).contains("no decision"));
    assert!(second.said(&["backup"], 1).contains("no database yet"));
    assert!(second.said(&["restore"], 1).contains("nothing was restored"));
}
