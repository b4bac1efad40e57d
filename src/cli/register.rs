//! Telling others where this project's instance listens: an entry in the user's `~/.claude/config.json`.
//!
//! Only the member `adjutant.projects.<root>` is ours. Everything else in the file is kept as it is, in its
//! order, and a file that is not understood is left alone.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::instance::{Endpoint, write_whole};

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
pub(super) fn register(home: Option<&Path>, endpoint: &Endpoint) -> Registered {
    let Some(home) = home else { return Registered::Skipped("HOME is not set".into()) };
    let file = home.join(".claude").join("config.json");
    let failed = |error: &dyn std::fmt::Display| Registered::Skipped(format!("{}: {error}", file.display()));
    let before = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return failed(&error),
    };
    let mut config: Value = match before.trim() {
        "" => json!({}),
        text => match serde_json::from_str(text) {
            Ok(config) => config,
            Err(error) => return failed(&format!("not valid JSON, left as it is ({error})")),
        },
    };
    let Some(projects) = projects_of(&mut config) else {
        return failed(&"it has an \"adjutant\" member of another shape, left as it is");
    };
    let entry = json!({ "jsonrpc": endpoint.url });
    if projects.get(&endpoint.project.root) == Some(&entry) {
        return Registered::Unchanged;
    }
    projects.insert(endpoint.project.root.clone(), entry);
    let written = std::fs::create_dir_all(home.join(".claude"))
        .and_then(|()| write_whole(&file, format!("{config:#}\n").as_bytes()));
    match written {
        Ok(()) => Registered::Written(file),
        Err(error) => failed(&error),
    }
}

/// `adjutant.projects`, made where it is missing; `None` where something else stands in its place.
fn projects_of(config: &mut Value) -> Option<&mut Map<String, Value>> {
    let mine = config.as_object_mut()?.entry("adjutant").or_insert_with(|| json!({}));
    mine.as_object_mut()?.entry("projects").or_insert_with(|| json!({})).as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::ProjectName;

    fn endpoint(root: &str, port: u16) -> Endpoint {
        let project = ProjectName { root: root.into(), id: "1".into() };
        Endpoint { url: format!("http://127.0.0.1:{port}/"), port, pid: 1, project }
    }

    #[test]
    fn what_the_user_has_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".claude/config.json");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, r#"{"zebra": [1, 2.50], "mcpServers": {"x": {"url": "u"}}}"#).unwrap();
        assert!(matches!(register(Some(home.path()), &endpoint("/a", 3700)), Registered::Written(_)));
        assert!(matches!(register(Some(home.path()), &endpoint("/b", 3701)), Registered::Written(_)));
        assert!(matches!(register(Some(home.path()), &endpoint("/b", 3701)), Registered::Unchanged));
        let config: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let expected = json!({
            "zebra": [1, 2.5],
            "mcpServers": { "x": { "url": "u" } },
            "adjutant": { "projects": {
                "/a": { "jsonrpc": "http://127.0.0.1:3700/" },
                "/b": { "jsonrpc": "http://127.0.0.1:3701/" },
            }},
        });
        assert_eq!(config, expected);
        assert_eq!(config.as_object().unwrap().keys().next().unwrap(), "zebra");
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
