//! The real binary: start, find each other, take faults, stop.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::Project;
use client::{Client, Reply};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing here takes longer than a second or two; a machine under load gets more.
const DEADLINE: Duration = Duration::from_secs(30);

fn adjutant(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command
        .args(arguments)
        .env("HOME", home)
        .env("MCP_USER_SCOPE", "off")
        .env_remove("MCP_PORT")
        .env_remove("MCP_ROOT")
        .env_remove("MCP_DATA_DIR");
    command
}

pub(super) fn run(home: &Path, arguments: &[&str]) -> Output {
    adjutant(home, arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Asks until the answer is as wanted.
pub(super) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn ask(port: u16, work: impl AsyncFnOnce(Client) -> Option<Reply>) -> Option<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work(Client::new(port, Duration::from_secs(5)))).map(|reply| reply.body)
}

pub(super) fn health(port: u16) -> Option<Value> {
    ask(port, async |client| client.get("/health").await.ok().filter(|reply| reply.status == 200))
}

pub(super) fn call(port: u16, method: &str, params: &Value) -> Value {
    ask(port, async |client| client.call(method, params).await.ok()).unwrap()
}

/// `adjutant serve` in the foreground, ended at the end of the test.
pub(super) struct Served {
    pub(super) child: Child,
    pub(super) port: u16,
    pub(super) data: TempDir,
}

impl Served {
    pub(super) fn start(project: &Path, more: &[&str]) -> Served {
        Served::start_in(project, tempfile::tempdir().unwrap(), more)
    }

    pub(super) fn start_in(project: &Path, data: TempDir, more: &[&str]) -> Served {
        Served::start_as(project, data, more, |_| {})
    }

    /// The same in an environment that `settle` has a say in.
    pub(super) fn start_as(
        project: &Path,
        data: TempDir,
        more: &[&str],
        settle: impl FnOnce(&mut Command),
    ) -> Served {
        let arguments = ["serve", "--port", "0", "--root", path(project), "--data-dir", path(data.path())];
        let mut command = adjutant(data.path(), &arguments);
        settle(&mut command);
        let child = command.args(more).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut served = Served { child, port: 0, data };
        served.port = wait_for("the endpoint file", || served.endpoint()?["port"].as_u64()?.try_into().ok());
        wait_for("health", || health(served.port));
        served
    }

    fn endpoint(&self) -> Option<Value> {
        let endpoint: Value =
            serde_json::from_slice(&std::fs::read(self.data.path().join("endpoint.json")).ok()?).ok()?;
        (endpoint["pid"] == self.child.id()).then_some(endpoint)
    }

    pub(super) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; the exit code and how long it took.
    pub(super) fn wait(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let status = wait_for("the end of the process", || self.child.try_wait().unwrap());
        (status.code(), began.elapsed())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn it_serves_and_ends_cleanly_on_a_signal() {
    let project = Project::sample();
    for signal in ["-TERM", "-INT", "-HUP"] {
        let mut served = Served::start(project.path(), &[]);
        let health = health(served.port).unwrap();
        assert_eq!(health["indexes"]["agents"], 6);
        served.signal(signal);
        let (code, took) = served.wait();
        assert_eq!(code, Some(0), "{signal}");
        assert!(took < Duration::from_secs(5), "{signal}: {took:?}");
        for file in ["mcp.pid", "endpoint.json", "mcp.db-wal"] {
            assert!(!served.data.path().join(file).exists(), "{file} is left behind after {signal}");
        }
    }
}

#[test]
fn open_connections_do_not_hold_up_the_end() {
    // Both ends of the connections are of this machine; this end's limit may be low.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = maximum.map(|most| most.min(4_096)).or(Some(4_096));
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    let project = Project::sample();
    let mut served = Served::start(project.path(), &[]);
    let connect = || TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    let kept = |at: usize| {
        let mut stream = connect();
        if at.is_multiple_of(20) {
            stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            let mut first = [0; 12];
            stream.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
        }
        stream
    };
    let _idle: Vec<TcpStream> = (0..1_000).map(kept).collect();
    // A request whose body never comes.
    let mut stuck = connect();
    stuck.write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{").unwrap();
    served.signal("-TERM");
    let (code, took) = served.wait();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let project = Project::sample();
    let mut served = Served::start(project.path(), &[]);
    let mut stuck = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    stuck.write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{").unwrap();
    served.signal("-TERM");
    wait_for("the listener to close", || {
        TcpStream::connect(("127.0.0.1", served.port)).is_err().then_some(())
    });
    served.signal("-TERM");
    assert_eq!(served.wait().0, Some(0));
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let project = Project::sample();
    let mut served = Served::start(project.path(), &[]);
    let stored = call(
        served.port,
        "storePattern",
        &json!({ "goal": "ship it", "agent_sequence": ["web:css-artist"] }),
    );
    assert_eq!(stored["result"]["created"], true, "{stored}");
    served.signal("-KILL");
    served.wait();
    let data = std::mem::replace(&mut served.data, tempfile::tempdir().unwrap());
    assert!(data.path().join("mcp.pid").exists());
    let again = Served::start_in(project.path(), data, &[]);
    let found = call(again.port, "getOrchestrationPattern", &json!({ "goal": "ship it" }));
    assert_eq!(found["result"]["pattern"]["agent_sequence"], json!(["web:css-artist"]), "{found}");
}

#[test]
fn frequent_queries_are_answered_from_the_cache_after_a_restart() {
    let project = Project::sample();
    let mut served = Served::start(project.path(), &[]);
    let params = json!({ "context": "kubernetes cluster with helm charts" });
    let first = call(served.port, "queryAgents", &params);
    assert_eq!(first["result"]["cache_hit"], false, "{first}");
    served.signal("-TERM");
    served.wait();
    let data = std::mem::replace(&mut served.data, tempfile::tempdir().unwrap());
    let again = Served::start_in(project.path(), data, &[]);
    wait_for("the full ranking", || (health(again.port)?["ranking"] == "latent").then_some(()));
    let warmed = call(again.port, "queryAgents", &params);
    assert_eq!(warmed["result"]["cache_hit"], true, "{warmed}");
}

#[test]
fn what_is_kept_of_the_files_hides_no_change_and_may_be_garbage() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::sample();
    let mut served = Served::start(project.path(), &[]);
    let agents = |port| health(port).unwrap()["indexes"]["agents"].as_u64().unwrap();
    let first = agents(served.port);
    let file = served.data.path().join("catalog.bin");
    let kept = wait_for("the catalog to be kept", || std::fs::read(&file).ok());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let cut_off = kept[..kept.len() / 2].to_vec();
    for (turn, content) in [kept, cut_off, b"garbage".to_vec()].into_iter().enumerate() {
        served.signal("-TERM");
        served.wait();
        std::fs::write(&file, content).unwrap();
        // What changed meanwhile: an entry that is new, one that says something else.
        project.agent("web", &format!("late-{turn}"), "Comes while nothing runs.");
        let word = ["zymurgy", "quixotic", "xylophone"][turn];
        project.agent("web", "css-artist", &format!("Now knows {word}."));
        let data = std::mem::replace(&mut served.data, tempfile::tempdir().unwrap());
        served = Served::start_in(project.path(), data, &[]);
        assert_eq!(agents(served.port), first + turn as u64 + 1);
        let found = call(served.port, "queryAgents", &json!({ "context": word, "limit": 1 }));
        assert!(found.to_string().contains("css-artist"), "{found}");
    }
}

#[test]
fn a_kept_index_answers_as_one_that_was_built() {
    let project = Project::sample();
    let mut served = Served::start(project.path(), &[]);
    let answers = |port| {
        wait_for("the full ranking", || (health(port)?["ranking"] == "latent").then_some(()));
        ["kubernetes cluster with helm charts", "react", "css"].map(|context| {
            let found = call(port, "queryAgents", &json!({ "context": context }));
            assert!(found["result"]["agents"][0]["id"].is_string(), "{found}");
            [found["result"]["agents"].clone(), found["result"]["confidence"].clone()]
        })
    };
    let built = answers(served.port);
    let file = served.data.path().join("index.bin");
    let kept = wait_for("the index to be kept", || std::fs::read(&file).ok());
    let mut damaged = kept.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for content in [kept, damaged, b"garbage".to_vec(), Vec::new()] {
        served.signal("-TERM");
        served.wait();
        std::fs::write(&file, content).unwrap();
        let data = std::mem::replace(&mut served.data, tempfile::tempdir().unwrap());
        served = Served::start_in(project.path(), data, &[]);
        assert_eq!(answers(served.port), built);
        let timings = &health(served.port).unwrap()["timings_ms"];
        assert!(["scan", "index", "latent"].iter().all(|part| timings[*part].is_f64()), "{timings}");
    }
}

#[test]
fn no_more_files_are_read_than_asked_for() {
    let project = Project::sample();
    let served = Served::start(project.path(), &["--max-files", "3"]);
    let indexes = &health(served.port).unwrap()["indexes"];
    let count = |kind: &str| indexes[kind].as_u64().unwrap();
    assert_eq!(count("agents") + count("skills") + count("workflows"), 3, "{indexes}");
}

#[test]
fn a_second_start_finds_the_first() {
    let project = Project::sample();
    let served = Served::start(project.path(), &[]);
    let home = tempfile::tempdir().unwrap();
    for command in ["serve", "up"] {
        let arguments =
            [command, "--root", path(project.path()), "--data-dir", path(served.data.path()), "--port", "0"];
        let output = run(home.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output));
        assert!(text(&output).contains("already running"), "{command}: {}", text(&output));
    }
}

#[test]
fn up_status_reindex_down() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    let root = ["--root", path(project.path())];
    let with = |command: &str, more: &[&str]| run(home.path(), &[&[command], &root[..], more].concat());

    let down = with("status", &[]);
    assert_eq!(down.status.code(), Some(3), "{}", text(&down));

    let up = with("up", &["--port", "0", "--register"]);
    let _ended = EndsProject { home: home.path(), root: project.path() };
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    assert!(text(&up).contains("indexed 6 agents, 2 skills, 1 workflows"), "{}", text(&up));
    assert!(text(&up).contains("who can \""), "{}", text(&up));
    let run_dir = project.path().join(".claude/mcp-server");
    for file in ["mcp.pid", "endpoint.json", "data/mcp.db"] {
        assert!(run_dir.join(file).exists(), "{file}");
    }
    let config: Value =
        serde_json::from_slice(&std::fs::read(home.path().join(".claude/config.json")).unwrap()).unwrap();
    let endpoint: Value =
        serde_json::from_slice(&std::fs::read(run_dir.join("endpoint.json")).unwrap()).unwrap();
    let root_name = path(&project.path().canonicalize().unwrap()).to_owned();
    assert_eq!(config["adjutant"]["projects"][root_name]["jsonrpc"], endpoint["base"]);

    project.agent("new", "rust-expert", "Writes Rust.");
    let reindexed = with("reindex", &[]);
    assert_eq!(reindexed.status.code(), Some(0), "{}", text(&reindexed));
    let status = with("status", &[]);
    assert_eq!(status.status.code(), Some(0), "{}", text(&status));
    assert!(text(&status).contains("7 agents"), "{}", text(&status));
    let json: Value = serde_json::from_slice(&with("status", &["--json"]).stdout).unwrap();
    assert_eq!((&json["running"], &json["health"]["status"]), (&json!(true), &json!("healthy")));

    let down = with("down", &[]);
    assert_eq!(down.status.code(), Some(0), "{}", text(&down));
    for file in ["mcp.pid", "endpoint.json"] {
        assert!(!run_dir.join(file).exists(), "{file} says it still runs");
    }
    assert_eq!(text(&with("down", &[])).trim(), "not running");
}

/// Ends a project's background instance at the end of a test, also of a failed one.
struct EndsProject<'a> {
    home: &'a Path,
    root: &'a Path,
}

impl Drop for EndsProject<'_> {
    fn drop(&mut self) {
        run(self.home, &["down", "--root", path(self.root)]);
    }
}

#[test]
fn two_projects_never_answer_for_each_other() {
    let (first, second) = (Project::sample(), Project::empty());
    second.agent("solo", "lone-agent", "Works alone.");
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(first.path(), &[]);
    let port = served.port.to_string();

    let arguments =
        ["serve", "--root", path(second.path()), "--port", &port, "--data-dir", path(home.path())];
    let refused = run(home.path(), &arguments);
    assert_eq!(refused.status.code(), Some(98), "{}", text(&refused));
    assert!(text(&refused).contains(path(first.path())), "{}", text(&refused));

    let up = run(home.path(), &["up", "--root", path(second.path()), "--port", &port]);
    let _ended = EndsProject { home: home.path(), root: second.path() };
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    assert!(text(&up).contains("serves another project"), "{}", text(&up));
    let endpoint = std::fs::read(second.path().join(".claude/mcp-server/endpoint.json")).unwrap();
    let endpoint: Value = serde_json::from_slice(&endpoint).unwrap();
    let its_port = u16::try_from(endpoint["port"].as_u64().unwrap()).unwrap();
    assert_ne!(its_port, served.port);
    assert_eq!(health(its_port).unwrap()["indexes"]["agents"], 1);
    assert_eq!(health(served.port).unwrap()["indexes"]["agents"], 6);
}

#[test]
fn projects_that_start_at_once_find_a_port_each() {
    let home = tempfile::tempdir().unwrap();
    // Not held any more when they start: the first takes it, and each other the next that is free.
    let wanted = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let projects: Vec<Project> = (0..6).map(|_| Project::sample()).collect();
    let _ended: Vec<EndsProject<'_>> =
        projects.iter().map(|project| EndsProject { home: home.path(), root: project.path() }).collect();
    let starting = projects.iter().map(|project| {
        let arguments =
            ["up", "--no-watch", "--register", "--json", "--port", &wanted, "--root", path(project.path())];
        adjutant(home.path(), &arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
    });
    let starting: Vec<Child> = starting.collect();
    let mut ports = std::collections::BTreeSet::new();
    for child in starting {
        let said = child.wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(0), "{}", text(&said));
        let said: Value = serde_json::from_slice(&said.stdout).unwrap();
        ports.insert(said["port"].as_u64().unwrap());
    }
    assert_eq!(ports.len(), projects.len(), "{ports:?}");
    let config = std::fs::read(home.path().join(".claude/config.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["adjutant"]["projects"].as_object().unwrap().len(), projects.len());
}

#[test]
fn an_instance_that_hangs_is_told_in_time() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--root", path(project.path())];
    let up = run(home.path(), &[&["up", "--port", "0", "--json"], &arguments[..]].concat());
    let pid = serde_json::from_slice::<Value>(&up.stdout).unwrap()["pid"].to_string();
    let _ended = EndsProject { home: home.path(), root: project.path() };
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    signal("-STOP");
    for more in [&[][..], &["--json"]] {
        let began = Instant::now();
        let told = run(home.path(), &[&["status"], &arguments[..], more].concat());
        let took = began.elapsed();
        assert_eq!(told.status.code(), Some(1), "{}", text(&told));
        assert!(text(&told).contains("no answer within 2000 ms"), "{}", text(&told));
        assert!(took < Duration::from_secs(8), "{took:?}");
    }
    signal("-CONT");
    assert_eq!(run(home.path(), &[&["status"], &arguments[..]].concat()).status.code(), Some(0));
}

#[test]
fn a_stranger_on_the_port_is_named() {
    let project = Project::sample();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port().to_string();
    let home = tempfile::tempdir().unwrap();
    for command in ["up", "serve"] {
        let arguments =
            [command, "--root", path(project.path()), "--port", &port, "--data-dir", path(home.path())];
        let output = run(home.path(), &arguments);
        assert_eq!(output.status.code(), Some(98), "{command}: {}", text(&output));
        if cfg!(target_os = "linux") {
            assert!(
                text(&output).contains(&format!("(pid {})", std::process::id())),
                "{command}: {}",
                text(&output)
            );
        }
        assert!(!home.path().join("mcp.pid").exists());
    }
}

#[test]
fn a_stale_or_foreign_pid_file_harms_nobody() {
    let project = Project::sample();
    let home = tempfile::tempdir().unwrap();
    // This process, but another start time: as if the id had been given out again.
    let file = project.write(".claude/mcp-server/mcp.pid", &format!("{}\n#1\n", std::process::id()));
    let down = run(home.path(), &["down", "--root", path(project.path())]);
    assert_eq!(text(&down).trim(), "not running");
    assert!(!file.exists());
}

#[test]
fn changed_files_are_noticed_and_idleness_is_no_change() {
    let project = Project::sample();
    let served = Served::start(project.path(), &[]);
    wait_for("the watch", || (health(served.port)?["watch"] == "on").then_some(()));
    project.agent("web", "late-arrival", "Comes while the service runs.");
    wait_for("the new agent", || (health(served.port)?["indexes"]["agents"] == 7).then_some(()));
    project.agent("brandnew", "first-of-its-plugin", "Brings a new plugin.");
    wait_for("the new plugin", || (health(served.port)?["indexes"]["agents"] == 8).then_some(()));
    std::fs::remove_dir_all(project.path().join("plugins/web")).unwrap();
    wait_for("the removal", || (health(served.port)?["indexes"]["agents"] == 5).then_some(()));
    // Reading files to index them must not count as a change: the number of scans comes to rest.
    let rest = wait_for("rest", || {
        let scans = health(served.port)?["scans"].as_u64()?;
        std::thread::sleep(Duration::from_millis(1200));
        (health(served.port)?["scans"].as_u64()? == scans).then_some(scans)
    });
    assert!(rest < 20, "{rest} scans for four changes");
}

#[test]
fn a_project_without_plugins_serves_the_built_in_collection() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let project = Project::empty();
    for entry in walkdir::WalkDir::new(&fixtures).into_iter().map(Result::unwrap) {
        let relative = entry.path().strip_prefix(&fixtures).unwrap();
        if entry.file_type().is_file() && !relative.starts_with("behaviours") {
            let target = project.path().join("fixtures").join(relative);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
    // The plugin that a checkout carries for clients to ask through is nobody to find.
    let manifest = r#"{"name": "adjutant", "agents": ["./asker.md", "./.claude/agents/orchestrator.md"]}"#;
    project.write(".claude-plugin/plugin.json", manifest);
    for file in ["asker.md", ".claude/agents/orchestrator.md"] {
        let name = Path::new(file).file_stem().unwrap().to_str().unwrap();
        project.write(file, &format!("---\nname: {name}\ndescription: Asks.\n---\n"));
    }
    let served = Served::start(project.path(), &[]);
    let health = health(served.port).unwrap();
    assert_eq!(health["status"], "healthy", "{health}");
    assert!(health["reasons"].to_string().contains("fixtures/plugins"), "{health}");
    assert!(health["indexes"]["agents"].as_u64() > Some(5), "{health}");
}

#[test]
fn doctor_works_without_a_running_instance() {
    let project = Project::sample();
    project.write(
        "plugins/web/agents/broken.md",
        "---\nname: broken\ndescription: uses: colons: everywhere\n---\n\nBody.\n",
    );
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), &["doctor", "--root", path(project.path())]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output).contains("plugins/web/agents/broken.md"), "{}", text(&output));
    let json: Value = serde_json::from_slice(
        &run(home.path(), &["doctor", "--json", "--root", path(project.path())]).stdout,
    )
    .unwrap();
    assert_eq!(json["agents"], 7);
    assert!(json["problems"].as_array().is_some_and(|problems| !problems.is_empty()));
}

#[test]
fn slow_heads_are_cut_off_and_others_answered() {
    let project = Project::sample();
    let served = Served::start(project.path(), &[]);
    let connected = || {
        let stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        stream
    };
    let (mut slow, mut idle) = (connected(), connected());
    // One sends half a head, the other nothing more once it was answered.
    idle.write_all(b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");
    let began = Instant::now();
    slow.write_all(b"GET /health HTTP/1.1\r\nhost: loc").unwrap();
    assert!(health(served.port).is_some());
    for (what, stream) in [("half a head", &mut slow), ("nothing more", &mut idle)] {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        let took = began.elapsed();
        assert!((Duration::from_secs(4)..Duration::from_secs(10)).contains(&took), "{what}: {took:?}");
    }
    assert!(health(served.port).is_some());
}

#[test]
fn too_many_headers_are_refused_with_a_reason() {
    let project = Project::sample();
    let served = Served::start(project.path(), &[]);
    for (headers, status) in [(63, "200"), (64, "431")] {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        let fields = "x: y\r\n".repeat(headers);
        write!(stream, "GET /health HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, *format!("HTTP/1.1 {status}").as_bytes(), "{headers} and the host");
    }
}

#[test]
fn heads_that_two_readers_would_read_differently_are_refused() {
    let project = Project::sample();
    let served = Served::start(project.path(), &[]);
    let heads = [
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length : 2\r\n\r\n{}",
        "POST / HTTP/1.1\r\nhost: localhost\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\n{}",
    ];
    for head in heads {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 400", "{head:?}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let project = Project::sample();
    let served = Served::start(project.path(), &[]);
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    let mut requests = String::new();
    for id in 0..200 {
        let body = format!(r#"{{"jsonrpc":"2.0","method":"nonsense","id":{id}}}"#);
        let close = if id == 199 { "connection: close\r\n" } else { "" };
        write!(
            requests,
            "POST / HTTP/1.1\r\nhost: localhost\r\n{close}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ).unwrap();
    }
    stream.write_all(requests.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let ids: Vec<usize> = answers
        .match_indices("\"id\":")
        .map(|(at, _)| answers[at + 5..].split('}').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ids, (0..200).collect::<Vec<_>>());
}

#[test]
fn files_of_another_projects_instance_are_not_taken_for_ones_own() {
    let (first, second) = (Project::sample(), Project::empty());
    let home = tempfile::tempdir().unwrap();
    let up = run(home.path(), &["up", "--root", path(first.path()), "--port", "0"]);
    let _ended = EndsProject { home: home.path(), root: first.path() };
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    // As installed by copying the folder while an instance runs.
    for file in ["mcp.pid", "endpoint.json"] {
        let content = std::fs::read_to_string(first.path().join(".claude/mcp-server").join(file)).unwrap();
        second.write(&format!(".claude/mcp-server/{file}"), &content);
    }
    assert_eq!(run(home.path(), &["status", "--root", path(second.path())]).status.code(), Some(3));
    assert_eq!(text(&run(home.path(), &["down", "--root", path(second.path())])).trim(), "not running");
    assert_eq!(run(home.path(), &["status", "--root", path(first.path())]).status.code(), Some(0));

    // One data directory for two projects.
    let shared = first.path().join(".claude/mcp-server/data");
    let refused = run(
        home.path(),
        &["serve", "--root", path(second.path()), "--data-dir", path(&shared), "--port", "0"],
    );
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
}

#[test]
fn a_replaced_plugin_folder_is_watched_again() {
    let project = Project::sample();
    let served = Served::start(project.path(), &[]);
    wait_for("the watch", || (health(served.port)?["watch"] == "on").then_some(()));
    let plugins = project.path().join("plugins");
    std::fs::rename(&plugins, project.path().join("old")).unwrap();
    project.agent("other", "newcomer", "Comes with another folder.");
    wait_for("the new folder", || (health(served.port)?["indexes"]["agents"] == 1).then_some(()));
    project.agent("other", "second", "Comes later.");
    wait_for("a change in it", || (health(served.port)?["indexes"]["agents"] == 2).then_some(()));
}

#[test]
fn absurd_settings_and_pipes_do_not_stop_the_start() {
    let project = Project::sample();
    project.write(".claude/x", "");
    let pipe = project.path().join(".claude/aliases.yml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let data = tempfile::tempdir().unwrap();
    let arguments = ["serve", "--port", "0", "--root", path(project.path()), "--data-dir", path(data.path())];
    let mut command = adjutant(data.path(), &arguments);
    command.env("MCP_CACHE_TTL", "99999999999999").env("MCP_REINDEX_INTERVAL", "18446744073709551615");
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut served = Served { child, port: 0, data };
    served.port = wait_for("the endpoint file", || served.endpoint()?["port"].as_u64()?.try_into().ok());
    let health = wait_for("health", || health(served.port));
    assert_eq!(health["problems"], 1, "{health}");
    let report = ask(served.port, async |client| client.post("/reindex", &json!({})).await.ok()).unwrap();
    assert_eq!(report["unchanged"], 9, "{report}");
}
