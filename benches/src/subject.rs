//! What is searched: the entries of a real collection with their bodies, or synthetic ones.

use std::path::Path;
use std::sync::Arc;

use catalog::{Catalog, Definition, Kind, ScanOptions, scan};

use crate::synthetic::{Entries, Entry};

/// Below this a size stands for the real collection, whatever it holds.
pub const REAL_BELOW: usize = 1_000;

/// Entries of one synthetic plugin.
pub const PER_PLUGIN: usize = 1_000;

/// Entries of one folder of it.
pub const PER_FOLDER: usize = 100;

/// Where every run's entries begin.
pub const SEED: u64 = 0x0005_ca1e;

/// `size` synthetic entries, or those of `collection` where the size is below [`REAL_BELOW`], as a catalog.
///
/// All are agents, so that one search looks at all of them, and none states a model or shares its file's name, so that
/// nothing but text decides: what the engines compared with do not know cannot be compared.
pub fn catalog(size: usize, collection: &Path) -> anyhow::Result<Catalog> {
    if size >= REAL_BELOW {
        let entries = Entries::of(SEED).take(size).enumerate();
        return Ok(Catalog::from_definitions(entries.map(|(at, entry)| definition(at, entry))));
    }
    let real = scan(&ScanOptions::new(collection), None);
    anyhow::ensure!(!real.definitions().is_empty(), "{} holds no entries", collection.display());
    let alike = real.definitions().iter().enumerate().map(|(at, definition)| Definition {
        kind: Kind::Agent,
        path: format!("{at}.md").into(),
        model: None,
        ..Definition::clone(definition)
    });
    Ok(Catalog::from_definitions(alike))
}

fn definition(at: usize, entry: Entry) -> Definition {
    let plugin = plugin(at);
    Definition {
        kind: Kind::Agent,
        id: format!("{plugin}:{}:{}", folder(at), entry.name),
        path: format!("{}.md", entry.name).into(),
        content_hash: entry.name.clone(),
        name: entry.name,
        description: entry.description,
        keywords: entry.keywords,
        plugin,
        ..Definition::default()
    }
}

/// The plugin of the synthetic entry at a place.
pub fn plugin(at: usize) -> String {
    format!("synthetic-{:04}", at / PER_PLUGIN)
}

/// The folder, below the plugin's agents, of the synthetic entry at a place.
pub fn folder(at: usize) -> String {
    format!("part-{}", at % PER_PLUGIN / PER_FOLDER)
}

/// Bytes of the text that is searched.
pub fn text_bytes(definitions: &[Arc<Definition>]) -> usize {
    let of = |definition: &Definition| {
        let lists = [&definition.aliases, &definition.keywords, &definition.headings];
        let texts =
            [&definition.name, &definition.description, &definition.when_to_use, &definition.category];
        let lists: usize = lists.into_iter().flatten().map(String::len).sum();
        lists + texts.into_iter().map(String::len).sum::<usize>() + definition.body.len()
    };
    definitions.iter().map(|definition| of(definition)).sum()
}
