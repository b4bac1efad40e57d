//! The real binary in a home of its own: adding the server to clients, and taking it out again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_adjutant");

/// A home with clients, and a project beside it.
struct Home {
    dir: TempDir,
}

const CLAUDE: &str = "{\n  \"numStartups\": 12,\n  \"mcpServers\": {\n    \"docs\": {\"command\": \"docs\", \"env\": {\"KEY\": \"secret\"}}\n  },\n  \"zebra\": 1.50\n}\n";
const CODEX: &str = "# mine\nmodel = \"o9\"   # fast\n\n[mcp_servers.docs]\ncommand = \"docs\"\n";

/// Whose file each is.
const FILES: [(&str, &str); 6] = [
    ("claude-code", ".claude.json"),
    ("cursor", ".cursor/mcp.json"),
    (
        "vs-code",
        if cfg!(target_os = "macos") {
            "Library/Application Support/Code/User/mcp.json"
        } else {
            ".config/Code/User/mcp.json"
        },
    ),
    ("codex", ".codex/config.toml"),
    ("windsurf", ".codeium/windsurf/mcp_config.json"),
    ("gemini-cli", ".gemini/settings.json"),
];

impl Home {
    /// No client.
    fn empty() -> Home {
        let home = Home { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(home.dir.path().join("home")).unwrap();
        std::fs::create_dir(home.dir.path().join("project")).unwrap();
        home
    }

    /// All clients, some with files and some with folders alone.
    fn full() -> Home {
        let home = Home::empty();
        home.write(FILES[0].1, CLAUDE);
        home.write(FILES[1].1, "{\"mcpServers\":{}}");
        std::fs::create_dir_all(home.path(FILES[2].1).parent().unwrap()).unwrap();
        home.write(FILES[3].1, CODEX);
        home.write(FILES[4].1, "{\n\t\"mcpServers\": {}\n}\n");
        home.write(FILES[5].1, "{\"theme\": \"dark\"}\n");
        let reviewer = "---\nname: reviewer\ndescription: Reviews code for security problems.\n---\n";
        home.write(".claude/agents/reviewer.md", reviewer);
        home
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join("home").join(below)
    }

    fn write(&self, below: &str, content: &str) -> PathBuf {
        let file = self.path(below);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        file
    }

    fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap()
    }

    /// All files by their path, with their content.
    fn files(&self) -> BTreeMap<String, String> {
        let home = self.path("");
        let entries = walkdir::WalkDir::new(&home).into_iter().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().is_file());
        let named = files.map(|entry| {
            let name = entry.path().strip_prefix(&home).unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        });
        named.collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("init").args(arguments).current_dir(self.dir.path().join("project"));
        command.env_clear().env("HOME", self.path("")).env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that is to succeed; what it says.
    fn say(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    /// The command and arguments that a client would start.
    fn started(&self, client: &str) -> (String, Vec<String>) {
        let (_, file) = FILES.iter().find(|(name, _)| *name == client).unwrap();
        let text = self.read(file);
        if client == "codex" {
            let file: toml_edit::DocumentMut = text.parse().unwrap();
            let entry = &file["mcp_servers"]["adjutant"];
            let args = entry["args"].as_array().unwrap().iter();
            let args = args.map(|arg| arg.as_str().unwrap().to_owned()).collect();
            return (entry["command"].as_str().unwrap().to_owned(), args);
        }
        let file: Value = serde_json::from_str(&text).unwrap();
        let container = if client == "vs-code" { "servers" } else { "mcpServers" };
        let entry = &file[container]["adjutant"];
        let is_typed = entry["type"] == "stdio";
        assert_eq!(is_typed, matches!(client, "claude-code" | "vs-code"), "{client}: {entry}");
        let args = serde_json::from_value(entry["args"].clone()).unwrap();
        (entry["command"].as_str().unwrap().to_owned(), args)
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Whether a file is a copy of what was there before.
fn is_copy(name: &str) -> bool {
    name.contains(".before-adjutant-")
}

#[test]
fn every_client_that_is_there_gets_the_server_and_gives_it_back() {
    let home = Home::full();
    let before = home.files();
    let said = home.say(&["--yes"]);
    for (client, file) in FILES {
        let (command, args) = home.started(client);
        assert_eq!(
            (&*args, PathBuf::from(&command).is_absolute()),
            (&["mcp".to_owned()][..], true),
            "{client}"
        );
        let version = Command::new(command).arg("--version").output().unwrap();
        assert!(version.status.success(), "{client} starts nothing");
        assert!(said.contains(&format!("+++ {}", home.path(file).display())), "{file} was not shown: {said}");
    }
    assert!(said.contains("adjutant up") && said.contains("  reviewer "), "{said}");
    let claude = home.read(".claude.json");
    for part in ["\"zebra\": 1.50", "{\"command\": \"docs\", \"env\": {\"KEY\": \"secret\"}}"] {
        assert!(claude.contains(part), "{claude}");
    }
    assert!(
        home.read(".codex/config.toml").starts_with(CODEX.trim_end()),
        "{}",
        home.read(".codex/config.toml")
    );

    // The copies are what was there, and nobody else's to read.
    let after = home.files();
    let copies: Vec<&String> = after.keys().filter(|name| is_copy(name)).collect();
    assert_eq!(copies.len(), 5, "{copies:?}");
    for copy in copies {
        let original = copy.split(".before-adjutant-").next().unwrap();
        assert_eq!(after[copy], before[original], "{copy}");
        let mode = std::fs::metadata(home.path(copy)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{copy} holds secrets");
    }

    let again = home.say(&["--yes"]);
    assert_eq!(again.matches("has it already").count(), FILES.len(), "{again}");
    assert_eq!(home.files(), after);

    home.say(&["--undo", "--yes"]);
    assert_eq!(home.files(), before, "everything is as it was, byte for byte");
    assert!(home.say(&["--undo", "--yes"]).contains("nothing was written"));
}

#[test]
fn nothing_is_written_without_a_yes() {
    let home = Home::full();
    let before = home.files();
    for arguments in [&["--dry-run"][..], &[], &["--print"], &["--undo"]] {
        let said = home.say(arguments);
        assert_eq!(home.files(), before, "{arguments:?}: {said}");
    }
    assert!(
        home.say(&["--dry-run"]).contains("+    \"adjutant\"")
            || home.say(&["--dry-run"]).contains("\"adjutant\"")
    );

    // One yes is one file.
    let mut child = home.command(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"no\ny\n").unwrap();
    let said = text(&child.wait_with_output().unwrap());
    assert_eq!(said.matches("Write ").count(), FILES.len(), "{said}");
    assert_eq!(home.read(".claude.json"), CLAUDE);
    home.started("cursor");
    assert!(!home.path(FILES[2].1).exists());
}

#[test]
fn clients_that_are_not_there_get_no_files() {
    let home = Home::empty();
    let said = home.run(&["--yes"]);
    assert_eq!(said.status.code(), Some(2), "{}", text(&said));
    assert!(home.files().is_empty());
    // Adjutant's own folder in the client's is no sign of the client.
    home.write(".claude/config.json", "{}");
    assert_eq!(home.run(&["--yes"]).status.code(), Some(2));
    home.say(&["--yes", "--client", "cursor"]);
    home.started("cursor");
    home.say(&["--undo", "--yes"]);
    assert_eq!(home.files().len(), 1, "{:?}", home.files());
    assert_eq!(home.run(&["--client", "emacs"]).status.code(), Some(2));
}

#[test]
fn a_file_that_is_not_understood_is_left_alone_and_the_entry_is_printed() {
    let cases = [
        ("cursor", "{\n  // mine\n  \"mcpServers\": {}\n}\n"),
        ("vs-code", "{\"servers\": [],}"),
        ("gemini-cli", "null"),
        ("windsurf", "[]"),
        ("claude-code", "{\"mcpServers\": 1}"),
        ("codex", "mcp_servers = \"none\"\n"),
        ("codex", "{\"json\": true}\n"),
    ];
    for (client, content) in cases {
        let home = Home::empty();
        let (_, file) = FILES.iter().find(|(name, _)| *name == client).unwrap();
        home.write(file, content);
        let before = home.files();
        let output = home.run(&["--yes"]);
        assert_eq!(output.status.code(), Some(1), "{client}: {}", text(&output));
        for part in ["is left alone", "what belongs there", "adjutant", "mcp"] {
            assert!(text(&output).contains(part), "{client}: {part}: {}", text(&output));
        }
        assert_eq!(home.files(), before, "{client}");
    }
}

#[test]
fn one_file_that_cannot_be_written_keeps_no_other_back() {
    let home = Home::full();
    home.write(FILES[1].1, "{ broken");
    let output = home.run(&["--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    home.started("claude-code");
    home.started("gemini-cli");
    assert_eq!(home.read(FILES[1].1), "{ broken");
}

#[test]
fn an_undo_takes_out_our_entry_and_nothing_that_was_added_since() {
    let home = Home::full();
    home.say(&["--yes"]);
    let mut claude: Value = serde_json::from_str(&home.read(".claude.json")).unwrap();
    claude["numStartups"] = json!(13);
    claude["mcpServers"]["later"] = json!({ "command": "later" });
    home.write(".claude.json", &format!("{claude:#}"));
    home.write(
        ".codex/config.toml",
        &format!("{}\n[profiles.later]\nmodel = \"x\"\n", home.read(".codex/config.toml")),
    );
    // This one is no longer ours.
    let cursor = json!({ "mcpServers": { "adjutant": { "command": "mine" } } }).to_string();
    home.write(".cursor/mcp.json", &cursor);

    let said = home.say(&["--undo", "--yes"]);
    assert!(said.contains("left alone, changed since"), "{said}");
    claude["mcpServers"].as_object_mut().unwrap().remove("adjutant");
    assert_eq!(serde_json::from_str::<Value>(&home.read(".claude.json")).unwrap(), claude);
    let codex = home.read(".codex/config.toml");
    assert!(codex.contains("[profiles.later]") && codex.starts_with(CODEX.trim_end()), "{codex}");
    assert!(!codex.contains("adjutant"), "{codex}");
    assert_eq!(home.read(".cursor/mcp.json"), cursor);
}

#[test]
fn a_second_run_with_another_program_leads_back_to_the_first_state() {
    let home = Home::full();
    let before = home.files();
    home.say(&["--yes"]);
    // The program moved: the same binary under another name.
    let moved = home.dir.path().join("moved");
    std::fs::copy(PROGRAM, &moved).unwrap();
    let mut command = Command::new(&moved);
    command.args(["init", "--yes"]).current_dir(home.dir.path().join("project"));
    command.env_clear().env("HOME", home.path("")).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(PathBuf::from(home.started("codex").0), moved.canonicalize().unwrap());
    home.say(&["--undo", "--yes"]);
    let mut after = home.files();
    after.retain(|name, _| !is_copy(name));
    assert_eq!(after, before);
}

#[test]
fn a_linked_file_of_the_user_is_written_where_it_lies() {
    let home = Home::empty();
    let real = home.write("dotfiles/mcp.json", "{}\n");
    std::fs::create_dir(home.path(".cursor")).unwrap();
    symlink(&real, home.path(".cursor/mcp.json")).unwrap();
    home.say(&["--yes"]);
    assert!(home.path(".cursor/mcp.json").symlink_metadata().unwrap().is_symlink());
    assert!(home.read("dotfiles/mcp.json").contains("adjutant"));
    home.say(&["--undo", "--yes"]);
    assert_eq!(home.read("dotfiles/mcp.json"), "{}\n");
}

#[test]
fn in_the_home_folder_a_linked_file_is_still_the_users() {
    let home = Home::empty();
    let real = home.write("dotfiles/mcp.json", "{}\n");
    std::fs::create_dir(home.path(".cursor")).unwrap();
    symlink(&real, home.path(".cursor/mcp.json")).unwrap();
    for arguments in [&["--yes"][..], &["--undo", "--yes"]] {
        let output = home.command(arguments).current_dir(home.path("")).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(home.path(".cursor/mcp.json").symlink_metadata().unwrap().is_symlink());
        let is_there = home.read("dotfiles/mcp.json").contains("adjutant");
        assert_eq!(is_there, arguments.len() == 1, "{arguments:?}");
    }
    // A project that claims to be a client's folder is none of the user's.
    let planted = home.dir.path().join("project/codex");
    std::fs::create_dir(&planted).unwrap();
    symlink(&real, planted.join("config.toml")).unwrap();
    let output = home.command(&["--yes", "--client", "codex"]).env("CODEX_HOME", &planted).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(home.read("dotfiles/mcp.json"), "{}\n");
}

#[test]
fn an_empty_file_is_one_without_settings() {
    let home = Home::empty();
    home.write(FILES[1].1, "");
    home.say(&["--yes"]);
    home.started("cursor");
    home.say(&["--undo", "--yes"]);
    assert_eq!(home.read(FILES[1].1), "");
}

#[test]
fn an_undo_forgets_what_the_user_took_out() {
    let home = Home::empty();
    home.write(FILES[1].1, "{}");
    home.write(FILES[3].1, CODEX);
    home.say(&["--yes"]);
    home.write(FILES[1].1, "{}");
    std::fs::remove_file(home.path(FILES[3].1)).unwrap();
    let shown = home.say(&["--undo", "--dry-run"]);
    assert_eq!(shown.matches("is no longer in ").count(), 2, "{shown}");
    assert_eq!(home.say(&["--undo"]).matches("is no longer in ").count(), 2);
    assert!(home.say(&["--undo"]).contains("nothing was written by adjutant init"));
    assert_eq!(home.read(FILES[1].1), "{}");
}

#[test]
fn an_entry_that_is_switched_off_is_told_and_stays_so() {
    let home = Home::empty();
    let codex = "[mcp_servers.adjutant]\r\nurl = \"http://localhost:3700/mcp\"\r\nenabled = false\r\n";
    home.write(FILES[3].1, codex);
    let said = home.say(&["--yes"]);
    for part in ["switched off", "-url = \"http://localhost:3700/mcp\"", "+command = "] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("-enabled"), "the diff shows what changes: {said}");
    home.started("codex");
    let written = home.read(FILES[3].1);
    assert!(!written.contains("url") && written.contains("enabled = false\r\n"), "{written}");
    let again = home.say(&["--yes"]);
    assert!(again.contains("has it already") && again.contains("switched off"), "{again}");
}

#[test]
fn an_uninstall_names_the_undo_where_clients_have_the_server() {
    let home = Home::empty();
    home.write(FILES[1].1, "{}");
    let uninstall = || {
        let mut command = Command::new(PROGRAM);
        command.arg("uninstall").current_dir(home.dir.path().join("project"));
        command.env_clear().env("HOME", home.path("")).env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        text(&command.output().unwrap())
    };
    assert!(!uninstall().contains("adjutant init --undo"));
    home.say(&["--yes"]);
    let said = uninstall();
    assert!(said.contains("adjutant init --undo"), "{said}");
    home.started("cursor");
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_whose_path_no_file_can_hold_is_not_written() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::full();
    let folder = home.dir.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    std::fs::create_dir(&folder).unwrap();
    let program = folder.join("adjutant");
    std::fs::copy(PROGRAM, &program).unwrap();
    let before = home.files();
    let mut command = Command::new(&program);
    command.args(["init", "--yes"]).current_dir(home.dir.path().join("project"));
    command.env_clear().env("HOME", home.path("")).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("is not UTF-8"), "{}", text(&output));
    assert_eq!(home.files(), before);
}

#[test]
fn the_lines_name_this_program() {
    let home = Home::empty();
    let said = home.say(&["--print"]);
    let program = PathBuf::from(PROGRAM).canonicalize().unwrap();
    let program = program.to_str().unwrap();
    for line in [
        "claude mcp add --scope user adjutant -- ",
        "codex mcp add adjutant -- ",
        "gemini mcp add --scope user adjutant ",
    ] {
        assert!(said.contains(&format!("{line}{program} mcp\n")), "{line}: {said}");
    }
    for part in [
        "code --add-mcp '{",
        "cursor://anysphere.cursor-deeplink/mcp/install?name=adjutant&config=",
        "vscode:mcp/install?%7B",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mcp.md")).unwrap();
    let commands = said.lines().filter_map(|line| line.strip_prefix("  "));
    let commands = commands.filter(|line| line.contains(" mcp add ") || line.contains("--add-mcp"));
    let commands: Vec<String> =
        commands.map(|line| format!("$ {}\n", line.replace(program, "/usr/local/bin/adjutant"))).collect();
    assert_eq!(commands.len(), 4, "{said}");
    for command in commands {
        assert!(page.contains(&command), "docs/mcp.md lacks {command}");
    }
}
