//! Keeping the database within its limits. Only the query log gives way.

use rusqlite::Connection;

use super::options::StoreOptions;

/// How many rows of the log go at a time: a few milliseconds, so that no decision waits long behind it.
const ROWS_AT_A_TIME: u32 = 1_000;

/// How many freed pages go back to the file system at a time: 4 MiB.
const PAGES_AT_A_TIME: u32 = 1_024;

/// How full the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Below the soft limit.
    Enough,
    /// Above the soft limit.
    Tight,
    /// Above the hard limit.
    None,
}

/// How full it is, by the pages that hold something.
pub(super) fn room(connection: &Connection, options: &StoreOptions) -> rusqlite::Result<Room> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
    let bytes = u64::try_from(pages.saturating_mul(pragma("page_size")?)).unwrap_or(0);
    Ok(match bytes {
        bytes if bytes > options.hard_limit_bytes => Room::None,
        bytes if bytes > options.soft_limit_bytes => Room::Tight,
        _ => Room::Enough,
    })
}

/// Drops the oldest rows of the log and gives back pages, both in small steps. Answers whether there is more to do.
pub(super) fn prune(connection: &Connection, options: &StoreOptions) -> rusqlite::Result<bool> {
    let mut more = false;
    if room(connection, options)? != Room::Enough {
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
