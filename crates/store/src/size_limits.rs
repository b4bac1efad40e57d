//! The database's size limits: above the soft one the query log is pruned, oldest rows first, above the hard one it takes
//! no more rows. Decisions and patterns are never pruned. What happens when the disk itself is full is in `disk_full.rs`.

use rusqlite::Connection;

use super::options::StoreOptions;

/// How many rows of the query log one step prunes: a few milliseconds, so that no decision waits long behind it.
const ROWS_AT_A_TIME: u32 = 1_000;

/// How many free pages one step returns to the file system: 4 MiB.
const PAGES_AT_A_TIME: u32 = 1_024;

/// How full the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Below the soft limit.
    BelowLimits,
    /// Above the soft limit.
    AboveSoftLimit,
    /// Above the hard limit.
    AboveHardLimit,
}

/// How full the database is, by its pages in use.
pub(super) fn fill(connection: &Connection, options: &StoreOptions) -> rusqlite::Result<Fill> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
    let bytes = u64::try_from(pages.saturating_mul(pragma("page_size")?)).unwrap_or(0);
    Ok(match bytes {
        bytes if bytes > options.hard_limit_bytes => Fill::AboveHardLimit,
        bytes if bytes > options.soft_limit_bytes => Fill::AboveSoftLimit,
        _ => Fill::BelowLimits,
    })
}

/// Takes one step of pruning the oldest rows of the query log and returning free pages. Returns whether more is to be done.
pub(super) fn prune(connection: &Connection, options: &StoreOptions) -> rusqlite::Result<bool> {
    let mut more = false;
    if fill(connection, options)? != Fill::BelowLimits {
        let gone = connection.execute(
            "DELETE FROM agent_queries WHERE id IN (SELECT id FROM agent_queries ORDER BY id LIMIT ?1)",
            [ROWS_AT_A_TIME],
        )?;
        more = gone > 0;
    }
    let free: u32 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    if free > PAGES_AT_A_TIME {
        connection.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES_AT_A_TIME})"))?;
        more = true;
    }
    Ok(more)
}
