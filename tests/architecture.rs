//! The rules of the house, held by reading the sources: who may import whom, who may name what, how long files and
//! functions may be. A rule is changed here on purpose or not at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Module → the modules of this crate it may name. The order is the direction data flows in.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("private", &[]),
    ("catalog", &[]),
    ("search", &["catalog"]),
    ("semantic", &["catalog", "private"]),
    ("patterns", &["catalog", "search"]),
    ("store", &["catalog", "patterns"]),
    ("config", &[]),
    ("telemetry", &["private"]),
    ("tasks", &[]),
    ("outbox", &[]),
    ("client", &["outbox"]),
    ("instance", &["client", "config"]),
    (
        "app",
        &[
            "catalog",
            "search",
            "semantic",
            "patterns",
            "store",
            "config",
            "telemetry",
            "outbox",
            "client",
            "private",
        ],
    ),
    ("server", &["app", "catalog", "client", "tasks", "telemetry"]),
    (
        "cli",
        &[
            "app",
            "catalog",
            "client",
            "config",
            "instance",
            "outbox",
            "patterns",
            "semantic",
            "server",
            "store",
            "tasks",
            "telemetry",
        ],
    ),
];

/// What only certain modules may name, with the reason.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("rusqlite::", &["store"], "the database is the store's alone"),
    ("axum::", &["server"], "HTTP is the server's alone"),
    ("hyper::", &["server", "client"], "HTTP is the server's and the client's"),
    ("std::env::var", &["config"], "only config reads the environment"),
    ("rmcp::", &["server"], "the protocol of models is the server's"),
    ("clap::", &["cli", "config"], "flags are the command line's and the configuration's"),
    ("println!", &[], "cli::output prints"),
    ("candle_core::", &["semantic"], "the network is the model's"),
    ("candle_nn::", &["semantic"], "the network is the model's"),
    ("tokenizers::", &["semantic"], "tokens are the model's"),
    ("rayon::", &["semantic"], "only the network splits its work"),
    ("moka::", &["app"], "caching is the app's"),
    ("notify::", &["app"], "watching is the app's"),
];

/// What the pure core must not know.
const NOT_IN_CORE: &[&str] = &[
    "tokio::",
    "SystemTime",
    "Instant::now",
    "std::net",
    "moka::",
    "rusqlite",
    "async fn",
    "uuid::",
    "rand::",
    "arc_swap",
];

const CORE: &[&str] = &["catalog", "search", "patterns"];

/// Names that say nothing of what a module knows.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "types"];

/// Lines of a file, without its tests.
const MAX_FILE_LINES: usize = 600;

struct Source {
    path: PathBuf,
    /// Without tests and comments, line by line.
    code: Vec<(usize, String)>,
    text: String,
}

impl Source {
    fn module(&self) -> String {
        let relative = self.path.strip_prefix(source_root()).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }

    fn is_test(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "tests.rs")
            || self.path.iter().any(|part| part == "tests")
    }
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![source_root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                sources.push(Source { code: code_lines(&text), path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 50, "the sources were not found");
    sources
}

/// The lines before the file's tests, without comments.
fn code_lines(text: &str) -> Vec<(usize, String)> {
    let before_tests = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    let numbered = before_tests.enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    numbered.map(|(index, line)| (index + 1, line.to_owned())).collect()
}

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// The names that follow `crate::` on a line, also in braces.
fn crate_names(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            names.extend(group.split(',').filter_map(first_name));
        } else {
            names.extend(first_name(rest));
        }
    }
    names
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut violations = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let module = source.module();
        if matches!(module.as_str(), "main" | "lib") {
            continue;
        }
        let Some(may) = allowed.get(module.as_str()) else {
            violations.push(format!("{}: the module {module} is not in the table", source.path.display()));
            continue;
        };
        for (number, line) in &source.code {
            for name in crate_names(line) {
                if name != module && allowed.contains_key(name.as_str()) && !may.contains(&name.as_str()) {
                    violations
                        .push(format!("{}:{number}: {module} must not import {name}", source.path.display()));
                }
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn the_table_has_no_cycles() {
    let position = |name: &str| MAY_IMPORT.iter().position(|(module, _)| *module == name);
    for (module, imports) in MAY_IMPORT {
        for import in *imports {
            assert!(position(import) < position(module), "{module} imports {import}, which stands below it");
        }
    }
}

#[test]
fn dependencies_are_named_where_they_belong() {
    let mut violations = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let module = source.module();
        for (number, line) in &source.code {
            for (name, modules, reason) in ONLY_IN {
                let is_named = line.match_indices(name).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                });
                if is_named && !modules.contains(&module.as_str()) {
                    violations.push(format!("{}:{number}: {name} — {reason}", source.path.display()));
                }
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn the_core_knows_no_clock_network_async_or_database() {
    let mut violations = Vec::new();
    for source in
        sources().iter().filter(|source| !source.is_test() && CORE.contains(&source.module().as_str()))
    {
        for (number, line) in &source.code {
            for name in NOT_IN_CORE.iter().filter(|name| line.contains(**name)) {
                violations.push(format!("{}:{number}: the core must not know {name}", source.path.display()));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn the_catalogs_types_promise_no_wire_form() {
    let catalog = sources().into_iter().filter(|source| source.module() == "catalog" && !source.is_test());
    // What is kept for the next start is private and of no door.
    let catalog = catalog.filter(|source| !source.path.parent().unwrap().ends_with("kept"));
    let violations: Vec<String> = catalog
        .flat_map(|source| {
            let path = source.path.display().to_string();
            let lines = source
                .code
                .into_iter()
                .filter(|(_, line)| line.contains("derive") && line.contains("Serialize"));
            lines
                .map(move |(number, _)| format!("{path}:{number}: Serialize belongs to the doors"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none(&violations);
}

#[test]
fn files_are_short_named_and_introduced() {
    let mut violations = Vec::new();
    for source in sources() {
        let path = source.path.display();
        let lines = source.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        if lines > MAX_FILE_LINES && !source.is_test() {
            violations.push(format!("{path}: {lines} lines, {MAX_FILE_LINES} are the limit"));
        }
        let stem = source.path.file_stem().unwrap().to_str().unwrap();
        if EMPTY_NAMES.contains(&stem) {
            violations.push(format!("{path}: name it after what it knows"));
        }
        if !source.text.starts_with("//!") && !source.is_test() {
            violations.push(format!("{path}: begin with what it knows (//!)"));
        }
        for (number, line) in &source.code {
            let is_glob = line.trim_start().starts_with("use ") && line.trim_end().ends_with("::*;");
            if is_glob && !source.is_test() {
                violations.push(format!("{path}:{number}: name what is imported"));
            }
            if line.contains("#[allow(") || line.contains("#![allow(") {
                violations.push(format!("{path}:{number}: #[expect(…, reason)] in place of allow"));
            }
        }
    }
    assert_none(&violations);
}

/// Limits of the measuring itself, which bound nothing a user meets.
const NOT_LISTED: &[&str] = &["MAX_WORD"];

#[test]
fn limits_are_listed_by_the_command() {
    let listed = std::fs::read_to_string(source_root().join("cli/limits.rs")).unwrap();
    let mut violations = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (number, line) in &source.code {
            let Some(name) =
                line.trim_start().strip_prefix("pub const MAX_").and_then(|rest| rest.split(':').next())
            else {
                continue;
            };
            let name = format!("MAX_{name}");
            if !listed.contains(&name) && !NOT_LISTED.contains(&name.as_str()) {
                violations
                    .push(format!("{}:{number}: {name} is not in cli/limits.rs", source.path.display()));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn settings_files_name_no_machine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "scripts/test", ".ci/run"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        for name in ["/root/", "/home/", "/Users/"] {
            assert!(!text.contains(name), "{file} names a folder of one machine: {name}");
        }
    }
}
