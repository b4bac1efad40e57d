//! From files to indexes: what a scan of this instance covers and what is built from it.

use crate::catalog::{self, Catalog, ScanOptions};
use crate::config::Config;
use crate::search::{Aliases, Index};

/// A project's own additions to the built-in alias table.
const ALIAS_FILE: &str = ".claude/aliases.yml";

/// Bytes of a project's own data file that are read; the built-in alias table has a third of it.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The collection a checkout of this project carries, which stands in where there are no plugins.
const FIXTURES: &str = "fixtures";

/// One finished scan.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) catalog: Catalog,
    /// Whether the project has no plugins of its own and its `fixtures` stand in.
    pub(super) embedded_default: bool,
}

/// Scans the project and its further plugin folders; files unchanged since `previous` are not read again.
pub(super) fn scan(config: &Config, previous: Option<&Catalog>) -> Scanned {
    let root = &config.project.root;
    // The first use of the alias table reads it, which takes half as long as a scan does. Whoever needs it waits for
    // whoever reads it, so nobody has to join this thread.
    let _reading = std::thread::Builder::new().name("aliases".into()).spawn(|| Aliases::built_in().len());
    let options = ScanOptions { extra_plugin_dirs: config.plugin_dirs.clone(), ..ScanOptions::new(root) };
    let catalog = catalog::scan(&options, previous);
    let fixtures = root.join(FIXTURES);
    if catalog.plugins().is_empty() && config.plugin_dirs.is_empty() && fixtures.join("plugins").is_dir() {
        let registry = Some(fixtures.join("agent-registry.yml"));
        let catalog = catalog::scan(&ScanOptions { registry, ..ScanOptions::new(fixtures) }, previous);
        return Scanned { catalog, embedded_default: true };
    }
    Scanned { catalog, embedded_default: false }
}

impl Scanned {
    /// The indexes over the catalog, with the project's own aliases where it has any.
    pub(super) fn build_index(&self, config: &Config) -> Index {
        Index::build(&self.catalog, &aliases(config))
    }
}

/// The built-in aliases and the project's own; what is wrong with the latter is logged, the rest is used.
fn aliases(config: &Config) -> Aliases {
    let built_in = Aliases::built_in().clone();
    let path = config.project.root.join(ALIAS_FILE);
    let text = match read_bounded(&path) {
        Ok(Some(text)) => text,
        Ok(None) => return built_in,
        Err(error) => {
            tracing::warn!(file = ALIAS_FILE, %error, "the project's aliases cannot be read");
            return built_in;
        }
    };
    let (own, problems) = Aliases::parse(&text);
    for problem in problems {
        tracing::warn!(
            file = ALIAS_FILE,
            line = problem.line,
            problem = problem.message,
            "an alias is not used"
        );
    }
    built_in.merged(&own)
}

/// The sample patterns of the built-in collection, where there are any.
pub(super) fn sample_patterns(config: &Config) -> Option<String> {
    read_bounded(&config.project.root.join(FIXTURES).join("patterns.jsonl")).ok().flatten()
}

/// The file's text; `None` where there is no such file.
fn read_bounded(path: &std::path::Path) -> std::io::Result<Option<String>> {
    use std::io::Read;
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut text = String::new();
    file.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    Ok(Some(text))
}
