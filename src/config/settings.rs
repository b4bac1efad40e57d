//! How a project is indexed, cached and stored.

use std::num::NonZeroU32;
use std::time::Duration;

use super::layers::Layers;
use super::{ConfigError, setting};

/// The longest time that a setting may hold, in seconds: a year. Longer ones overflow the clocks of some platforms.
const MAX_SECONDS: u64 = 31_536_000;

/// What is learned and logged, how long and how much of it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Whether outcomes of past tasks take part in the ranking.
    pub learning: bool,
    /// Whether queries are logged to the database.
    pub query_log: bool,
    /// Evidence weighs half as much after this long; `None` never forgets.
    pub half_life: Option<Duration>,
    /// Above this many bytes of the database the query log is pruned, oldest first.
    pub soft_limit_bytes: u64,
    /// Above this many bytes the query log takes no more rows.
    pub hard_limit_bytes: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            learning: true,
            query_log: true,
            half_life: Some(Duration::from_hours(90 * 24)),
            soft_limit_bytes: 100 * MEGABYTE,
            hard_limit_bytes: 500 * MEGABYTE,
        }
    }
}

/// Bytes of a megabyte, as disks count.
const MEGABYTE: u64 = 1_000_000;

/// How long an answer may be served from the cache. A re-index or a write that concerns it invalidates it at once anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheTtl {
    /// Answers about entries of any kind.
    pub answers: Duration,
    /// Matching patterns.
    pub patterns: Duration,
}

impl Default for CacheTtl {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        CacheTtl { answers: seconds(300), patterns: seconds(600) }
    }
}

/// When the catalog is scanned again without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reindex {
    /// The time between two scheduled scans.
    pub every: Duration,
    /// Whether the files are watched for changes.
    pub watch: bool,
}

impl Default for Reindex {
    fn default() -> Self {
        Reindex { every: Duration::from_hours(1), watch: true }
    }
}

impl Reindex {
    pub(super) fn resolve(layers: &Layers) -> Result<Self, ConfigError> {
        let mut reindex = Reindex::default();
        if let Some(seconds) = layers.parsed::<u64>(setting::REINDEX_INTERVAL)? {
            reindex.every = Duration::from_secs(seconds.clamp(1, MAX_SECONDS));
        }
        reindex.watch = layers.switch(setting::WATCH)?.unwrap_or(true);
        Ok(reindex)
    }
}

impl CacheTtl {
    pub(super) fn resolve(layers: &Layers) -> Result<Self, ConfigError> {
        let Some(seconds) = layers.parsed::<u64>(setting::CACHE_TTL)? else {
            return Ok(CacheTtl::default());
        };
        let all = Duration::from_secs(seconds.min(MAX_SECONDS));
        Ok(CacheTtl { answers: all, patterns: all })
    }
}

impl Memory {
    pub(super) fn resolve(layers: &Layers) -> Result<Self, ConfigError> {
        let mut memory = Memory::default();
        memory.learning = layers.switch(setting::LEARNING)?.unwrap_or(memory.learning);
        memory.query_log = layers.switch(setting::QUERY_LOG)?.unwrap_or(memory.query_log);
        if let Some(days) = layers.parsed::<u32>(setting::HALF_LIFE_DAYS)? {
            memory.half_life = (days > 0).then(|| Duration::from_hours(u64::from(days) * 24));
        }
        let megabytes = |setting| -> Result<Option<u64>, ConfigError> {
            let limit: Option<NonZeroU32> = layers.parsed(setting)?;
            Ok(limit.map(|limit| u64::from(limit.get()) * MEGABYTE))
        };
        if let Some(soft) = megabytes(setting::DB_SOFT_LIMIT_MB)? {
            memory.soft_limit_bytes = soft;
        }
        // A hard limit below the soft one would stop the log before it is pruned.
        let hard = megabytes(setting::DB_HARD_LIMIT_MB)?.unwrap_or(memory.hard_limit_bytes);
        memory.hard_limit_bytes = hard.max(memory.soft_limit_bytes);
        Ok(memory)
    }
}
