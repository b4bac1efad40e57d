//! The client's settings and registries: every shape of them, and files that are not what they should be.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use adjutant_catalog::{Cancellation, reload};
use serde_json::{Value, json};

use crate::user_home::{User, codes, entry, ids, write};

/// What a registry holds, the ids that are served, and the codes of the problems.
type Case = (&'static str, Value, &'static [&'static str], &'static [&'static str]);

/// A user who has enabled two plugins; both, and an installation of each.
fn two_plugins() -> (User, [PathBuf; 2], [Value; 2]) {
    let user = User::new();
    let paths = [user.cache("a", "m", "1"), user.cache("b", "m", "1")];
    user.enable(&json!({ "a@m": true, "b@m": true }));
    let installs = paths.each_ref().map(|path| at(path));
    (user, paths, installs)
}

fn at(path: &Path) -> Value {
    json!({ "scope": "user", "installPath": path })
}

fn of(plugins: &Value) -> Value {
    json!({ "version": 2, "plugins": plugins })
}

fn check(user: &User, cases: &[Case]) {
    for (what, registry, expected, problems) in cases {
        user.registry(registry);
        let catalog = user.catalog();
        assert_eq!(ids(&catalog), *expected, "{what}: {:?}", catalog.problems());
        let mut codes = codes(&catalog);
        codes.sort_unstable();
        assert_eq!(codes, *problems, "{what}: {:?}", catalog.problems());
    }
}

#[test]
fn registries_of_every_shape() {
    let (user, [path, _], [entry, _]) = two_plugins();
    let cases: [Case; 9] = [
        ("version 2", of(&json!({ "a@m": [entry] })), &["a:a"], &["plugin-not-cached"]),
        ("two of one plugin", of(&json!({ "a@m": [entry, entry] })), &["a:a"], &["plugin-not-cached"]),
        (
            "version 1",
            json!({ "version": 1, "plugins": { "a@m": { "installPath": path, "version": "1" } } }),
            &["a:a"],
            &["plugin-not-cached"],
        ),
        (
            "a version to come",
            json!({ "version": 3, "plugins": { "a@m": [entry], "b@m": "new form" } }),
            &["a:a"],
            &["install_invalid", "plugin-not-cached", "registry_version"],
        ),
        (
            "no version",
            json!({ "plugins": { "a@m": [entry] } }),
            &["a:a"],
            &["plugin-not-cached", "registry_version"],
        ),
        (
            "plugins as a list",
            json!({ "version": 2, "plugins": [] }),
            &[],
            &["plugin-not-cached", "plugin-not-cached", "settings_unusable"],
        ),
        ("a list", json!([]), &[], &["plugin-not-cached", "plugin-not-cached", "settings_unusable"]),
        ("null", json!(null), &[], &["plugin-not-cached", "plugin-not-cached", "settings_unusable"]),
        ("nothing installed", of(&json!({})), &[], &["plugin-not-cached", "plugin-not-cached"]),
    ];
    check(&user, &cases);
}

#[test]
fn installations_that_cannot_be_read_are_problems() {
    let (user, [path, _], [entry, second]) = two_plugins();
    let missing = user.own("plugins/cache/m/gone/1");
    let odd = json!([
        1, {}, { "scope": "galaxy", "installPath": path }, { "scope": "local", "installPath": path }, entry,
    ]);
    let cases: [Case; 6] = [
        (
            "a folder that is gone",
            of(&json!({ "a@m": [at(&missing)], "b@m": [second] })),
            &["b:b"],
            &["plugin-not-cached"],
        ),
        (
            "a file in place of a folder",
            of(&json!({ "a@m": [at(&path.join("agents/a.md"))], "b@m": [second] })),
            &["b:b"],
            &["plugin-not-cached"],
        ),
        (
            "a folder elsewhere",
            of(&json!({ "a@m": [at(&user.path("project"))], "b@m": [second] })),
            &["b:b"],
            &["plugin_path_refused"],
        ),
        (
            "a path that leads out",
            of(&json!({ "a@m": [at(&user.own("plugins/../../../project"))], "b@m": [second] })),
            &["b:b"],
            &["plugin_path_refused"],
        ),
        (
            "the whole plugins folder",
            of(&json!({ "a@m": [at(&user.own("plugins"))], "b@m": [second] })),
            &["b:b"],
            &["plugin_path_refused"],
        ),
        (
            "odd entries beside good ones",
            of(&json!({ "a@m": odd, "b@m": [second], "nomarket": [entry], "@m": [entry] })),
            &["a:a", "b:b"],
            &["install_invalid"; 6],
        ),
    ];
    check(&user, &cases);
}

#[test]
fn files_that_cannot_be_used_are_problems_and_no_more() {
    let user = User::new();
    let path = user.cache("a", "m", "1");
    write(user.own("agents/mine.md"), &entry("mine", "d"));
    let huge = format!("{{\"x\": \"{}\"}}", "x".repeat(1 << 20));
    let deep = "[".repeat(100_000);
    let bad = ["", "{", "{\"version\": 2, \"plu", "\u{0}", "nonsense", &huge, &deep];
    let files = ["plugins/installed_plugins.json", "plugins/known_marketplaces.json", "settings.json"];
    let restore = || {
        user.install(&[("a@m", &path)]);
        user.enable(&json!({ "a@m": true }));
        write(user.own("plugins/known_marketplaces.json"), "{}");
    };
    for file in files {
        let file = user.own(file);
        for text in bad {
            restore();
            write(&file, text);
            let catalog = user.catalog();
            let shown = &text[..text.len().min(20)];
            assert!(
                codes(&catalog).contains(&"settings_unusable"),
                "{file:?} {shown:?}: {:?}",
                catalog.problems()
            );
            assert!(ids(&catalog).contains(&"mine"), "{file:?} {shown:?}");
        }
        // A folder, a pipe, a link to nowhere and a link to a device in its place.
        let put: [&dyn Fn(); 4] = [
            &|| fs::create_dir(&file).unwrap(),
            &|| {
                let mode = rustix::fs::Mode::RWXU;
                rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
            },
            &|| symlink("nowhere", &file).unwrap(),
            &|| symlink("/dev/zero", &file).unwrap(),
        ];
        for (at, put) in put.iter().enumerate() {
            fs::remove_file(&file).unwrap();
            put();
            let catalog = user.catalog();
            assert!(
                codes(&catalog).contains(&"settings_unusable"),
                "{file:?} {at}: {:?}",
                catalog.problems()
            );
            assert!(ids(&catalog).contains(&"mine"), "{file:?} {at}");
            fs::remove_file(&file).or_else(|_| fs::remove_dir(&file)).unwrap();
            restore();
        }
    }
}

#[test]
fn a_link_of_the_users_own_is_followed_and_one_in_the_project_is_not() {
    let user = User::new();
    user.install(&[("a@m", &user.cache("a", "m", "1"))]);
    write(user.path("home/dotfiles/settings.json"), r#"{"enabledPlugins": {"a@m": true}}"#);
    fs::create_dir_all(user.path("home/dotfiles/agents")).unwrap();
    write(user.path("home/dotfiles/agents/mine.md"), &entry("mine", "d"));
    symlink("../dotfiles/settings.json", user.own("settings.json")).unwrap();
    symlink("../dotfiles/agents", user.own("agents")).unwrap();
    let catalog = user.catalog();
    assert_eq!(ids(&catalog), ["a:a", "mine"]);
    assert_eq!(codes(&catalog), ["settings_linked"]);
    fs::create_dir(user.path("project/.claude")).unwrap();
    write(user.path("elsewhere.json"), r#"{"enabledPlugins": {"a@m": false}}"#);
    symlink("../../elsewhere.json", user.path("project/.claude/settings.local.json")).unwrap();
    let catalog = user.catalog();
    assert_eq!(ids(&catalog), ["a:a", "mine"], "a project does not say what is read through its links");
    assert_eq!(codes(&catalog), ["settings_linked", "settings_unusable"]);
}

#[test]
fn what_a_file_said_last_counts_while_it_is_written() {
    let user = User::new();
    user.install(&[("a@m", &user.cache("a", "m", "1"))]);
    user.enable(&json!({ "a@m": true }));
    let never = Cancellation::default();
    let sources = user.sources();
    let catalog = user.catalog();
    let registry = user.own("plugins/installed_plugins.json");
    for file in [&registry, &user.own("settings.json")] {
        let good = fs::read(file).unwrap();
        write(file, "{\"version\": 2, \"plu");
        let meanwhile = reload(&sources, &catalog, std::slice::from_ref(file), &never).unwrap();
        assert_eq!(ids(&meanwhile), ["a:a"]);
        assert_eq!(codes(&meanwhile), ["settings_unusable"]);
        fs::write(file, good).unwrap();
        let again = reload(&sources, &meanwhile, std::slice::from_ref(file), &never).unwrap();
        assert_eq!((ids(&again), codes(&again)), (vec!["a:a"], vec![]));
    }
    fs::remove_file(&registry).unwrap();
    let gone = reload(&sources, &catalog, &[registry], &never).unwrap();
    assert_eq!(ids(&gone), [""; 0], "a registry that is not there says nothing");
}

#[test]
fn where_marketplaces_lie_is_remembered_while_their_registry_cannot_be_read() {
    let user = User::new();
    let market = user.path("market");
    let listed = json!({ "plugins": [{ "name": "a", "source": "./a" }] });
    write(market.join(".claude-plugin/marketplace.json"), &listed.to_string());
    write(market.join("a/agents/a.md"), &entry("a", "d"));
    let registry = user.own("plugins/known_marketplaces.json");
    let source = json!({ "source": "directory", "path": market });
    write(&registry, &json!({ "m": { "source": source, "installLocation": market } }).to_string());
    user.enable(&json!({ "a@m": true }));
    let never = Cancellation::default();
    let (sources, catalog) = (user.sources(), user.catalog());
    assert_eq!((ids(&catalog), codes(&catalog)), (vec!["a:a"], vec![]));
    for damaged in ["{\"m\": ", "[]", "null", ""] {
        write(&registry, damaged);
        let meanwhile = reload(&sources, &catalog, std::slice::from_ref(&registry), &never).unwrap();
        assert_eq!(
            (ids(&meanwhile), codes(&meanwhile)),
            (vec!["a:a"], vec!["settings_unusable"]),
            "{damaged}"
        );
    }
    write(&registry, "{}");
    let gone = reload(&sources, &catalog, &[registry], &never).unwrap();
    assert_eq!(ids(&gone), [""; 0], "one that declares nothing says so");
}

#[test]
fn the_second_registry_counts_beside_one_of_version_1() {
    let user = User::new();
    let (a, b) = (user.cache("a", "m", "1"), user.cache("b", "m", "1"));
    user.enable(&json!({ "a@m": true, "b@m": true }));
    let second = user.own("plugins/installed_plugins_v2.json");
    write(
        &second,
        &json!({ "version": 2, "plugins": { "b@m": [{ "scope": "user", "installPath": b }] } }).to_string(),
    );
    let first = |version: u64| json!({ "version": version, "plugins": { "a@m": { "installPath": a } } });
    for (registry, expected) in [(first(1), "b:b"), (first(2), "a:a"), (json!("damaged"), "b:b")] {
        user.registry(&registry);
        assert_eq!(ids(&user.catalog()), [expected], "{registry}");
    }
    fs::remove_file(user.own("plugins/installed_plugins.json")).unwrap();
    assert_eq!(ids(&user.catalog()), ["b:b"], "also where it is the only one");
}

#[test]
fn the_first_settings_that_name_a_plugin_decide() {
    const FILES: [&str; 4] = [
        "managed/managed-settings.json",
        "project/.claude/settings.local.json",
        "project/.claude/settings.json",
        "home/.claude/settings.json",
    ];
    let user = User::new();
    user.install(&[("a@m", &user.cache("a", "m", "1"))]);
    // Every combination of "says nothing", on and off in the four files.
    for number in 0..81_usize {
        let said = [number / 27, number / 9 % 3, number / 3 % 3, number % 3].map(|said| match said {
            0 => None,
            1 => Some(true),
            _ => Some(false),
        });
        for (file, said) in FILES.iter().zip(said) {
            user.settings(file, &said.map_or(json!({}), |said| json!({ "a@m": said })));
        }
        let expected = said.into_iter().flatten().next().unwrap_or(false);
        assert_eq!(!user.catalog().definitions().is_empty(), expected, "{said:?}");
    }
    // Named nowhere, the manifest decides.
    for file in FILES {
        user.settings(file, &json!({}));
    }
    let manifest = user.own("plugins/cache/m/a/1/.claude-plugin/plugin.json");
    for (stated, expected) in [(json!(true), true), (json!(false), false), (json!("yes"), false)] {
        write(&manifest, &json!({ "name": "a", "defaultEnabled": stated }).to_string());
        assert_eq!(!user.catalog().definitions().is_empty(), expected, "{stated}");
    }
    // What is enabled is loaded, whatever its manifest prefers.
    write(&manifest, r#"{"name": "a", "defaultEnabled": false}"#);
    user.enable(&json!({ "a@m": true }));
    let catalog = user.catalog();
    assert_eq!((ids(&catalog), codes(&catalog)), (vec!["a:a"], vec![]));
    // Odd values.
    for (value, expected, problems) in [
        (json!(["1.0"]), 0, 0),
        (json!([]), 0, 0),
        (json!("on"), 0, 1),
        (json!(null), 0, 1),
        (json!(1), 0, 1),
    ] {
        user.enable(&json!({ "a@m": value }));
        let catalog = user.catalog();
        assert_eq!((catalog.definitions().len(), codes(&catalog).len()), (expected, problems), "{value}");
    }
    for settings in [json!([]), json!({ "enabledPlugins": [] })] {
        write(user.own("settings.json"), &settings.to_string());
        assert_eq!(codes(&user.catalog()), ["settings_unusable"], "{settings}");
    }
}
