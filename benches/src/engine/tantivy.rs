//! tantivy: one text field, counts without positions, merged into one segment before it is searched.

use std::sync::Arc;

use anyhow::Context;
use catalog::Definition;
use tantivy::collector::TopDocs;
use tantivy::query::QueryParser;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, ReloadPolicy, Searcher, TantivyDocument};

use super::{Engine, TOP, whole_text};

/// Bytes that indexing may take of memory before it begins another segment.
const BUDGET: usize = 2_000_000_000;

/// tantivy's index in memory.
pub(super) struct Tantivy {
    searcher: Searcher,
    parser: QueryParser,
}

impl Tantivy {
    /// Indexes on as many threads as there are cores.
    pub(super) fn build(definitions: &[Arc<Definition>]) -> anyhow::Result<Tantivy> {
        let (schema, field) = schema();
        let index = Index::create_in_ram(schema);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut writer = index.writer_with_num_threads(threads, BUDGET).context("tantivy")?;
        for definition in definitions {
            let mut document = TantivyDocument::default();
            document.add_text(field, whole_text(definition));
            writer.add_document(document)?;
        }
        writer.commit()?;
        let segments = index.searchable_segment_ids()?;
        if segments.len() > 1 {
            writer.merge(&segments).wait()?;
        }
        writer.garbage_collect_files().wait()?;
        writer.wait_merging_threads()?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Tantivy { searcher: reader.searcher(), parser: QueryParser::for_index(&index, vec![field]) })
    }
}

fn schema() -> (Schema, Field) {
    let indexing =
        TextFieldIndexing::default().set_tokenizer("en_stem").set_index_option(IndexRecordOption::WithFreqs);
    let mut schema = Schema::builder();
    let field = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    (schema.build(), field)
}

impl Engine for Tantivy {
    fn search(&mut self, words: &str) -> anyhow::Result<usize> {
        let query = self.parser.parse_query(words)?;
        let found = self.searcher.search(&query, &TopDocs::with_limit(TOP).order_by_score())?;
        Ok(found.len())
    }
}
