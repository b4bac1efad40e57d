//! The latent score of a catalog: read from disk where an earlier run persisted it, else trained.
//!
//! The service ranks lexically until it is ready. A trained score is persisted beside the database under the catalog's
//! content key, so that an unchanged collection is trained once.

use std::time::Instant;

use super::snapshot::Snapshot;
use super::timings::millis;
use crate::config::ProjectConfig;
use catalog::Cancellation;
use confined_fs::Replacing;
use search::LatentSpace;

/// The file, in the data directory.
const FILE: &str = "latent.bin";

/// Bytes of it that are read: twenty times what the largest collection that is learned from takes.
const MAX_BYTES: u64 = 256 << 20;

/// The persisted score where it suits the snapshot's catalog, else a newly trained one, which is persisted; `None` where
/// the training was cancelled.
pub(super) fn load_or_train(
    config: &ProjectConfig,
    snapshot: &Snapshot,
    cancellation: &Cancellation,
) -> Option<LatentSpace> {
    let file = config.paths.data_dir.file(FILE);
    let persisted = file.read(MAX_BYTES).ok().and_then(|bytes| LatentSpace::from_bytes(&bytes).ok());
    if let Some(latent) = persisted.filter(|latent| snapshot.index.accepts(latent)) {
        return Some(latent);
    }
    let began = Instant::now();
    let latent = LatentSpace::train_unless(&snapshot.catalog, cancellation)?;
    tracing::info!(duration_ms = millis(began.elapsed()), "latent score trained");
    if let Err(error) = file.write(Replacing::Private, &latent.to_bytes()) {
        tracing::warn!(%error, "the latent score was not persisted: the next start trains it again");
    }
    Some(latent)
}
