//! Reading the database of a directory that another process may own.

use rusqlite::Connection;

use super::connection;
use super::error::StoreError;
use super::history::{self, HistoryEntry};
use super::options::StoreOptions;
use super::patterns;
use super::schema;
use domain::patterns::PatternSet;

/// A database opened for reading; takes no lock and blocks no writer.
#[derive(Debug)]
pub struct StoreReader {
    connection: Connection,
    options: StoreOptions,
}

impl StoreReader {
    /// Opens the directory's database; `None` if there is none yet. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it cannot be read or has an older schema.
    pub fn open(options: &StoreOptions) -> Result<Option<StoreReader>, StoreError> {
        let path = options.database();
        if !connection::exists(&path)? {
            return Ok(None);
        }
        let connection = connection::reader(&path)?;
        let has_tables = schema::has_tables(&connection, &path)?;
        Ok(has_tables.then(|| StoreReader { connection, options: options.clone() }))
    }

    /// The newest decisions, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if they cannot be read.
    pub fn history(&self, most: usize) -> Result<Vec<HistoryEntry>, StoreError> {
        Ok(history::newest(&self.connection, most)?)
    }

    /// All patterns.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if they cannot be read.
    pub fn patterns(&self) -> Result<PatternSet, StoreError> {
        Ok(patterns::read(&self.connection, self.options.half_life)?.0)
    }
}
