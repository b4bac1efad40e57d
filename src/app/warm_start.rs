//! What a run persists beside the database so that the next start is a warm one.
//!
//! A start that finds [`CATALOG`] opens only the files that changed since it was written, and one that finds [`INDEX`]
//! analyses only those again. Both are written in the background, some time after the catalog changed, and replaced as
//! a whole. A file that another build wrote, or that is truncated or damaged, is ignored.

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;

use super::Snapshot;
use crate::config::ProjectConfig;
use catalog::PersistedScan;
use confined_fs::Replacing;

/// What files said when they were last read, in the data directory.
const CATALOG: &str = "catalog.bin";

/// The index over it.
const INDEX: &str = "index.bin";

/// Bytes of it that are read: some 2,000,000 entries of the usual size.
const MAX_BYTES: u64 = 4 << 30;

/// What an earlier run persisted of the catalog, for the first scan.
pub(super) fn catalog(config: &ProjectConfig) -> Option<PersistedScan> {
    PersistedScan::open(read(config, CATALOG, &[])?, &program())
}

/// The index that an earlier run persisted, if it was the same build.
pub(super) fn index(config: &ProjectConfig) -> Option<Vec<u8>> {
    read(config, INDEX, &header())
}

/// The content of a file after `head`; `None` where it does not begin with that.
fn read(config: &ProjectConfig, name: &str, head: &[u8]) -> Option<Vec<u8>> {
    let mut file = config.paths.data_dir.file(name).open().ok()?;
    let length = file.metadata().ok()?.len();
    let mut begins = vec![0; head.len()];
    file.read_exact(&mut begins).ok()?;
    if begins != head {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(MAX_BYTES)).ok()? + 1);
    file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Replaces the persisted catalog and index by those of this snapshot. Not synced: a file that a power loss truncated is
/// ignored.
pub(super) fn persist(config: &ProjectConfig, snapshot: &Snapshot) -> std::io::Result<()> {
    let data_dir = &config.paths.data_dir;
    data_dir.file(CATALOG).replace(Replacing::Private, |out| snapshot.catalog.persist(&program(), out))?;
    data_dir.file(INDEX).replace(Replacing::Private, |out| {
        out.write_all(&header())?;
        out.write_all(&snapshot.index.to_bytes())
    })
}

/// The first line of a persisted index.
fn header() -> Vec<u8> {
    format!("{}\n", program()).into_bytes()
}

/// Identifies this build, since another one may read files differently: its version, size and modification time.
fn program() -> String {
    let build = std::env::current_exe().and_then(std::fs::metadata);
    let build = build.map_or((0, 0, 0), |build| (build.len(), build.mtime(), build.mtime_nsec()));
    format!("{} {build:?}", env!("CARGO_PKG_VERSION"))
}
