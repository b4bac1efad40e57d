//! The product's index and what it is compared with, behind one face.

mod adjutant;
mod fts;
mod tantivy;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ::catalog::{Catalog, Definition};
use serde::{Deserialize, Serialize};

pub use self::adjutant::Plain;

/// Rows of an answer.
pub const TOP: usize = 10;

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    /// The product's ranking by words alone, without aliases and likeness of meaning: what the others do.
    Adjutant,
    /// The product's index as it is served: with the built-in aliases and the latent score.
    Served,
    /// tantivy with its English stemmer, in memory.
    Tantivy,
    /// SQLite's FTS5 with its Porter stemmer, in memory and without a copy of the text.
    Fts5,
}

impl Contender {
    /// All of them, in the order of the tables.
    pub const ALL: [Contender; 4] =
        [Contender::Adjutant, Contender::Served, Contender::Tantivy, Contender::Fts5];

    /// As the tables name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Contender::Adjutant => "adjutant",
            Contender::Served => "served",
            Contender::Tantivy => "tantivy",
            Contender::Fts5 => "fts5",
        }
    }

    /// Builds the engine's index over all entries of a catalog, on as many threads as the engine uses.
    pub fn build(self, catalog: &Catalog) -> anyhow::Result<Box<dyn Engine>> {
        Ok(match self {
            Contender::Adjutant => Box::new(Plain::of(catalog)),
            Contender::Served => Box::new(adjutant::Served::of(catalog)),
            Contender::Tantivy => Box::new(tantivy::Tantivy::build(catalog.definitions())?),
            Contender::Fts5 => Box::new(fts::Fts::build(catalog.definitions())?),
        })
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Contender {
    type Err = String;

    fn from_str(text: &str) -> Result<Contender, String> {
        Contender::ALL
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or(format!("no engine is called {text}"))
    }
}

/// Something that answers which entries fit best.
pub trait Engine {
    /// How many rows, [`TOP`] at most, it answers to a query given as plain words.
    fn search(&mut self, words: &str) -> anyhow::Result<usize>;

    /// Bytes it keeps beyond what Rust's allocator knows of.
    fn bytes_elsewhere(&self) -> anyhow::Result<usize> {
        Ok(0)
    }
}

/// All text of an entry, in one piece: neither rival is asked to keep fields apart, which would cost it more.
fn whole_text(definition: &Arc<Definition>) -> String {
    let Definition { name, aliases, description, when_to_use, category, keywords, headings, body, .. } =
        &**definition;
    let texts = [name, description, when_to_use, category].into_iter();
    let lists = [aliases, keywords, headings].into_iter().flatten();
    texts.chain(lists).chain([body]).map(String::as_str).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Contender, TOP};
    use crate::{collection_queries, subject};

    #[test]
    fn every_engine_answers_every_query() {
        let catalog = subject::catalog(2_000, Path::new("")).unwrap();
        let queries = collection_queries::queries(catalog.definitions(), 20).unwrap();
        for contender in Contender::ALL {
            let mut engine = contender.build(&catalog).unwrap();
            for query in &queries {
                assert_eq!(engine.search(query).unwrap(), TOP, "{contender}: {query}");
            }
        }
    }
}
