//! The documentation against the binary: nothing that a user can set, call or meet is missing from its page, and no link
//! leads nowhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use catalog::{CODES, Severity};
use protocol::ErrorCode;
use serde_json::json;

use crate::support::{Project, Service};

/// Lines of the README at most: it is the front of the house, the rest has pages.
const MAX_README_LINES: usize = 120;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: impl AsRef<Path>) -> String {
    let file = root().join(file);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The Markdown files that a reader is led to.
fn pages() -> Vec<PathBuf> {
    let folders = ["", "docs", "examples"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = files.map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    pages.sort();
    assert!(pages.len() > 15, "the pages were not found");
    pages
}

fn help(command: &str) -> String {
    let mut adjutant = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    let output = adjutant.args(command.split_whitespace()).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn assert_none(missing: &[String]) {
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

/// What stands between the parentheses of `[text](target)`.
fn links(text: &str) -> Vec<&str> {
    let targets = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
    targets.filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).collect()
}

/// A heading's anchor as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>()
        .replace(' ', "-")
}

/// The words in `text` that begin with one of `prefixes` and consist of capitals, digits and underscores.
fn variables(text: &str, prefixes: &[&str]) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    words
        .filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix) && word.len() > prefix.len()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= MAX_README_LINES, "README.md has {lines} lines, {MAX_README_LINES} are the limit");
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let content = std::fs::read_to_string(&target);
            let leads = match &content {
                Err(_) => false,
                Ok(_) if heading.is_empty() => true,
                Ok(content) => content
                    .lines()
                    .any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#')) == heading),
            };
            if !leads {
                broken.push(format!("{}: {link}", page.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert_none(&broken);
}

/// Where files of the checkout are, as opposed to those of a project that is served.
const OF_THE_CHECKOUT: [&str; 12] = [
    "src/",
    "crates/",
    "tests/",
    "benches/",
    "scripts/",
    "docs/",
    "examples/",
    "fixtures/",
    "migrations/",
    ".github/",
    ".claude/lib/",
    ".claude/agents/",
];

#[test]
fn files_that_are_named_exist() {
    let mut missing = Vec::new();
    for page in pages() {
        let name = page.strip_prefix(root()).unwrap();
        // The code map is relative to the modules it describes.
        if name == Path::new("ARCHITECTURE.md") {
            continue;
        }
        let text = std::fs::read_to_string(&page).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let paths = quoted.filter(|path| OF_THE_CHECKOUT.iter().any(|folder| path.starts_with(folder)));
        for path in paths.filter(|path| !path.contains(['<', '*', ' '])) {
            if !root().join(path).exists() {
                missing.push(format!("{}: {path}", name.display()));
            }
        }
    }
    assert_none(&missing);
}

#[test]
fn every_command_and_exit_code_is_documented() {
    let page = read("docs/commands.md");
    let help = help("");
    let (commands, rest) = help.split_once("Examples:").unwrap();
    let commands = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    let commands = commands.filter(|name| *name != "help");
    let mut missing: Vec<String> =
        commands.filter(|name| !page.contains(&format!("`adjutant {name}"))).map(str::to_owned).collect();
    let codes = rest.split_once("Exit codes:").unwrap().1.lines();
    let codes = codes.filter_map(|line| line.split_whitespace().next()?.parse::<u8>().ok());
    let codes: Vec<u8> = codes.collect();
    assert!(codes.len() > 5, "{codes:?}");
    missing.extend(
        codes
            .iter()
            .filter(|code| !page.contains(&format!("\n| {code} |")))
            .map(|code| format!("exit code {code}")),
    );
    assert_none(&missing);
}

#[test]
fn every_setting_is_documented() {
    let page = read("docs/configuration.md");
    let mut settings = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("src/config")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        settings.extend(variables(&text, &["MCP_"]));
    }
    assert!(settings.len() > 10, "{settings:?}");
    let up = help("up");
    let flags = up.split_whitespace().filter(|word| word.starts_with("--"));
    settings.extend(
        flags.map(|flag| flag.trim_matches(|c: char| !c.is_ascii_alphabetic() && c != '-').to_owned()),
    );
    for everywhere in ["--help", "--json"] {
        settings.remove(everywhere);
    }
    let missing: Vec<String> =
        settings.into_iter().filter(|setting| !page.contains(&format!("`{setting}"))).collect();
    assert_none(&missing);
}

#[test]
fn the_documentation_names_no_setting_that_is_not_there() {
    let mut known = BTreeSet::new();
    let mut folders = vec![root().join("src"), root().join(".claude"), root().join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("mcp-server") {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                known.extend(variables(&text, &["MCP_", "ADJUTANT_"]));
            }
        }
    }
    let mut unknown = Vec::new();
    for page in pages() {
        let named = variables(&std::fs::read_to_string(&page).unwrap(), &["MCP_", "ADJUTANT_"]);
        unknown.extend(named.difference(&known).map(|name| format!("{}: {name}", page.display())));
    }
    assert_none(&unknown);
}

#[test]
fn every_diagnostic_is_documented_with_its_severity() {
    let page = read("docs/catalog.md");
    let row = |(code, severity, _): &(&str, Severity, &str)| {
        format!("| `{code}` | {} |", format!("{severity:?}").to_lowercase())
    };
    assert_none(&CODES.iter().map(row).filter(|row| !page.contains(row)).collect::<Vec<_>>());
}

#[test]
fn every_error_code_is_documented() {
    let page = read("docs/protocol.md");
    let errors = page.split("### Errors").nth(1).unwrap();
    let codes = ErrorCode::ALL.map(|code| code.code().to_string());
    assert_none(&codes.into_iter().filter(|code| !errors.contains(code)).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_method_is_documented() {
    let page = read("docs/protocol.md");
    let service = Service::over(&Project::empty());
    let refused = service.call("noSuchMethod", json!({})).await.json();
    let methods = refused["error"]["data"]["methods"].as_array().unwrap().clone();
    assert!(methods.len() > 8, "{methods:?}");
    let names = methods.iter().map(|name| name.as_str().unwrap().to_owned());
    assert_none(&names.filter(|name| !page.contains(&format!("\n| `{name}` |"))).collect::<Vec<_>>());
}
