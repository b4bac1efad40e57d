//! The same service again: port, plugins and name from start to start, and never another project's answer.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::lifecycle::wait_for;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A user with projects, each ended with the test.
struct User {
    base: TempDir,
    started: std::cell::RefCell<Vec<PathBuf>>,
}

impl User {
    fn new() -> User {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("home")).unwrap();
        User { base, started: std::cell::RefCell::default() }
    }

    /// A project of that name with one agent.
    fn project(&self, name: &str, agent: &str) -> PathBuf {
        let root = self.base.path().join(name);
        write_agent(&root.join("plugins/own"), agent);
        self.started.borrow_mut().push(root.clone());
        root
    }

    fn run(&self, root: &Path, arguments: &[&str]) -> Output {
        self.run_with(root, arguments, &[])
    }

    fn run_with(&self, root: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
        command.args(arguments).current_dir(root).env_clear().env("HOME", self.base.path().join("home"));
        command.envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap()
    }

    /// `up --json` with further arguments, which must succeed.
    fn up(&self, root: &Path, arguments: &[&str]) -> Value {
        let output = self.run(root, &[&["up", "--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn down(&self, root: &Path) {
        let output = self.run(root, &["down"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    }
}

impl Drop for User {
    fn drop(&mut self) {
        for root in self.started.borrow().iter().filter(|root| root.is_dir()) {
            self.run(root, &["down"]);
        }
    }
}

fn write_agent(plugin: &Path, name: &str) {
    std::fs::create_dir_all(plugin.join("agents")).unwrap();
    let text = format!("---\nname: {name}\ndescription: Bakes bread and cakes.\n---\n");
    std::fs::write(plugin.join("agents").join(format!("{name}.md")), text).unwrap();
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A port that nobody has at the moment, with free ones behind it.
fn free_port() -> u16 {
    let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let candidates =
        std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    candidates.into_iter().find(|port| *port < 65_000 && (1..4).all(|more| free(port + more))).unwrap()
}

fn port(up: &Value) -> u64 {
    up["port"].as_u64().unwrap()
}

/// A request to an address: its status and the answer.
fn request(method: &str, url: &str, body: Option<&Value>) -> (u16, Value) {
    use std::io::{Read, Write};
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap());
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = std::net::TcpStream::connect(authority).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, content) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(content).unwrap_or(Value::Null))
}

fn find(base: &str) -> (u16, Value) {
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "queryAgents", "params": { "context": "bread" } });
    request("POST", base, Some(&call))
}

#[test]
fn down_and_up_bring_the_same_port_and_plugins() {
    let user = User::new();
    let root = user.project("my shop ünï", "own-baker");
    write_agent(&user.base.path().join("more plugins/extra"), "extra-baker");
    let wanted = free_port().to_string();
    let first = user.up(&root, &["--port", &wanted, "--plugins", "../more plugins", "--no-user-scope"]);
    assert_eq!(port(&first).to_string(), wanted);
    user.down(&root);
    // What asks without an instance asks over the same.
    let alone = user.run(&root, &["find", "agents", "bread"]);
    assert!(text(&alone).contains("extra:extra-baker"), "{}", text(&alone));
    let again = user.up(&root, &[]);
    assert_eq!(again["port"], first["port"]);
    assert_eq!(find(again["base"].as_str().unwrap()).1["result"]["agents"].as_array().unwrap().len(), 2);
    let shown = user.run(&root, &["config", "show"]);
    assert!(text(&shown).contains("remembered from the last `adjutant up`"), "{}", text(&shown));
    // A file goes before it, and says so.
    user.down(&root);
    std::fs::create_dir_all(root.join(".claude")).unwrap();
    let other = free_port();
    std::fs::write(root.join(".claude/adjutant.yml"), format!("port: {other}\n")).unwrap();
    assert_eq!(port(&user.up(&root, &[])), u64::from(other));
    user.down(&root);
    std::fs::remove_file(root.join(".claude/adjutant.yml")).unwrap();
    let plain = user.up(&root, &["--forget", "--port", "0"]);
    assert_eq!(find(plain["base"].as_str().unwrap()).1["result"]["agents"].as_array().unwrap().len(), 1);
}

#[test]
fn what_only_a_shell_knew_is_remembered_and_a_secret_is_not() {
    let user = User::new();
    let root = user.project("app", "own-baker");
    write_agent(&user.base.path().join("extra"), "extra-baker");
    let extra = format!("{}:", user.base.path().join("extra").display());
    let variables = [("MCP_PLUGINS", extra.as_str()), ("MCP_TOKEN", "0123456789abcdef")];
    let up = user.run_with(&root, &["up", "--port", "0", "--json"], &variables);
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    let state = user.base.path().join("home/.local/state/adjutant/projects");
    for entry in std::fs::read_dir(state).unwrap() {
        let record = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!record.contains("0123456789abcdef"), "{record}");
    }
    let again = user.run(&root, &["up"]);
    assert!(text(&again).contains("token is required, not none"), "{}", text(&again));
    let status = user.run(&root, &["status"]);
    assert_eq!(status.status.code(), Some(1), "{}", text(&status));
    assert!(
        text(&status).contains("a token is required") && text(&status).contains("MCP_TOKEN"),
        "{}",
        text(&status)
    );
    let record = [
        "record",
        "--task-id",
        "1",
        "--description",
        "x",
        "--agents",
        "own:own-baker",
        "--result",
        "success",
    ];
    let recorded = user.run(&root, &record);
    assert_eq!(recorded.status.code(), Some(1), "{}", text(&recorded));
    for part in ["does not accept the token", "queued"] {
        assert!(text(&recorded).contains(part), "{part}: {}", text(&recorded));
    }
    let pid = serde_json::from_slice::<Value>(&up.stdout).unwrap()["pid"].to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    wait_for("its end", || {
        let status = user.run(&root, &["status"]);
        (status.status.code() == Some(3)).then_some(())
    });
    let alone = user.run(&root, &["find", "agents", "bread"]);
    assert!(text(&alone).contains("extra:extra-baker"), "{}", text(&alone));
}

#[test]
fn other_settings_than_those_of_the_running_instance_are_named() {
    let user = User::new();
    let root = user.project("app", "own-baker");
    write_agent(&user.base.path().join("other/extra"), "extra-baker");
    user.up(&root, &["--port", "0", "--no-watch"]);
    assert_eq!(user.up(&root, &[]).get("differences"), None, "what is remembered is what runs");
    let other = user.base.path().canonicalize().unwrap().join("other").display().to_string();
    let said = user.run(&root, &["up", "--plugins", "../other", "--port", "1"]);
    assert_eq!(said.status.code(), Some(0), "{}", text(&said));
    for part in ["already running", &format!("plugins is –, not {other}"), "port is", "adjutant down"] {
        assert!(text(&said).contains(part), "{part}: {}", text(&said));
    }
    let named = user.up(&root, &["--plugins", "../other"]);
    assert_eq!(named["differences"], json!([{ "key": "plugins", "running": "–", "asked": other }]));
    std::fs::create_dir_all(root.join(".claude")).unwrap();
    std::fs::write(root.join(".claude/adjutant.yml"), "learning: off\n").unwrap();
    assert_eq!(user.up(&root, &[])["differences"][0]["key"], "learning");
    // And they are applied as it says.
    user.down(&root);
    let applied = user.up(&root, &["--plugins", "../other"]);
    assert_eq!(find(applied["base"].as_str().unwrap()).1["result"]["agents"].as_array().unwrap().len(), 2);
}

#[test]
fn a_project_keeps_its_port_and_its_address_answers_for_no_other() {
    let user = User::new();
    let (a, b) = (user.project("shop a", "agent-a"), user.project("b", "agent-b"));
    let wanted = free_port().to_string();
    let first_a = user.up(&a, &["--port", &wanted]);
    let first_b = user.up(&b, &["--port", &wanted]);
    assert_ne!(first_a["port"], first_b["port"]);
    assert!(first_a["base"].as_str().unwrap().ends_with("/p/shop-a/"), "{first_a}");
    user.down(&a);
    user.down(&b);
    // In the other order, with the same command.
    let said = user.run(&b, &["up", "--port", &wanted]);
    assert!(text(&said).contains("is kept for another project"), "{}", text(&said));
    let again_b = user.up(&b, &[]);
    let again_a = user.up(&a, &["--port", &wanted]);
    assert_eq!((&again_a["port"], &again_b["port"]), (&first_a["port"], &first_b["port"]));
    // An address of one at the port of the other.
    let base_a = again_a["base"].as_str().unwrap();
    let wrong = base_a.replace(&first_a["port"].to_string(), &first_b["port"].to_string());
    assert_eq!(find(base_a).1["result"]["agents"][0]["id"], "own:agent-a");
    for path in ["", "mcp", "health", "metrics", "reindex"] {
        let method = if matches!(path, "health" | "metrics") { "GET" } else { "POST" };
        let (status, body) = request(method, &format!("{wrong}{path}"), Some(&json!({})));
        let said = body.to_string();
        assert_eq!(status, 404, "{path}: {said}");
        for part in ["`b`", "`shop-a`", "adjutant up"] {
            assert!(said.contains(part), "{path}: {said}");
        }
    }
    let health = request("GET", &format!("{base_a}health"), None);
    assert_eq!((health.0, &health.1["indexes"]["agents"]), (200, &json!(1)));
    let by_id = base_a.replace("shop-a", health.1["project"]["id"].as_str().unwrap());
    assert_eq!(find(&by_id).0, 200);
    let (status, _) = find(again_b["url"].as_str().unwrap());
    assert_eq!(status, 200, "addresses without a name answer as before");
    let hello = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } },
    });
    assert_eq!(request("POST", &format!("{base_a}mcp"), Some(&hello)).0, 200);
}

#[test]
fn an_instance_of_a_moved_root_has_the_settings_of_the_file_that_moved_it() {
    let user = User::new();
    let root = user.project("mono", "own-baker");
    write_agent(&root.join("packages/app ünï/plugins/app"), "app-baker");
    std::fs::create_dir_all(root.join(".claude")).unwrap();
    std::fs::write(root.join(".claude/adjutant.yml"), "root: packages/app ünï\nlearning: off\n").unwrap();
    let up = user.up(&root, &["--port", "0"]);
    assert_eq!(find(up["base"].as_str().unwrap()).1["result"]["agents"][0]["id"], "app:app-baker");
    assert_eq!(user.up(&root, &[]).get("differences"), None);
    assert!(up["base"].as_str().unwrap().ends_with("/p/app-n/"), "{up}");
}

#[test]
fn flags_that_a_running_instance_passes_over_are_named() {
    let user = User::new();
    let root = user.project("app", "own-baker");
    write_agent(&user.base.path().join("other/extra"), "extra-baker");
    user.up(&root, &["--port", "0"]);
    let said = user.run(&root, &["find", "agents", "bread", "--plugins", "../other"]);
    assert!(text(&said).contains("plugins is –, not "), "{}", text(&said));
    let plain = text(&user.run(&root, &["find", "agents", "bread"]));
    assert!(!plain.contains("plugins is"), "{plain}");
}

#[test]
fn a_folder_of_plugins_that_is_not_there_is_named() {
    let user = User::new();
    let root = user.project("app", "own-baker");
    for command in [&["find", "agents", "bread"][..], &["up", "--port", "0"]] {
        let said = user.run(&root, &[command, &["--plugins", "no/such folder"]].concat());
        assert_eq!(said.status.code(), Some(0), "{}", text(&said));
        assert!(text(&said).contains("there is no folder of plugins no/such folder"), "{}", text(&said));
    }
}

#[test]
fn a_start_that_is_interrupted_leaves_no_server() {
    let user = User::new();
    let root = user.base.path().join("large");
    user.started.borrow_mut().push(root.clone());
    for number in 0..400_usize {
        let words: Vec<String> =
            (0..1_500).map(|word| format!("w{}", (number * 7_919 + word * 104_729) % 20_011)).collect();
        let agents = root.join(format!("plugins/plugin-{}/agents", number / 20));
        std::fs::create_dir_all(&agents).unwrap();
        let text = format!("---\nname: agent-{number}\ndescription: {}\n---\n", words.join(" "));
        std::fs::write(agents.join(format!("agent-{number}.md")), text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command.args(["up", "--port", "0"]).current_dir(&root).env_clear();
    command.env("HOME", user.base.path().join("home")).stdin(Stdio::null());
    let up = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid_file = root.join(".claude/mcp-server/mcp.pid");
    let pid =
        wait_for("a server", || std::fs::read_to_string(&pid_file).ok()?.lines().next().map(str::to_owned));
    assert!(Command::new("kill").args(["-INT", &up.id().to_string()]).status().unwrap().success());
    let said = up.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(1), "{}", text(&said));
    assert!(text(&said).contains("interrupted"), "{}", text(&said));
    wait_for("the end of the server", || {
        let alive = Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().unwrap();
        (!alive.success()).then_some(())
    });
}

#[test]
fn entries_for_clients_begin_with_the_one_that_needs_no_port() {
    let user = User::new();
    let root = user.project("app", "own-baker");
    let up = text(&user.run(&root, &["up", "--port", "0"]));
    let stdio = up.find(r#"{"mcpServers":{"adjutant":{"command":"adjutant","args":["mcp"]}}}"#);
    let http = up.find("/p/app/mcp\"");
    assert!(stdio.is_some() && http.is_some() && stdio < http, "{up}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_kept_from_the_last_start_is_said() {
    let user = User::new();
    let root = user.project("app", "own-baker");
    let first = user.run_with(&root, &["up", "--port", "0"], &[("MCP_USER_SCOPE", "off")]);
    assert!(!text(&first).contains("kept"), "{}", text(&first));
    user.down(&root);
    let second = user.run(&root, &["up"]);
    let said = "set at the last up, and kept: user-scope off; adjutant up --forget starts without";
    assert!(text(&second).contains(said), "{}", text(&second));
    user.down(&root);
    let third = user.run(&root, &["up", "--forget", "--port", "0"]);
    assert!(!text(&third).contains("kept"), "{}", text(&third));
    user.down(&root);
}

#[test]
fn a_frozen_instance_is_the_projects_own_and_a_killed_one_is_waited_for() {
    let user = User::new();
    let root = user.project("app", "own-baker");
    let up = user.up(&root, &["--port", "0"]);
    let pid = up["pid"].to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    signal("-STOP");
    let frozen = user.run(&root, &["up"]);
    signal("-CONT");
    assert_eq!(frozen.status.code(), Some(1), "{}", text(&frozen));
    for part in ["this project's own instance", &pid, "adjutant down"] {
        assert!(text(&frozen).contains(part), "{part}: {}", text(&frozen));
    }
    signal("-9");
    let again = user.up(&root, &[]);
    assert_eq!(again["port"], up["port"]);
    assert_ne!(again["pid"], up["pid"]);
}
