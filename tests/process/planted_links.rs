//! A cloned project may carry any link: whatever it plants, no command and no service touches a file outside it.
//!
//! Each case plants links (or pipes) where our files lie, and runs every command of the real binary. What the links
//! lead to is then as it was: same names, same bytes, same modes, same times.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::Project;

/// No command takes more than a second or two; a machine under load gets more.
const DEADLINE: Duration = Duration::from_mins(1);

/// Every file of ours below the project, and the user's own where the home is the project; in groups, since a start that
/// is refused one file may never come to the next.
fn our_files() -> [Vec<String>; 4] {
    let below = |folder: &str, files: &[&str]| -> Vec<String> {
        files.iter().map(|file| format!(".claude/mcp-server/{folder}{file}")).collect()
    };
    let mut rest = below(
        "",
        &[
            "mcp.pid",
            "endpoint.json",
            "supervisor.pid",
            "logs/start.log",
            "outbox/1763700000000-0a1b2c3d.json",
            "outbox/1763700000001-0a1b2c3d.json.claimed-1763700000001",
            "outbox/1763700000002-0a1b2c3d.json.tmp",
        ],
    );
    rest.push(format!(".claude/mcp-server/logs/mcp.{}.log", time::OffsetDateTime::now_utc().date()));
    rest.extend(below(
        "data/",
        &[
            "mcp.wish",
            "catalog.bin",
            "index.bin",
            "latent.bin",
            "vectors.bin",
            "used.log",
            "mcp.db.restoring",
            "mcp.db.rescued",
            "backups/mcp-20251120T101112.000Z.db",
        ],
    ));
    rest.extend([".claude/aliases.yml", ".claude/config.json", "exported.jsonl"].map(str::to_owned));
    [
        below("data/", &["mcp.lock"]),
        below("data/", &["mcp.db"]),
        below("data/", &["mcp.db-wal", "mcp.db-shm", "mcp.db-journal"]),
        rest,
    ]
}

/// Every folder of ours below the project.
const OUR_FOLDERS: [&str; 7] = [
    ".claude",
    ".claude/mcp-server",
    ".claude/mcp-server/data",
    ".claude/mcp-server/data/backups",
    ".claude/mcp-server/data/model",
    ".claude/mcp-server/logs",
    ".claude/mcp-server/outbox",
];

/// Each path with its mode, its time and its content.
type Outside = BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)>;

/// A sample project with the neighbour whose files its links lead to.
struct Planted {
    project: Project,
    outside: TempDir,
}

impl Planted {
    fn new() -> Planted {
        Planted { project: Project::sample(), outside: tempfile::tempdir().unwrap() }
    }

    /// A link at `place` in the project to `target` in the neighbour.
    fn link(&self, place: &str, target: &str) {
        let place = self.project.path().join(place);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        let _ = std::fs::remove_dir_all(&place);
        symlink(self.outside.path().join(target), place).unwrap();
    }

    /// A file of the neighbour's.
    fn precious(&self, name: &str, content: &[u8]) {
        let file = self.outside.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }

    /// The neighbour's folder as one of ours would be filled by an earlier run, files of a dead process included.
    fn fill(&self) {
        let donor = Project::sample();
        let record =
            ["record", "--task-id", "9", "--description", "a neighbour's task", "--result", "success"];
        ended(&command(donor.path(), &[&record[..], &["--agents", "web:css-artist"]].concat()));
        ended(&command(donor.path(), &["backup"]));
        let from = donor.path().join(".claude/mcp-server");
        let to = self.outside.path();
        for entry in walkdir::WalkDir::new(&from).into_iter().map(Result::unwrap) {
            let target = to.join(entry.path().strip_prefix(&from).unwrap());
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(target).unwrap();
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
        let dead = "999999999\n#1\n";
        for file in our_files().concat() {
            let Some(inner) = file.strip_prefix(".claude/mcp-server/") else { continue };
            if !to.join(inner).exists() {
                self.precious(inner, dead.as_bytes());
            }
        }
        self.precious("data/model/config.json", b"{}");
        self.precious("data/catalog.999999999.tmp", b"left behind");
        // The same one level up and down, for links to what lies in between.
        for part in ["data", "logs", "outbox"] {
            for entry in std::fs::read_dir(to.join(part)).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_file() {
                    std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
                }
            }
        }
        std::fs::create_dir_all(to.join("mcp-server")).unwrap();
        self.precious("mcp-server/endpoint.json", b"{}");
        self.precious("mcp-server/mcp.pid", dead.as_bytes());
        self.precious("mcp-server/data/mcp.lock", b"1\n");
    }

    /// Everything outside: what it is, how it may be used, when it was changed, and what it holds.
    fn outside(&self) -> Outside {
        let entries = walkdir::WalkDir::new(self.outside.path()).into_iter().map(Result::unwrap);
        let state = |path: &Path| {
            let facts = path.symlink_metadata().unwrap();
            let bytes = if facts.is_file() { std::fs::read(path).unwrap() } else { Vec::new() };
            (facts.mode(), facts.mtime(), facts.mtime_nsec(), bytes)
        };
        entries.map(|entry| (entry.path().to_owned(), state(entry.path()))).collect()
    }

    fn assert_unharmed(&self, before: &Outside, what: &str) {
        let now = self.outside();
        let paths = before.keys().chain(now.keys());
        let changed: Vec<_> = paths.filter(|path| before.get(*path) != now.get(*path)).collect();
        assert!(changed.is_empty(), "{what} touched {changed:?}");
    }

    /// Runs everything there is to run; whatever comes of it, nothing outside is touched.
    fn run_everything(&self, case: &str) {
        let root = self.project.path();
        let before = self.outside();
        let unharmed = |after: &str| {
            let now = self.outside();
            let changed: Vec<_> =
                before.keys().chain(now.keys()).filter(|path| before.get(*path) != now.get(*path)).collect();
            assert!(changed.is_empty(), "{case}: `{after}` touched {changed:?}");
        };
        let found = ended(&command(root, &["find", "agents", "helm", "charts"]));
        assert_eq!(found.status.code(), Some(0), "{case}: {}", text(&found));
        unharmed("find");
        let record = ["record", "--task-id", "1", "--description", "style the page", "--result", "success"];
        let recorded = [&record[..], &["--agents", "web:css-artist"]].concat();
        let commands: [&[&str]; 19] = [
            &recorded,
            &["show", "agent", "css-artist"],
            &["pattern", "style", "the", "page"],
            &["history"],
            &["check"],
            &["status"],
            &["doctor"],
            &["backup"],
            &["restore"],
            &["patterns", "export", "exported.jsonl"],
            &["patterns", "import", "exported.jsonl"],
            &["history", "export", "exported.jsonl"],
            &["tokens"],
            &["model", "status"],
            &["model", "remove"],
            &["service", "install"],
            &["service", "uninstall"],
            &["up", "--port", "0"],
            &["down"],
        ];
        for arguments in commands {
            ended(&command(root, arguments));
            unharmed(&arguments.join(" "));
        }
        end(serving(root));
        unharmed("serve");
        speak_mcp(root);
        unharmed("mcp");
        ended(&command(root, &["uninstall", "--data"]));
        unharmed("uninstall --data");
    }
}

/// The binary in the project, with the project as home: links in `~/.claude` are the project's, too.
fn command(root: &Path, arguments: &[&str]) -> std::cell::RefCell<Command> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command.args(arguments).arg("--root").arg(root).current_dir(root);
    command.env_clear().env("HOME", root).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.into()
}

/// Runs a command to its end, which must come.
fn ended(command: &std::cell::RefCell<Command>) -> Output {
    let mut command = command.borrow_mut();
    let mut child = command.spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let drain = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        err.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let drained = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > DEADLINE {
            child.kill().unwrap();
            panic!("{command:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Output { status, stdout: drained.join().unwrap(), stderr: drain.join().unwrap() }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server that has begun to serve.
fn serving(root: &Path) -> Child {
    let command = command(root, &["serve", "--port", "0"]);
    let mut child = command.borrow_mut().stderr(Stdio::null()).spawn().unwrap();
    let greeting = BufReader::new(child.stdout.take().unwrap()).lines().next();
    assert!(greeting.is_some_and(|line| line.unwrap().contains("serves")), "no greeting");
    child
}

/// Ends a server in order.
fn end(mut server: Child) {
    let pid = Pid::from_raw(server.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(server.wait().unwrap().success());
}

/// A session over standard input and output, from its greeting to its end.
fn speak_mcp(root: &Path) {
    let command = command(root, &["mcp"]);
    let mut child = command.borrow_mut().stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
    writeln!(stdin, "{hello}").unwrap();
    let answer = BufReader::new(child.stdout.take().unwrap()).lines().next();
    assert!(answer.is_some_and(|line| line.unwrap().contains("serverInfo")), "no answer");
    drop(stdin);
    child.wait().unwrap();
}

#[test]
fn a_link_in_a_files_place_leads_nowhere() {
    for files in our_files() {
        let planted = Planted::new();
        for (number, file) in files.iter().enumerate() {
            planted.precious(&format!("victim-{number}"), b"precious");
            planted.link(file, &format!("victim-{number}"));
        }
        planted.run_everything(&format!("{} -> a file", files[0]));
    }
}

#[test]
fn a_dangling_link_creates_nothing() {
    for files in our_files() {
        let planted = Planted::new();
        for (number, file) in files.iter().enumerate() {
            planted.link(file, &format!("missing-{number}"));
        }
        planted.run_everything(&format!("{} -> nothing", files[0]));
    }
    for folder in OUR_FOLDERS {
        let planted = Planted::new();
        planted.link(folder, "missing");
        planted.run_everything(&format!("{folder} -> nothing"));
    }
}

#[test]
fn a_link_in_a_folders_place_leads_nowhere() {
    for folder in OUR_FOLDERS {
        let planted = Planted::new();
        planted.fill();
        planted.link(folder, "");
        planted.run_everything(&format!("{folder} -> a folder"));
    }
}

#[test]
fn a_link_that_is_swapped_in_while_an_instance_runs_leads_nowhere() {
    for folder in OUR_FOLDERS {
        let planted = Planted::new();
        planted.fill();
        let root = planted.project.path();
        let record = ["record", "--task-id", "1", "--description", "style the page", "--result", "success"];
        let record = [&record[..], &["--agents", "web:css-artist"]].concat();
        let server = serving(root);
        ended(&command(root, &record));
        ended(&command(root, &["backup"]));
        let before = planted.outside();
        let unharmed = |after: &str| planted.assert_unharmed(&before, &format!("{folder}: `{after}`"));
        let place = root.join(folder);
        if place.exists() {
            std::fs::rename(&place, root.join("aside")).unwrap();
        }
        planted.link(folder, "");
        let commands: [&[&str]; 6] =
            [&record, &["find", "agents", "helm"], &["backup"], &["reindex"], &["status"], &["history"]];
        for arguments in commands {
            ended(&command(root, arguments));
            unharmed(&arguments.join(" "));
        }
        end(server);
        unharmed("the end");
    }
}

#[test]
fn a_link_to_a_database_is_not_opened() {
    let planted = Planted::new();
    planted.fill();
    planted.link(".claude/mcp-server/data/mcp.db", "data/mcp.db");
    planted.run_everything("mcp.db -> a neighbour's");
    let planted = Planted::new();
    planted.fill();
    let backup =
        std::fs::read_dir(planted.outside.path().join("data/backups")).unwrap().next().unwrap().unwrap();
    let name = backup.file_name().into_string().unwrap();
    planted.link(&format!(".claude/mcp-server/data/backups/{name}"), &format!("data/backups/{name}"));
    planted.run_everything("a backup -> a neighbour's");
    let history = ended(&command(planted.project.path(), &["history"]));
    assert!(!text(&history).contains("neighbour"), "{}", text(&history));
}

#[test]
fn pipes_hold_nobody_up() {
    for files in our_files() {
        let planted = Planted::new();
        for file in &files {
            let place = planted.project.path().join(file);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            mknodat(CWD, &place, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }
        planted.run_everything(&format!("{} is a pipe", files[0]));
    }
}

#[test]
fn a_linked_token_is_not_read() {
    let planted = Planted::new();
    planted.precious("victim", b"a-secret-of-the-neighbours");
    let victim = planted.outside.path().join("victim");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(victim, mode).unwrap();
    planted.link(".claude/mcp-server/token", "victim");
    let output = ended(&command(planted.project.path(), &["status"]));
    assert_ne!(output.status.code(), Some(0));
    assert!(text(&output).contains("symbolic link"), "{}", text(&output));
}

/// The inodes that a process watches.
#[cfg(target_os = "linux")]
fn watched_inodes(pid: u32) -> Vec<u64> {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fdinfo")).unwrap();
    let texts = descriptors.filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok());
    let lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let inodes = lines.iter().filter(|line| line.starts_with("inotify ")).filter_map(|line| {
        let inode = line.split_whitespace().find_map(|field| field.strip_prefix("ino:"))?;
        u64::from_str_radix(inode, 16).ok()
    });
    inodes.collect()
}

#[cfg(target_os = "linux")]
#[test]
fn no_folder_outside_is_watched() {
    let (project, outside) = (Project::sample(), TempDir::new().unwrap());
    std::fs::create_dir_all(outside.path().join("agents/below")).unwrap();
    symlink(outside.path(), project.path().join("plugins/linked")).unwrap();
    symlink(outside.path(), project.path().join("plugins/web/agents/linked")).unwrap();
    let server = serving(project.path());
    let ours = std::fs::metadata(project.path().join("plugins/web/agents")).unwrap().ino();
    let began = Instant::now();
    let watched = loop {
        let watched = watched_inodes(server.id());
        if watched.contains(&ours) {
            break watched;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "nothing is watched: {watched:?}");
        std::thread::yield_now();
    };
    for folder in ["", "agents", "agents/below"] {
        let inode = std::fs::metadata(outside.path().join(folder)).unwrap().ino();
        assert!(!watched.contains(&inode), "{folder:?} outside of the project is watched");
    }
    end(server);
}
