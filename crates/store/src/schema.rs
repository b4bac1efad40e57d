//! The numbered migrations.
//!
//! A library for this would be as long as the thirty lines here: the migrations are plain SQL files, the number is
//! SQLite's own `user_version`, and each file and its number are one transaction.

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use confined_fs::FilePath;

const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_initial.sql"),
    include_str!("../../../migrations/0002_learning.sql"),
    include_str!("../../../migrations/0003_decision_time.sql"),
];

/// The number of the schema this program reads and writes.
pub const SCHEMA_VERSION: u32 = {
    assert!(MIGRATIONS.len() < 10_000);
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    let version = MIGRATIONS.len() as u32;
    version
};

/// The number of the schema a database has; 0 where it is empty.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether a database that is only read has tables; it may be being created by its owner.
///
/// # Errors
/// [`StoreError::Unavailable`] where it is of an older schema, which its owner brings up to date.
pub(super) fn has_tables(connection: &Connection, file: &FilePath) -> Result<bool, StoreError> {
    match version(connection)? {
        0 => Ok(false),
        schema if schema < SCHEMA_VERSION => Err(StoreError::Unavailable(format!(
            "{file} has the older schema {schema}: the next start of the service brings it up to date"
        ))),
        _ => Ok(true),
    }
}

/// Brings a database up to [`SCHEMA_VERSION`], one transaction a step; a newer one is left alone.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let from = version(connection)?;
    for (number, sql) in (1_u32..).zip(MIGRATIONS) {
        if number > from {
            let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            step.execute_batch(sql)?;
            step.pragma_update(None, "user_version", number)?;
            step.commit()?;
        }
    }
    Ok(())
}
