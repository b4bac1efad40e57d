//! A disk that really fills: the instance keeps its database on a file system of a few MiB, mounted where only its own
//! process sees it.
//!
//! That takes namespaces of users and mounts (`unshare`), or root. Where the machine allows neither, these tests say so on
//! standard error and check nothing; the store's own test of a full disk (`store.rs`) runs everywhere.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Instance, Project, wait_for};

/// The size of the disk.
const SIZE: &str = "2m";

/// Ways into a mount namespace of one's own.
const UNSHARES: [&[&str]; 2] = [&["--map-root-user", "--mount"], &["--mount"]];

/// Mounts a small disk at `$1`, and becomes the rest of its arguments.
const MOUNT_AND_BECOME: &str = "mount -t tmpfs -o size=$0,mode=700 tmpfs \"$1\" && shift && exec \"$@\"";

/// `program`, run where `folder` is a small disk, by one of the [`UNSHARES`].
fn command_on_small_disk(unshare: &[&str], folder: &Path, program: &[OsString]) -> Command {
    let mut command = Command::new("unshare");
    command.args(unshare).args(["sh", "-c", MOUNT_AND_BECOME, SIZE]).arg(folder).args(program);
    command.stdin(Stdio::null());
    command
}

/// How a small disk can be had here; says on standard error why not.
fn way_to_small_disk(folder: &Path) -> Option<&'static [&'static str]> {
    let mut reasons = Vec::new();
    for unshare in UNSHARES {
        match command_on_small_disk(unshare, folder, &["true".into()]).output() {
            Ok(output) if output.status.success() => return Some(unshare),
            Ok(output) => reasons.push(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => reasons.push(format!("unshare: {error}")),
        }
    }
    let skipped = format!(
        "\n*** SKIPPED: no small disk can be mounted, so that a disk that really fills is NOT TESTED: {} ***\n",
        reasons.join("; ")
    );
    // Past the harness, which shows what a test prints only when it fails.
    let _ = std::io::stderr().write_all(skipped.as_bytes());
    None
}

/// An instance on a small disk, with the disk as seen from here: as long as it is open it outlives its instance.
struct OnSmallDisk {
    instance: Instance,
    disk: File,
}

impl OnSmallDisk {
    /// Starts it on a disk on which `filler` bytes are taken; `None` where no disk can be had.
    fn start(filler: &str) -> Option<OnSmallDisk> {
        let mut instance = Instance::of(Project::sample());
        fs::create_dir_all(instance.data()).unwrap();
        let unshare = way_to_small_disk(&instance.data())?;
        let serve = instance.command(Path::new(env!("CARGO_BIN_EXE_adjutant")), &["serve", "--port", "0"]);
        // What it takes up before it serves; a disk that is too small for it is full.
        let fill = format!(
            "head -c {filler} /dev/zero > {}/filler 2>/dev/null; exec \"$@\"",
            instance.data().display()
        );
        let mut program: Vec<OsString> = vec!["sh".into(), "-c".into(), fill.into(), "sh".into()];
        program.push(serve.get_program().to_owned());
        program.extend(serve.get_args().map(ToOwned::to_owned));
        let mut command = command_on_small_disk(unshare, &instance.data(), &program);
        command
            .env_clear()
            .env("HOME", instance.project.path())
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        instance.spawn(command);
        let seen = format!("/proc/{}/root{}", instance.pid(), instance.data().display());
        let disk = File::open(seen).unwrap();
        Some(OnSmallDisk { instance, disk })
    }

    /// A file on the disk.
    fn file(&self, name: &str) -> PathBuf {
        format!("/proc/self/fd/{}/{name}", self.disk.as_raw_fd()).into()
    }

    /// Reports decisions until nothing more can be stored, and each is refused for that reason; the tasks that were stored.
    fn fill(&self) -> Vec<String> {
        let filler = "long words of a task that fill pages ".repeat(40);
        let (mut stored, mut refusals) = (Vec::new(), 0);
        for number in 0..5_000 {
            let goal = format!("goal{number} topic{number} {filler}");
            let answer = self.instance.decide(&format!("t{number}"), &goal, "success");
            if answer["result"]["stored"] == true {
                stored.push(format!("t{number}"));
                refusals = 0;
            } else {
                assert_disk_full(&answer["error"]);
                refusals += 1;
            }
            // After the first one a checkpoint makes some room.
            if refusals == 3 {
                return stored;
            }
        }
        panic!("the disk never filled");
    }
}

#[track_caller]
fn assert_disk_full(refused: &Value) {
    assert_eq!(
        (&refused["code"], &refused["data"]["reason"]),
        (&json!(-32006), &json!("disk_full")),
        "{refused}"
    );
    assert_eq!(refused["message"], "the disk is full; try again once there is room", "{refused}");
    assert_eq!(refused["data"]["retry_after_ms"], 10_000, "{refused}");
    assert!(refused["data"]["correlation_id"].is_string(), "{refused}");
}

#[test]
fn a_disk_that_fills_is_said_to_be_full_and_loses_nothing() {
    let Some(mut on) = OnSmallDisk::start("600000") else { return };
    let mut stored = on.fill();
    assert!(!stored.is_empty());
    let health = on.instance.health();
    assert_eq!((&health["status"], &health["database"]["connected"]), (&json!("degraded"), &json!(false)));
    assert_eq!(health["database"]["read_only"], false);
    assert!(on.instance.reasons().contains("full"), "{health}");
    super::faults::answers_go_on(&on.instance);

    fs::remove_file(on.file("filler")).unwrap();
    // Nobody writes: the service finds out by itself.
    wait_for("recovery", || (on.instance.health()["status"] == "healthy").then_some(()));
    assert_eq!(on.instance.decide("after", "there is space again", "success")["result"]["stored"], true);
    stored.push("after".to_owned());
    on.instance.kill();
    // What the disk holds is read where there is room.
    for name in ["mcp.db", "mcp.db-wal"] {
        if let Ok(content) = fs::read(on.file(name)) {
            fs::write(on.instance.data().join(name), content).unwrap();
        }
    }
    let history = on.instance.json(&["history", "--limit", "100000", "--json"]);
    let known: Vec<&Value> =
        history["decisions"].as_array().unwrap().iter().map(|decision| &decision["task_id"]).collect();
    for task in stored {
        assert!(known.contains(&&json!(task)), "{task} is lost");
    }
}

#[test]
fn an_instance_that_starts_on_a_full_disk_serves_and_stores_once_there_is_room() {
    let Some(on) = OnSmallDisk::start("100000000") else { return };
    let health = on.instance.health();
    assert_eq!(
        (&health["status"], &health["database"]["read_only"]),
        (&json!("degraded"), &json!(false)),
        "{health}"
    );
    super::faults::answers_go_on(&on.instance);
    assert_disk_full(&on.instance.decide("early", "there is no space yet", "success")["error"]);

    fs::remove_file(on.file("filler")).unwrap();
    wait_for("recovery", || (on.instance.health()["status"] == "healthy").then_some(()));
    assert_eq!(on.instance.decide("after", "there is space now", "success")["result"]["stored"], true);
}
