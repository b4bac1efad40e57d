//! Reading a database beside the process that owns it.

use rusqlite::Connection;

use super::connection;
use super::error::StoreError;
use super::history::{self, HistoryEntry};
use super::open;
use super::options::StoreOptions;
use super::schema::{self, SCHEMA_VERSION};
use domain::patterns::PatternSet;

/// A database that is only read; needs no lock and keeps nobody from writing.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    options: StoreOptions,
}

impl Reader {
    /// Opens the directory's database; `None` where there is none yet. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be read, or is of an older schema.
    pub fn open(options: &StoreOptions) -> Result<Option<Reader>, StoreError> {
        let path = options.database();
        if !connection::is_there(&path)? {
            return Ok(None);
        }
        let connection = connection::reader(&path)?;
        match schema::version(&connection)? {
            // Being created by its owner.
            0 => Ok(None),
            schema if schema < SCHEMA_VERSION => Err(StoreError::Unavailable(format!(
                "{path} has the older schema {schema}: the next start of the service brings it up to date"
            ))),
            _ => Ok(Some(Reader { connection, options: options.clone() })),
        }
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
        Ok(open::read(&self.connection, &self.options)?.0)
    }
}
