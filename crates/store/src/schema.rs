//! The schema and its numbered migrations.
//!
//! The migrations are plain SQL files, the schema's number is SQLite's `user_version`, and each file is applied in one
//! transaction with its number. A migration library would not be shorter than this.

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use confined_fs::FilePath;

const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_initial.sql"),
    include_str!("../../../migrations/0002_learning.sql"),
    include_str!("../../../migrations/0003_decision_time.sql"),
];

/// The number of the schema that this program reads and writes.
pub const SCHEMA_VERSION: u32 = {
    assert!(MIGRATIONS.len() < 10_000);
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    let version = MIGRATIONS.len() as u32;
    version
};

/// The schema number of a database; 0 if it is empty.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether a database has tables; its owner may be about to create them.
///
/// # Errors
/// [`StoreError::Unavailable`] if it has an older schema, which its owner migrates at the next start.
pub(super) fn has_tables(connection: &Connection, file: &FilePath) -> Result<bool, StoreError> {
    match version(connection)? {
        0 => Ok(false),
        schema if schema < SCHEMA_VERSION => Err(StoreError::Unavailable(format!(
            "{file} has the older schema {schema}: the next start of the service brings it up to date"
        ))),
        _ => Ok(true),
    }
}

/// Migrates a database to [`SCHEMA_VERSION`], each step in one transaction; a newer schema is left unchanged.
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
