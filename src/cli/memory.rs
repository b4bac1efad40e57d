//! Opening the project's memory, which one process owns at a time.
//!
//! An instance goes before sessions: one that starts wishes for the memory, and a session that holds it lets go
//! and asks the instance from then on.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::{output, store_options};
use crate::config::Config;
use crate::instance;
use store::{Reader, Store, StoreError};

/// Time a session has to let go of the memory; it looks for the wish twice a second.
const PATIENCE: Duration = Duration::from_secs(4);

/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// The memory for an instance, taken over from a session where one holds it.
///
/// # Errors
/// [`StoreError::Locked`] where another instance holds it, or the holder does not let go.
pub(super) fn for_instance(config: &Config) -> Result<Store, StoreError> {
    let options = || store_options(config);
    let first = Store::open(options());
    if !matches!(first, Err(StoreError::Locked { .. })) || instance::running(config).is_some() {
        return first;
    }
    let Ok(_request) = instance::HandoverRequest::for_store(&config.paths) else { return first };
    let began = Instant::now();
    let mut last = first;
    while matches!(last, Err(StoreError::Locked { .. }))
        && began.elapsed() < PATIENCE
        && instance::running(config).is_none()
    {
        std::thread::sleep(PAUSE);
        last = Store::open(options());
    }
    last
}

/// The memory for a session or a single command: where another process holds it, what it holds now, to read.
///
/// # Errors
/// Where it can be neither owned nor read.
pub(super) fn for_session(config: &Config) -> Result<Store, StoreError> {
    let options = store_options(config);
    match Store::open(options.clone()) {
        Err(StoreError::Locked { .. }) => Store::open_read_only(options, "another process holds the memory"),
        opened => opened,
    }
}

/// What `read` makes of the memory beside whoever owns it; the default where there is none yet. What keeps it from being
/// read is said with what helps.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn look<T: Default>(
    config: &Config,
    read: impl FnOnce(&Reader) -> Result<T, StoreError>,
) -> anyhow::Result<T> {
    let options = store_options(config);
    let path = options.database();
    let is_owned = instance::running(config).is_some();
    let reader = Reader::open(&options);
    if !is_owned
        && matches!(reader, Ok(None))
        && path.regular().is_ok_and(|found| found.is_some_and(|facts| facts.bytes == 0))
    {
        output::hint(&format!("{path} is empty, as no database is; {MENDING}"));
    }
    let found = reader.and_then(|reader| reader.as_ref().map_or_else(|| Ok(T::default()), read));
    found.with_context(|| format!("{path} cannot be read; {MENDING}"))
}

/// What helps where a database is damaged.
const MENDING: &str = "the next start (adjutant up) puts a damaged one aside and takes the newest good backup, as does adjutant restore";
