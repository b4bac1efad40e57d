//! A warm start: the index of the last run, decoded over the catalog as it was and updated to the catalog as it is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use adjutant_search::{Aliases, Index};
use catalog::{
    Cancellation, Catalog, CatalogSource, FileSource, Kind, Known, LayerId, PersistedScan, ScanOptions, Scope,
};

fn write_agent(root: &Path, name: &str, description: &str) {
    let path = root.join(format!("plugins/p/agents/{name}.md"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("---\ndescription: {description}\n---\n")).unwrap();
}

#[test]
fn an_index_of_the_last_run_is_updated_to_what_changed_since() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        write_agent(dir.path(), name, "writes prose");
    }
    let options = ScanOptions::new(dir.path().canonicalize().unwrap());
    let source = FileSource::new(LayerId::only(Scope::Project), options.clone());
    let first = catalog::scan(&options, None);
    let (mut scanned, index) = (Vec::new(), Index::build(&first, Aliases::built_in()).to_bytes());
    first.persist("this", &mut scanned).unwrap();

    write_agent(dir.path(), "b", "deploys to kubernetes");
    let persisted = PersistedScan::open(scanned, "this").unwrap();
    let loaded = source.load(Known::Persisted(&persisted), &Cancellation::default());
    let merged = |layer| Catalog::merge([Arc::new(layer)]);
    let (now, before) = (merged(loaded.layer), merged(loaded.before.unwrap()));
    let index = Index::from_bytes(&index, &before, Aliases::built_in()).unwrap();
    let updated = index.updated(&now, Aliases::built_in());
    let found = updated.top_by_bm25f(Kind::Agent, "kubernetes", 9);
    assert_eq!(found.len(), 1);
    let rebuilt = Index::build(&now, Aliases::built_in());
    assert_eq!(found, rebuilt.top_by_bm25f(Kind::Agent, "kubernetes", 9));
}
