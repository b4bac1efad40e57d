//! The process's memory.

/// The resident set in bytes; `None` where the platform does not say.
pub fn resident_bytes() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}
