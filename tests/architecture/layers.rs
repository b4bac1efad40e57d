//! Who may name whom: crates and the service's modules in the order data flows in, and dependencies in the one place that
//! knows them.

use std::collections::BTreeMap;

use crate::assert_none;
use crate::sources::{CRATES, SERVICE, sources, top};

/// Crate → the crates of ours that it may depend on. Each stands above all that may name it.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("confined_fs", &[]),
    ("protocol", &[]),
    ("claude_settings", &[]),
    ("catalog", &["claude_settings", "confined_fs"]),
    ("search", &["catalog"]),
    ("semantic", &["catalog", "confined_fs"]),
    ("domain", &["search", "catalog"]),
    ("store", &["domain", "confined_fs"]),
    ("client", &["protocol", "confined_fs"]),
];

/// Module of the service → the modules of the service and the crates that it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("tasks", &[]),
    ("config", &["confined_fs"]),
    ("telemetry", &["confined_fs", "protocol"]),
    ("instance", &["config", "client", "confined_fs", "protocol"]),
    ("offload", &["config", "catalog", "claude_settings", "confined_fs"]),
    ("mcp_clients", &["config", "claude_settings", "confined_fs"]),
    (
        "app",
        &[
            "offload",
            "config",
            "telemetry",
            "tasks",
            "catalog",
            "search",
            "semantic",
            "domain",
            "store",
            "client",
            "confined_fs",
            "protocol",
        ],
    ),
    ("server", &["app", "config", "telemetry", "tasks", "catalog", "store", "client", "protocol"]),
    (
        "cli",
        &[
            "app",
            "server",
            "offload",
            "mcp_clients",
            "config",
            "telemetry",
            "tasks",
            "instance",
            "catalog",
            "search",
            "semantic",
            "domain",
            "store",
            "client",
            "confined_fs",
            "protocol",
        ],
    ),
];

/// What only certain crates or modules may name, with the reason.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["store"], "the database is the store's alone"),
    ("axum", &["server"], "HTTP is the server's alone"),
    ("hyper", &["server", "client"], "HTTP is the server's and the client's"),
    ("std::env::var", &["config"], "only config reads the environment"),
    ("std::env::var_os", &["config"], "only config reads the environment"),
    ("std::env::vars", &["config"], "only config reads the environment"),
    ("rmcp", &["server"], "the Model Context Protocol is the server's"),
    ("clap", &["cli", "config"], "flags are the command line's and the configuration's"),
    ("candle_core", &["semantic"], "the network is the encoder's"),
    ("candle_nn", &["semantic"], "the network is the encoder's"),
    ("tokenizers", &["semantic"], "sub-words are the encoder's"),
    ("rayon", &["semantic"], "only the network splits its work"),
    ("toml_edit", &["mcp_clients"], "one client keeps its servers in TOML"),
    ("mimalloc", &["main"], "the binary chooses its allocator"),
    ("moka", &["app"], "caching is the app's"),
    ("notify", &["app", "instance"], "the app watches what it indexes, instance its own few files"),
];

/// What opens, creates, replaces, removes or looks at a file by its path, which is done in `confined_fs` alone: a link
/// planted in a project leads nowhere only if nobody opens past it.
const FILES: &[&str] = &[
    "fs::write",
    "fs::read",
    "fs::read_to_string",
    "fs::rename",
    "fs::remove_file",
    "fs::remove_dir",
    "fs::remove_dir_all",
    "fs::copy",
    "fs::create_dir",
    "fs::create_dir_all",
    "fs::set_permissions",
    "fs::hard_link",
    "fs::OpenOptions",
    "File::open",
    "File::create",
    "File::create_new",
    "File::options",
    "OpenOptions::new",
    "fs::read_dir",
    "fs::metadata",
    "fs::symlink_metadata",
    "fs::canonicalize",
    "fs::read_link",
    "walkdir",
    "notify",
];

/// The same as methods of a path. (`metadata` is one of an open file as well, and cannot be told apart.)
const FILE_METHODS: &[&str] = &[".read_dir()", ".symlink_metadata()", ".canonicalize()", ".read_link()"];

/// Why the catalog looks at paths by itself.
const LOOKS_AT_LINKS: &str =
    "sees where a link leads, which decides whether it counts; ScanRoot opens what counts";

/// Files that may, with the reason.
const MAY_OPEN: &[(&str, &str)] = &[
    ("crates/catalog/src/layout/collector.rs", "walks a folder below a root that was opened without links"),
    ("crates/catalog/src/layout/skills.rs", LOOKS_AT_LINKS),
    ("crates/catalog/src/scan/file_source.rs", LOOKS_AT_LINKS),
    ("crates/catalog/src/scan/incremental.rs", LOOKS_AT_LINKS),
    ("crates/catalog/src/scan/roots.rs", LOOKS_AT_LINKS),
    ("crates/catalog/src/user_scope/json_file.rs", "says where a settings file is a link"),
    (
        "crates/catalog/src/user_scope/places.rs",
        "resolves the client's own folders, which the environment names",
    ),
    ("crates/catalog/src/user_scope/selection.rs", "compares the folder of an install with the project's"),
    ("crates/catalog/src/user_scope/source.rs", "resolves the folder of an install, which ScanRoot opens"),
    ("src/app/file_watch.rs", "reads the events of a watch, and opens nothing"),
    ("src/app/jobs/watch.rs", "the kernel watches folders by their paths, and follows no link in them"),
    ("src/app/warm_start.rs", "looks at the program's own executable"),
    ("src/config/access.rs", "finds out whether there is a token file, which its user named"),
    ("src/config/resolve.rs", "resolves the root itself, which its user named"),
    ("src/instance/port_owner.rs", "reads the kernel's tables in /proc"),
    ("src/instance/run_files_watch.rs", "the kernel watches the folder of the run files by its path"),
    ("src/instance/process.rs", "reads the start time of a process in /proc"),
];

/// The crates that know no clock, network, async or database.
const PURE: &[&str] = &["claude_settings", "catalog", "search", "domain"];

/// What the pure crates must not name: whole paths, or their beginnings.
const NOT_IN_PURE: &[&str] = &[
    "tokio",
    "std::net",
    "std::time::SystemTime",
    "std::time::Instant",
    "moka",
    "rusqlite",
    "uuid",
    "rand",
    "arc_swap",
];

fn starts_with(segments: &[String], path: &str) -> bool {
    let path: Vec<&str> = path.split("::").collect();
    segments.len() >= path.len() && segments.iter().zip(&path).all(|(segment, part)| segment == part)
}

/// Whether `path` stands anywhere in the segments: `fs::write` also in `std::fs::write`.
fn contains(segments: &[String], path: &str) -> bool {
    (0..segments.len()).any(|from| starts_with(&segments[from..], path))
}

#[test]
fn layers_name_only_what_lies_below() {
    let of_crates: BTreeMap<&str, &[&str]> = MAY_DEPEND.iter().copied().collect();
    let of_modules: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let mut violations = Vec::new();
    for source in sources() {
        let zone = source.zone();
        if matches!(zone, "main" | "lib") {
            continue;
        }
        let table = if source.krate == SERVICE { &of_modules } else { &of_crates };
        let Some(may) = table.get(zone) else {
            violations.push(format!("{}: {zone} is not in the table of layers", source.path.display()));
            continue;
        };
        for name in &source.names {
            let first = name.segments[0].as_str();
            // A path of one segment is a name in scope, which may be spelled like a crate.
            let target = match name.segments.get(1).map(String::as_str) {
                Some(second) if first == SERVICE && of_modules.contains_key(second) => second,
                Some(_) if CRATES.contains(&first) && first != source.krate && !source.declares(first) => {
                    first
                }
                _ => continue,
            };
            if target != zone && !may.contains(&target) {
                violations.push(format!("{}: {zone} must not name {target}", source.at(name.line)));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn the_tables_have_no_circles() {
    for table in [MAY_DEPEND, MAY_NAME] {
        let position = |name: &str| table.iter().position(|(zone, _)| *zone == name);
        for (zone, below) in table {
            for name in *below {
                let is_below = CRATES.contains(name) && table == MAY_NAME || position(name) < position(zone);
                assert!(is_below, "{zone} may name {name}, which does not stand below it");
            }
        }
    }
}

#[test]
fn manifests_depend_on_what_the_table_allows() {
    for (zone, may) in MAY_DEPEND {
        let manifest = top().join("crates").join(zone.replace('_', "-")).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap_or_else(|error| panic!("{zone}: {error}"));
        let dependencies = text.split("[dev-dependencies]").next().unwrap();
        for name in CRATES.iter().filter(|name| !may.contains(name)) {
            let is_named = dependencies.lines().any(|line| line.starts_with(&format!("{name}.")));
            assert!(!is_named, "crates/{zone} must not depend on {name}");
        }
    }
}

#[test]
fn dependencies_are_named_where_they_belong() {
    let mut violations = Vec::new();
    for source in sources() {
        for name in &source.names {
            for (path, zones, reason) in ONLY_IN {
                if starts_with(&name.segments, path) && !zones.contains(&source.zone()) {
                    violations.push(format!("{}: {path}: {reason}", source.at(name.line)));
                }
            }
        }
        for (number, line) in source.code_lines() {
            let is_printing = ["println!(", "eprintln!(", "print!(", "eprint!("].iter().any(|name| {
                line.match_indices(name)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            });
            if is_printing {
                violations.push(format!("{}: only cli::output prints", source.at(number)));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn files_are_opened_in_one_place() {
    let mut violations = Vec::new();
    for source in sources().iter().filter(|source| source.zone() != "confined_fs") {
        let path = source.path.to_str().unwrap();
        if MAY_OPEN.iter().any(|(file, _)| *file == path) {
            continue;
        }
        for name in &source.names {
            let ours = CRATES.contains(&name.segments[0].as_str());
            if let Some(file) = FILES.iter().find(|file| !ours && contains(&name.segments, file)) {
                violations.push(format!("{}: {file} belongs into confined_fs", source.at(name.line)));
            }
        }
        for (number, line) in source.code_lines() {
            if let Some(method) = FILE_METHODS.iter().find(|method| line.contains(**method)) {
                violations.push(format!("{}: {method} belongs into confined_fs", source.at(number)));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn exceptions_are_still_needed() {
    let sources = sources();
    for (file, reason) in MAY_OPEN {
        let source = sources.iter().find(|source| source.path.to_str() == Some(file));
        let source = source.unwrap_or_else(|| panic!("{file} is gone ({reason})"));
        let opens = source.names.iter().any(|name| FILES.iter().any(|file| contains(&name.segments, file)))
            || source.code_lines().any(|(_, line)| FILE_METHODS.iter().any(|method| line.contains(*method)));
        assert!(opens, "{file} opens nothing any more ({reason})");
    }
}

#[test]
fn the_pure_crates_know_no_clock_network_async_or_database() {
    let mut violations = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.krate.as_str())) {
        for name in &source.names {
            if let Some(path) = NOT_IN_PURE.iter().find(|path| starts_with(&name.segments, path)) {
                violations.push(format!("{}: a pure crate must not know {path}", source.at(name.line)));
            }
        }
        for (number, line) in source.code_lines().filter(|(_, line)| line.contains("async ")) {
            violations.push(format!(
                "{}: a pure crate must not be async: {}",
                source.at(number),
                line.trim()
            ));
        }
    }
    assert_none(&violations);
}

#[test]
fn the_catalogs_types_promise_no_wire_form() {
    let mut violations = Vec::new();
    let catalog = sources().iter().filter(|source| source.krate == "catalog");
    // What is persisted for the next start is private and of no endpoint.
    for source in
        catalog.filter(|source| !source.module.iter().any(|part| matches!(part.as_str(), "kept" | "persist")))
    {
        for (number, line) in source.code_lines() {
            if line.contains("derive") && line.contains("Serialize") {
                violations.push(format!("{}: Serialize belongs to the wire types", source.at(number)));
            }
        }
    }
    assert_none(&violations);
}
