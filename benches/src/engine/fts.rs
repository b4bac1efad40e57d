//! SQLite's FTS5: without the content, with the Porter stemmer, ranked by its BM25.

use std::sync::Arc;

use catalog::Definition;
use rusqlite::Connection;

use super::{Engine, TOP, whole_text};

/// An FTS5 table in memory.
pub(super) struct Fts(Connection);

impl Fts {
    pub(super) fn build(definitions: &[Arc<Definition>]) -> anyhow::Result<Fts> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(
            "CREATE VIRTUAL TABLE entry USING fts5(text, content='', tokenize='porter unicode61'); BEGIN",
        )?;
        let mut insert = connection.prepare("INSERT INTO entry (rowid, text) VALUES (?1, ?2)")?;
        for (at, definition) in definitions.iter().enumerate() {
            insert.execute((i64::try_from(at)?, whole_text(definition)))?;
        }
        drop(insert);
        connection.execute_batch("COMMIT; INSERT INTO entry (entry) VALUES ('optimize')")?;
        Ok(Fts(connection))
    }
}

impl Engine for Fts {
    fn search(&mut self, words: &str) -> anyhow::Result<usize> {
        let words: Vec<String> = words.split(' ').map(|word| format!("\"{word}\"")).collect();
        let mut select =
            self.0.prepare_cached("SELECT rowid FROM entry WHERE entry MATCH ?1 ORDER BY rank LIMIT ?2")?;
        let rows = select.query_map((words.join(" OR "), i64::try_from(TOP)?), |row| row.get::<_, i64>(0))?;
        let rows: Vec<i64> = rows.collect::<Result<_, _>>()?;
        Ok(rows.len())
    }

    fn bytes_elsewhere(&self) -> anyhow::Result<usize> {
        let number = |name| self.0.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        Ok(usize::try_from(number("page_count")? * number("page_size")?)?)
    }
}
