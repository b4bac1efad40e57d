//! What a file looks like: short, introduced, named after what it knows; a folder's front declares and nothing more.

use std::path::{Path, PathBuf};

use crate::assert_none;
use crate::sources::{sources, top};

/// Names that say nothing of what a module knows.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "types"];

/// Lines of a file, without its tests.
const MAX_FILE_LINES: usize = 600;

/// Limits of the measuring itself, which bound nothing a user meets.
const NOT_LISTED: &[&str] = &[];

/// Documents and scripts, which name no folder of one machine.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "scripts/check",
    "scripts/lint-workflows",
    "scripts/terminal-picture",
    "scripts/test",
    ".ci/run",
];

/// Folders of documents: every file in them, at any depth, that is text.
const FOLDERS_OF_DOCUMENTS: &[&str] = &["docs", "examples", ".github/workflows"];

#[test]
fn files_are_short_named_and_introduced() {
    let mut violations = Vec::new();
    for source in sources() {
        let path = source.path.display();
        let lines = source.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        if lines > MAX_FILE_LINES {
            violations.push(format!("{path}: {lines} lines, {MAX_FILE_LINES} are the limit"));
        }
        if source.module.iter().any(|part| EMPTY_NAMES.contains(&part.as_str())) {
            violations.push(format!("{path}: name it after what it knows"));
        }
        if !source.text.starts_with("//!") {
            violations.push(format!("{path}: begin with what it knows (//!)"));
        }
        for (number, line) in source.code_lines() {
            let is_glob = line.trim_start().starts_with("use ") && line.trim_end().ends_with("::*;");
            if is_glob {
                violations.push(format!("{path}:{number}: name what is imported"));
            }
            if line.contains("#[allow(") || line.contains("#![allow(") {
                violations.push(format!("{path}:{number}: #[expect(…, reason)] in place of allow"));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn fronts_declare_and_re_export_only() {
    let mut violations = Vec::new();
    for source in sources().iter().filter(|source| source.is_front()) {
        violations.extend(
            source
                .definitions
                .iter()
                .map(|line| format!("{}: move this into a file of its own", source.at(*line))),
        );
    }
    assert_none(&violations);
}

#[test]
fn limits_are_listed_by_the_command() {
    let listed = std::fs::read_to_string(top().join("src/cli/limits.rs")).unwrap();
    let mut violations = Vec::new();
    for source in sources() {
        for (number, line) in source.code_lines() {
            let Some(name) =
                line.trim_start().strip_prefix("pub const MAX_").and_then(|rest| rest.split(':').next())
            else {
                continue;
            };
            let name = format!("MAX_{name}");
            if !listed.contains(&name) && !NOT_LISTED.contains(&name.as_str()) {
                violations.push(format!("{}: {name} is not in cli/limits.rs", source.at(number)));
            }
        }
    }
    assert_none(&violations);
}

/// The text files in a folder, at any depth, but for what a build or a package manager put there.
fn texts_in(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| !path.ends_with("target") && !path.ends_with("node_modules"));
    paths
        .flat_map(|path| match std::fs::read_to_string(&path) {
            Ok(text) => vec![(path, text)],
            Err(_) if path.is_dir() => texts_in(&path),
            // A picture.
            Err(_) => Vec::new(),
        })
        .collect()
}

#[test]
fn documents_name_no_machine() {
    let read = |file: &&str| {
        let path = top().join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        (path, text)
    };
    let mut documents: Vec<(PathBuf, String)> = DOCUMENTS.iter().map(read).collect();
    for folder in FOLDERS_OF_DOCUMENTS {
        let texts = texts_in(&top().join(folder));
        assert!(!texts.is_empty(), "{folder} holds no document");
        documents.extend(texts);
    }
    for (path, text) in documents {
        for name in ["/root/", "/home/", "/Users/"] {
            assert!(!text.contains(name), "{} names a folder of one machine: {name}", path.display());
        }
    }
}
