//! The real binary under pressure: too many connections, too few descriptors, bodies without end, files that will not
//! stand still.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Project;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};
use serde_json::Value;
use tempfile::TempDir;

/// Nothing here takes longer than a few seconds; a machine under load gets more.
const DEADLINE: Duration = Duration::from_secs(40);

const GET_HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A service of the real binary, ended at the end of the test.
struct Served {
    child: Child,
    port: u16,
    _data: TempDir,
}

impl Served {
    fn over(project: &Project) -> Served {
        Served::with(project, &mut Command::new(env!("CARGO_BIN_EXE_adjutant")), &[])
    }

    /// `command` becomes the service in the end; `settings` are of its environment.
    fn with(project: &Project, command: &mut Command, settings: &[(&str, &str)]) -> Served {
        let data = tempfile::tempdir().unwrap();
        command
            .args(["serve", "--port", "0", "--root"])
            .arg(project.path())
            .arg("--data-dir")
            .arg(data.path());
        command.env_clear().envs(settings.iter().copied()).env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let endpoint = data.path().join("endpoint.json");
        let mut served = Served { child, port: 0, _data: data };
        served.port = wait_for("the endpoint file", || {
            let endpoint: Value = serde_json::from_slice(&std::fs::read(&endpoint).ok()?).ok()?;
            endpoint["port"].as_u64()?.try_into().ok()
        });
        wait_for("health", || served.health());
        served
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    fn health(&self) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let health: Value = serde_json::from_str(text.split("\r\n\r\n").nth(1)?).ok()?;
        health["generation"].is_number().then_some(health)
    }

    fn scans(&self) -> u64 {
        wait_for("health", || self.health()?["scans"].as_u64())
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Mebibytes.
    fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success()
        );
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that was stopped has to go on before it can end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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

/// Sends a request over a connection that stays open; the status of its answer.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> u16 {
    stream.write_all(request).unwrap();
    status(stream).unwrap()
}

/// Reads one answer with a content length; its status.
fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    head.get(9..12)?.parse().ok()
}

#[test]
fn without_descriptors_it_goes_on_answering_those_it_has() {
    let project = Project::sample();
    let served = Served::over(&project);
    let mut healthy = served.connect();
    assert_eq!(exchange(&mut healthy, GET_HEALTH), 200);
    let pid = Pid::from_child(&served.child);
    let limit = Rlimit {
        current: Some(served.descriptors() as u64 + 20),
        // What may not be raised again is left as it is.
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    prlimit(Some(pid), Resource::Nofile, limit).unwrap();
    let crowd: Vec<TcpStream> = (0..100).map(|_| served.connect()).collect();
    wait_for("the last descriptor", || {
        (served.descriptors() as u64 + 1 >= limit.current.unwrap()).then_some(())
    });
    for _ in 0..20 {
        assert_eq!(exchange(&mut healthy, GET_HEALTH), 200);
    }
    drop(crowd);
    wait_for("a new connection to be answered", || served.health());
}

#[test]
fn two_thousand_idle_and_slow_connections_hold_up_nobody() {
    // Both ends of the connections are of this machine; this end's limit may be low.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit { current: maximum.map(|most| most.min(8_192)).or(Some(8_192)), maximum },
    )
    .unwrap();
    let project = Project::sample();
    let served = Served::over(&project);
    let mut crowd: Vec<TcpStream> = (0..2_000).map(|_| served.connect()).collect();
    for slow in crowd.iter_mut().step_by(2) {
        slow.write_all(b"POST / HTTP/1.1\r\nhost: loc").unwrap();
    }
    let mut healthy = served.connect();
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(exchange(&mut healthy, GET_HEALTH), 200);
            began.elapsed()
        })
        .collect();
    times.sort();
    // Some 0.2 ms on a machine that does nothing else.
    assert!(times[197] < Duration::from_millis(250), "p99 {:?}", times[197]);
    drop(crowd);
}

#[test]
fn who_vanishes_leaves_nothing_behind() {
    let project = Project::sample();
    let served = Served::over(&project);
    // Whatever is opened once is open by then.
    wait_for("the end of the start", || {
        let health = served.health()?;
        (health["ranking"] == "latent" && health["watch"] == "on").then_some(())
    });
    let base = served.descriptors();
    for turn in 0..200 {
        let mut stream = served.connect();
        let half = GET_HEALTH.len() / 2;
        match turn % 4 {
            0 => stream.write_all(GET_HEALTH).unwrap(),
            1 => stream.write_all(&GET_HEALTH[..half]).unwrap(),
            2 => {
                stream.write_all(GET_HEALTH).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
            }
            _ => {
                let body = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
                stream.write_all(body.as_bytes()).unwrap();
            }
        }
    }
    wait_for("all descriptors to come back", || (served.descriptors() <= base).then_some(()));
    assert!(served.health().is_some());
}

#[test]
fn bodies_without_end_are_refused_before_they_cost_memory() {
    let project = Project::sample();
    let served = Served::over(&project);
    // Learning in the background is over once the ranking says so.
    wait_for("the latent score", || (served.health()?["ranking"] == "latent").then_some(()));
    let before = served.resident();
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    for _ in 0..20 {
        let mut declared = served.connect();
        declared.write_all(format!("{head}content-length: 104857600\r\n\r\n").as_bytes()).unwrap();
        assert_eq!(status(&mut declared), Some(413));
    }
    let mut chunked = served.connect();
    chunked.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(65_536));
    // It may close before all is sent, and does.
    let sent = (0..1_600).take_while(|_| chunked.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(sent < 1_600, "a hundred megabytes were taken");
    let grown = served.resident() - before;
    assert!(grown < 8.0, "{grown} MiB");
    assert!(served.health().is_some());
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let project = Project::sample();
    let served = Served::over(&project);
    let mut slow = served.connect();
    let head =
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
    slow.write_all(head.as_bytes()).unwrap();
    let began = Instant::now();
    assert_eq!(status(&mut slow), Some(408));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_process_that_slept_catches_up_once() {
    let project = Project::sample();
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    let settings = [("MCP_REINDEX_INTERVAL", "1"), ("MCP_WATCH", "off")];
    let served = Served::with(&project, &mut command, &settings);
    served.signal("-STOP");
    std::thread::sleep(Duration::from_millis(4_500));
    served.signal("-CONT");
    let first = served.scans();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(700) {
        let now = served.scans();
        assert!(now - first <= 2, "{} scans at once", now - first);
    }
}

#[test]
fn no_log_is_no_reason_to_stop() {
    let project = Project::sample();
    let file = project.write("a-file", "");
    let nowhere = file.join("logs");
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    let served = Served::with(&project, &mut command, &[("MCP_LOG_DIR", nowhere.to_str().unwrap())]);
    assert!(served.health().is_some());

    let logs = project.path().join("logs");
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    let served = Served::with(&project, &mut command, &[("MCP_LOG_DIR", logs.to_str().unwrap())]);
    std::fs::remove_dir_all(&logs).unwrap();
    // It notices within a second, with the next line.
    wait_for("another log", || {
        served.connect().write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\nconnection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"getHealth\",\"id\":1}     ").unwrap();
        let entries = std::fs::read_dir(&logs).ok()?;
        entries.flatten().find(|entry| entry.metadata().is_ok_and(|found| found.len() > 0))
    });
}

#[test]
fn a_storm_of_renames_is_a_few_scans() {
    let project = Project::sample();
    let served = Served::over(&project);
    wait_for("the watch", || (served.health()?["watch"] == "on").then_some(()));
    let before = served.scans();
    for at in 0..1_500 {
        let file = project.agent("storm", &format!("agent-{at}"), "Comes with a checkout.");
        let to = file.with_file_name(format!("renamed-{at}.md"));
        std::fs::rename(file, to).unwrap();
    }
    wait_for("all files", || (served.health()?["indexes"]["agents"] == 1_506).then_some(()));
    let scans = served.scans() - before;
    assert!(scans < 60, "{scans} scans for 3,000 events");
}

#[test]
fn where_watching_is_not_to_be_had_files_are_looked_at_now_and_then() {
    let project = Project::sample();
    let isolated = ["--user", "--map-root-user", "sh", "-c"];
    for (at, limit) in ["3 > /proc/sys/user/max_inotify_watches", "0 > /proc/sys/user/max_inotify_instances"]
        .into_iter()
        .enumerate()
    {
        let possible = Command::new("unshare").args(isolated).arg(format!("echo {limit}")).status();
        if !possible.is_ok_and(|status| status.success()) {
            // A system that lets nobody limit himself.
            continue;
        }
        let mut command = Command::new("unshare");
        let script = format!("echo {limit} && exec \"$0\" \"$@\"");
        command.args(isolated).arg(script).arg(env!("CARGO_BIN_EXE_adjutant"));
        let served = Served::with(&project, &mut command, &[("MCP_REINDEX_INTERVAL", "1")]);
        let health =
            wait_for("the diagnostic", || served.health().filter(|health| health["watch"] == "degraded"));
        assert_eq!(health["status"], "degraded");
        assert!(health["reasons"].to_string().contains("not watched"), "{limit}: {health}");
        project.agent("web", &format!("late-arrival-{at}"), "Comes while nobody watches.");
        wait_for("the new agent", || (served.health()?["indexes"]["agents"] == 7 + at).then_some(()));
    }
}

#[test]
fn a_folder_that_may_not_be_read_costs_only_itself() {
    let project = Project::sample();
    let closed = project.path().join("plugins/qa/agents");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let readable = std::fs::read_dir(&closed).is_ok();
    let served = Served::over(&project);
    let agents = served.health().unwrap()["indexes"]["agents"].as_u64().unwrap();
    std::fs::set_permissions(Path::new(&closed), std::fs::Permissions::from_mode(0o755)).unwrap();
    // The superuser reads everything.
    assert_eq!(agents, if readable { 6 } else { 5 });
}
