//! Whether the run was asked to stop, so that it ends in order and takes what it started with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Notes SIGINT, SIGTERM and SIGHUP from now on.
pub(crate) fn watch() -> anyhow::Result<()> {
    let asked = ASKED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(asked))?;
    }
    Ok(())
}

/// Fails once the run was asked to stop; every loop that lasts asks this.
pub(crate) fn check() -> anyhow::Result<()> {
    let asked = ASKED.get().is_some_and(|asked| asked.load(Ordering::Relaxed));
    anyhow::ensure!(!asked, "interrupted");
    Ok(())
}
