//! Reading a database beside the process that owns it.

use rusqlite::Connection;

use super::connection;
use super::error::StoreError;
use super::history::{self, HistoryEntry};
use super::options::StoreOptions;
use super::patterns;
use super::schema;
use domain::patterns::PatternSet;

/// A database that is only read; needs no lock and keeps nobody from writing.
#[derive(Debug)]
pub struct StoreReader {
    connection: Connection,
    options: StoreOptions,
}

impl StoreReader {
    /// Opens the directory's database; `None` where there is none yet. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be read, or is of an older schema.
    pub fn open(options: &StoreOptions) -> Result<Option<StoreReader>, StoreError> {
        let path = options.database();
        if !connection::is_there(&path)? {
            return Ok(None);
        }
        let connection = connection::reader(&path)?;
        let has_tables = schema::has_tables(&connection, &path)?;
        Ok(has_tables.then(|| StoreReader { connection, options: options.clone() }))
    }

    /// The newest decisions, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where they cannot be read.
    pub fn history(&self, most: usize) -> Result<Vec<HistoryEntry>, StoreError> {
        Ok(history::newest(&self.connection, most)?)
    }

    /// All patterns.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where they cannot be read.
    pub fn patterns(&self) -> Result<PatternSet, StoreError> {
        Ok(patterns::read(&self.connection, self.options.half_life)?.0)
    }
}
