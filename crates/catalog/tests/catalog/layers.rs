//! Catalogs of several layers: which definition serves for an id, and what a change in one source reads again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adjutant_catalog::{
    Cancellation, Catalog, CatalogSource, Definition, FileSource, Kind, Known, Layer, LayerId, Loaded,
    ScanOptions, Scope, WatchRoot, reload, scan,
};

fn write(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn entry(kind: Kind, plugin: &str, name: &str, content: &str) -> Definition {
    let id = if plugin.is_empty() { name.to_owned() } else { format!("{plugin}:{name}") };
    Definition {
        kind,
        id,
        plugin: plugin.into(),
        name: name.into(),
        description: content.into(),
        content_hash: content.into(),
        path: format!("{}/{name}.md", kind.plural()).into(),
        ..Definition::default()
    }
}

fn layer(scope: Scope, entries: impl IntoIterator<Item = Definition>) -> Arc<Layer> {
    Arc::new(Layer::new(LayerId::only(scope), entries, Vec::new()))
}

/// What the definition of that id says, where exactly one serves.
fn says<'a>(catalog: &'a Catalog, kind: Kind, id: &str) -> Option<&'a str> {
    catalog.find(kind, id).one().map(|definition| definition.description.as_str())
}

fn codes(catalog: &Catalog) -> Vec<&str> {
    catalog.problems().iter().map(|problem| problem.code).collect()
}

#[test]
fn of_one_id_the_layer_of_the_highest_precedence_serves() {
    use Kind::{Agent, Skill, Workflow};
    let entries = |content: &str| {
        [
            entry(Agent, "", "own", content),
            entry(Skill, "", "own", content),
            entry(Workflow, "", "own", content),
            entry(Skill, "p", "skill", content),
        ]
    };
    let catalog = Catalog::merge([
        layer(Scope::Upstream, entries("upstream")),
        layer(Scope::User, entries("user")),
        layer(Scope::BuiltIn, entries("built in")),
        layer(Scope::Project, entries("project")),
    ]);
    assert_eq!(catalog.definitions().len(), 4);
    assert_eq!(says(&catalog, Agent, "own"), Some("project"));
    // As in Claude Code: a user's own skills and commands come first, those of plugins do not.
    assert_eq!(says(&catalog, Skill, "own"), Some("user"));
    assert_eq!(says(&catalog, Workflow, "own"), Some("user"));
    assert_eq!(says(&catalog, Skill, "p:skill"), Some("project"));
    assert_eq!(codes(&catalog), ["shadowed_id"; 12]);
    let scopes: Vec<Scope> = catalog.layers().iter().map(|layer| layer.id().scope).collect();
    assert_eq!(scopes, [Scope::Project, Scope::User, Scope::Upstream, Scope::BuiltIn]);
    assert_eq!(catalog.client_listing(false).len(), 4, "what does not serve is not listed");
}

#[test]
fn the_same_content_in_another_layer_is_a_copy_and_of_a_layers_own_duplicates_the_first_is_meant() {
    let same = || entry(Kind::Agent, "p", "same", "content");
    let twin = Definition { path: "twin.md".into(), ..entry(Kind::Agent, "p", "same", "other") };
    let catalog = Catalog::merge([
        layer(Scope::Project, [same(), twin]),
        layer(Scope::User, [same(), entry(Kind::Agent, "p", "mine", "content")]),
    ]);
    assert_eq!(codes(&catalog), ["identical_copy"]);
    assert_eq!(says(&catalog, Kind::Agent, "p:same"), Some("content"));
    assert_eq!(says(&catalog, Kind::Agent, "mine"), Some("content"));
    assert_eq!(catalog.counts()[Kind::Agent], 3);
}

#[test]
fn several_layers_of_one_scope_are_told_apart_by_their_names() {
    let named = |name: &str| {
        let id = LayerId { scope: Scope::Upstream, name: name.into() };
        Arc::new(Layer::new(id, [entry(Kind::Agent, "", "x", name)], Vec::new()))
    };
    let catalog = Catalog::merge([named("b"), named("a")]);
    assert_eq!(says(&catalog, Kind::Agent, "x"), Some("a"));
    assert!(catalog.layer(&LayerId { scope: Scope::Upstream, name: "b".into() }).is_some());
    assert!(catalog.layer(&LayerId::only(Scope::Upstream)).is_none());
}

#[test]
fn a_role_may_name_agents_of_any_layer() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path().join("plugins/p/agents/a.md"), "---\nname: a\ndescription: d\n---\n");
    write(
        dir.path().join(".claude/agent-registry.yml"),
        "roles:\n  one:\n    primary: theirs\n    fallbacks: [a, nobody]\n",
    );
    let source = FileSource::new(LayerId::only(Scope::Project), ScanOptions::new(dir.path()));
    let project = Arc::new(source.load(Known::Nothing, &Cancellation::default()).layer);
    let alone = Catalog::merge([Arc::clone(&project)]);
    assert_eq!(alone.roles().get("one").unwrap().primary.id, None);
    assert_eq!(codes(&alone), ["role_unresolved"; 2]);
    let merged = Catalog::merge([project, layer(Scope::User, [entry(Kind::Agent, "", "theirs", "t")])]);
    let role = merged.roles().get("one").unwrap();
    assert_eq!(role.primary.id.as_deref(), Some("theirs"));
    assert_eq!(role.fallbacks[0].id.as_deref(), Some("p:a"));
    assert_eq!(codes(&merged), ["role_unresolved"]);
}

/// A source beside files: entries that change without a file.
#[derive(Debug)]
struct Registered(LayerId);

impl CatalogSource for Registered {
    fn id(&self) -> &LayerId {
        &self.0
    }

    fn load(&self, _: Known<'_>, _: &Cancellation) -> Loaded {
        let layer = Layer::new(self.0.clone(), [entry(Kind::Agent, "", "registered", "r")], Vec::new());
        Loaded { layer, before: None }
    }

    fn reload(&self, _: &Layer, _: &[PathBuf], _: &Cancellation) -> Option<Layer> {
        None
    }

    fn watch_roots(&self, _: Option<&Layer>) -> Vec<WatchRoot> {
        Vec::new()
    }
}

#[test]
fn a_change_in_one_source_leaves_the_layers_of_others_alone() {
    let never = Cancellation::default();
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let agent = |name: &str| format!("---\nname: {name}\ndescription: d\n---\n");
    let roots = dirs.each_ref().map(|dir| dir.path().canonicalize().unwrap());
    for root in &roots {
        write(root.join("plugins/p/agents/a.md"), &agent("a"));
    }
    let files = |scope, root: &Path| -> Arc<dyn CatalogSource> {
        Arc::new(FileSource::new(LayerId::only(scope), ScanOptions::new(root)))
    };
    let sources = [
        files(Scope::Project, &roots[0]),
        files(Scope::User, &roots[1]),
        Arc::new(Registered(LayerId::only(Scope::Runtime))),
    ];
    let load = |source: &Arc<dyn CatalogSource>| Arc::new(source.load(Known::Nothing, &never).layer);
    let first = Catalog::merge(sources.iter().map(load));
    assert_eq!(codes(&first), ["identical_copy"]);
    assert_eq!(first.counts()[Kind::Agent], 2);
    let changed = roots[1].join("plugins/p/agents/b.md");
    write(&changed, &agent("b"));
    let second = reload(&sources, &first, &[changed], &never).unwrap();
    assert_eq!(second.report().files_read, 2, "one when the project was loaded, one now");
    assert!(second.find(Kind::Agent, "p:b").one().is_some());
    for id in [Scope::Project, Scope::Runtime].map(LayerId::only) {
        assert!(Arc::ptr_eq(first.layer(&id).unwrap(), second.layer(&id).unwrap()), "{id:?}");
    }
    assert!(reload(&sources, &first, &[PathBuf::from("/elsewhere/a.md")], &never).is_none());
    // A catalog that lacks a source's layer has to be loaded.
    assert!(reload(&sources, &scan(&ScanOptions::new(&roots[0]), None), &[], &never).is_none());
}

#[test]
fn what_several_file_sources_know_is_persisted_together() {
    let never = Cancellation::default();
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (dir, name) in dirs.iter().zip(["a", "b"]) {
        write(dir.path().join(format!("plugins/{name}/agents/x.md")), "---\nname: x\ndescription: d\n---\n");
        write(
            dir.path().join(format!("plugins/{name}/.claude-plugin/plugin.json")),
            &format!(r#"{{"name": "{name}"}}"#),
        );
    }
    let sources = [(Scope::Project, &dirs[0]), (Scope::User, &dirs[1])]
        .map(|(scope, dir)| FileSource::new(LayerId::only(scope), ScanOptions::new(dir.path())));
    let first =
        Catalog::merge(sources.each_ref().map(|source| Arc::new(source.load(Known::Nothing, &never).layer)));
    assert_eq!((first.report().files_read, first.report().manifests_read), (2, 2));
    let mut bytes = Vec::new();
    first.persist("this", &mut bytes).unwrap();
    let persisted = adjutant_catalog::PersistedScan::open(bytes, "this").unwrap();
    let loaded = sources.each_ref().map(|source| source.load(Known::Persisted(&persisted), &never));
    assert!(loaded.iter().all(|loaded| loaded.before.is_none()), "nothing changed");
    let second = Catalog::merge(loaded.map(|loaded| Arc::new(loaded.layer)));
    assert_eq!((second.report().files_read, second.report().manifests_read), (0, 0));
    assert_eq!(second.definitions(), first.definitions());
}

#[test]
fn watch_roots_are_where_entries_may_come_from() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let extra = root.join("elsewhere");
    write(root.join("sub/q/.claude-plugin/plugin.json"), r#"{"name": "q"}"#);
    write(root.join("sub/q/agents/a.md"), "---\nname: a\ndescription: d\n---\n");
    write(extra.join("agents/b.md"), "---\nname: b\ndescription: d\n---\n");
    let options = ScanOptions { extra_plugin_dirs: vec![extra.clone()], ..ScanOptions::new(&root) };
    let source = FileSource::new(LayerId::only(Scope::Project), options);
    let layer = source.load(Known::Nothing, &Cancellation::default()).layer;
    let roots = source.watch_roots(Some(&layer));
    let watched =
        |path: PathBuf, recursive| roots.contains(&WatchRoot { path, recursive, names: Vec::new() });
    assert!(watched(root.clone(), false) && watched(root.join(".claude"), false));
    assert!(watched(root.join("plugins"), true) && watched(root.join(".claude/agents"), true));
    assert!(watched(extra, true) && watched(root.join("sub/q"), true));
    assert!(!watched(root, true), "a project may hold anything");
}
