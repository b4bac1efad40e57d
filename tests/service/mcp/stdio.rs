//! `adjutant mcp`: the real binary, spoken to over its standard input and output.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{NEW, OLD, row_ids, text_of};
use crate::support::Project;

/// Nothing here takes longer than a moment; a machine under load gets more.
const DEADLINE: Duration = Duration::from_secs(30);

fn adjutant(command: &str, project: &Path, data: &Path) -> Command {
    let mut started = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    started
        .arg(command)
        .arg("--root")
        .arg(project)
        .arg("--data-dir")
        .arg(data)
        .env("HOME", data)
        .env("MCP_USER_SCOPE", "off");
    for name in ["MCP_PORT", "MCP_ROOT", "MCP_DATA_DIR", "MCP_PLUGINS", "MCP_COMMAND_PROMPTS"] {
        started.env_remove(name);
    }
    started
}

/// A client and the server it started.
struct Session {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    era: &'static str,
    next_id: u64,
}

impl Session {
    fn unopened(project: &Path, data: &Path, era: &'static str) -> Self {
        Session::spawned(adjutant("mcp", project, data), era)
    }

    /// A session of that command, to which nobody was introduced yet.
    fn spawned(mut command: Command, era: &'static str) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Session { child, input, lines, era, next_id: 0 }
    }

    fn start(project: &Path, data: &Path, era: &'static str) -> Self {
        let mut session = Session::unopened(project, data, era);
        session.open();
        session
    }

    /// Introduces the client, as its era does; what the server offers.
    fn open(&mut self) -> Value {
        if self.era == NEW {
            return self.result("server/discover", json!({}))["capabilities"].take();
        }
        let hello = json!({ "protocolVersion": OLD, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let mut offered = self.result("initialize", hello);
        self.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        offered["capabilities"].take()
    }

    /// Subscribes a client of the newer era to changes; what the server accepts.
    fn listen(&mut self, wanted: Value) -> Value {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": NEW,
            "io.modelcontextprotocol/clientInfo": { "name": "t", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ "notifications": wanted, "_meta": meta });
        let listen =
            json!({ "jsonrpc": "2.0", "id": "listen", "method": "subscriptions/listen", "params": params });
        self.write(&listen.to_string());
        let mut acknowledged = self.read();
        assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "{acknowledged}");
        acknowledged["params"].take()
    }

    fn write(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next line of output, which is always a message.
    fn read(&mut self) -> Value {
        let line = self.lines.recv_timeout(DEADLINE).expect("waited in vain for a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn message(&mut self, method: &str, mut params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        if self.era == NEW {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": NEW,
                "io.modelcontextprotocol/clientInfo": { "name": "t", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
        }
    }

    fn result(&mut self, method: &str, params: Value) -> Value {
        let message = self.message(method, params);
        assert!(message["result"].is_object(), "{method} in {}: {message}", self.era);
        message["result"].clone()
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.result("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    /// Hangs up and waits for the end of the server.
    fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        ended(&mut self.child)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ended(child: &mut Child) -> Option<i32> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(began.elapsed() < DEADLINE, "the process does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A running instance, ended at the end of the test.
struct Instance {
    child: Child,
    port: u16,
}

impl Instance {
    fn start(project: &Path, data: &Path) -> Self {
        let mut command = adjutant("serve", project, data);
        let mut child =
            command.args(["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains(" serves "), "{line}");
        let endpoint = std::fs::read(data.join("endpoint.json")).unwrap();
        let endpoint: Value = serde_json::from_slice(&endpoint).unwrap();
        Instance { child, port: u16::try_from(endpoint["port"].as_u64().unwrap()).unwrap() }
    }

    fn get(&self, path: &str) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = client::Client::new(self.port, DEADLINE);
        runtime.block_on(client.get(path)).unwrap().body
    }

    fn calls(&self, method: &str) -> u64 {
        self.get("/metrics")["queries"]["by_method"][method].as_u64().unwrap_or(0)
    }

    /// Waits for the end of the training, with which ranking changes once.
    fn settle(&self) {
        let began = Instant::now();
        while self.get("/health")["ranking"] != "latent" {
            assert!(began.elapsed() < DEADLINE, "the training does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a relay does with one request.
#[derive(Clone, Copy)]
enum Treatment {
    /// The instance is asked, and the connection closed without its answer.
    Lose,
    /// The instance is not asked: this is the answer.
    Answer(&'static str),
}

/// Stands between a session and the instance, as a connection that may break in the middle of a call.
struct Relay {
    /// What becomes of the next calls; any further one is relayed.
    treatments: Arc<Mutex<VecDeque<Treatment>>>,
}

impl Relay {
    /// A relay that sessions of the project find in the place of `instance`.
    fn before(instance: &Instance, data: &Path) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let file = data.join("endpoint.json");
        let mut endpoint: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        endpoint["port"] = listener.local_addr().unwrap().port().into();
        std::fs::write(&file, endpoint.to_string()).unwrap();
        let treatments = Arc::new(Mutex::new(VecDeque::new()));
        let (of_relay, port) = (Arc::clone(&treatments), instance.port);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, treatments) = (client.unwrap(), Arc::clone(&of_relay));
                std::thread::spawn(move || relay(client, port, &treatments));
            }
        });
        Relay { treatments }
    }

    fn next(&self, treatments: impl IntoIterator<Item = Treatment>) {
        self.treatments.lock().unwrap().extend(treatments);
    }

    fn is_exhausted(&self) -> bool {
        self.treatments.lock().unwrap().is_empty()
    }
}

/// Serves the one request of a connection.
fn relay(mut client: TcpStream, port: u16, treatments: &Mutex<VecDeque<Treatment>>) {
    let Some(request) = whole_request(&client) else { return };
    // The stream of changes is a matter of its own.
    let is_call = !request.contains("subscriptions/listen");
    match is_call.then(|| treatments.lock().unwrap().pop_front()).flatten() {
        Some(Treatment::Answer(answer)) => client.write_all(answer.as_bytes()).unwrap(),
        treatment => {
            let mut instance = TcpStream::connect(("127.0.0.1", port)).unwrap();
            // Answered whole, then closed.
            let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            instance.write_all(request.as_bytes()).unwrap();
            if treatment.is_none() {
                let _ = std::io::copy(&mut instance, &mut client);
            } else {
                let mut lost = Vec::new();
                let _ = instance.read_to_end(&mut lost);
                assert!(!lost.is_empty());
            }
        }
    }
}

/// A request with the body that its head announces.
fn whole_request(client: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if let Some(value) = head[start..].to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).ok()?)
}

fn outcome(id: &str) -> Value {
    json!({ "task_id": id, "task_description": "build the page", "agents_used": ["web:react-specialist"], "result": "success" })
}

fn data() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn it_serves_alone_remembers_and_ends_with_its_client() {
    let project = Project::sample();
    for era in [OLD, NEW] {
        let data = data();
        let mut session = Session::start(project.path(), data.path(), era);
        let found = session.call("find_agents", json!({ "context": "kubernetes cluster" }));
        assert_eq!(row_ids(&found)[0], "ops:kubernetes-architect");
        assert_eq!(session.call("record_outcome", outcome("1"))["isError"], false);
        let error = session.message("resources/read", json!({ "uri": "adjutant://agent/web/nobody" }));
        let code = if era == OLD { -32002 } else { -32602 };
        assert_eq!(error["error"]["code"], code, "{error}");
        assert_eq!(session.end(), Some(0));
        let mut session = Session::start(project.path(), data.path(), era);
        let advice = session.call("recommend_pattern", json!({ "goal": "build the page" }));
        assert!(text_of(&advice).contains("web:react-specialist"), "{advice}");
        assert_eq!(session.end(), Some(0));
    }
}

#[test]
fn it_joins_the_running_instance_and_survives_its_end() {
    let project = Project::sample();
    let data = data();
    let instance = Instance::start(project.path(), data.path());
    for era in [OLD, NEW] {
        let before = instance.calls("queryAgents");
        let mut session = Session::start(project.path(), data.path(), era);
        session.call("find_agents", json!({ "context": "kubernetes cluster" }));
        assert_eq!(instance.calls("queryAgents"), before + 1, "{era}");
        assert_eq!(session.call("record_outcome", outcome(era))["isError"], false);
        assert_eq!(session.result("tools/list", json!({}))["tools"].as_array().unwrap().len(), 6);
        let read = session.result("resources/read", json!({ "uri": "adjutant://agent/web/css-artist" }));
        assert!(read["contents"][0]["text"].as_str().unwrap().contains("Body of css-artist"));
        let error = session.message("resources/read", json!({ "uri": "adjutant://agent/wéb/nobody" }));
        let code = if era == OLD { -32002 } else { -32602 };
        assert_eq!(error["error"]["code"], code, "{error}");
        let wrong = session.call("find_agents", json!({ "limit": 7 }));
        assert_eq!(wrong["isError"], true, "{wrong}");
        assert_eq!(session.end(), Some(0));
    }
    let mut session = Session::start(project.path(), data.path(), NEW);
    session.call("find_agents", json!({ "context": "react" }));
    drop(instance);
    let found = session.call("find_agents", json!({ "context": "react" }));
    assert_eq!(row_ids(&found)[0], "web:react-specialist");
    let advice = session.call("recommend_pattern", json!({ "goal": "build the page" }));
    assert!(text_of(&advice).contains("web:react-specialist"), "{advice}");
    assert_eq!(session.end(), Some(0));
}

#[test]
fn a_connection_that_breaks_in_mid_call_is_no_other_program() {
    let project = Project::sample();
    let data = data();
    let instance = Instance::start(project.path(), data.path());
    let relay = Relay::before(&instance, data.path());
    for era in [OLD, NEW] {
        let mut session = Session::start(project.path(), data.path(), era);
        // A question is asked again.
        let before = instance.calls("queryAgents");
        relay.next([Treatment::Lose, Treatment::Lose]);
        let found = session.call("find_agents", json!({ "context": "kubernetes cluster" }));
        assert_eq!(row_ids(&found)[0], "ops:kubernetes-architect");
        assert_eq!(instance.calls("queryAgents"), before + 3, "{era}: the instance answered");
        // An outcome is not: it waits on disk, and counts once.
        let (first, second) = (format!("first in {era}"), format!("second in {era}"));
        let before = instance.calls("cacheDecision");
        relay.next([Treatment::Lose]);
        let queued = session.call("record_outcome", outcome(&first));
        assert_eq!(queued["isError"], false, "{queued}");
        assert!(text_of(&queued).starts_with("Not known whether it is stored"), "{queued}");
        assert!(text_of(&queued).contains("broke"), "{queued}");
        assert_eq!(instance.calls("cacheDecision"), before + 1, "{era}");
        let waiting = std::fs::read_dir(project.path().join(".claude/mcp-server/outbox")).unwrap().count();
        assert_eq!(waiting, 1, "{era}");
        let stored = session.call("record_outcome", outcome(&second));
        assert!(text_of(&stored).starts_with("Stored."), "{stored}");
        let waiting = std::fs::read_dir(project.path().join(".claude/mcp-server/outbox")).unwrap().count();
        assert_eq!(waiting, 0, "{era}: what waited was taken over");
        assert!(relay.is_exhausted());
        assert_eq!(session.end(), Some(0));
    }
    let mut history = adjutant("history", project.path(), data.path());
    let output = history.arg("--json").output().unwrap();
    let history: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(history["decisions"].as_array().unwrap().len(), 4, "{history}");
    let mut session = Session::start(project.path(), data.path(), NEW);
    let advice = session.call("recommend_pattern", json!({ "goal": "build the page" }));
    assert!(text_of(&advice).contains("used 4 times"), "{advice}");
}

#[test]
fn an_instance_that_is_busy_at_the_start_of_a_session_is_joined() {
    const LIMITED: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32005,\"message\":\"Rate limit exceeded\",\"data\":{\"retry_after_ms\":5}},\"id\":null}";
    const STARTING: &str = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32006,\"message\":\"the service is starting\",\"data\":{\"reason\":\"starting\"}},\"id\":null}";
    let project = Project::sample();
    let data = data();
    let instance = Instance::start(project.path(), data.path());
    let relay = Relay::before(&instance, data.path());
    for era in [OLD, NEW] {
        relay.next([
            Treatment::Answer(LIMITED),
            Treatment::Lose,
            Treatment::Answer(STARTING),
            Treatment::Answer(LIMITED),
        ]);
        let before = instance.calls("queryAgents");
        let mut session = Session::start(project.path(), data.path(), era);
        assert!(relay.is_exhausted());
        session.call("find_agents", json!({ "context": "kubernetes cluster" }));
        assert_eq!(instance.calls("queryAgents"), before + 1, "{era}");
        assert_eq!(session.end(), Some(0));
    }
}

#[test]
fn several_at_once_do_not_compete_and_the_next_instance_is_joined() {
    let project = Project::sample();
    let data = data();
    let mut first = Session::start(project.path(), data.path(), OLD);
    let mut second = Session::start(project.path(), data.path(), NEW);
    for session in [&mut first, &mut second] {
        let found = session.call("find_agents", json!({ "context": "react" }));
        assert_eq!(row_ids(&found)[0], "web:react-specialist");
    }
    assert_eq!(first.call("record_outcome", outcome("1"))["isError"], false);
    let queued = second.call("record_outcome", outcome("2"));
    assert_eq!(queued["isError"], false, "{queued}");
    assert!(text_of(&queued).starts_with("Not stored yet: another process"), "{queued}");
    let waiting = std::fs::read_dir(project.path().join(".claude/mcp-server/outbox")).unwrap().count();
    assert_eq!(waiting, 1);
    let wrong = second.call("record_outcome", json!({ "task_id": "2" }));
    assert_eq!(wrong["isError"], true, "{wrong}");
    // What a session owns is not removed under it.
    let mut uninstall = adjutant("uninstall", project.path(), data.path());
    assert_eq!(uninstall.arg("--data").output().unwrap().status.code(), Some(5));
    // An instance goes before sessions: the one that holds the memory lets go of it.
    let instance = Instance::start(project.path(), data.path());
    assert_eq!(first.call("record_outcome", outcome("3"))["isError"], false);
    assert_eq!(second.call("record_outcome", outcome("2"))["isError"], false);
    assert_eq!(instance.calls("cacheDecision"), 2);
    let advice = second.call("recommend_pattern", json!({ "goal": "build the page" }));
    assert!(text_of(&advice).contains("web:react-specialist"), "{advice}");
    for session in [first, second] {
        assert_eq!(session.end(), Some(0));
    }
}

#[test]
fn garbage_is_survived_and_nothing_but_messages_comes_out() {
    let project = Project::sample();
    let data = data();
    for era in [OLD, NEW] {
        let mut session = Session::unopened(project.path(), data.path(), era);
        for stray in [
            "nonsense",
            "{}",
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
            r#"{"jsonrpc":"2.0","id":"stray","method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/x"}"#,
        ] {
            session.write(stray);
        }
        session.open();
        let oversized = format!("\"{}\"", "x".repeat(2 * 1024 * 1024));
        let deep = "[".repeat(5_000);
        for garbage in
            ["", "{", "nonsense", "[]", "7", "null", "\u{0}", "{\"jsonrpc\":\"1.0\"}", &oversized, &deep]
        {
            session.write(garbage);
        }
        session.input.as_mut().unwrap().write_all(b"\xff\xfe\n").unwrap();
        let found = session.call("find_agents", json!({ "context": "react" }));
        assert_eq!(row_ids(&found)[0], "web:react-specialist");
        let unknown = session.message("nonsense/do", json!({}));
        assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
        let malformed = session.message("tools/call", json!({ "name": "find_agents", "arguments": "x" }));
        assert_eq!(malformed["error"]["code"], -32602, "{malformed}");
        assert_eq!(session.end(), Some(0));
    }
}

#[test]
fn what_is_no_message_is_answered_so() {
    let project = Project::sample();
    let data = data();
    for era in [OLD, NEW] {
        let mut session = Session::start(project.path(), data.path(), era);
        let oversized = format!("\"{}\"", "x".repeat(2 * 1024 * 1024));
        let deep = "[".repeat(5_000);
        for (garbage, code) in [
            ("nonsense", -32700),
            ("{\"half\":", -32700),
            (&oversized, -32600),
            (&deep, -32700),
            ("[1]", -32600),
        ] {
            session.write(garbage);
            // What changed meanwhile may be told first.
            let answer = loop {
                let message = session.read();
                if message.get("method").is_none() {
                    break message;
                }
            };
            let shown = &garbage[..garbage.len().min(20)];
            assert_eq!(answer["error"]["code"], code, "{shown}: {answer}");
            assert!(answer.get("id").is_none_or(Value::is_null), "{shown}: {answer}");
        }
        let found = session.call("find_agents", json!({ "context": "react" }));
        assert_eq!(row_ids(&found)[0], "web:react-specialist");
        assert_eq!(session.end(), Some(0));
    }
}

#[test]
fn changes_are_told_alone_and_joined() {
    for joined in [false, true] {
        for era in [OLD, NEW] {
            let project = Project::sample();
            let data = data();
            let _instance = joined.then(|| Instance::start(project.path(), data.path()));
            let mut session = Session::start(project.path(), data.path(), era);
            if era == NEW {
                session.listen(json!({ "toolsListChanged": true }));
            }
            // Until word of it comes: the watch may still be starting.
            let began = Instant::now();
            for number in 0.. {
                project.agent("web", &format!("artist-{number}"), "Draws icons.");
                if let Ok(line) = session.lines.recv_timeout(Duration::from_secs(3)) {
                    assert!(line.contains("list_changed"), "{line}");
                    break;
                }
                assert!(began.elapsed() < DEADLINE, "nobody tells, joined {joined}, {era}");
            }
            assert_eq!(session.end(), Some(0), "joined {joined}, {era}");
        }
    }
}

#[test]
fn resources_are_offered_unless_the_session_offers_none() {
    for joined in [false, true] {
        for (era, offers) in [(OLD, true), (OLD, false), (NEW, true), (NEW, false)] {
            let project = Project::sample();
            let data = data();
            let _instance = joined.then(|| Instance::start(project.path(), data.path()));
            let mut command = adjutant("mcp", project.path(), data.path());
            command.args((!offers).then_some("--no-resources"));
            let mut session = Session::spawned(command, era);
            let offered = session.open();
            assert_eq!(offered["resources"].is_object(), offers, "joined {joined}, {era}: {offered}");
            assert!(offered["tools"].is_object() && offered["prompts"].is_object(), "{offered}");
            if era == NEW {
                let wanted = json!({ "toolsListChanged": true, "resourcesListChanged": true });
                let accepted = session.listen(wanted).to_string();
                assert_eq!(accepted.contains("resourcesListChanged"), offers, "{accepted}");
            }
            if offers {
                assert_eq!(session.end(), Some(0));
                continue;
            }
            // Of the second change is told after all of the first.
            let began = Instant::now();
            let (mut of_tools, mut of_resources) = (0, 0);
            for number in 0.. {
                project.agent("web", &format!("artist-{number}"), "Draws icons.");
                while let Ok(line) = session.lines.recv_timeout(Duration::from_millis(200)) {
                    of_tools += usize::from(line.contains("tools/list_changed"));
                    of_resources += usize::from(line.contains("resources/list_changed"));
                }
                if of_tools >= 2 {
                    break;
                }
                assert!(began.elapsed() < DEADLINE, "nobody tells, joined {joined}, {era}");
            }
            assert_eq!(of_resources, 0, "joined {joined}, {era}");
            assert_eq!(session.end(), Some(0), "joined {joined}, {era}");
        }
    }
}

#[test]
fn the_command_line_gives_the_same_answer() {
    let project = Project::sample();
    let data = data();
    let instance = Instance::start(project.path(), data.path());
    instance.settle();
    let mut session = Session::start(project.path(), data.path(), NEW);
    let cases: [(&[&str], &str, Value); 4] = [
        (
            &["find", "agents", "kubernetes cluster"],
            "find_agents",
            json!({ "context": "kubernetes cluster" }),
        ),
        (&["find", "skills", "terraform"], "find_skills", json!({ "context": "terraform" })),
        (&["find", "workflows", "deploy a service"], "find_workflows", json!({ "goal": "deploy a service" })),
        (
            &["show", "agent", "ops:incident-responder"],
            "get_definition",
            json!({ "kind": "agent", "id": "ops:incident-responder" }),
        ),
    ];
    for (arguments, tool, params) in cases {
        let mut command = adjutant(arguments[0], project.path(), data.path());
        let output = command.args(&arguments[1..]).arg("--json").stdin(Stdio::null()).output().unwrap();
        let typed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let called = session.call(tool, params);
        if tool == "get_definition" {
            assert!(text_of(&called).ends_with(typed["body"].as_str().unwrap()), "{called}");
            continue;
        }
        let rows = typed.as_object().unwrap().values().find_map(Value::as_array).unwrap();
        let typed: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(row_ids(&called), typed[..row_ids(&called).len()], "{arguments:?}");
        assert!(!row_ids(&called).is_empty(), "{called}");
    }
}
