//! A scan that builds on the one before says the same as a scan from scratch, whatever was edited in between.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adjutant_catalog::{
    Cancellation, Catalog, CatalogSource, Changes, Definition, FileSource, Kind, Known, LayerId,
    PersistedScan, ScanOptions, Scope, scan,
};
use proptest::prelude::*;

fn source(options: &ScanOptions) -> FileSource {
    FileSource::new(LayerId::only(Scope::Project), options.clone())
}

/// What a scan of single places finds; `None` where all has to be scanned.
fn rescan(options: &ScanOptions, previous: &Catalog, changed: &[PathBuf]) -> Option<Catalog> {
    let source = source(options);
    let layer = source.reload(previous.layer(source.id())?, changed, &Cancellation::default())?;
    Some(Catalog::merge([Arc::new(layer)]))
}

/// What the first scan of a next run finds, and what was there before, where that differs.
fn scan_persisted(options: &ScanOptions, persisted: &PersistedScan) -> (Catalog, Option<Catalog>) {
    let loaded = source(options).load(Known::Persisted(persisted), &Cancellation::default());
    let merged = |layer| Catalog::merge([Arc::new(layer)]);
    (merged(loaded.layer), loaded.before.map(merged))
}

/// One edit of a tree.
#[derive(Debug, Clone)]
enum Edit {
    Write { plugin: usize, file: usize, text: usize },
    Remove { plugin: usize, file: usize },
    Manifest { plugin: usize, text: usize },
    RemoveManifest { plugin: usize },
    RemovePlugin { plugin: usize },
    Marketplace { text: usize },
    Rename { plugin: usize, from: usize, to: usize },
    RemoveFolder { plugin: usize, folder: usize },
    Own { file: usize, text: usize },
    Beside { plugin: usize },
}

const FOLDERS: [&str; 4] = ["agents/sub", "skills/s", "skills", "commands"];
const OWN: [&str; 4] = ["agents/own.md", "agents/sub/own.md", "skills/own/SKILL.md", "commands/sub/c.md"];
const FILES: [&str; 10] = [
    "agents/z.md",
    "skills/s/Skill.md",
    "skills/flat.md",
    "commands/t/SKILL.md",
    "agents/a.md",
    "agents/sub/b.md",
    "skills/s/SKILL.md",
    "skills/nested/t/SKILL.md",
    "commands/c.md",
    "extra/listed.md",
];
const TEXTS: [&str; 7] = [
    "---\nname: same\ndescription: First: with a colon\n---\n\n# Body\n",
    "---\nname: same\ndescription: Second\n---\n\nUse the other agent.\n",
    "---\ndescription: No name\n---\n",
    "No front matter\n",
    "",
    "---\nname: open\n",
    "---\nname: b\ndisable-model-invocation: true\n---\n\n- **First**: same, z\n- `listed` and b\n",
];
const MANIFESTS: [&str; 6] = [
    r#"{"name": "x", "keywords": ["body"]}"#,
    r#"{"name": "y", "agents": ["./extra/listed.md"]}"#,
    r#"{"name": "has blank"}"#,
    "{",
    r#"{"name": "x", "commands": {"in": {"content": "Inline"}}, "skills": ["./skills/nested"]}"#,
    r#"{"name": "x", "skills": ["./skills/nested/t", "./skills/flat.md"], "commands": ["./commands/c.md"]}"#,
];
const MARKETPLACES: [&str; 6] = [
    r#"{"plugins": [{"name": "q", "source": "./plugins/p0", "skills": ["./skills/nested/t"], "agents": ["./extra/listed.md"]}]}"#,
    r#"{"plugins": [{"name": "q", "source": "./plugins/p2", "agents": ["./agents/a.md"]},
        {"name": "r", "source": "./plugins/p2", "strict": false, "skills": ["./skills/s"]}]}"#,
    r#"{"plugins": [{"name": "q", "source": "./plugins/p1"}, {"name": "r", "source": "./plugins/p1"}, {"name": "s"}]}"#,
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

/// One edit of what a single plugin holds, mostly.
fn small_edit() -> impl Strategy<Value = Edit> {
    let (plugin, file) = (0..3_usize, 0..FILES.len());
    prop_oneof![
        12 => (plugin.clone(), file.clone(), 0..TEXTS.len())
            .prop_map(|(plugin, file, text)| Edit::Write { plugin, file, text }),
        4 => (plugin.clone(), file.clone()).prop_map(|(plugin, file)| Edit::Remove { plugin, file }),
        3 => (plugin.clone(), file.clone(), file)
            .prop_map(|(plugin, from, to)| Edit::Rename { plugin, from, to }),
        2 => (plugin.clone(), 0..FOLDERS.len())
            .prop_map(|(plugin, folder)| Edit::RemoveFolder { plugin, folder }),
        2 => (0..OWN.len(), 0..TEXTS.len()).prop_map(|(file, text)| Edit::Own { file, text }),
        1 => plugin.prop_map(|plugin| Edit::Beside { plugin }),
        1 => edit(),
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
        Edit::Rename { plugin, from, to } => {
            let (from, to) = (folder(plugin).join(FILES[from]), folder(plugin).join(FILES[to]));
            if from.exists() && to.parent().unwrap().exists() {
                fs::rename(from, to).unwrap();
            }
        }
        Edit::RemoveFolder { plugin, folder: inner } => {
            drop(fs::remove_dir_all(folder(plugin).join(FOLDERS[inner])));
        }
        Edit::Own { file, text } => write(&root.join(".claude").join(OWN[file]), TEXTS[text]),
        Edit::Beside { plugin } => write(&folder(plugin).join("README.md"), "Read me\n"),
    }
}

/// Every file and folder below `root` with what tells one version from the next.
fn tree(root: &Path) -> BTreeMap<PathBuf, (bool, Vec<u8>)> {
    let mut tree = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
                tree.insert(path, (true, Vec::new()));
            } else {
                let bytes = fs::read(&path).unwrap();
                tree.insert(path, (false, bytes));
            }
        }
    }
    tree
}

/// What a watcher would tell of the change from one tree to another.
fn differences(
    before: &BTreeMap<PathBuf, (bool, Vec<u8>)>,
    after: &BTreeMap<PathBuf, (bool, Vec<u8>)>,
) -> Vec<PathBuf> {
    let paths: std::collections::BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// Both say the same over every interface.
fn assert_same(one: &Catalog, other: &Catalog) {
    assert_eq!(one.definitions(), other.definitions());
    assert_eq!(one.problems(), other.problems());
    assert_eq!(one.plugins(), other.plugins());
    assert_eq!(one.roles(), other.roles());
    assert_eq!(one.counts(), other.counts());
    let lines = |catalog: &Catalog| -> Vec<String> {
        catalog.client_listing(true).into_iter().map(|listed| listed.line).collect()
    };
    assert_eq!(lines(one), lines(other));
    let names = other.definitions().iter().flat_map(|definition| {
        let Definition { id, name, aliases, .. } = &**definition;
        [id, name].into_iter().chain(aliases).cloned().chain([id.replacen(':', "/", 1)])
    });
    for name in names.chain(["same".to_owned(), "missing".to_owned()]) {
        for kind in Kind::ALL {
            assert_eq!(
                format!("{:?}", one.find(kind, &name)),
                format!("{:?}", other.find(kind, &name)),
                "{name}"
            );
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_scan_of_what_changed_is_full(
        rounds in prop::collection::vec(prop::collection::vec(small_edit(), 1..4), 1..8)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let options = ScanOptions::new(dir.path().canonicalize().unwrap());
        for (file, plugin) in [(4, 0), (5, 1), (6, 1), (8, 2), (9, 2)] {
            write(&dir.path().join(format!("plugins/p{plugin}")).join(FILES[file]), TEXTS[file % 3]);
        }
        write(&dir.path().join("plugins/p2/.claude-plugin/plugin.json"), MANIFESTS[1]);
        write(
            &dir.path().join(".claude/agent-registry.yml"),
            "roles:\n  one:\n    primary: p0:same\n    fallbacks: [a, same]\n",
        );
        let mut last = scan(&options, None);
        let mut before = tree(&options.project);
        for edits in &rounds {
            for edit in edits {
                apply(&options.project, edit);
            }
            let after = tree(&options.project);
            let changed = differences(&before, &after);
            let full = scan(&options, None);
            if let Some(again) = rescan(&options, &last, &changed) {
                assert_same(&again, &full);
                prop_assert_eq!(again.changes_since(&last), naive_changes(&last, &again));
                last = again;
            } else {
                last = full;
            }
            before = after;
        }
    }
}

/// A tree of two plugins, a catalog of it, and how to change and scan it again.
struct Tree {
    dir: tempfile::TempDir,
    options: ScanOptions,
    catalog: Catalog,
}

impl Tree {
    fn new() -> Tree {
        let dir = tempfile::tempdir().unwrap();
        for name in ["p/agents/a.md", "p/agents/b.md", "p/skills/s/SKILL.md", "q/agents/a.md"] {
            write(&dir.path().join("plugins").join(name), "---\ndescription: d\n---\n");
        }
        let options = ScanOptions::new(dir.path().canonicalize().unwrap());
        let catalog = scan(&options, None);
        Tree { dir, options, catalog }
    }

    /// The catalog after these paths changed, with how many files were opened; `None` where all has to be scanned.
    fn again(&self, changed: &[&str]) -> Option<(Catalog, usize)> {
        let changed: Vec<PathBuf> = changed.iter().map(|path| self.options.project.join(path)).collect();
        let again = rescan(&self.options, &self.catalog, &changed)?;
        assert_same(&again, &scan(&self.options, None));
        let read = again.report().files_read;
        Some((again, read))
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.dir.path().join(path), text);
    }
}

#[test]
fn a_change_within_a_plugin_is_read_alone() {
    let tree = Tree::new();
    tree.write("plugins/p/agents/a.md", "---\nname: renamed\ndescription: d\n---\n");
    tree.write("plugins/p/skills/new/SKILL.md", "New");
    fs::remove_file(tree.dir.path().join("plugins/p/agents/b.md")).unwrap();
    let paths = ["plugins/p/agents/a.md", "plugins/p/agents/b.md", "plugins/p/skills/new"];
    let (again, read) = tree.again(&paths).unwrap();
    assert_eq!(read, 2);
    let changes = again.changes_since(&tree.catalog);
    assert_eq!(changes, Changes { added: 2, changed: 0, removed: 2, unchanged: 2 });
    // What did not change is shared, not copied.
    let kept = |catalog: &Catalog| catalog.find(Kind::Agent, "q:a").one().cloned().unwrap();
    assert!(Arc::ptr_eq(&kept(&again), &kept(&tree.catalog)));
}

#[test]
fn what_may_concern_more_than_a_plugins_components_is_scanned_in_full() {
    for path in [
        "plugins/p/.claude-plugin/plugin.json",
        ".claude-plugin/marketplace.json",
        "plugins/new/agents/a.md",
        "plugins/p/SKILL.md",
        "plugins/p/commands",
        "plugins",
        "plugins/p",
    ] {
        let tree = Tree::new();
        if path.contains('.') {
            tree.write(path, "{}");
        }
        assert!(tree.again(&[path]).is_none(), "{path}");
    }
    // Nothing of the catalog's.
    for path in ["README.md", "plugins/p/notes.txt", "plugins/p/gone", ".claude/settings.json"] {
        let tree = Tree::new();
        tree.write(path, "x");
        let (again, read) = tree.again(&[path]).unwrap();
        assert!(again.changes_since(&tree.catalog).is_empty() && read == 0, "{path}");
    }
    let tree = Tree::new();
    assert!(rescan(&tree.options, &tree.catalog, &[PathBuf::from("/elsewhere/a.md")]).is_none());
    let mut other = tree.options.clone();
    other.limits.depth = 3;
    assert!(rescan(&other, &tree.catalog, &[]).is_none());
}

#[test]
fn links_and_limits_are_scanned_in_full() {
    let tree = Tree::new();
    std::os::unix::fs::symlink("../../q/agents", tree.dir.path().join("plugins/p/skills/linked")).unwrap();
    assert!(tree.again(&["plugins/p/skills/linked"]).is_none());
    let mut tree = Tree::new();
    tree.options.limits.files = 4;
    tree.catalog = scan(&tree.options, None);
    tree.write("plugins/p/agents/c.md", "one too many");
    assert!(tree.again(&["plugins/p/agents/c.md"]).is_none());
}

/// What a next start has of a catalog.
fn persisted(catalog: &Catalog) -> PersistedScan {
    let mut bytes = Vec::new();
    catalog.persist("this", &mut bytes).unwrap();
    PersistedScan::open(bytes, "this").unwrap()
}

#[test]
fn what_was_kept_is_not_read_again_and_says_the_same() {
    for root in ["../../fixtures", "../../fixtures/behaviours"] {
        let options = ScanOptions::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(root));
        let first = scan(&options, None);
        let (second, before) = scan_persisted(&options, &persisted(&first));
        assert_same(&second, &first);
        assert!(before.is_none());
        assert_eq!((second.report().files_read, second.report().manifests_read), (0, 0), "{root}");
    }
    let tree = Tree::new();
    tree.write("plugins/p/agents/b.md", "---\ndescription: kubernetes\n---\n");
    let (second, before) = scan_persisted(&tree.options, &persisted(&tree.catalog));
    // What was there before comes with it, and what stayed is the same in both.
    let before = before.unwrap();
    assert_eq!(before.definitions(), tree.catalog.definitions());
    let stayed = |one: &&Arc<Definition>| before.definitions().iter().any(|other| Arc::ptr_eq(one, other));
    assert_eq!(second.definitions().iter().filter(stayed).count(), second.definitions().len() - 1);
    assert_eq!((second.report().files_read, second.report().files_reused), (1, 3));
    assert_same(&second, &scan(&tree.options, None));
    // What a scan built from it leaves can be changed in part, and kept again.
    tree.write("plugins/p/agents/b.md", "---\ndescription: a third\n---\n");
    let third =
        rescan(&tree.options, &second, &[tree.options.project.join("plugins/p/agents/b.md")]).unwrap();
    assert_same(&third, &scan_persisted(&tree.options, &persisted(&third)).0);
}

#[test]
fn whatever_is_odd_about_what_was_kept_makes_it_worthless() {
    let tree = Tree::new();
    let mut bytes = Vec::new();
    tree.catalog.persist("this", &mut bytes).unwrap();
    // How many files need not be read with these bytes.
    let reused = |bytes: &[u8], program: &str| {
        let kept = PersistedScan::open(bytes.to_vec(), program)?;
        let (again, _) = scan_persisted(&tree.options, &kept);
        assert_same(&again, &tree.catalog);
        Some(again.report().files_reused)
    };
    assert_eq!(reused(&bytes, "this"), Some(4));
    assert_eq!(reused(&bytes, "another"), None);
    assert_eq!(reused(b"", "this"), None);
    for cut in 0..bytes.len() {
        assert_eq!(reused(&bytes[..cut], "this"), None, "{cut}");
    }
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        assert_eq!(reused(&flipped, "this").unwrap_or(0), 0, "{at}");
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
