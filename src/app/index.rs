//! From files to indexes: what a scan of this instance covers and what is built from it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::catalog_sources::{CatalogSources, FIXTURES, Known, Loaded, is_built_in};
use crate::config::ProjectConfig;
use catalog::{Cancellation, Catalog, KindMap, Problem, code};
use confined_fs::scan_root::{ReadError, ScanRoot};
use search::{Aliases, Index};

/// A project's own additions to the built-in alias table.
const ALIAS_FILE: &str = ".claude/aliases.yml";

/// Bytes of a project's own data file that are read; the built-in alias table has a third of it.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// One finished scan.
#[derive(Debug)]
pub struct Scanned {
    pub(super) catalog: Catalog,
    /// Whether the project has no plugins of its own and its `fixtures` stand in.
    pub(super) embedded_default: bool,
    /// What another run kept, where that is not what is there now.
    pub(super) before: Option<Catalog>,
    /// What another run kept of the index, read while the files are looked at.
    pub(super) kept_index: Option<Vec<u8>>,
    /// The project's own alias file; what is wrong with it is among the catalog's problems.
    pub(super) own_aliases: Option<String>,
    /// What it took.
    pub(super) took: Duration,
}

/// Loads the project's sources; what is unchanged since it was `known` is not read again.
pub(super) fn scan(config: &ProjectConfig, known: Known<'_>, cancellation: &Cancellation) -> Scanned {
    let began = Instant::now();
    let Loaded { catalog, before } = CatalogSources::new(config).load(known, cancellation);
    Scanned { before, took: began.elapsed(), ..finished(config, catalog) }
}

/// The same where nothing but these paths changed since what is served; `None` where only a full scan can tell.
pub(super) fn rescan(
    config: &ProjectConfig,
    served: &Catalog,
    changed: &[PathBuf],
    cancellation: &Cancellation,
) -> Option<Scanned> {
    let catalog = CatalogSources::new(config).reload(served, changed, cancellation)?;
    Some(finished(config, catalog))
}

/// With what the project says besides.
fn finished(config: &ProjectConfig, mut catalog: Catalog) -> Scanned {
    let embedded_default = is_built_in(&catalog);
    let (own_aliases, problems) = own_aliases(&config.root);
    catalog.add_problems(problems);
    Scanned { catalog, embedded_default, before: None, kept_index: None, own_aliases, took: Duration::ZERO }
}

impl Scanned {
    /// How many definitions of each kind there are.
    pub fn counts(&self) -> KindMap<usize> {
        self.catalog.counts()
    }

    /// The index over the catalog: the one that was kept, brought up to date where something changed since, else one that
    /// is built.
    pub(super) fn first_index(&mut self) -> (Index, Origin) {
        let aliases = self.aliases();
        let of = self.before.as_ref().unwrap_or(&self.catalog);
        let bytes = self.kept_index.take();
        match (bytes.and_then(|bytes| Index::from_bytes(&bytes, of, &aliases)), &self.before) {
            (Some(index), None) => (index, Origin::Kept),
            (Some(index), Some(_)) => (index.updated(&self.catalog, &aliases), Origin::Built),
            (None, _) => (Index::build(&self.catalog, &aliases), Origin::Built),
        }
    }

    /// The index over the catalog, from the one over the catalog before.
    pub(super) fn next_index(&self, before: &Index) -> Index {
        before.updated(&self.catalog, &self.aliases())
    }

    /// The alias table, with the project's own aliases where it has any.
    fn aliases(&self) -> Aliases {
        match &self.own_aliases {
            None => Aliases::built_in().clone(),
            Some(text) => Aliases::built_in().merged(&Aliases::parse(text).0),
        }
    }
}

/// Where an index comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The next start finds the same.
    Kept,
    Built,
}

/// The project's own alias file, and what is wrong with it; the rest of it is used.
fn own_aliases(root: &Path) -> (Option<String>, Vec<Problem>) {
    let problem = |line, message: String| Problem {
        path: Path::new(ALIAS_FILE).into(),
        line,
        code: code::ALIAS_INVALID,
        message: message.into(),
        action: "skipped",
    };
    match read_bounded(root, ALIAS_FILE.as_ref()) {
        Ok(None) => (None, Vec::new()),
        Ok(Some(text)) => {
            let wrong = Aliases::parse(&text).1;
            (Some(text), wrong.into_iter().map(|wrong| problem(Some(wrong.line), wrong.message)).collect())
        }
        Err(error) => (None, vec![problem(None, format!("the file cannot be read: {error}"))]),
    }
}

/// The sample patterns of the built-in collection, where there are any.
pub(super) fn sample_patterns(config: &ProjectConfig) -> Option<String> {
    read_bounded(&config.root, &Path::new(FIXTURES).join("patterns.jsonl")).ok().flatten()
}

/// The text of the project's file; `None` where there is no such file. Says why it cannot be read.
fn read_bounded(root: &Path, file: &Path) -> Result<Option<String>, String> {
    let read = ScanRoot::open(root).map_err(ReadError::Unreadable);
    match read.and_then(|root| root.read(file, MAX_FILE_BYTES)) {
        Err(ReadError::Vanished) => Ok(None),
        Err(error) => Err(error.phrase()),
        Ok((bytes, _)) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
    }
}
