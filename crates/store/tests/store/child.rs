//! What only shows in a process of its own: being killed, a disk that is full, a directory that cannot be written to.
//!
//! A child is this very program, told to run one ignored test in the folder that is its working directory.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use adjutant_store::{Store, StoreError, StoreOptions};
use domain::patterns::Outcome;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::{TempDir, tempdir};

use super::{decision, dump, fill, open, wait};

/// A folder a child may work in; only there do the ignored tests do anything.
fn workplace() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("for-a-child"), "").unwrap();
    folder
}

fn is_child() -> bool {
    Path::new("for-a-child").exists()
}

fn arguments(test: &str) -> [String; 4] {
    [format!("child::{test}"), "--exact".to_owned(), "--ignored".to_owned(), "--nocapture".to_owned()]
}

#[test]
#[ignore = "the part of a child"]
fn writes_until_it_is_killed() {
    if !is_child() {
        return;
    }
    let store = open(Path::new("data"));
    let out = Mutex::new(std::io::stdout());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (store, out) = (&store, &out);
            scope.spawn(move || {
                for number in 0..100_000 {
                    let task = format!("w{writer}-{number}");
                    let goal = format!("goal{} topic{writer}", number % 7);
                    wait(store.record_decision(decision(&task, &goal, Outcome::Success))).unwrap();
                    writeln!(out.lock().unwrap(), "acknowledged {task}").unwrap();
                }
            });
        }
    });
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    let folder = workplace();
    let data = folder.path().join("data");
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 1..=5_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(arguments("writes_until_it_is_killed"))
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        acknowledged.extend(lines.by_ref().filter(|line| line.starts_with("acknowledged")).take(40 * round));
        child.kill().unwrap();
        // What was in the pipe was acknowledged too.
        acknowledged.extend(lines.filter(|line| line.starts_with("acknowledged") && line.contains('-')));
        child.wait().unwrap();
        // The next child starts with the same tasks, which are corrections by then.
    }
    let store = open(&data);
    assert_eq!(store.status().notes, Vec::<String>::new());
    let kept: std::collections::BTreeSet<String> =
        store.history(usize::MAX).unwrap().into_iter().map(|entry| entry.task_id).collect();
    assert!(acknowledged.len() >= 600);
    for line in &acknowledged {
        assert!(kept.contains(line.trim_start_matches("acknowledged ").trim()), "{line} is lost");
    }
    let uses: u32 = store.patterns().patterns().map(|pattern| pattern.task_count()).sum();
    assert_eq!(usize::try_from(uses).unwrap(), kept.len(), "each task counts once");
    drop(store);
    assert_eq!(dump(&data, "PRAGMA integrity_check"), ["Text([111, 107])"]);
}

#[test]
#[ignore = "the part of a child"]
fn fills_the_disk() {
    if !is_child() {
        return;
    }
    let store = open(Path::new("data"));
    let (mut kept, mut failures) = (0, 0);
    // One failure may be the log's alone: the next write opens the database anew, which empties the log into it.
    for number in 0.. {
        let goal = format!("goal{number} topic{number} {}", "x".repeat(500));
        match wait(store.record_decision(decision(&format!("t{number}"), &goal, Outcome::Success))) {
            Ok(_) => (kept, failures) = (kept + 1, 0),
            Err(error) => {
                assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
                assert!(store.status().degraded.is_some());
                assert_eq!(store.patterns().len(), kept, "queries go on from memory");
                failures += 1;
            }
        }
        if failures == 3 {
            break;
        }
    }

    // Space comes back, and with it the store, by itself.
    let limit = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    wait(store.record_decision(decision("after", "there is space again", Outcome::Success))).unwrap();
    assert_eq!(store.status().degraded, None);
    assert!(store.close(Duration::from_secs(20)));
    drop(store);
    let store = open(Path::new("data"));
    assert_eq!((store.patterns().len(), store.history(usize::MAX).unwrap().len()), (kept + 1, kept + 1));
}

#[test]
fn a_full_disk_is_reported_and_recovered_from() {
    let folder = workplace();
    // The limit of a file's size stands in for a full disk; the shell sees to it that exceeding it is no signal.
    let status = Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; ulimit -S -f 600; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap())
        .args(arguments("fills_the_disk"))
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert!(folder.path().join("data/mcp.db").exists(), "the child did its part");
}

#[test]
#[ignore = "the part of a child"]
fn reads_what_it_cannot_write() {
    if !is_child() {
        return;
    }
    let store = Store::open(StoreOptions::new("data")).unwrap();
    let status = store.status();
    assert!(status.read_only && status.connected && status.degraded.is_some(), "{status:?}");
    assert_eq!((store.patterns().len(), store.history(9).unwrap().len()), (3, 3));
    let refused = wait(store.record_decision(decision("t", "g", Outcome::Success))).unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly(_)), "{refused}");
    println!("did its part");
}

#[test]
fn a_directory_that_cannot_be_written_to_is_read() {
    let folder = workplace();
    let data = folder.path().join("data");
    let store = open(&data);
    fill(&store, 3);
    assert!(store.close(Duration::from_secs(20)));
    drop(store);
    // Root may write anywhere, so that the child becomes nobody, with a copy of this program it can get at.
    let program = folder.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for (path, mode) in [
        (folder.path(), 0o755),
        (&program, 0o755),
        (&data.join("mcp.db"), 0o444),
        (&data.join("mcp.lock"), 0o444),
        (&data, 0o555),
    ] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    let mut command = Command::new(&program);
    command.args(arguments("reads_what_it_cannot_write")).current_dir(folder.path());
    if rustix::process::getuid().is_root() {
        command.uid(65_534);
    }
    let output = command.output().unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("did its part"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
