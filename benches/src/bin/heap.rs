//! Weighs one engine's index: bytes it holds on the heap beyond the catalog, by an allocator that counts.
//!
//! A binary of its own: the counting costs time that nothing else should pay. The catalog, which holds the text, is made
//! first and is not the index's; what building takes and gives back does not count.

use std::alloc::System;
use std::io::Write;
use std::path::PathBuf;

use adjutant_bench::engine::Contender;
use adjutant_bench::subject;
use clap::Parser;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Weighs one engine's index
#[derive(Debug, Parser)]
struct Arguments {
    engine: Contender,
    size: usize,
    collection: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let Arguments { engine, size, collection } = Arguments::parse();
    let before = Region::new(ALLOCATOR);
    let catalog = subject::catalog(size, &collection)?;
    let catalog_bytes = held(&before);
    let before = Region::new(ALLOCATOR);
    let index = engine.build(&catalog)?;
    let index_bytes = held(&before) + index.bytes_elsewhere()?;
    let text_bytes = subject::text_bytes(catalog.definitions());
    let entries = catalog.definitions().len();
    let weight =
        json!({ "entries": entries, "text": text_bytes, "catalog": catalog_bytes, "index": index_bytes });
    writeln!(std::io::stdout(), "{weight}")?;
    Ok(())
}

/// Bytes allocated since `before` and not given back.
fn held(before: &Region<'_, System>) -> usize {
    let change = before.change();
    let net = change.bytes_allocated.cast_signed() - change.bytes_deallocated.cast_signed();
    usize::try_from(net).unwrap_or_default()
}
