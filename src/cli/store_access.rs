//! Opening the project's store, which one process owns at a time.
//!
//! An instance has priority over sessions (`adjutant mcp`): a starting instance requests a handover, and the session
//! that owns the store closes it and forwards its calls to the instance from then on.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::{options_to_read, output, prepare_state, store_options};
use crate::config::Config;
use crate::instance;
use store::{Store, StoreError, StoreReader};

/// Time a session has to hand the store over; it hears of the request, or looks for one twice a second.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(4);

/// Pause between two attempts to open it.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Opens the store for an instance, requesting a handover if a session owns it.
///
/// # Errors
/// [`StoreError::Locked`] if another instance owns it, or the session does not hand it over in time.
pub(super) fn for_instance(config: &Config) -> Result<Store, StoreError> {
    prepare_state(config);
    let options = || store_options(config);
    let first = Store::open(options());
    if !matches!(first, Err(StoreError::Locked { .. })) || instance::running(&config.project).is_some() {
        return first;
    }
    let Ok(_request) = instance::HandoverRequest::for_store(&config.project.paths) else { return first };
    let began = Instant::now();
    let mut last = first;
    while matches!(last, Err(StoreError::Locked { .. }))
        && began.elapsed() < HANDOVER_TIMEOUT
        && instance::running(&config.project).is_none()
    {
        std::thread::sleep(RETRY_PAUSE);
        last = Store::open(options());
    }
    last
}

/// Opens the store for a session or a single command: read-only if another process owns it.
///
/// # Errors
/// If it can be opened neither for writing nor for reading.
pub(super) fn for_session(config: &Config) -> Result<Store, StoreError> {
    prepare_state(config);
    let options = store_options(config);
    match Store::open(options.clone()) {
        Err(StoreError::Locked { .. }) => Store::open_read_only(options, "another process owns the store"),
        opened => opened,
    }
}

/// Opens the store for a question: where there is none yet, nothing is written.
///
/// # Errors
/// As [`for_session`].
pub(super) fn for_question(config: &Config) -> Result<Store, StoreError> {
    let options = options_to_read(config);
    let has_state = options.data_dir == config.project.paths.data_dir && options.database().exists();
    if has_state {
        return for_session(config);
    }
    Store::open_read_only(options, "nothing is remembered of this project yet")
}

/// Runs `query` over the store without owning it; the default if there is no database yet.
///
/// # Errors
/// If the database cannot be read; the error says what to do.
pub(super) fn read<T: Default>(
    config: &Config,
    query: impl FnOnce(&StoreReader) -> Result<T, StoreError>,
) -> anyhow::Result<T> {
    let options = options_to_read(config);
    let path = options.database();
    let is_owned = instance::running(&config.project).is_some();
    let reader = StoreReader::open(&options);
    if !is_owned
        && matches!(reader, Ok(None))
        && path.regular().is_ok_and(|found| found.is_some_and(|facts| facts.bytes == 0))
    {
        output::hint(&format!("{path} is empty, as no database is; {REPAIR_ADVICE}"));
    }
    let found = reader.and_then(|reader| reader.as_ref().map_or_else(|| Ok(T::default()), query));
    found.with_context(|| format!("{path} cannot be read; {REPAIR_ADVICE}"))
}

/// Advice for a damaged database.
const REPAIR_ADVICE: &str = "the next start (adjutant up) puts a damaged one aside and takes the newest good backup, as does adjutant restore";
