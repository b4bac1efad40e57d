//! Telling others where this project's instance listens: an entry in the user's `~/.claude/config.json`.
//!
//! Only the member `adjutant.projects.<root>` is ours. Everything else in the file is kept as it is, in its
//! order, and a file that is not understood is left alone.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::instance::Endpoint;
use confined_fs::NamedFile;

/// What came of it.
#[derive(Debug)]
pub(super) enum Registered {
    /// The file now names the address.
    Written(PathBuf),
    /// It did already.
    Unchanged,
    /// It could not be written; the text says why.
    Skipped(String),
}

/// Writes the address of `endpoint` into the user's configuration below `home`.
pub(super) fn register(home: Option<&Path>, project: &Path, endpoint: &Endpoint) -> Registered {
    let Some(home) = home else { return Registered::Skipped("HOME is not set".into()) };
    let file = config_file(home, project);
    let path = file.path().to_owned();
    let failed = |error: &dyn std::fmt::Display| Registered::Skipped(format!("{}: {error}", path.display()));
    let _lock = match Lock::around(&file) {
        Ok(lock) => lock,
        Err(error) => return failed(&error),
    };
    let before = match read_text(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return failed(&error),
    };
    let mut config: Members = match before.trim() {
        "" => Members::new(),
        text => match serde_json::from_str(text) {
            Ok(config) => config,
            Err(error) => return failed(&format!("not a JSON object, left as it is ({error})")),
        },
    };
    let mine = config.get(MEMBER).map_or("{}", |raw| raw.get());
    let Some(updated) = with_project(mine, endpoint) else {
        return failed(&"it has an \"adjutant\" member of another shape, left as it is");
    };
    let updated = match to_raw_value(&updated) {
        Ok(updated) if updated.get() == mine => return Registered::Unchanged,
        Ok(updated) => updated,
        Err(error) => return failed(&error),
    };
    config.insert(MEMBER.to_owned(), updated);
    let written = serde_json::to_string_pretty(&config)
        .map_err(io::Error::from)
        .and_then(|text| file.write(format!("{text}\n").as_bytes()));
    match written {
        Ok(()) => Registered::Written(path),
        Err(error) => failed(&error),
    }
}

/// The user's configuration below `home`, which may lie in the project.
fn config_file(home: &Path, project: &Path) -> NamedFile {
    NamedFile::new(project, &home.join(".claude").join("config.json"))
}

/// The text of a regular file; a pipe is not waited for.
fn read_text(file: &NamedFile) -> io::Result<String> {
    io::read_to_string(file.open_regular()?)
}

/// Held while the configuration is read, changed and written: of several commands at once each would otherwise undo what
/// the others wrote. The lock is on the folder, since the file itself is replaced and another one would stay behind.
struct Lock {
    _folder: File,
}

/// Time a command waits for others to write.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(10);

impl Lock {
    fn around(config: &NamedFile) -> io::Result<Self> {
        config.create_folder()?;
        let folder = config.open_folder()?;
        let began = Instant::now();
        loop {
            match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock { _folder: folder }),
                Err(Errno::WOULDBLOCK) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Err(Errno::WOULDBLOCK) => {
                    return Err(io::Error::new(ErrorKind::TimedOut, "another program is changing it"));
                }
                // Some network folders know no locks: better written than not.
                Err(Errno::NOTSUP | Errno::NOLCK | Errno::NOSYS | Errno::BADF) => {
                    return Ok(Lock { _folder: folder });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What came of taking it back.
#[derive(Debug)]
pub(super) enum Unregistered {
    /// The file no longer names the project.
    Removed(PathBuf),
    /// It did not.
    Absent,
    /// It could not be written; the text says why.
    Failed(String),
}

/// Takes the project at `root` out of the user's configuration below `home`, and our member once it is empty.
pub(super) fn unregister(home: Option<&Path>, root: &Path) -> Unregistered {
    let Some(home) = home else { return Unregistered::Absent };
    let file = config_file(home, root);
    let path = file.path().to_owned();
    if !file.exists() {
        return Unregistered::Absent;
    }
    let _lock = match Lock::around(&file) {
        Ok(lock) => lock,
        Err(error) => return Unregistered::Failed(format!("{}: {error}", path.display())),
    };
    let Ok(before) = read_text(&file) else { return Unregistered::Absent };
    let Ok(mut config) = serde_json::from_str::<Members>(&before) else { return Unregistered::Absent };
    let Some(mut mine) =
        config.get(MEMBER).and_then(|raw| serde_json::from_str::<Map<String, Value>>(raw.get()).ok())
    else {
        return Unregistered::Absent;
    };
    let Some(projects) = mine.get_mut("projects").and_then(Value::as_object_mut) else {
        return Unregistered::Absent;
    };
    if projects.shift_remove(&*root.to_string_lossy()).is_none() {
        return Unregistered::Absent;
    }
    if projects.is_empty() {
        mine.shift_remove("projects");
    }
    if mine.is_empty() {
        config.shift_remove(MEMBER);
    } else if let Ok(rest) = to_raw_value(&mine) {
        config.insert(MEMBER.to_owned(), rest);
    }
    let written = serde_json::to_string_pretty(&config)
        .map_err(io::Error::from)
        .and_then(|text| file.write(format!("{text}\n").as_bytes()));
    match written {
        Ok(()) => Unregistered::Removed(path),
        Err(error) => Unregistered::Failed(format!("{}: {error}", path.display())),
    }
}

/// The member that is ours.
const MEMBER: &str = "adjutant";

/// The members of the file in their order, each as it was written: what is not ours is not even read.
type Members = IndexMap<String, Box<RawValue>>;

/// Our member with the endpoint's project in it; `None` where it has another shape.
fn with_project(mine: &str, endpoint: &Endpoint) -> Option<Value> {
    let mut mine: Value = serde_json::from_str(mine).ok()?;
    let projects = mine.as_object_mut()?.entry("projects").or_insert_with(|| json!({})).as_object_mut()?;
    projects.insert(endpoint.project.root.clone(), json!({ "jsonrpc": endpoint.base }));
    Some(mine)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::instance::ProjectName;

    fn register(home: Option<&Path>, endpoint: &Endpoint) -> Registered {
        super::register(home, Path::new("/elsewhere"), endpoint)
    }

    fn endpoint(root: &str, port: u16) -> Endpoint {
        let project = ProjectName { root: root.into(), id: "1".into() };
        let url = format!("http://127.0.0.1:{port}/");
        Endpoint { base: url.clone(), url, port, pid: 1, project, settings: None }
    }

    #[test]
    fn what_the_user_has_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".claude/config.json");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(
            &file,
            r#"{"zebra": [1, 2.50, 123456789012345678901234], "mcpServers": {"x": {"url": "u"}}}"#,
        )
        .unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(register(Some(home.path()), &endpoint("/a", 3700)), Registered::Written(_)));
        assert!(matches!(register(Some(home.path()), &endpoint("/b", 3701)), Registered::Written(_)));
        assert!(matches!(register(Some(home.path()), &endpoint("/b", 3701)), Registered::Unchanged));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("[1, 2.50, 123456789012345678901234]"), "{text}");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let mut config: Value = serde_json::from_str(&text).unwrap();
        config.as_object_mut().unwrap().remove("zebra");
        let expected = json!({
            "mcpServers": { "x": { "url": "u" } },
            "adjutant": { "projects": {
                "/a": { "jsonrpc": "http://127.0.0.1:3700/" },
                "/b": { "jsonrpc": "http://127.0.0.1:3701/" },
            }},
        });
        assert_eq!(config, expected);
        assert!(text.trim_start_matches(['{', '\n', ' ']).starts_with("\"zebra\""), "{text}");
    }

    #[test]
    fn what_was_registered_can_be_taken_back() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".claude/config.json");
        assert!(matches!(unregister(Some(home.path()), Path::new("/a")), Unregistered::Absent));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, r#"{"zebra": 2.50, "adjutant": {}}"#).unwrap();
        register(Some(home.path()), &endpoint("/a", 3700));
        register(Some(home.path()), &endpoint("/b", 3701));
        assert!(matches!(unregister(Some(home.path()), Path::new("/a")), Unregistered::Removed(_)));
        assert!(matches!(unregister(Some(home.path()), Path::new("/a")), Unregistered::Absent));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("/b") && !text.contains("\"/a\"") && text.contains("2.50"), "{text}");
        assert!(matches!(unregister(Some(home.path()), Path::new("/b")), Unregistered::Removed(_)));
        let rest: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(rest, json!({ "zebra": 2.5 }));
    }

    #[test]
    fn those_who_register_at_once_keep_each_other() {
        let home = tempfile::tempdir().unwrap();
        let roots: Vec<String> = (0..8).map(|n| format!("/project-{n}")).collect();
        std::thread::scope(|scope| {
            for (root, port) in roots.iter().zip(3700..) {
                let home = home.path();
                scope.spawn(move || {
                    for again in 0..20 {
                        let done = register(Some(home), &endpoint(root, port + 100 * (again % 2)));
                        assert!(matches!(done, Registered::Written(_)), "{done:?}");
                    }
                });
            }
        });
        let text = std::fs::read_to_string(home.path().join(".claude/config.json")).unwrap();
        let config: Value = serde_json::from_str(&text).unwrap();
        let projects = config["adjutant"]["projects"].as_object().unwrap();
        assert_eq!(projects.len(), roots.len(), "{text}");
    }

    #[test]
    fn a_file_that_is_not_understood_is_left_alone() {
        for content in ["{broken", "[1]", r#"{"adjutant": 1}"#, r#"{"adjutant": {"projects": []}}"#] {
            let home = tempfile::tempdir().unwrap();
            let file = home.path().join(".claude/config.json");
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, content).unwrap();
            assert!(
                matches!(register(Some(home.path()), &endpoint("/a", 3700)), Registered::Skipped(_)),
                "{content}"
            );
            assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
        }
        assert!(matches!(register(None, &endpoint("/a", 3700)), Registered::Skipped(_)));
    }
}
