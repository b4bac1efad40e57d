//! What the user has: installed plugins as Claude Code counts them, and own entries.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adjutant_catalog::{
    Cancellation, Catalog, CatalogSource, Kind, Known, Limits, PersistedScan, Scope, UserPlaces, UserSource,
};
use serde_json::json;

use crate::user_home::{User, codes, entry, ids, says, write};

#[test]
fn what_is_installed_and_enabled_is_read_once_in_the_version_that_is_installed() {
    let user = User::new();
    user.cache("jig", "m", "2.9.0");
    user.install(&[("jig@m", &user.cache("jig", "m", "2.10.0"))]);
    user.enable(&json!({ "jig@m": true }));
    let catalog = user.catalog();
    assert_eq!(ids(&catalog), ["jig:jig"], "{:?}", catalog.problems());
    assert_eq!(codes(&catalog), [""; 0]);
    let jig = catalog.find(Kind::Agent, "jig:jig").one().unwrap();
    assert_eq!(jig.description, "version 2.10.0");
    assert_eq!((jig.origin.scope, jig.origin.marketplace.as_str()), (Scope::User, "m"));
    assert_eq!(jig.shown_path(), user.own("plugins/cache/m/jig/2.10.0/agents/jig.md"));
    assert_eq!(catalog.plugins().iter().filter(|plugin| plugin.is_installed()).count(), 1);
}

#[test]
fn installations_count_for_their_project_and_the_most_special_one_is_chosen() {
    let user = User::new();
    let paths: Vec<PathBuf> = ["1", "2", "3", "4"].map(|version| user.cache("a", "m", version)).into();
    user.enable(&json!({ "a@m": true }));
    symlink(user.path("project"), user.path("link")).unwrap();
    let (here, linked, there) = (user.path("project"), user.path("link"), user.path("home"));
    let install = |scope: &str, version: usize, project: Option<&Path>| {
        let path = &paths[version - 1];
        json!({ "scope": scope, "installPath": path, "projectPath": project })
    };
    let cases = [
        (vec![install("user", 1, None)], Some(("version 1", Scope::User))),
        (vec![install("managed", 1, None)], Some(("version 1", Scope::Managed))),
        (vec![install("project", 1, Some(&here))], Some(("version 1", Scope::Project))),
        (vec![install("local", 1, Some(&linked))], Some(("version 1", Scope::Project))),
        (vec![install("project", 1, Some(&there)), install("local", 2, Some(&there))], None),
        (
            vec![
                install("user", 1, None),
                install("project", 2, Some(&here)),
                install("local", 3, Some(&here)),
            ],
            Some(("version 3", Scope::Project)),
        ),
        (
            vec![install("user", 1, None), install("project", 2, Some(&here))],
            Some(("version 2", Scope::Project)),
        ),
        (vec![install("user", 1, None), install("local", 2, Some(&there))], Some(("version 1", Scope::User))),
    ];
    for (installs, expected) in cases {
        user.registry(&json!({ "version": 2, "plugins": { "a@m": installs } }));
        let catalog = user.catalog();
        let served = catalog.find(Kind::Agent, "a:a").one();
        let served = served.map(|served| (served.description.as_str(), served.origin.scope));
        assert_eq!(served, expected, "{installs:?}");
    }
}

#[test]
fn a_directory_marketplace_is_read_in_place() {
    let user = User::new();
    let market = user.path("market");
    write(
        market.join(".claude-plugin/marketplace.json"),
        &json!({ "name": "m", "plugins": [
            { "name": "a", "source": "./plugins/a", "category": "Tools", "keywords": ["handy"] },
            { "name": "out", "source": "../home" },
            { "name": "gone", "source": "./plugins/gone" },
        ] })
        .to_string(),
    );
    write(market.join("plugins/a/agents/a.md"), &entry("a", "in place"));
    write(market.join("plugins/b/agents/b.md"), &entry("b", "not listed"));
    let known =
        json!({ "m": { "source": { "source": "directory", "path": market }, "installLocation": market } });
    write(user.own("plugins/known_marketplaces.json"), &known.to_string());
    // The copy may be stale, or not be there.
    let stale = user.cache("a", "m", "1");
    for installed in [stale, user.own("plugins/cache/m/a/never")] {
        user.install(&[("a@m", &installed)]);
        user.enable(&json!({ "a@m": true }));
        let catalog = user.catalog();
        assert_eq!((says(&catalog, "a:a"), codes(&catalog)), ("in place", vec![]));
        let a = catalog.find(Kind::Agent, "a:a").one().unwrap();
        assert_eq!((a.category.as_str(), a.keywords.as_slice()), ("tools", &["handy".to_owned()][..]));
        assert_eq!(a.shown_path(), market.join("plugins/a/agents/a.md"));
    }
    // Enabled in settings is enough: the client installs it with its next start.
    user.registry(&json!({ "version": 2, "plugins": {} }));
    assert_eq!(says(&user.catalog(), "a:a"), "in place");
    let enabled = ["a@m", "out@m", "gone@m", "b@m", "x@nowhere", "y@builtin"];
    user.enable(&enabled.iter().map(|id| ((*id).to_owned(), json!(true))).collect());
    let catalog = user.catalog();
    assert_eq!(ids(&catalog), ["a:a"]);
    assert_eq!(codes(&catalog), ["plugin-not-cached"; 4], "{:?}", catalog.problems());
}

#[test]
fn a_downloaded_marketplace_says_what_belongs_to_a_plugin_without_manifest() {
    let user = User::new();
    let folder = user.own("plugins/cache/m/docs/abc123");
    write(folder.join("skills/one/SKILL.md"), &entry("one", "d"));
    write(folder.join("skills/two/SKILL.md"), &entry("two", "d"));
    let market = user.own("plugins/marketplaces/m");
    let skills = ["./skills/one"];
    let listed = json!({
        "name": "docs", "source": "./", "strict": false, "skills": skills, "category": "Docs",
    });
    write(
        market.join(".claude-plugin/marketplace.json"),
        &json!({ "name": "m", "plugins": [listed] }).to_string(),
    );
    let known = json!({ "m": { "source": { "source": "git", "url": "u" }, "installLocation": market } });
    write(user.own("plugins/known_marketplaces.json"), &known.to_string());
    user.install(&[("docs@m", &folder)]);
    user.enable(&json!({ "docs@m": true }));
    let catalog = user.catalog();
    assert_eq!(ids(&catalog), ["docs:one"], "the version's folder is nobody's name");
    assert_eq!(catalog.definitions()[0].category, "docs");
}

#[test]
fn a_name_that_is_taken_gets_its_marketplace() {
    let user = User::new();
    let paths = ["m1", "m2", "m3"].map(|market| user.cache("a", market, "1"));
    user.install(&[("a@m2", &paths[1]), ("a@m1", &paths[0]), ("a@m3", &paths[2])]);
    user.enable(&json!({ "a@m1": true, "a@m2": true, "a@m3": true }));
    let catalog = user.catalog();
    assert_eq!(ids(&catalog), ["a:a", "a@m1:a", "a@m3:a"]);
    assert_eq!(codes(&catalog), ["plugin-name-taken"; 2]);
    assert_eq!(catalog.find(Kind::Agent, "a:a").one().unwrap().origin.marketplace, "m2");
    assert_eq!(catalog.find(Kind::Agent, "a@m1:a").one().unwrap().plugin, "a@m1");
}

#[test]
fn own_entries_have_the_clients_ids() {
    let user = User::new();
    write(user.own("agents/review/security.md"), &entry("security", "d"));
    write(user.own("agents/plain.md"), "No front matter.");
    write(user.own("skills/fly-deploy/SKILL.md"), &entry("other", "d"));
    write(user.own("commands/changelog.md"), &entry("x", "d"));
    write(user.own("commands/sub/deep.md"), &entry("x", "d"));
    write(user.path("managed/.claude/agents/guard.md"), &entry("guard", "d"));
    let catalog = user.catalog();
    assert_eq!(ids(&catalog), ["guard", "plain", "security", "fly-deploy", "changelog", "sub:deep"]);
    let scopes: Vec<Scope> = catalog.definitions().iter().map(|one| one.origin.scope).collect();
    assert_eq!(scopes[0], Scope::Managed);
    assert!(scopes[1..].iter().all(|scope| *scope == Scope::User));
    assert!(catalog.definitions().iter().all(|one| one.plugin.is_empty() && one.shown_path().is_absolute()));
}

#[test]
fn the_clients_folder_may_be_a_link() {
    for target in ["home/dotfiles/claude", "elsewhere"] {
        let user = User::new();
        fs::create_dir_all(user.path(target)).unwrap();
        symlink(user.path(target), user.path("home/.claude")).unwrap();
        write(user.own("agents/mine.md"), &entry("mine", "d"));
        user.install(&[("a@m", &user.cache("a", "m", "1"))]);
        user.enable(&json!({ "a@m": true }));
        let catalog = user.catalog();
        assert_eq!((ids(&catalog), codes(&catalog)), (vec!["a:a", "mine"], vec![]), "{target}");
    }
}

#[test]
fn of_one_id_the_scope_that_the_client_prefers_serves_and_the_others_are_copies() {
    let user = User::new();
    let folders = [user.path("managed/.claude"), user.path("project/.claude"), user.own("")];
    for folder in &folders {
        write(folder.join("agents/x.md"), &entry("x", "d"));
        write(folder.join("skills/x/SKILL.md"), &entry("x", "d"));
        write(folder.join("commands/x.md"), &entry("x", "d"));
    }
    let order = |catalog: &Catalog, kind| -> Vec<Scope> {
        let served = catalog.find(kind, "x").one().unwrap();
        let shadowed = catalog.shadowed(kind, "x");
        std::iter::once(served).chain(shadowed).map(|one| one.origin.scope).collect()
    };
    let catalog = user.catalog();
    assert_eq!(order(&catalog, Kind::Agent), [Scope::Managed, Scope::Project, Scope::User]);
    for kind in [Kind::Skill, Kind::Workflow] {
        assert_eq!(order(&catalog, kind), [Scope::Managed, Scope::User, Scope::Project]);
    }
    assert_eq!(codes(&catalog), ["identical_copy"; 6]);
    assert!(catalog.shadowed(Kind::Agent, "y").is_empty());
    // A plugin that is developed in the project precedes its installed form.
    user.install(&[("a@m", &user.cache("a", "m", "1"))]);
    user.enable(&json!({ "a@m": true }));
    write(user.path("project/plugins/a/agents/a.md"), &entry("a", "developed"));
    let catalog = user.catalog();
    assert_eq!(says(&catalog, "a:a"), "developed");
    assert_eq!(catalog.shadowed(Kind::Agent, "a:a")[0].origin.marketplace, "m");
}

#[test]
fn entries_of_the_home_folder_as_a_project_are_read_once() {
    let user = User::new();
    write(user.own("agents/mine.md"), &entry("mine", "d"));
    let places = UserPlaces { project: user.path("home"), ..user.places() };
    let source = UserSource::new(places, Limits::default(), Vec::new());
    assert!(source.load(Known::Nothing, &Cancellation::default()).layer.definitions().is_empty());
}

#[test]
fn a_cache_that_is_named_is_not_read_beside_what_is_installed() {
    let user = User::new();
    let places = user.places();
    user.cache("jig", "m", "2.9.0");
    let version = user.cache("jig", "m", "2.10.0");
    let market = user.own("plugins/marketplaces/m");
    fs::create_dir_all(&market).unwrap();
    for folder in ["plugins", "plugins/cache", "plugins/cache/m", "plugins/cache/m/jig"] {
        assert!(places.is_cache(&user.own(folder)), "{folder}");
    }
    for folder in [version, market, user.path("project"), user.path("nowhere")] {
        assert!(!places.is_cache(&folder), "{folder:?}");
    }
    let source = UserSource::new(places, Limits::default(), vec![user.own("plugins")]);
    let layer = source.load(Known::Nothing, &Cancellation::default()).layer;
    let codes: Vec<&str> = layer.problems().iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["cache_named"]);
    // What is named needs no settings that enable it, and they still can disable it.
    user.install(&[("jig@m", &user.own("plugins/cache/m/jig/2.10.0"))]);
    let load = |named: &str| {
        let source = UserSource::new(user.places(), Limits::default(), vec![user.own(named)]);
        let layer = source.load(Known::Nothing, &Cancellation::default()).layer;
        layer.definitions().iter().map(|one| one.description.clone()).collect::<Vec<_>>()
    };
    assert_eq!(load("plugins"), ["version 2.10.0"]);
    assert_eq!(load("plugins/cache/m"), ["version 2.10.0"]);
    assert!(load("plugins/cache/other").is_empty());
    user.enable(&json!({ "jig@m": false }));
    assert!(load("plugins").is_empty());
}

#[test]
fn a_plugin_is_confined_to_its_marketplace_and_the_clients_folder() {
    let user = User::new();
    write(user.path("secret/agents/s.md"), &entry("s", "d"));
    write(user.path("secret/skill/SKILL.md"), &entry("s", "d"));
    let folder = user.cache("a", "m", "1");
    symlink(user.path("secret/agents"), folder.join("agents/out")).unwrap();
    fs::create_dir(folder.join("skills")).unwrap();
    symlink(user.path("secret/skill"), folder.join("skills/out")).unwrap();
    let linked = user.own("plugins/cache/m/linked");
    symlink(user.path("secret"), &linked).unwrap();
    user.install(&[("a@m", &folder), ("linked@m", &linked)]);
    user.enable(&json!({ "a@m": true, "linked@m": true }));
    let catalog = user.catalog();
    assert_eq!(ids(&catalog), ["a:a"]);
    let mut codes = codes(&catalog);
    codes.sort_unstable();
    assert_eq!(codes, ["plugin_path_refused", "skipped_escape", "skipped_escape"]);
}

#[test]
fn what_is_persisted_is_not_read_again_and_changes_are_found() {
    let user = User::new();
    user.install(&[("a@m", &user.cache("a", "m", "1")), ("b@m", &user.cache("b", "m", "1"))]);
    user.enable(&json!({ "a@m": true, "b@m": true }));
    write(user.own("agents/mine.md"), &entry("mine", "d"));
    let first = user.catalog();
    assert_eq!((first.report().files_read, first.report().manifests_read), (3, 2));
    let mut bytes = Vec::new();
    first.persist("this", &mut bytes).unwrap();
    let persisted = PersistedScan::open(bytes, "this").unwrap();
    let load = || {
        let load = |source: &Arc<dyn CatalogSource>| {
            source.load(Known::Persisted(&persisted), &Cancellation::default())
        };
        let loaded = user.sources().each_ref().map(load);
        let is_changed = loaded.iter().any(|loaded| loaded.before.is_some());
        (Catalog::merge(loaded.map(|loaded| Arc::new(loaded.layer))), is_changed)
    };
    let (second, is_changed) = load();
    assert_eq!((second.report().files_read, second.report().manifests_read), (0, 0));
    assert_eq!((second.definitions(), is_changed), (first.definitions(), false));
    assert_eq!(second.problems(), first.problems());
    user.enable(&json!({ "a@m": true }));
    let (third, is_changed) = load();
    assert_eq!((ids(&third), is_changed), (vec!["a:a", "mine"], true));
    assert_eq!(third.report().files_read, 0);
}

#[test]
fn watched_are_settings_registries_and_own_entries_and_no_cache() {
    let user = User::new();
    user.install(&[("a@m", &user.cache("a", "m", "1"))]);
    user.enable(&json!({ "a@m": true }));
    let source = user.source();
    let layer = source.load(Known::Nothing, &Cancellation::default()).layer;
    let roots = source.watch_roots(Some(&layer));
    let is_covered = |path: PathBuf| roots.iter().any(|root| root.covers(&path));
    for heard in [
        user.own("settings.json"),
        user.own("plugins/installed_plugins.json"),
        user.own("plugins/known_marketplaces.json"),
        user.own("agents/sub/x.md"),
        user.own("skills/x/SKILL.md"),
        user.own("commands"),
        user.own(""),
        user.path("project/.claude/settings.json"),
        user.path("project/.claude/settings.local.json"),
        user.path("managed/managed-settings.json"),
    ] {
        assert!(is_covered(heard.clone()), "{heard:?}");
    }
    for unheard in [
        user.own("history.jsonl"),
        user.own("projects/x/session.jsonl"),
        user.own("plugins/cache/m/a/1/agents/a.md"),
        user.own("plugins/marketplaces/m/x.md"),
        user.path("home/other"),
    ] {
        assert!(!is_covered(unheard.clone()), "{unheard:?}");
    }
}
