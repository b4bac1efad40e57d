//! The real binary: services, restarts after a crash, and taking everything back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::Project;
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(30);

fn adjutant(home: &Path, project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command
        .args(arguments)
        .arg("--root")
        .arg(project.path())
        .env("HOME", home)
        .env("MCP_USER_SCOPE", "off")
        .env_remove("XDG_CONFIG_HOME");
    command.stdin(Stdio::null());
    command
}

fn run(home: &Path, project: &Project, arguments: &[&str]) -> Output {
    adjutant(home, project, arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

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

/// All files below a folder, relative to it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.path().strip_prefix(folder).unwrap().to_owned()).collect()
}

#[test]
fn a_service_is_written_named_and_removed() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    for (manager, place, parts) in [
        ("systemd", ".config/systemd/user", ["ExecStart=\"", "RestartPreventExitStatus=98"]),
        ("launchd", "Library/LaunchAgents", ["<string>serve</string>", "<key>KeepAlive</key>"]),
    ] {
        let printed = run(home.path(), &project, &["service", "install", "--print", "--manager", manager]);
        assert_eq!(printed.status.code(), Some(0), "{}", text(&printed));
        assert!(files(home.path()).is_empty(), "--print wrote something");
        let install = ["service", "install", "--manager", manager, "--port", "3811"];
        for _ in 0..2 {
            let installed = run(home.path(), &project, &install);
            assert_eq!(installed.status.code(), Some(0), "{}", text(&installed));
            assert!(text(&installed).contains("now run: "), "{}", text(&installed));
        }
        let written = files(&home.path().join(place));
        assert_eq!(written.len(), 1, "{written:?}");
        let file = home.path().join(place).join(written.first().unwrap());
        let content = std::fs::read_to_string(&file).unwrap();
        for part in
            parts.into_iter().chain(["3811", project.path().canonicalize().unwrap().to_str().unwrap()])
        {
            assert!(content.contains(part), "{part} is missing: {content}");
        }
        let removed = run(home.path(), &project, &["service", "uninstall", "--manager", manager]);
        assert!(text(&removed).contains("removed"), "{}", text(&removed));
        assert!(files(home.path()).is_empty());

        // A file of the user's own is left alone.
        std::fs::write(&file, "mine").unwrap();
        assert_eq!(run(home.path(), &project, &install).status.code(), Some(1));
        run(home.path(), &project, &["service", "uninstall", "--manager", manager]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        std::fs::remove_file(&file).unwrap();
    }
    let homeless =
        adjutant(home.path(), &project, &["service", "install"]).env_remove("HOME").output().unwrap();
    assert_eq!(homeless.status.code(), Some(1), "{}", text(&homeless));
}

#[test]
fn a_written_unit_is_one_that_systemd_reads() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    assert!(run(home.path(), &project, &["service", "install", "--manager", "systemd"]).status.success());
    let folder = home.path().join(".config/systemd/user");
    let unit = folder.join(files(&folder).first().unwrap());
    // Where the tool is not there, or cannot work, there is nobody to ask.
    let Ok(verified) = Command::new("systemd-analyze").args(["verify", "--user"]).arg(&unit).output() else {
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    let about_unit: Vec<&str> = said.lines().filter(|line| line.contains(".service:")).collect();
    assert!(about_unit.is_empty(), "{said}");
}

#[test]
fn uninstalling_takes_back_what_was_registered_and_nothing_else() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".claude")).unwrap();
    std::fs::write(home.path().join(".claude/config.json"), r#"{"theirs": 1}"#).unwrap();
    project.write(".claude/mcp-server/notes.txt", "mine");
    let before = [files(home.path()), files(project.path())];

    assert!(run(home.path(), &project, &["service", "install"]).status.success());
    let up = run(home.path(), &project, &["up", "--port", "0"]);
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    let config = || -> Value {
        serde_json::from_slice(&std::fs::read(home.path().join(".claude/config.json")).unwrap()).unwrap()
    };
    assert_eq!(config(), serde_json::json!({ "theirs": 1 }), "nothing is written unasked");
    assert!(run(home.path(), &project, &["up", "--register"]).status.success());
    assert!(config()["adjutant"].is_object());
    let refused = run(home.path(), &project, &["uninstall"]);
    assert_eq!(refused.status.code(), Some(5), "{}", text(&refused));
    assert!(run(home.path(), &project, &["down"]).status.success());
    assert_eq!(config(), serde_json::json!({ "theirs": 1 }));
    assert!(run(home.path(), &project, &["up", "--port", "0", "--register"]).status.success());
    let killed = project.path().join(".claude/mcp-server/mcp.pid");
    let pid = std::fs::read_to_string(killed).unwrap().lines().next().unwrap().to_owned();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());

    wait_for("its end", || (run(home.path(), &project, &["status"]).status.code() == Some(3)).then_some(()));
    let uninstalled = run(home.path(), &project, &["uninstall"]);
    assert_eq!(uninstalled.status.code(), Some(0), "{}", text(&uninstalled));
    for part in ["config.json", ".service", "--data removes it"] {
        assert!(text(&uninstalled).contains(part), "{part}: {}", text(&uninstalled));
    }
    assert_eq!(files(home.path()), before[0]);
    assert!(project.path().join(".claude/mcp-server/data/mcp.db").exists());
    assert_eq!(config(), serde_json::json!({ "theirs": 1 }));

    let all = run(home.path(), &project, &["uninstall", "--data", "--json"]);
    assert_eq!(all.status.code(), Some(0), "{}", text(&all));
    assert_eq!(files(project.path()), before[1]);
    assert!(text(&run(home.path(), &project, &["uninstall", "--data"])).contains("nothing was registered"));
}

/// `adjutant serve` with a supervisor, ended at the end of the test.
struct Supervised<'a> {
    supervisor: Child,
    project: &'a Project,
    home: tempfile::TempDir,
}

impl<'a> Supervised<'a> {
    fn start(project: &'a Project) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = adjutant(home.path(), project, &["serve", "--port", "0"]);
        command.env("MCP_AUTO_RESTART", "true").stdout(Stdio::null()).stderr(Stdio::null());
        Supervised { supervisor: command.spawn().unwrap(), project, home }
    }

    /// The server that is recorded, once it is another one than `before` and serves.
    fn server(&self, before: Option<u64>) -> u64 {
        wait_for("a server", || {
            let status = run(self.home.path(), self.project, &["status", "--json"]);
            let status: Value = serde_json::from_slice(&status.stdout).ok()?;
            status["health"]["pid"].as_u64().filter(|pid| Some(*pid) != before)
        })
    }

    fn ended(&mut self) -> Option<i32> {
        wait_for("the supervisor's end", || self.supervisor.try_wait().unwrap()).code()
    }

    fn log(&self) -> String {
        let folder = self.project.path().join(".claude/mcp-server/logs");
        files(&folder).iter().map(|file| std::fs::read_to_string(folder.join(file)).unwrap()).collect()
    }
}

impl Drop for Supervised<'_> {
    fn drop(&mut self) {
        run(self.home.path(), self.project, &["down"]);
        let _ = self.supervisor.kill();
        let _ = self.supervisor.wait();
    }
}

fn send(signal: &str, pid: u64) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn a_crashed_server_is_started_again_until_it_is_asked_to_end() {
    let project = Project::sample();
    let mut supervised = Supervised::start(&project);
    let first = supervised.server(None);
    assert_ne!(first, u64::from(supervised.supervisor.id()));
    send("-KILL", first);
    let second = supervised.server(Some(first));
    let log = supervised.log();
    assert!(log.contains("the server crashed") && log.contains("\"signal\":9"), "{log}");
    let down = run(supervised.home.path(), &project, &["down"]);
    assert_eq!(text(&down).trim(), format!("stopped (pid {second})"));
    assert_eq!(supervised.ended(), Some(0));
    for file in ["mcp.pid", "endpoint.json", "supervisor.pid"] {
        assert!(!project.path().join(".claude/mcp-server").join(file).exists(), "{file} is left behind");
    }
}

#[test]
fn a_signal_to_either_ends_both() {
    let project = Project::sample();
    for to_supervisor in [true, false] {
        let mut supervised = Supervised::start(&project);
        let server = supervised.server(None);
        send("-TERM", if to_supervisor { u64::from(supervised.supervisor.id()) } else { server });
        assert_eq!(supervised.ended(), Some(0), "to the supervisor: {to_supervisor}");
        assert_eq!(run(supervised.home.path(), &project, &["status"]).status.code(), Some(3));
    }
}

#[test]
fn a_server_that_crashes_again_and_again_is_given_up() {
    let project = Project::sample();
    let mut supervised = Supervised::start(&project);
    let mut last = None;
    for _ in 0..6 {
        let server = supervised.server(last);
        send("-KILL", server);
        last = Some(server);
    }
    assert_eq!(supervised.ended(), Some(1));
    assert!(supervised.log().contains("it crashed too often"), "{}", supervised.log());
}

#[test]
fn up_starts_a_supervised_server_and_a_taken_port_is_told_at_once() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port().to_string();
    let mut serve = adjutant(home.path(), &project, &["serve", "--port", &port]);
    let refused = serve.env("MCP_AUTO_RESTART", "on").output().unwrap();
    assert_eq!(refused.status.code(), Some(98), "{}", text(&refused));

    let mut up = adjutant(home.path(), &project, &["up", "--port", "0"]);
    let up = up.env("MCP_AUTO_RESTART", "on").output().unwrap();
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    let supervisor = project.path().join(".claude/mcp-server/supervisor.pid");
    assert!(supervisor.exists());
    let again: Value = serde_json::from_slice(&run(home.path(), &project, &["up", "--json"]).stdout).unwrap();
    assert_eq!(again["started"], false, "{again}");
    let down = run(home.path(), &project, &["down", "--json"]);
    assert_eq!(down.status.code(), Some(0), "{}", text(&down));
    let down: Value = serde_json::from_slice(&down.stdout).unwrap();
    assert_eq!(down["stopped"], again["pid"]);
    assert!(!supervisor.exists());
    assert_eq!(text(&run(home.path(), &project, &["down"])).trim(), "not running");
}
