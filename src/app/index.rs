//! From a project's sources to a search index: scanning, and building or updating the index.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::catalog_sources::{CatalogSources, FIXTURES, Known, Loaded, is_built_in};
use crate::config::ProjectConfig;
use crate::offload::{ClientState, Places};
use catalog::{Cancellation, Catalog, KindMap, Problem, code};
use confined_fs::scan_root::{ReadError, ScanRoot};
use search::{Aliases, Index};

/// A project's additions to the built-in alias table.
const ALIAS_FILE: &str = ".claude/aliases.yml";

/// Bytes of a project's data file at most; the built-in alias table has a third of that.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// The result of a scan.
#[derive(Debug)]
pub struct Scanned {
    pub(super) catalog: Catalog,
    /// Whether the built-in collection serves, since the project has no plugins of its own.
    pub(super) embedded_default: bool,
    /// The persisted catalog, if it differs from `catalog`.
    pub(super) before: Option<Catalog>,
    /// The persisted index, which is read in parallel with the scan.
    pub(super) persisted_index: Option<Vec<u8>>,
    /// The text of the project's alias file; its problems are among the catalog's.
    pub(super) own_aliases: Option<String>,
    /// What the client carries.
    pub(super) client: ClientState,
    /// The duration of the scan.
    pub(super) took: Duration,
}

/// Loads the project's sources. What is unchanged since `known` is not read again; once `cancellation` is set the result is
/// incomplete.
pub(super) fn scan(config: &ProjectConfig, known: Known<'_>, cancellation: &Cancellation) -> Scanned {
    let began = Instant::now();
    let Loaded { catalog, before } = CatalogSources::new(config).load(known, cancellation);
    Scanned { before, took: began.elapsed(), ..finished(config, catalog) }
}

/// The same if only these paths changed since `served` was loaded; `None` if a full scan is necessary.
pub(super) fn rescan(
    config: &ProjectConfig,
    served: &Catalog,
    changed: &[PathBuf],
    cancellation: &Cancellation,
) -> Option<Scanned> {
    let catalog = CatalogSources::new(config).reload(served, changed, cancellation)?;
    Some(finished(config, catalog))
}

/// Adds the project's alias file.
fn finished(config: &ProjectConfig, mut catalog: Catalog) -> Scanned {
    let embedded_default = is_built_in(&catalog);
    let (own_aliases, problems) = own_aliases(&config.root);
    catalog.add_problems(problems);
    Scanned {
        catalog,
        embedded_default,
        before: None,
        persisted_index: None,
        own_aliases,
        client: ClientState::load(&Places::of(config)),
        took: Duration::ZERO,
    }
}

impl Scanned {
    /// How many definitions of each kind there are.
    pub fn counts(&self) -> KindMap<usize> {
        self.catalog.counts()
    }

    /// The index over the catalog: the persisted one, updated by what changed since, else a new one.
    pub(super) fn first_index(&mut self) -> (Index, Origin) {
        let aliases = self.aliases();
        let of = self.before.as_ref().unwrap_or(&self.catalog);
        let bytes = self.persisted_index.take();
        match (bytes.and_then(|bytes| Index::from_bytes(&bytes, of, &aliases)), &self.before) {
            (Some(index), None) => (index, Origin::Persisted),
            (Some(index), Some(_)) => (index.updated(&self.catalog, &aliases), Origin::Built),
            (None, _) => (Index::build(&self.catalog, &aliases), Origin::Built),
        }
    }

    /// The index over the catalog, updated from the index over the catalog before.
    pub(super) fn next_index(&self, before: &Index) -> Index {
        before.updated(&self.catalog, &self.aliases())
    }

    /// The alias table, including the project's own aliases.
    fn aliases(&self) -> Aliases {
        match &self.own_aliases {
            None => Aliases::built_in().clone(),
            Some(text) => Aliases::built_in().merged(&Aliases::parse(text).0),
        }
    }
}

/// The origin of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is the persisted one, unchanged.
    Persisted,
    Built,
}

/// The project's alias file and its problems; the valid part of it is used.
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

/// The sample patterns of the built-in collection, if it has any.
pub(super) fn sample_patterns(config: &ProjectConfig) -> Option<String> {
    read_bounded(&config.root, &Path::new(FIXTURES).join("patterns.jsonl")).ok().flatten()
}

/// The text of a file of the project; `None` if there is no such file; else why it cannot be read.
fn read_bounded(root: &Path, file: &Path) -> Result<Option<String>, String> {
    let read = ScanRoot::open(root).map_err(ReadError::Unreadable);
    match read.and_then(|root| root.read(file, MAX_FILE_BYTES)) {
        Err(ReadError::Vanished) => Ok(None),
        Err(error) => Err(error.phrase()),
        Ok((bytes, _)) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
    }
}
