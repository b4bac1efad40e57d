//! A scan that builds on the one before says the same as a scan from scratch, whatever was edited in between.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use adjutant::catalog::{Catalog, Changes, Definition, ScanOptions, scan};
use proptest::prelude::*;

/// One edit of a tree.
#[derive(Debug, Clone)]
enum Edit {
    Write { plugin: usize, file: usize, text: usize },
    Remove { plugin: usize, file: usize },
    Manifest { plugin: usize, text: usize },
    RemoveManifest { plugin: usize },
    RemovePlugin { plugin: usize },
    Marketplace { text: usize },
}

const FILES: [&str; 6] = [
    "agents/a.md",
    "agents/sub/b.md",
    "skills/s/SKILL.md",
    "skills/nested/t/SKILL.md",
    "commands/c.md",
    "extra/listed.md",
];
const TEXTS: [&str; 6] = [
    "---\nname: same\ndescription: First: with a colon\n---\n\n# Body\n",
    "---\nname: same\ndescription: Second\n---\n\nUse the other agent.\n",
    "---\ndescription: No name\n---\n",
    "No front matter\n",
    "",
    "---\nname: open\n",
];
const MANIFESTS: [&str; 5] = [
    r#"{"name": "x", "keywords": ["body"]}"#,
    r#"{"name": "y", "agents": ["./extra/listed.md"]}"#,
    r#"{"name": "has blank"}"#,
    "{",
    r#"{"name": "x", "commands": {"in": {"content": "Inline"}}, "skills": ["./skills/nested"]}"#,
];
const MARKETPLACES: [&str; 3] = [
    r#"{"plugins": [{"name": "q", "source": "./plugins/p0", "category": "one", "tags": ["body"]}]}"#,
    r#"{"plugins": [{"name": "q", "source": "./plugins/p1", "category": "two"}]}"#,
    "[]",
];

fn edit() -> impl Strategy<Value = Edit> {
    let plugin = 0..3_usize;
    prop_oneof![
        6 => (plugin.clone(), 0..FILES.len(), 0..TEXTS.len())
            .prop_map(|(plugin, file, text)| Edit::Write { plugin, file, text }),
        2 => (plugin.clone(), 0..FILES.len()).prop_map(|(plugin, file)| Edit::Remove { plugin, file }),
        2 => (plugin.clone(), 0..MANIFESTS.len()).prop_map(|(plugin, text)| Edit::Manifest { plugin, text }),
        1 => plugin.clone().prop_map(|plugin| Edit::RemoveManifest { plugin }),
        1 => plugin.prop_map(|plugin| Edit::RemovePlugin { plugin }),
        1 => (0..MARKETPLACES.len()).prop_map(|text| Edit::Marketplace { text }),
    ]
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn apply(root: &Path, edit: &Edit) {
    let folder = |plugin: usize| root.join(format!("plugins/p{plugin}"));
    let manifest = |plugin| folder(plugin).join(".claude-plugin/plugin.json");
    // What is not there cannot be removed, which is as good.
    match *edit {
        Edit::Write { plugin, file, text } => write(&folder(plugin).join(FILES[file]), TEXTS[text]),
        Edit::Remove { plugin, file } => drop(fs::remove_file(folder(plugin).join(FILES[file]))),
        Edit::Manifest { plugin, text } => write(&manifest(plugin), MANIFESTS[text]),
        Edit::RemoveManifest { plugin } => drop(fs::remove_file(manifest(plugin))),
        Edit::RemovePlugin { plugin } => drop(fs::remove_dir_all(folder(plugin))),
        Edit::Marketplace { text } => {
            write(&root.join(".claude-plugin/marketplace.json"), MARKETPLACES[text]);
        }
    }
}

/// Changes counted the slow way: definitions as multisets by id.
fn naive_changes(old: &Catalog, new: &Catalog) -> Changes {
    let group = |catalog: &Catalog| {
        let mut by_id: BTreeMap<_, Vec<Definition>> = BTreeMap::new();
        for definition in catalog.definitions() {
            by_id
                .entry((definition.kind, definition.id.clone()))
                .or_default()
                .push(Definition::clone(definition));
        }
        by_id
    };
    let (mut old, mut new) = (group(old), group(new));
    let ids: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    let mut changes = Changes::default();
    for id in ids {
        let (mut before, mut after) =
            (old.remove(&id).unwrap_or_default(), new.remove(&id).unwrap_or_default());
        before.retain(|definition| match after.iter().position(|other| other == definition) {
            Some(at) => {
                after.remove(at);
                changes.unchanged += 1;
                false
            }
            None => true,
        });
        let pairs = before.len().min(after.len());
        changes.changed += pairs;
        changes.removed += before.len() - pairs;
        changes.added += after.len() - pairs;
    }
    changes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn incremental_is_full(rounds in prop::collection::vec(prop::collection::vec(edit(), 1..6), 1..6)) {
        let dir = tempfile::tempdir().unwrap();
        let options = ScanOptions::new(dir.path());
        let mut last = scan(&options, None);
        for edits in &rounds {
            for edit in edits {
                apply(dir.path(), edit);
            }
            let incremental = scan(&options, Some(&last));
            let full = scan(&options, None);
            prop_assert_eq!(incremental.definitions(), full.definitions());
            prop_assert_eq!(incremental.problems(), full.problems());
            prop_assert_eq!(incremental.plugins(), full.plugins());
            let read = incremental.report().files_read + incremental.report().files_reused;
            prop_assert_eq!(read, full.report().files_read);
            prop_assert_eq!(incremental.changes_since(&last), naive_changes(&last, &incremental));
            last = incremental;
        }
    }
}

#[test]
fn only_what_changed_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        write(&dir.path().join(format!("plugins/p/agents/{name}.md")), "---\ndescription: d\n---\n");
    }
    write(&dir.path().join("plugins/p/.claude-plugin/plugin.json"), r#"{"name": "p"}"#);
    let options = ScanOptions::new(dir.path());
    let first = scan(&options, None);
    assert_eq!((first.report().files_read, first.report().files_reused), (3, 0));
    write(&dir.path().join("plugins/p/agents/b.md"), "---\ndescription: longer\n---\n");
    fs::remove_file(dir.path().join("plugins/p/agents/c.md")).unwrap();
    write(&dir.path().join("plugins/p/agents/d.md"), "new");
    let second = scan(&options, Some(&first));
    assert_eq!((second.report().files_read, second.report().files_reused), (2, 1));
    assert_eq!(second.changes_since(&first), Changes { added: 1, changed: 1, removed: 1, unchanged: 1 });
    write(&dir.path().join("plugins/p/.claude-plugin/plugin.json"), r#"{"name": "renamed"}"#);
    let third = scan(&options, Some(&second));
    assert_eq!(
        (third.report().files_read, third.report().files_reused),
        (3, 0),
        "ids depend on the manifest"
    );
    assert_eq!(third.report().manifests_read, 1);
}
