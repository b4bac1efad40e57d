//! The real binary in an empty home: taking listings out of a client's prompt, and putting them back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A user of Claude Code: a home with installed plugins and own entries, and a project.
pub(crate) struct User {
    dir: TempDir,
}

/// The user's settings, in a layout of the user's own.
pub(crate) const SETTINGS: &str = "{\n    \"model\": \"opus\",\n    \"enabledPlugins\": {\"web@market\": true, \"hooked@market\": true, \"off@market\": false, \"adjutant@adjutant\": true}\n}\n";

impl User {
    pub(crate) fn new() -> User {
        let user = User { dir: tempfile::tempdir().unwrap() };
        user.plugin(
            "web",
            &[("agents/reviewer.md", &agent("reviewer", "Reviews web pages for accessibility."))],
        );
        let fixer = "---\nname: fixer\ndescription: Fixes screen reader failures on a login page.\nmodel: haiku\ntools: Read, Edit, Bash\n---\n\nFix what screen readers cannot read.\n";
        user.write("home/.claude/plugins/cache/market/web/1.0.0/agents/fixer.md", fixer);
        let skill =
            "---\nname: contrast\ndescription: Checks colour contrast of pages.\n---\n\nCheck contrast.\n";
        user.write("home/.claude/plugins/cache/market/web/1.0.0/skills/contrast/SKILL.md", skill);
        user.plugin(
            "hooked",
            &[
                ("agents/guard.md", &agent("guard", "Guards commits against secrets.")),
                ("commands/scan.md", "---\ndescription: Scans the tree for secrets.\n---\n\nScan.\n"),
                ("hooks/hooks.json", r#"{"hooks": {}}"#),
            ],
        );
        user.plugin("off", &[("agents/unused.md", &agent("unused", "Was switched off by the user."))]);
        copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".claude/plugin"), &user.path(OWN_PLUGIN));
        user.register(&["web", "hooked", "off"]);
        user.write("home/.claude/settings.json", SETTINGS);
        user.write(
            "home/.claude/agents/rust-expert.md",
            &agent("rust-expert", "Writes Rust without unsafe code."),
        );
        user.write(
            "home/.claude/commands/ops/deploy.md",
            "---\ndescription: Deploys the service to the cluster.\n---\n\nDeploy it.\n",
        );
        user.write("project/.claude/agents/planner.md", &agent("planner", "Plans migrations of databases."));
        user
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, content: &str) -> PathBuf {
        let file = self.path(below);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        file
    }

    pub(crate) fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap()
    }

    pub(crate) fn plugin(&self, name: &str, files: &[(&str, &str)]) {
        let folder = format!("home/.claude/plugins/cache/market/{name}/1.0.0");
        self.write(&format!("{folder}/.claude-plugin/plugin.json"), &json!({ "name": name }).to_string());
        for (file, content) in files {
            self.write(&format!("{folder}/{file}"), content);
        }
    }

    pub(crate) fn register(&self, names: &[&str]) {
        let installs = names.iter().map(|name| {
            let path = self.path(&format!("home/.claude/plugins/cache/market/{name}/1.0.0"));
            (format!("{name}@market"), json!([{ "scope": "user", "installPath": path, "version": "1.0.0" }]))
        });
        let own = json!([{ "scope": "user", "installPath": self.path(OWN_PLUGIN), "version": "0.1.0" }]);
        let own = ("adjutant@adjutant".to_owned(), own);
        let plugins: serde_json::Map<String, Value> = installs.chain([own]).collect();
        let registry = json!({ "version": 2, "plugins": plugins });
        self.write("home/.claude/plugins/installed_plugins.json", &registry.to_string());
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
        command.args(arguments).current_dir(self.path("project")).env("HOME", self.path("home"));
        for name in [
            "CLAUDE_CONFIG_DIR",
            "CLAUDE_PROJECT_DIR",
            "MCP_USER_SCOPE",
            "MCP_PLUGINS",
            "MCP_ROOT",
            "MCP_DATA_DIR",
            "XDG_CONFIG_HOME",
        ] {
            command.env_remove(name);
        }
        command.env("ADJUTANT_BIN", env!("CARGO_BIN_EXE_adjutant")).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that is to succeed; what it says.
    pub(crate) fn say(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    pub(crate) fn status(&self) -> Value {
        let output = self.run(&["offload", "status", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)))
    }

    /// A hook that waits for its event.
    pub(crate) fn begin_hook(&self) -> Child {
        // Long enough for a machine under load; what a hook does at its deadline is tested by itself.
        let mut command = self.command(&["hook", "--deadline-ms", "60000"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What a hook answers to an event; `None` where it prints nothing.
    pub(crate) fn hook(&self, event: &str) -> Option<Value> {
        let mut child = self.begin_hook();
        // A hook that does not read has ended.
        let _ = child.stdin.take().unwrap().write_all(event.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{}", text(&output));
        (!output.stdout.is_empty()).then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    pub(crate) fn call_agent(&self, id: &str) -> Option<Value> {
        let input = json!({ "subagent_type": id, "prompt": "Look.", "description": "look", "run_in_background": false });
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": input });
        self.hook(&event.to_string()).map(|mut answer| answer["hookSpecificOutput"]["updatedInput"].take())
    }

    pub(crate) fn prompt(&self, session: &str, prompt: &str) -> Option<String> {
        let event = json!({ "hook_event_name": "UserPromptSubmit", "session_id": session, "prompt": prompt });
        let answer = self.hook(&event.to_string())?;
        Some(answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap().to_owned())
    }

    pub(crate) fn up(&self) -> (u32, u16) {
        let up = self.say(&["up", "--port", "0", "--no-register", "--json"]);
        let up: Value = serde_json::from_str(&up).unwrap();
        (
            u32::try_from(up["pid"].as_u64().unwrap()).unwrap(),
            u16::try_from(up["port"].as_u64().unwrap()).unwrap(),
        )
    }
}

/// The plugin that runs what is offloaded, in the home.
pub(crate) const OWN_PLUGIN: &str = "home/.claude/plugins/cache/adjutant/adjutant/0.1.0";

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn agent(name: &str, description: &str) -> String {
    format!("---\nname: {name}\ndescription: {description}\n---\n\nYou are {name}.\n")
}

pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) const LOCAL: &str = "project/.claude/settings.local.json";
pub(crate) const RECORD: &str = "project/.claude/mcp-server/data/offload.json";

/// Sends a signal to a process that the test started.
pub(crate) fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn everything_leaves_the_prompt_stays_found_and_comes_back() {
    let user = User::new();
    let shown = user.say(&["offload", "--all", "--dry-run"]);
    assert!(!user.path(LOCAL).exists() && !user.path("project/.claude/mcp-server").exists(), "{shown}");
    for part in [
        "+    \"web@market\": false",
        "+      \"Agent(hooked:guard)\"",
        "+    \"ops:deploy\": \"user-invocable-only\"",
        "stays hooked (1): skills and commands stay: the plugin has hooks",
        "AFTERWARDS",
    ] {
        assert!(shown.contains(part), "{part} is missing: {shown}");
    }
    let before = user.status();
    assert_eq!(before["listed"], json!({ "agents": 7, "skills": 1, "workflows": 2 }), "{before}");

    user.say(&["offload", "--all", "--yes"]);
    let written: Value = serde_json::from_str(&user.read(LOCAL)).unwrap();
    let expected = json!({
        "enabledPlugins": { "web@market": false },
        "permissions": {
            "deny": ["Agent(hooked:guard)", "Agent(planner)", "Agent(rust-expert)"],
            "allow": ["mcp__plugin_adjutant_adjutant"],
        },
        "skillOverrides": { "ops:deploy": "user-invocable-only" },
    });
    assert_eq!(written, expected);
    assert_eq!(user.read("home/.claude/settings.json"), SETTINGS);
    let status = user.status();
    assert_eq!(status["offloaded"], json!({ "agents": 5, "skills": 1, "workflows": 1 }), "{status}");
    assert_eq!(status["listed"], json!({ "agents": 2, "skills": 0, "workflows": 1 }), "{status}");
    for (kind, id) in [("agents", "web:fixer"), ("skills", "web:contrast"), ("workflows", "ops:deploy")] {
        let words = ["fix screen reader failures", "colour contrast", "deploy to the cluster"];
        let words = words[["agents", "skills", "workflows"].iter().position(|known| *known == kind).unwrap()];
        assert!(user.say(&["find", kind, words]).contains(id), "{id}");
        assert!(user.say(&["show", kind.trim_end_matches('s'), id]).contains(id), "{id}");
    }
    assert!(!user.say(&["find", "agents", "reviews pages"]).contains("off:unused"));
    // Nothing is left to do.
    assert!(user.say(&["offload", "--yes"]).contains("nothing that the client lists"));

    assert!(user.say(&["restore-listings", "--yes"]).contains("restored 6 keys"));
    assert!(!user.path(LOCAL).exists() && !user.path(RECORD).exists());
    assert_eq!(user.status()["listed"], before["listed"]);
    assert!(user.say(&["restore-listings"]).contains("nothing was offloaded here"));
}

#[test]
fn single_plugins_and_the_users_own_settings_can_be_named() {
    let user = User::new();
    let mine = "{\n  \"permissions\": {\"allow\": [\"Bash(ls:*)\"]}\n}";
    user.write(LOCAL, mine);
    let unknown = user.run(&["offload", "web", "wbe", "--yes"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown));
    assert!(text(&unknown).contains("wbe") && user.read(LOCAL) == mine);
    user.say(&["offload", "web", "--yes"]);
    assert!(user.read(LOCAL).contains("\"web@market\": false") && !user.read(LOCAL).contains("planner"));
    user.say(&["restore-listings", "--yes"]);
    assert_eq!(user.read(LOCAL), mine);

    user.say(&["offload", "web@market", "--user", "--yes"]);
    assert!(
        user.read("home/.claude/settings.json").contains("{\"web@market\": false, \"hooked@market\": true")
    );
    assert_eq!(user.status()["offloaded"], json!({ "agents": 2, "skills": 1, "workflows": 0 }));
    assert!(user.say(&["restore-listings"]).contains("nothing was offloaded here"));
    user.say(&["restore-listings", "--user", "--yes"]);
    assert_eq!(user.read("home/.claude/settings.json"), SETTINGS);
}

#[test]
fn an_undo_leaves_alone_what_was_changed_since() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let mut edited: Value = serde_json::from_str(&user.read(LOCAL)).unwrap();
    edited["enabledPlugins"]["web@market"] = json!(true);
    edited["permissions"]["deny"].as_array_mut().unwrap().push(json!("Agent(mine)"));
    user.write(LOCAL, &edited.to_string());
    let status = user.status();
    assert_eq!(status["settings"][0]["changed_since"], json!(["enabledPlugins \"web@market\""]), "{status}");
    assert_eq!(status["offloaded"]["skills"], 0, "what the user enabled again is listed");
    let said = user.say(&["restore-listings", "--yes"]);
    assert!(said.contains("left alone, changed since: enabledPlugins \"web@market\" (now true)"), "{said}");
    let left: Value = serde_json::from_str(&user.read(LOCAL)).unwrap();
    assert_eq!(
        left,
        json!({ "enabledPlugins": { "web@market": true }, "permissions": { "deny": ["Agent(mine)"] } })
    );
}

/// Starts a command that asks, and returns once it did.
pub(crate) fn asked(
    user: &User,
    arguments: &[&str],
) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut command = user.command(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut all = String::new();
    while !all.contains("[y/N]") {
        assert!(said.read_line(&mut all).unwrap() > 0, "no question: {all}");
    }
    (child, said, all)
}

/// Answers, and returns the exit code and what else was said.
pub(crate) fn answered(
    child: (Child, BufReader<std::process::ChildStdout>, String),
    answer: &str,
) -> (Option<i32>, String) {
    let (mut child, mut said, mut all) = child;
    child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
    said.read_to_string(&mut all).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut all).unwrap();
    (child.wait().unwrap().code(), all)
}

#[test]
fn nothing_is_written_without_a_yes_or_after_a_change() {
    let user = User::new();
    for no in ["n\n", "\n", "", "maybe\n"] {
        let (code, said) = answered(asked(&user, &["offload"]), no);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("nothing was written") && !user.path(LOCAL).exists(), "{said}");
    }
    let waiting = asked(&user, &["offload"]);
    let mine = "{\"model\": \"opus\"}";
    user.write(LOCAL, mine);
    let (code, said) = answered(waiting, "y\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("changed in the meantime") && user.read(LOCAL) == mine, "{said}");
    assert!(!user.path(RECORD).exists());
    // Another offload in the meantime is such a change, too.
    let waiting = asked(&user, &["offload", "web"]);
    user.say(&["offload", "hooked", "--yes"]);
    let between = user.read(LOCAL);
    let (code, said) = answered(waiting, "y\n");
    assert_eq!((code, user.read(LOCAL)), (Some(1), between), "{said}");
    let (code, said) = answered(asked(&user, &["restore-listings"]), "yes\n");
    assert_eq!((code, &*user.read(LOCAL)), (Some(0), mine), "{said}");
}

#[test]
fn a_settings_file_that_is_not_what_it_should_be_is_left_alone() {
    type Row = (&'static str, fn(&Path), &'static str);
    let table: [Row; 7] = [
        ("no JSON", |file| std::fs::write(file, "{ // mine\n}").unwrap(), "not a JSON object"),
        ("half written", |file| std::fs::write(file, "{\"a\": ").unwrap(), "not a JSON object"),
        (
            "another shape",
            |file| std::fs::write(file, "{\"permissions\": []}").unwrap(),
            "permissions is not an object",
        ),
        (
            "a value that the client does not take",
            |file| std::fs::write(file, "{\"skillOverrides\":{\"a\":null}}").unwrap(),
            "skillOverrides.a is not a way to list it, and Claude Code takes nothing of such a file",
        ),
        (
            "too large",
            |file| std::fs::write(file, format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20))).unwrap(),
            "larger than 1 MiB",
        ),
        (
            "read-only",
            |file| {
                std::fs::write(file, "{}").unwrap();
                std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444)).unwrap();
            },
            "read-only",
        ),
        (
            "a link",
            |file| {
                std::fs::write(file.with_file_name("elsewhere.json"), "{}").unwrap();
                symlink("elsewhere.json", file).unwrap();
            },
            "symbolic link",
        ),
    ];
    for (what, make, sentence) in table {
        for (flags, below) in [(&[][..], LOCAL), (&["--user"][..], "home/.claude/settings.json")] {
            let user = User::new();
            if what == "a link" {
                let _ = std::fs::remove_file(user.path(below));
            }
            // A plugin that is enabled wherever settings are at fault.
            user.write("project/.claude/settings.json", r#"{"enabledPlugins": {"web@market": true}}"#);
            make(&user.path(below));
            let before = std::fs::read(user.path(below)).unwrap();
            let output = user.run(&[&["offload", "--yes"][..], flags].concat());
            assert_eq!(output.status.code(), Some(1), "{what} {below}: {}", text(&output));
            assert!(text(&output).contains(sentence), "{what} {below}: {}", text(&output));
            assert_eq!(std::fs::read(user.path(below)).unwrap(), before, "{what} {below}");
            assert_eq!(user.path(below).is_symlink(), what == "a link", "{below}");
            assert!(!user.path(RECORD).exists(), "{what} {below}");
        }
    }
}

#[test]
fn a_registry_of_marketplaces_that_cannot_be_read_switches_no_plugin_off() {
    let registry = "home/.claude/plugins/known_marketplaces.json";
    let table = [
        ("half written", "{\"market\": {", false),
        ("another value", "[]", false),
        ("no location", "{\"market\": {\"source\": {\"source\": \"git\"}}}", false),
        ("of others", "{\"others\": 7}", true),
        ("empty", "{}", true),
    ];
    for (what, content, is_switched_off) in table {
        let user = User::new();
        user.write(registry, content);
        let said = user.say(&["offload", "web", "--dry-run"]);
        // A marketplace may declare hooks that would end with the plugin.
        assert_eq!(said.contains("+    \"web@market\": false"), is_switched_off, "{what}: {said}");
        assert_eq!(said.contains("+      \"Agent(web:reviewer)\""), !is_switched_off, "{what}: {said}");
        assert_eq!(said.contains("unknown what else it does"), !is_switched_off, "{what}: {said}");
        let doctor = user.say(&["doctor"]);
        assert_eq!(doctor.contains("known_marketplaces.json"), what != "empty", "{what}: {doctor}");
    }
}

#[test]
fn offloads_at_once_leave_a_record_of_what_is_there() {
    let user = User::new();
    let all = [
        &["offload", "web", "--yes"][..],
        &["offload", "hooked", "--yes"],
        &["offload", "--yes"],
        &["offload", "--yes"],
    ];
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let running: Vec<_> = all.iter().map(|arguments| scope.spawn(|| user.run(arguments))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(outputs.iter().any(|output| output.status.success()));
    for output in outputs.iter().filter(|output| !output.status.success()) {
        let said = text(output);
        // Or another one has taken the plugin out before this one looked.
        let reasons = ["changed in the meantime", "under way", "that the client lists is called"];
        assert!(reasons.iter().any(|reason| said.contains(reason)), "{said}");
    }
    let status = user.status();
    assert_eq!(status["settings"][0]["changed_since"], json!([]), "{status}");
    user.say(&["restore-listings", "--yes"]);
    assert!(!user.path(LOCAL).exists());
}

#[test]
fn what_comes_later_is_said_where_everything_was_to_leave() {
    let user = User::new();
    user.say(&["offload", "--all", "--yes"]);
    user.plugin("late", &[("agents/newcomer.md", &agent("newcomer", "Came with a later plugin."))]);
    user.register(&["web", "hooked", "off", "late"]);
    user.write(
        "home/.claude/settings.json",
        &SETTINGS.replace("\"off@market\": false", "\"off@market\": false, \"late@market\": true"),
    );
    let up = user.say(&["up", "--port", "0", "--no-register"]);
    let status = user.say(&["status"]);
    user.say(&["down"]);
    for said in [up, status, user.say(&["offload", "status"])] {
        let line =
            said.lines().find(|line| line.contains("listed again")).unwrap_or_else(|| panic!("{said}"));
        assert!(
            line.starts_with("1 new entry is listed again (") && line.ends_with(" tokens): adjutant offload"),
            "{line}"
        );
    }
    user.say(&["offload", "--yes"]);
    assert!(!user.say(&["offload", "status"]).contains("listed again"));
    user.say(&["restore-listings", "--yes"]);
    assert!(!user.say(&["offload", "status"]).contains("listed again"));
}

#[test]
fn a_plugin_that_is_gone_can_still_be_put_back() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let folder = user.path("home/.claude/plugins/cache/market/web/1.0.0");
    std::fs::write(folder.join(".claude-plugin/plugin.json"), "{").unwrap();
    // The client would load nothing of it; its agents are read all the same.
    assert!(user.call_agent("web:reviewer").is_some());
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!(user.call_agent("web:reviewer"), None);
    assert!(user.call_agent("rust-expert").is_some());
    assert!(user.say(&["restore-listings", "--yes"]).contains("restored 6 keys"));
}

#[test]
fn offloaded_agents_are_called_by_their_own_ids() {
    let user = User::new();
    assert_eq!(user.call_agent("web:fixer"), None, "nothing is offloaded");
    user.write(LOCAL, r#"{"permissions": {"deny": ["Agent(rust-expert)"]}}"#);
    user.say(&["offload", "--yes"]);
    let with_instance = |user: &User| {
        let call = user.call_agent("web:fixer").unwrap();
        let prompt = call["prompt"].as_str().unwrap();
        let (before, hash) = prompt.split_once(" (sha256 ").unwrap();
        let (hash, after) = hash.split_once("):\n\n").unwrap();
        assert_eq!((before, hash.len()), ("You are web:fixer. Your instructions", 12), "{prompt}");
        let instructions = "Fix what screen readers cannot read.\n\nUse no tools but these: Read, Edit, Bash.\n\n# Task\n\nLook.";
        assert_eq!(after, instructions);
        let expected = json!({
            "subagent_type": "adjutant:specialist", "prompt": prompt, "description": "look",
            "run_in_background": false, "model": "haiku",
        });
        assert_eq!(call, expected);
        for id in ["hooked:guard", "planner"] {
            assert_eq!(user.call_agent(id).unwrap()["subagent_type"], "adjutant:specialist", "{id}");
        }
        // Denied by the user, unknown, switched off by the user, a skill, an alias of none.
        for id in ["rust-expert", "nobody", "off:unused", "web:contrast", "fixer", "general-purpose", ""] {
            assert_eq!(user.call_agent(id), None, "{id}");
        }
    };
    with_instance(&user);
    let (pid, _) = user.up();
    with_instance(&user);
    // An instance that does not answer is passed over.
    signal("-STOP", pid);
    assert!(user.call_agent("web:fixer").is_some());
    assert_eq!(user.prompt("s", "our login page fails for screen reader users"), None);
    signal("-CONT", pid);
    user.say(&["down"]);
}

#[test]
fn what_the_user_forbids_after_an_offload_is_not_run() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    for id in ["rust-expert", "web:fixer", "web:reviewer", "planner"] {
        assert!(user.call_agent(id).is_some(), "{id}");
    }
    // A rule of the user's own, in another file or in another form.
    let denying = SETTINGS.replace("{\n    \"model\"", "{\n    \"permissions\": {\"deny\": [\"Agent(rust-expert)\", \"Task(planner)\", \"Agent(web:reviewer)\"]},\n    \"model\"");
    user.write("home/.claude/settings.json", &denying);
    for id in ["rust-expert", "planner", "web:reviewer"] {
        assert_eq!(user.call_agent(id), None, "{id}");
    }
    assert!(user.call_agent("web:fixer").is_some());
    // The plugin switched off by the user himself.
    user.write(
        "home/.claude/settings.json",
        &SETTINGS.replace("\"web@market\": true", "\"web@market\": false"),
    );
    assert_eq!(user.call_agent("web:fixer"), None);
    assert!(user.call_agent("rust-expert").is_some());
}
